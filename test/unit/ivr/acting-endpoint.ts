import { TypedEmitter } from '../../../src/lib/emitter';
import type { SightlineError } from '../../../src/lib/errors';
import type { AudioSource, Endpoint, EndpointEvents, Picture, Playback, PlaybackEnd } from '../../../src/media/port';

class ActingPlayback implements Playback {
  readonly started = Promise.resolve();
  readonly done: Promise<PlaybackEnd>;
  private settle: (end: PlaybackEnd) => void = () => undefined;
  isOver = false;

  constructor(readonly source: AudioSource) {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  end(how: PlaybackEnd['how']): void {
    this.isOver = true;
    this.settle({ how, skipped: [] });
  }

  stop(): void {
    this.end('stopped');
  }
}

/** An end of a media session that only remembers what it was told; the test decides when a sound is over. */
export class ActingEndpoint implements Partial<Endpoint> {
  readonly events = new TypedEmitter<EndpointEvents>();
  readonly shown: (Picture | undefined)[] = [];
  readonly prepared: { pictures: number; files: readonly string[] }[] = [];
  readonly playbacks: ActingPlayback[] = [];
  closed = false;
  refuses: SightlineError | undefined;

  async show(picture: Picture | undefined): Promise<void> {
    if (this.refuses) throw this.refuses;
    this.shown.push(picture);
  }

  play(source: AudioSource): Playback {
    this.playbacks.at(-1)?.stop();
    const playback = new ActingPlayback(source);
    this.playbacks.push(playback);

    return playback;
  }

  async prepare({ pictures, files }: { pictures: readonly Picture[]; files: readonly string[] }): Promise<void> {
    this.prepared.push({ pictures: pictures.length, files });
  }

  press(digit: string): void {
    this.events.emit('dtmf', { digit, durationMs: 100 });
  }

  /** What is being played now, in words. */
  get playing(): string {
    const last = this.playbacks.at(-1);

    return !last || last.isOver
      ? 'silence'
      : `${last.source.files.join(' ')}${last.source.loop ? ' again and again' : ''}`;
  }

  /** The sound that is being played comes to its end. */
  finish(how: PlaybackEnd['how'] = 'finished'): void {
    this.playbacks.at(-1)?.end(how);
  }

  /** The texts of what was shown: the test's pictures are made of text. */
  get pictures(): string[] {
    return this.shown.map((picture) => {
      if (!picture) return 'nothing';

      return 'png' in picture ? picture.png.toString() : `${picture.file}${picture.loop ? ' again and again' : ''}`;
    });
  }

  get asEndpoint(): Endpoint {
    return this as unknown as Endpoint;
  }
}
