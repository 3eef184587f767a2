import { asSightlineError, type SightlineError } from '../lib/errors';
import type { MediaFailure } from './face';
import type { MediaFaceOptions } from './face-content';
import type { ServerMessage, ServerMessageType } from './messages';

/** How long a push or a text stays before what it covers is shown again, in ms. */
export const OVER_MS = 15_000;
/** How long the page of the queue is shown before the hold video, and the hold video before that page again, in ms. */
export const PLACE_MS = 12_000;
export const HOLD_VIDEO_MS = 30_000;

/** Shown over what is there; one that cannot be shown leaves the face as it is. */
const OVER: ReadonlySet<ServerMessageType> = new Set(['push', 'text']);
/** Without these the person faces a picture that is out of date, so one that cannot be made ends the face. */
const ESSENTIAL: ReadonlySet<ServerMessageType> = new Set(['page', 'queue', 'connected', 'survey']);

export interface PictureListener {
  shown(message: ServerMessage): void;
  /** Without an error: a newer message came before this one was shown. */
  dropped(message: ServerMessage, error: SightlineError | undefined): void;
  failed(failure: MediaFailure): void;
}

/**
 * The picture side of a face: the newest message wins. A page goes out at once, whatever is being drawn; of the messages of a queue,
 * which may come faster than they can be drawn, the newest waits for the one at hand.
 */
export class PictureLane {
  private turn = 0;
  private making: ServerMessage | undefined;
  private later: ServerMessage | undefined;
  /** What comes back when a push or a text has been seen. */
  private base: ServerMessage | undefined;
  private closed = false;
  private stopTimer: () => void = () => undefined;
  /** A push or a text is before the person. */
  private isCovered = false;
  private holdVideoFails = false;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly options: Pick<MediaFaceOptions, 'endpoint' | 'content' | 'clock' | 'log'>,
    private readonly listener: PictureListener,
  ) {}

  put(message: ServerMessage): void {
    if (message.type === 'queue' && (this.isCovered || this.making?.type === 'queue')) {
      this.later = message;

      return;
    }
    if (!OVER.has(message.type)) this.later = undefined;
    void this.make(message);
  }

  idle(): Promise<void> {
    if (this.closed || !this.making) return Promise.resolve();

    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Ends what is shown; the endpoint stays. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.turn++;
    this.stopTimer();
    this.becomeIdle();
    const { endpoint, log } = this.options;
    if (endpoint.closed) return;
    endpoint.show(undefined).catch((error: unknown) => log.debug({ err: error }, 'a picture could not be taken away'));
  }

  private async make(message: ServerMessage): Promise<void> {
    const turn = ++this.turn;
    if (this.making) this.listener.dropped(this.making, undefined);
    this.making = message;
    this.stopTimer();
    try {
      await this.send(message, turn);
    } catch (error) {
      if (turn === this.turn) this.failed(message, error);

      return;
    }
    if (turn === this.turn) this.sent(message);
  }

  private async send(message: ServerMessage, turn: number): Promise<void> {
    const { endpoint, content } = this.options;
    const file = content.video(message);
    if (file !== undefined) return endpoint.show({ file });
    const png = await content.picture(message);
    if (turn === this.turn) await endpoint.show({ png });
  }

  private sent(message: ServerMessage): void {
    this.isCovered = OVER.has(message.type);
    this.making = undefined;
    this.listener.shown(message);
    if (this.closed) return;
    if (!this.isCovered) this.base = message;
    if (this.isCovered) this.after(OVER_MS, () => this.uncover());
    if (this.later && !this.isCovered) this.uncover();
    else this.becomeIdle();
    if (message.type === 'queue' && !this.making) this.after(PLACE_MS, () => void this.showHoldVideo(message));
  }

  private failed(message: ServerMessage, error: unknown): void {
    this.making = undefined;
    const known = asSightlineError(error);
    if (!ESSENTIAL.has(message.type)) {
      this.listener.dropped(message, known);
      if (!this.making) this.uncover();
      if (!this.making) this.becomeIdle();

      return;
    }
    const cause = known.code === 'MEDIA_GONE' || known.code === 'MEDIA_MISMATCH' ? 'endpoint' : 'picture';
    this.options.log.warn({ err: error, message: message.type }, 'a picture cannot be shown');
    this.becomeIdle();
    this.listener.failed({ cause, reason: known.message });
  }

  /** Shows what came while something else was before the person, or what that has covered. */
  private uncover(): void {
    const message = this.later ?? (this.isCovered ? this.base : undefined);
    this.isCovered = false;
    this.later = undefined;
    if (message && !this.closed) void this.make(message);
  }

  private async showHoldVideo(place: ServerMessage): Promise<void> {
    const { endpoint, content, log } = this.options;
    const file = content.hold().video;
    if (file === undefined || this.holdVideoFails) return;
    const { turn } = this;
    this.after(HOLD_VIDEO_MS, () => void this.make(place));
    try {
      await endpoint.show({ file, loop: true });
    } catch (error) {
      this.holdVideoFails = true;
      log.warn({ err: error, file }, 'a hold video cannot be shown');
      if (turn === this.turn && !this.closed) void this.make(place);
    }
  }

  private after(ms: number, fn: () => void): void {
    this.stopTimer();
    this.stopTimer = this.options.clock.after(ms, fn);
  }

  private becomeIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
