import { monotonic } from './time';
import type { ServerTransaction } from './transactions';
import type { Cancel } from './wheel';
import type { Wire } from './wire';

/** Repeats a 2xx to INVITE until its ACK comes (RFC 3261 section 13.3.1.4). */
export class AnswerRepeater {
  private pending: Cancel | undefined;

  constructor(
    private readonly wire: Wire,
    /** The ACK never came. */
    private readonly onSilence: () => void,
  ) {}

  get waiting(): boolean {
    return this.pending !== undefined;
  }

  begin(transaction: ServerTransaction): void {
    this.again(transaction, this.wire.timers.t1, monotonic() + this.wire.timers.timeout);
  }

  stop(): void {
    this.pending?.();
    this.pending = undefined;
  }

  private again(transaction: ServerTransaction, interval: number, until: number): void {
    const { wheel, timers } = this.wire;
    this.pending = wheel.after(interval, () => {
      if (monotonic() >= until) {
        this.pending = undefined;
        this.onSilence();
        return;
      }
      transaction.resend();
      this.again(transaction, Math.min(interval * 2, timers.t2), until);
    });
  }
}
