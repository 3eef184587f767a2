import type { Clock } from '../../lib/clock';
import type { SipResponse } from '../message/message';
import type { Timers } from '../transaction/timers';

/**
 * The reliable provisional responses to one INVITE (RFC 3262 section 3): one at a time, repeated until its PRACK comes.
 */
export class ReliableProvisionals {
  private rseq = 1 + Math.floor(Math.random() * 0x7fff_0000);
  private current: { response: SipResponse; rseq: number } | undefined;
  private readonly waiting: SipResponse[] = [];
  private cancelRepeat: (() => void) | undefined;
  private cancelGiveUp: (() => void) | undefined;
  private afterwards: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly inviteSeq: number,
    private readonly transmit: (response: SipResponse) => void,
    /** No PRACK came within 64*T1. */
    private readonly onTimeout: () => void,
  ) {}

  get isPending(): boolean {
    return this.current !== undefined;
  }

  /** Numbers the response and sends it now or when those before it have their PRACK. */
  send(response: SipResponse): void {
    response.headers.set('RSeq', String(this.rseq));
    this.rseq += 1;
    if (this.current) this.waiting.push(response);
    else this.begin(response);
  }

  /**
   * Says whether the RAck value matches the response that waits for it (RFC 3262 section 7.2). What follows the method is left
   * unread, as other servers do: senders are found that write it twice.
   */
  acknowledge(rack: string): boolean {
    const match = /^([0-9]+)[ \t]+([0-9]+)[ \t]+INVITE(?![^ \t])/.exec(rack);
    if (!this.current || !match) return false;
    if (Number(match[1]) !== this.current.rseq || Number(match[2]) !== this.inviteSeq) return false;
    this.stopTimers();
    this.current = undefined;
    const next = this.waiting.shift();
    if (next) this.begin(next);
    else this.runAfterwards();

    return true;
  }

  /** Runs the function when nothing waits for a PRACK: a 2xx must not overtake one (RFC 3262 section 3). */
  whenDone(fn: () => void): void {
    this.afterwards = fn;
    if (!this.current) this.runAfterwards();
  }

  stop(): void {
    this.stopTimers();
    this.current = undefined;
    this.afterwards = undefined;
    this.waiting.length = 0;
  }

  private begin(response: SipResponse): void {
    this.current = { response, rseq: Number(response.headers.get('RSeq')) };
    this.transmit(response);
    this.repeatAfter(response, this.timers.t1);
    this.cancelGiveUp = this.clock.after(64 * this.timers.t1, () => {
      this.stop();
      this.onTimeout();
    });
  }

  private repeatAfter(response: SipResponse, ms: number): void {
    this.cancelRepeat = this.clock.after(ms, () => {
      this.transmit(response);
      this.repeatAfter(response, ms * 2);
    });
  }

  private runAfterwards(): void {
    const fn = this.afterwards;
    this.afterwards = undefined;
    fn?.();
  }

  private stopTimers(): void {
    this.cancelRepeat?.();
    this.cancelGiveUp?.();
  }
}
