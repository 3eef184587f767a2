import type { Clock } from '../lib/clock';
import { TypedEmitter } from '../lib/emitter';
import { asSightlineError, type SightlineError } from '../lib/errors';
import { CONTENT_TYPE, encodeServerMessage } from './codec';
import type { Face, Receipt } from './face';
import { INFO_HEADERS } from './headers';
import type { ServerMessage, ServerMessageType } from './messages';

/** Sends one INFO inside the dialog of the call and gives the status of its final answer. It may reject; it must not retry. */
export interface InfoSender {
  send(contentType: string, headers: Readonly<Record<string, string>>, body: string): Promise<{ status: number }>;
}

/** A terminal that has not answered an INFO after this long does not show menus. */
export const ANSWER_TIMEOUT_MS = 2000;

export type ScreenFailure =
  /** The terminal does not take the package or its bodies: `status` is 469, 415, 405, 501 or another refusal. */
  | { readonly cause: 'refused'; readonly status: number }
  | { readonly cause: 'no-answer' }
  | { readonly cause: 'send-error'; readonly error: unknown };

export type { Receipt } from './face';

export type ScreenEvents = {
  /** The terminal took the message. */
  taken: [message: ServerMessage, seq: number];
  /** The face cannot go on: the call falls to the next one. At most once, and nothing is sent afterwards. */
  failed: [failure: ScreenFailure];
  /** The dialog is no more (481, or 408 from the transaction): the leg has ended. At most once, in place of `failed`. */
  gone: [status: number];
  /** A push is settled; exactly once for each ref that was pushed. */
  receipt: [receipt: Receipt];
  /** A message was refused, or cannot be written, while the face goes on. */
  dropped: [message: ServerMessage, error: SightlineError | { status: number }];
};

export interface ScreenOptions {
  readonly sender: InfoSender;
  readonly clock: Clock;
  /** The sequence number last used in this dialog; the next message gets the one after it. */
  readonly lastSeq?: number;
  readonly answerTimeoutMs?: number;
}

/** What fills the whole screen: of these only the newest unsent one matters. */
const COALESCED: ReadonlySet<ServerMessageType> = new Set(['page', 'queue']);
/** Without these the person faces a screen that is out of date, so a refusal ends the face. */
const ESSENTIAL: ReadonlySet<ServerMessageType> = new Set(['page', 'queue', 'connected', 'survey']);
/** Answers that say "no menus here", whatever the message was. */
const NO_MENUS: ReadonlySet<number> = new Set([405, 415, 469, 501]);
const LEG_GONE: ReadonlySet<number> = new Set([408, 481]);

type Life = 'open' | 'failed' | 'gone' | 'closed';

/**
 * The screen face of a call: puts messages on the terminal's screen by INFO, one at a time, because RFC 6086 section 4.4 promises no
 * order between two of them. Its methods never throw and its trouble never ends the call; what went wrong is told by events.
 */
export class Screen extends TypedEmitter<ScreenEvents> implements Face {
  readonly paging = 'screen';
  private waiting: ServerMessage[] = [];
  private inFlight: ServerMessage | undefined;
  private readonly openRefs = new Set<string>();
  private life: Life = 'open';
  private seq: number;
  private stopTimer: () => void = () => undefined;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly options: ScreenOptions) {
    super();
    this.seq = options.lastSeq ?? 0;
  }

  /** The number of the message that was sent last; belongs into `MenuState.seqOut`. */
  get lastSeq(): number {
    return this.seq;
  }

  get isOpen(): boolean {
    return this.life === 'open';
  }

  /**
   * Puts a message on the screen once those before it are answered. A page or queue message takes the place of an unsent older one.
   * Gives false when the face has ended or the message cannot be written (then `dropped` says why).
   */
  show(message: ServerMessage): boolean {
    if (!this.isOpen || !this.isWritable(message)) return false;
    if (message.type === 'push') this.openRefs.add(message.ref);
    // The newer one goes to the end, so that what was put between the two keeps its order.
    if (COALESCED.has(message.type)) this.waiting = this.waiting.filter((older) => !COALESCED.has(older.type));
    this.waiting.push(message);
    this.sendNext();

    return true;
  }

  /** Shows several messages in order. */
  showAll(messages: readonly ServerMessage[]): void {
    for (const message of messages) this.show(message);
  }

  /** The terminal's receipt for a push. Gives false for a ref that is unknown or settled already. */
  settle(ref: string, shown: boolean, reason?: string): boolean {
    if (!this.openRefs.delete(ref)) return false;
    this.emit('receipt', { ref, shown, ...(reason !== undefined && { reason }) });

    return true;
  }

  /** Resolves when nothing is waiting or unanswered, be it because the face has ended. Never rejects. */
  idle(): Promise<void> {
    if (!this.inFlight && this.waiting.length === 0) return Promise.resolve();

    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Drops what was not sent; an answer that still comes is ignored. Twice is harmless. */
  close(): void {
    this.end('closed', 'closed');
  }

  private isWritable(message: ServerMessage): boolean {
    try {
      encodeServerMessage(message, this.seq + 1 + this.waiting.length);

      return true;
    } catch (error) {
      this.emit('dropped', message, asSightlineError(error));

      return false;
    }
  }

  private sendNext(): void {
    if (this.inFlight || !this.isOpen) return;
    const message = this.waiting.shift();
    if (!message) return this.becomeIdle();
    this.inFlight = message;
    const seq = ++this.seq;
    this.stopTimer = this.options.clock.after(this.options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS, () => {
      this.fail({ cause: 'no-answer' });
    });
    void this.transmit(message, seq).then(
      (status) => this.answered(message, seq, status),
      (error: unknown) => {
        if (this.inFlight === message) this.fail({ cause: 'send-error', error });
      },
    );
  }

  /** Async, so that a sender that throws is the same as one that rejects. */
  private async transmit(message: ServerMessage, seq: number): Promise<number> {
    const { 'Content-Type': _type, ...headers } = INFO_HEADERS;
    const { status } = await this.options.sender.send(CONTENT_TYPE, headers, encodeServerMessage(message, seq));

    return status;
  }

  private answered(message: ServerMessage, seq: number, status: number): void {
    if (this.inFlight !== message) return;
    this.stopTimer();
    if (LEG_GONE.has(status)) return this.leaveDialog(status);
    const taken = status >= 200 && status < 300;
    if (!taken && (NO_MENUS.has(status) || ESSENTIAL.has(message.type))) return this.fail({ cause: 'refused', status });

    this.inFlight = undefined;
    if (taken) this.emit('taken', message, seq);
    else this.drop(message, status);
    this.sendNext();
  }

  private drop(message: ServerMessage, status: number): void {
    if (message.type === 'push') this.settle(message.ref, false, 'refused');
    this.emit('dropped', message, { status });
  }

  private fail(failure: ScreenFailure): void {
    if (this.end('failed', 'screen-failed')) this.emit('failed', failure);
  }

  private leaveDialog(status: number): void {
    if (this.end('gone', 'closed')) this.emit('gone', status);
  }

  /** Gives false when the face had ended before. */
  private end(life: Exclude<Life, 'open'>, reason: string): boolean {
    if (!this.isOpen) return false;
    this.life = life;
    this.stopTimer();
    this.inFlight = undefined;
    const unsent = new Set(this.waiting.map((message) => (message.type === 'push' ? message.ref : undefined)));
    this.waiting = [];
    for (const ref of [...this.openRefs]) this.settle(ref, false, unsent.has(ref) ? 'not-sent' : reason);
    this.becomeIdle();

    return true;
  }

  private becomeIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
