import type { Playback, PlaybackEnd } from '../port';

/** A playback that goes on in the worker, as the one who began it sees it. */
export class RunningPlayback implements Playback {
  readonly started: Promise<void>;
  readonly done: Promise<PlaybackEnd>;
  private readonly skipped: string[] = [];
  private resolveStarted!: () => void;
  private resolveDone!: (end: PlaybackEnd) => void;
  private over = false;

  constructor(
    readonly id: string,
    private readonly onStop: () => void,
  ) {
    this.started = new Promise((resolve) => (this.resolveStarted = resolve));
    this.done = new Promise((resolve) => (this.resolveDone = resolve));
  }

  get isOver(): boolean {
    return this.over;
  }

  stop(): void {
    if (this.over) return;
    this.onStop();
    this.end('stopped');
  }

  begun(): void {
    this.resolveStarted();
  }

  skip(file: string): void {
    this.skipped.push(file);
  }

  end(how: PlaybackEnd['how']): void {
    if (this.over) return;
    this.over = true;
    this.resolveStarted();
    this.resolveDone({ how, skipped: [...this.skipped] });
  }
}
