import { open, unlink, type FileHandle } from 'node:fs/promises';
import { SightlineError } from '../../../lib/errors';
import { clusterBytes, cuesBytes, frontBytes, frontSize, type Block, type Cue, type TrackEntry } from './matroska';

/** Bytes that may wait for the disk; more, and it is too slow. */
const mostWaiting = 64 * 1024 * 1024;

/**
 * A Matroska file on its way to the disk. Blocks are gathered and written as whole clusters, one after another; between two writes the
 * file can be played up to its end. An error ends it: what was written stays.
 */
export class MatroskaFile {
  private readonly tracks: TrackEntry[] = [];
  private readonly cues: Cue[] = [];
  private blocks: Block[] = [];
  private position = frontSize;
  private waiting = 0;
  private written = 0;
  private frontIsOld = false;
  private work: Promise<void> = Promise.resolve();
  private failed = false;
  /** Milliseconds: the end of the last block that was gathered, and of the last that was written. */
  private gathered = 0;
  private length = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly startedAt: number,
    private readonly onFailed: (reason: string) => void,
  ) {}

  /** @throws STORAGE_FULL, or MEDIA_UNAVAILABLE when the file cannot be made for another reason. */
  static async create(path: string, startedAt: number, onFailed: (reason: string) => void): Promise<MatroskaFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'w');
      const file = new MatroskaFile(path, handle, startedAt, onFailed);
      await file.writeFront();

      return file;
    } catch (error) {
      await handle?.close().catch(() => undefined);
      throw new SightlineError(isFull(error) ? 'STORAGE_FULL' : 'MEDIA_UNAVAILABLE', reasonOf(path, error), {
        cause: error,
      });
    }
  }

  get trackList(): readonly TrackEntry[] {
    return this.tracks;
  }

  /** Adds a track, whenever it may begin; undefined when there is no room for it. */
  addTrack(entry: Omit<TrackEntry, 'number'>): TrackEntry | undefined {
    const track = { ...entry, number: this.tracks.length + 1 };
    const room = frontBytes({
      startedAt: 0,
      duration: 0,
      tracks: [...this.tracks, track],
      end: { fileSize: 2 ** 40, cuesAt: 2 ** 40 },
    });
    if (!room) return undefined;
    this.tracks.push(track);
    this.frontIsOld = true;

    return track;
  }

  add(block: Block, duration: number): void {
    if (this.failed) return;
    this.blocks.push(block);
    this.gathered = Math.max(this.gathered, block.at + duration);
  }

  /** Hands what was gathered to the disk. */
  flush(): void {
    if (this.failed || this.blocks.length === 0) return;
    const { bytes, at } = clusterBytes(this.blocks);
    const key = this.blocks.find((block) => block.key && this.isSeekPoint(block.track));
    const length = this.gathered;
    this.blocks = [];
    this.waiting += bytes.length;
    const tooSlow = this.waiting > mostWaiting;
    this.queue(async () => {
      if (tooSlow) throw new Error('the disk is too slow');
      if (this.frontIsOld) await this.writeFront();
      await this.writeAll(bytes, this.position);
      if (key) this.cues.push({ at, track: key.track, position: this.position });
      this.position += bytes.length;
      this.written += bytes.length;
      this.waiting -= bytes.length;
      this.length = length;
      // The length so far, for whoever looks at the file after a crash.
      await this.writeFront();
    });
  }

  /** Writes the rest, gives the file its end and closes it. The length in milliseconds; 0 when nothing was kept: then there is no file. */
  async finish(duration: number): Promise<number> {
    this.flush();
    await this.work;
    if (!this.failed && this.written > 0) {
      this.length = Math.max(this.length, duration);
      this.queue(() => this.writeEnd());
      await this.work;
    }
    await this.handle.close().catch(() => undefined);
    if (this.written === 0) await unlink(this.path).catch(() => undefined);

    return this.written === 0 ? 0 : this.length;
  }

  /** Seeking leads to key frames of video; where there is none, to sound. */
  private isSeekPoint(number: number): boolean {
    const video = this.tracks.find(({ kind }) => kind === 'video');

    return number === (video ?? this.tracks[0])?.number;
  }

  private queue(step: () => Promise<void>): void {
    this.work = this.work
      .then(async () => {
        if (!this.failed) await step();
      })
      .catch((error: unknown) => this.fail(error));
  }

  private async writeFront(end?: { fileSize: number; cuesAt?: number }): Promise<void> {
    const { startedAt, tracks, length: duration } = this;
    this.frontIsOld = false;
    const front = frontBytes({ startedAt, duration, tracks, end });
    if (front) await this.writeAll(front, 0);
  }

  private async writeEnd(): Promise<void> {
    const cues = this.cues.length > 0 ? cuesBytes(this.cues) : Buffer.alloc(0);
    await this.writeAll(cues, this.position);
    const fileSize = this.position + cues.length;
    await this.writeFront({ fileSize, cuesAt: cues.length > 0 ? this.position : undefined });
    await this.handle.datasync();
  }

  private async writeAll(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  private async fail(error: unknown): Promise<void> {
    if (this.failed) return;
    this.failed = true;
    this.blocks = [];
    // A cluster that was written in part is taken away, so that the file ends with a whole one. The front's place is there already.
    await this.handle.truncate(this.position).catch(() => undefined);
    await this.writeFront({ fileSize: this.position }).catch(() => undefined);
    this.onFailed(reasonOf(this.path, error));
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;

  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

function reasonOf(path: string, error: unknown): string {
  if (isFull(error)) return `Nothing more can be written to ${path}: the disk is full.`;

  return `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`;
}
