import type { Playback } from '../media/port';
import type { MediaFailure } from './face';
import type { MediaFaceOptions } from './face-content';
import type { QueueMessage, ServerMessage } from './messages';

/** A place that has improved is not said again sooner than this, in ms. */
export const PLACE_SAID_MS = 20_000;
/** A page is said again to somebody who only hears it and presses nothing, this often and after so many ms. */
export const REPEATS = 2;
export const REPEAT_MS = 8000;

/**
 * The sound side of a face: the prompt of the newest message; between the prompts of a queue, its music. The place in a queue is
 * said when it has improved, and not too often.
 */
export class PromptLane {
  private turn = 0;
  private current: ServerMessage | undefined;
  /** What is being said, or being made to be said; music is not. */
  private isSaying = false;
  private playback: Playback | undefined;
  private said: { position: number; at: number } | undefined;
  private repeats = 0;
  private closed = false;
  private stopTimer: () => void = () => undefined;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly options: Pick<MediaFaceOptions, 'endpoint' | 'content' | 'clock' | 'log' | 'kind'>,
    private readonly listener: { failed(failure: MediaFailure): void },
  ) {}

  say(message: ServerMessage): void {
    const before = this.current;
    this.current = message;
    if (message.type === 'queue') return this.sayPlace(message, before);
    this.said = undefined;
    // The same page once more: somebody asked for the picture alone.
    if (this.isSaying && JSON.stringify(message) === JSON.stringify(before)) return;
    this.repeats = 0;
    this.silence();
    void this.begin(message);
  }

  /** A key was pressed: whatever is being said stops at once. Music goes on. */
  interrupt(): void {
    if (!this.isSaying) return;
    this.silence();
    this.rest();
  }

  /** Resolves when a farewell has been said; at once for anything else. */
  idle(): Promise<void> {
    if (!this.isSaying || this.current?.type !== 'end') return Promise.resolve();

    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.silence();
    this.becomeIdle();
  }

  private sayPlace(message: QueueMessage, before: ServerMessage | undefined): void {
    const isNew = before?.type !== 'queue' || before.queue !== message.queue;
    if (!isNew && message.position >= (this.said?.position ?? 0)) return;
    const { clock } = this.options;
    const wait = isNew || !this.said ? 0 : this.said.at + PLACE_SAID_MS - clock.now();
    if (wait > 0) return this.sayPlaceIn(wait);
    if (isNew) this.silence();
    this.said = { position: message.position, at: clock.now() };
    void this.begin(message);
  }

  private sayPlaceIn(ms: number): void {
    this.stopTimer();
    this.stopTimer = this.options.clock.after(ms, () => {
      if (this.current?.type === 'queue') this.sayPlace(this.current, this.current);
    });
  }

  /** Music goes on until the prompt can begin. */
  private async begin(message: ServerMessage): Promise<void> {
    const turn = ++this.turn;
    this.stopTimer();
    this.isSaying = true;
    const files = await this.options.content.prompt(message);
    if (turn !== this.turn || this.closed) return;
    const end = files.length > 0 ? await this.play(files, false) : 'nothing';
    if (turn !== this.turn || this.closed) return;
    if (end === 'failed') this.listener.failed({ cause: 'sound', reason: 'A prompt cannot be played' });
    // A page of which nothing is heard is no page to those who have only their ears.
    if (end === 'nothing' && message.type === 'page')
      this.listener.failed({ cause: 'sound', reason: 'A page can neither be played nor spoken' });
    this.rest();
  }

  private async play(files: readonly string[], loop: boolean): Promise<'finished' | 'stopped' | 'failed'> {
    const { endpoint, log } = this.options;
    this.playback = endpoint.play({ files, loop });
    const { how, skipped } = await this.playback.done;
    if (skipped.length > 0) log.warn({ files: skipped }, 'sound files were left out');

    return how;
  }

  /** Nothing is being said: music for those who wait; the page once more for those who have only their ears. */
  private rest(): void {
    this.isSaying = false;
    this.becomeIdle();
    if (this.closed) return;
    if (this.current?.type === 'queue') {
      this.playMusic();
      this.sayPlace(this.current, this.current);
    }
    if (this.current?.type === 'page' && this.options.kind === 'voice' && this.repeats < REPEATS) this.repeatLater();
  }

  private playMusic(): void {
    const { music } = this.options.content.hold();
    if (music !== undefined) void this.play([music], true);
  }

  private repeatLater(): void {
    this.stopTimer();
    this.stopTimer = this.options.clock.after(REPEAT_MS, () => {
      if (this.current?.type !== 'page') return;
      this.repeats++;
      void this.begin(this.current);
    });
  }

  private silence(): void {
    this.turn++;
    this.stopTimer();
    this.isSaying = false;
    this.playback?.stop();
    this.playback = undefined;
  }

  private becomeIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
