import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { SightlineError } from '../../lib/errors';
import type { RecordedPart, RecordedTrack, Recording, RecordingEvents } from '../port';
import { isPlainPath, quoted } from './channel';
import type { FsEndpoint } from './endpoint';

/** How long FreeSWITCH may take to finish a file. */
const finishMs = 5000;

interface RunningPart {
  side: number;
  endpoint: FsEndpoint;
  part: RecordedPart;
  /** Resolves when FreeSWITCH has closed the file, or its channel has ended. */
  over: Promise<void>;
}

/**
 * Records what the peers send: one file per side and stretch, since FreeSWITCH has no file with the video of both. A mask ends the
 * stretch, so nothing of what is masked can be in a file; the times of the parts tell the gap.
 */
export class FsRecording implements Recording {
  readonly events = new TypedEmitter<RecordingEvents>();
  private readonly finished: RecordedPart[] = [];
  private running: RunningPart[] = [];
  private stretch = 0;
  private masked = false;
  private stopping: Promise<RecordedPart[]> | undefined;
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly sides: readonly FsEndpoint[],
    private readonly base: string,
    private readonly clock: Clock,
  ) {}

  /** @throws MEDIA_UNAVAILABLE when a file cannot be opened. */
  async start(): Promise<void> {
    if (!isPlainPath(this.base))
      throw new SightlineError('MEDIA_UNAVAILABLE', `FreeSWITCH cannot record to ${this.base}`);
    await this.begin();
  }

  mask(on: boolean): Promise<void> {
    return this.inTurn(async () => {
      if (this.stopping) throw new SightlineError('MEDIA_GONE');
      if (on === this.masked) return;
      this.masked = on;
      if (on) await this.finish();
      else await this.begin();
    });
  }

  stop(): Promise<RecordedPart[]> {
    this.stopping ??= this.inTurn(() => this.finish()).then(() => [...this.finished]);

    return this.stopping;
  }

  /** One side sends pictures now, or does not any more: its file is made for the other case. */
  sideChanged(endpoint: FsEndpoint): Promise<void> {
    if (!this.sides.includes(endpoint)) return Promise.resolve();

    return this.inTurn(async () => {
      if (this.stopping || this.masked) return;
      await this.finish();
      await this.begin();
    });
  }

  /** The channel of one side has ended: its file is closed, the other side goes on. */
  sideEnded(endpoint: FsEndpoint): void {
    const left = this.sides.some((side) => side !== endpoint && !side.closed);
    if (!left && !this.stopping && this.sides.includes(endpoint)) this.fail('the endpoints have ended');
  }

  fail(reason: string): void {
    if (this.stopping) return;
    this.stopping = this.inTurn(() => this.finish()).then(() => [...this.finished]);
    this.stopping.catch(() => undefined);
    this.events.emit('failed', reason);
  }

  private async begin(): Promise<void> {
    this.stretch += 1;
    const begun = await Promise.allSettled(
      this.sides.flatMap((endpoint, side) => (endpoint.closed ? [] : [this.beginSide(endpoint, side)])),
    );
    const failed = begun.find((one) => one.status === 'rejected');
    if (!failed) return;
    await this.finish();
    throw failed.reason;
  }

  private async beginSide(endpoint: FsEndpoint, side: number): Promise<void> {
    const file = this.fileOf(side, endpoint);
    const { channel } = endpoint;
    const tracks: RecordedTrack[] = [{ kind: 'audio', codec: endpoint.sendsVideo ? 'aac' : 'pcm', side }];
    if (endpoint.sendsVideo) tracks.push({ kind: 'video', codec: 'h264', side });
    let startedAt = this.clock.now();
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const off = channel.on((event) => {
      const ours = event.get('Record-File-Path') === file;
      if (event.name === 'RECORD_START' && ours) startedAt = part.startedAt = this.clock.now();
      const ended = (event.name === 'RECORD_STOP' && ours) || event.name === 'CHANNEL_HANGUP_COMPLETE';
      if (!ended) return;
      off();
      part.duration = this.clock.now() - startedAt;
      end();
    });
    const part: RecordedPart = { file, startedAt, duration: 0, tracks };
    try {
      await channel.run('uuid_setvar', 'RECORD_READ_ONLY true');
      await channel.run('uuid_record', `start ${quoted(file)}`, 'background');
    } catch (error) {
      off();
      throw error;
    }
    this.running.push({ side, endpoint, part, over });
  }

  /** Ends what runs, and keeps what was written. */
  private async finish(): Promise<void> {
    const { running } = this;
    this.running = [];
    await Promise.all(running.map((one) => this.finishSide(one)));
    this.finished.push(...running.sort((a, b) => a.side - b.side).map(({ part }) => part));
  }

  private async finishSide({ endpoint, part, over }: RunningPart): Promise<void> {
    if (!endpoint.closed) {
      const stopped = await endpoint.channel
        .run('uuid_record', `stop ${quoted(part.file)}`, 'background')
        .catch(() => undefined);
      if (stopped !== undefined) await Promise.race([over, this.limit()]);
    }
    if (part.duration === 0) part.duration = this.clock.now() - part.startedAt;
  }

  private limit(): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(finishMs, resolve);
    });
  }

  private fileOf(side: number, endpoint: FsEndpoint): string {
    const stretch = this.stretch > 1 ? `.${this.stretch}` : '';

    return `${this.base}${stretch}.${side}.${endpoint.sendsVideo ? 'mkv' : 'wav'}`;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.work.then(work);
    this.work = result.catch(() => undefined);

    return result;
  }
}
