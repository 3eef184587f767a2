import { existsSync } from 'node:fs';
import type { AudioSource, Playback, PlaybackEnd } from '../port';
import { type Channel, isPlainPath, quoted } from './channel';
import type { AudioGate } from './audio-gate';
import type { Stage } from './stage';

/** Formats that FreeSWITCH reads by its sound file module; the rest goes through mod_av, which reads what ffmpeg reads. */
const soundFile = /\.(wav|au|aif|aiff|flac|ogg|oga|opus|raw|w64|caf|voc)$/i;

/** Plays files to a peer, one after another, over whatever the channel sends. One at a time per endpoint. */
export class FsPlayback implements Playback {
  readonly started: Promise<void>;
  readonly done: Promise<PlaybackEnd>;
  private readonly skipped: string[] = [];
  private stopped = false;
  private lost = false;
  private playing: string | undefined;
  private begin: () => void = () => undefined;
  /** Ends the waiting for the file that plays. */
  private release: () => void = () => undefined;

  constructor(
    private readonly channel: Channel,
    private readonly stage: Stage,
    private readonly gate: AudioGate,
    private readonly source: AudioSource,
    private readonly before: Promise<unknown>,
  ) {
    this.started = new Promise((resolve) => {
      this.begin = resolve;
    });
    this.done = this.run()
      .catch(() => this.end('failed'))
      .finally(() => this.gate.set('prompt', false).catch(() => undefined));
  }

  /** The channel is gone. */
  fail(): void {
    this.lost = true;
    this.release();
  }

  stop(): void {
    if (this.stopped || this.lost) return;
    this.stopped = true;
    this.release();
    if (this.playing !== undefined) this.halt(this.playing);
  }

  private halt(target: string): void {
    // Refused where it has not begun, or is over already.
    this.channel.run('uuid_displace', `stop ${quoted(target)}`).catch(() => undefined);
  }

  private get isOver(): boolean {
    return this.stopped || this.lost;
  }

  private async run(): Promise<PlaybackEnd> {
    await this.before;
    if (this.isOver) return this.end(this.lost ? 'failed' : 'stopped');
    await this.stage.sound(true);
    // In a bridge, the other side is not to be heard beside it.
    if (this.stage.isAway) await this.gate.set('prompt', true);
    let played: number;
    do {
      played = 0;
      this.skipped.length = 0;
      for (const file of this.source.files) {
        if (this.isOver) return this.end(this.lost ? 'failed' : 'stopped');
        if (await this.playOne(file)) played += 1;
      }
    } while (this.source.loop && played > 0 && !this.isOver);
    if (this.isOver) return this.end(this.lost ? 'failed' : 'stopped');

    return this.end(played > 0 || this.source.files.length === 0 ? 'finished' : 'failed');
  }

  private async playOne(file: string): Promise<boolean> {
    if (!isPlainPath(file) || !existsSync(file)) return this.skip(file);
    const target = soundFile.test(file) ? file : `av://${file}`;
    const over = this.untilOver(target);
    this.playing = target;
    try {
      await this.channel.run(
        'uuid_displace',
        `start ${quoted(target)} 0 ${this.gate.isShut('to') ? 'mf' : 'm'}`,
        'background',
      );
      this.begin();
      if (this.stopped) this.halt(target);
      await over;
    } catch {
      this.release();
      this.skip(file);

      return false;
    } finally {
      this.playing = undefined;
    }

    return true;
  }

  private skip(file: string): false {
    this.skipped.push(file);

    return false;
  }

  private untilOver(target: string): Promise<void> {
    return new Promise((resolve) => {
      const off = this.channel.on((event) => {
        const isEnd = event.name === 'MEDIA_BUG_STOP' && event.get('Media-Bug-Target') === target;
        if (isEnd || event.name === 'CHANNEL_HANGUP_COMPLETE') this.release();
      });
      this.release = () => {
        off();
        resolve();
      };
    });
  }

  private end(how: PlaybackEnd['how']): PlaybackEnd {
    this.begin();

    return { how, skipped: [...this.skipped] };
  }
}
