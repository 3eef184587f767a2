import type { Clock } from '../../lib/clock';
import { Headers } from '../message/message';
import type { SipResponse } from '../message/message';
import type { ClientTransaction } from '../transaction/types';
import type { Flow } from '../transport/types';

export interface BranchEvents {
  /** Its first final response, also after it was given up. */
  answered(response: SipResponse): void;
  response(response: SipResponse, flow: Flow): void;
  /** Nothing more comes: 408 after a timeout, 503 when the target could not be reached. */
  ended(status: number): void;
}

export interface BranchLimits {
  /** Milliseconds without any response, and without a final one. */
  provisional?: number | undefined;
  final?: number | undefined;
}

/** One target of a proxied request: its client transaction and the application's limits on it. */
export class Branch {
  private stopProvisional: (() => void) | undefined;
  private stopFinal: (() => void) | undefined;
  private isOver = false;
  private isAnswered = false;

  constructor(
    private readonly clock: Clock,
    private readonly transaction: ClientTransaction,
    private readonly limits: BranchLimits = {},
  ) {}

  get flow(): Flow | undefined {
    return this.transaction.flow;
  }

  start(events: BranchEvents): void {
    const { provisional, final } = this.limits;
    const giveUp = (): void => {
      this.cancel();
      this.end(events, 408);
    };
    if (provisional !== undefined) this.stopProvisional = this.clock.after(provisional, giveUp);
    if (final !== undefined) this.stopFinal = this.clock.after(final, giveUp);
    this.transaction.on('response', (response, flow) => this.onResponse(events, response, flow));
    this.transaction.once('timeout', () => this.end(events, 408));
    this.transaction.once('transportError', () => this.end(events, 503));
  }

  /**
   * Cancels an INVITE, at once or as soon as it has a provisional response; other methods run on.
   * @param reasons values of Reason; only those of the first call are sent
   */
  cancel(reasons: readonly string[] = []): void {
    this.transaction.cancel(Headers.from(reasons.map((reason) => ['Reason', reason])));
  }

  /** Nothing but a 2xx is told from now on, and no limit runs any more. */
  close(): void {
    this.isOver = true;
    this.stopTimers();
  }

  private onResponse(events: BranchEvents, response: SipResponse, flow: Flow): void {
    this.stopProvisional?.();
    this.stopProvisional = undefined;
    if (response.status >= 200) this.stopTimers();
    if (response.status >= 200 && !this.isAnswered) {
      this.isAnswered = true;
      events.answered(response);
    }
    // After it was given up only a 2xx counts: it made a dialog, and its caller must know.
    if (!this.isOver || (response.status >= 200 && response.status < 300)) events.response(response, flow);
  }

  private end(events: BranchEvents, status: number): void {
    if (this.isOver) return;
    this.close();
    events.ended(status);
  }

  private stopTimers(): void {
    this.stopProvisional?.();
    this.stopFinal?.();
    this.stopProvisional = undefined;
    this.stopFinal = undefined;
  }
}
