import { TypedEmitter } from '../lib/emitter';
import type { SightlineError } from '../lib/errors';
import type { Face, MediaFaceEvents, MediaFailure, Paging } from './face';
import type { MediaFaceOptions } from './face-content';
import type { ServerMessage } from './messages';
import { PictureLane } from './picture-lane';
import { PromptLane } from './prompt-lane';

/**
 * A face made of media: pictures in the video and prompts in the sound of an endpoint, chosen by keys (which the call hears and takes
 * to the session; here a key only stops the prompt). The picture and the prompt of a message do not wait for each other.
 */
export class MediaFace extends TypedEmitter<MediaFaceEvents> implements Face {
  readonly paging: Paging;
  private life: 'open' | 'failed' | 'gone' | 'closed' = 'open';
  private readonly pictures: PictureLane | undefined;
  private readonly prompts: PromptLane;
  private readonly openRefs = new Set<string>();
  private readonly deaf: () => void;
  private ahead: Promise<void> = Promise.resolve();
  private turn = 0;

  constructor(private readonly options: MediaFaceOptions) {
    super((error, event) => options.log.error({ err: error, event }, 'a listener of a face failed'));
    this.paging = options.paging;
    const { endpoint, kind } = options;
    const failed = (failure: MediaFailure) => this.fail(failure);
    this.prompts = new PromptLane(options, { failed: kind === 'voice' ? failed : () => undefined });
    if (kind === 'video') {
      this.pictures = new PictureLane(options, {
        shown: (message) => this.shown(message),
        dropped: (message, error) => this.drop(message, error),
        failed,
      });
    }
    this.deaf = endpoint.events.on('dtmf', () => this.prompts.interrupt());
  }

  get isOpen(): boolean {
    return this.life === 'open';
  }

  show(message: ServerMessage): boolean {
    if (!this.isOpen) return false;
    if (this.options.endpoint.closed) return this.leave('the endpoint is closed');
    if (message.type === 'push') this.openRefs.add(message.ref);
    if (message.type === 'push' && message.kind !== 'text' && !this.pictures) {
      return this.settle(message.ref, false, 'no-picture');
    }
    this.turn++;
    this.prompts.say(message);
    if (this.pictures) this.pictures.put(message);
    else this.shown(message);

    return this.isOpen;
  }

  showAll(messages: readonly ServerMessage[]): void {
    for (const message of messages) this.show(message);
  }

  settle(ref: string, shown: boolean, reason?: string): boolean {
    if (!this.openRefs.delete(ref)) return false;
    this.emit('receipt', { ref, shown, ...(reason !== undefined && { reason }) });

    return true;
  }

  async idle(): Promise<void> {
    await Promise.all([this.pictures?.idle(), this.prompts.idle()]);
  }

  /** Makes ready what one key may lead to; resolves when that is done. For tests and for measuring. */
  async ready(): Promise<void> {
    await this.idle();
    await this.ahead;
  }

  close(): void {
    this.end('closed', 'closed');
  }

  /** The message is before the person, so there is time for what may come next. */
  private shown(message: ServerMessage): void {
    if (message.type === 'push') this.settle(message.ref, true);
    this.emit('taken', message);
    const { turn } = this;
    this.ahead = this.ahead.then(() => this.prepare(turn));
  }

  private async prepare(turn: number): Promise<void> {
    const { content, endpoint, log } = this.options;
    for (const next of content.ahead()) {
      if (!this.isOpen || turn !== this.turn) return;
      try {
        const pictures = this.pictures ? [{ png: await content.picture(next) }] : [];
        const files = await content.prompt(next);
        if (this.isOpen) await endpoint.prepare?.({ pictures, files });
      } catch (error) {
        log.debug({ err: error }, 'a page could not be made ready ahead');
      }
    }
  }

  private drop(message: ServerMessage, error: SightlineError | undefined): void {
    if (message.type === 'push') this.settle(message.ref, false, error ? 'refused' : 'replaced');
    if (error) this.emit('dropped', message, error);
  }

  private fail(failure: MediaFailure): void {
    if (!this.isOpen) return;
    // Whoever has the endpoint is told by it that it is gone, and brings another one with the same page.
    if (this.options.endpoint.closed) this.leave(failure.reason);
    else if (this.end('failed', 'face-failed')) this.emit('failed', failure);
  }

  private leave(reason: string): false {
    if (this.end('gone', 'closed')) this.emit('gone', reason);

    return false;
  }

  private end(life: 'failed' | 'gone' | 'closed', reason: string): boolean {
    if (!this.isOpen) return false;
    this.life = life;
    this.deaf();
    this.prompts.close();
    this.pictures?.close();
    for (const ref of [...this.openRefs]) this.settle(ref, false, reason);

    return true;
  }
}
