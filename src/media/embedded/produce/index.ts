import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { asSightlineError, SightlineError } from '../../../lib/errors';
import type { Logger } from '../../../lib/logger';
import type { AudioClip, VideoClip } from '../clip';
import { toByteStream, nalUnits } from './annexb';
import {
  audioArguments,
  pictureArguments,
  stillArguments,
  stillRate,
  videoArguments,
  videoRate,
  type VideoTarget,
} from './arguments';
import { DiskCache, MemoryCache } from './cache';
import { readClip, sizeOf, writeClip } from './clip-file';
import { Ffmpeg, type FfmpegOptions, type Job } from './ffmpeg';
import { ivfOfOne, vp8Size } from './ivf';
import { readAudioClip, readVideoClip } from './read-clip';

export type { VideoTarget } from './arguments';

export interface ProducerOptions extends FfmpegOptions {
  /** Folder of the clips that were made; is created when needed, may be shared and may be emptied at any time. */
  cacheDir: string;
  log: Logger;
  /** Bytes of clips in memory and on disk. Default 128 MiB and 512 MiB. */
  mostMemory?: number;
  mostDisk?: number;
}

/** Part of every key of the cache: to be raised when the arguments of ffmpeg or the clip file change. */
const version = 1;
const mebibyte = 1024 * 1024;

type Clip = VideoClip | AudioClip;

/** One clip to be made. */
interface Order<C extends Clip> {
  key: string;
  job: Job;
  read: (output: Uint8Array) => C;
  is: (clip: Clip) => clip is C;
}

export interface ProduceOptions {
  /** It is made for later: what somebody waits for goes first. Asking for the same without `ahead` makes it one of those. */
  ahead?: boolean;
}

/**
 * Makes media ready to be sent out of pictures and files, by ffmpeg in child processes. What was made is kept by content, in memory and
 * on disk; whoever asks for the same while it is being made waits for the one run.
 *
 * Errors of all: MEDIA_UNAVAILABLE (ffmpeg missing, killed, or too slow), BAD_REQUEST (it cannot read the input), NOT_FOUND (no such
 * file), MEDIA_GONE (closed).
 */
export class Producer {
  private readonly ffmpeg: Ffmpeg;
  private readonly memory: MemoryCache<Clip>;
  private readonly disk: DiskCache;
  private readonly underWay = new Map<string, { job: Job; made: Promise<Clip> }>();
  /** Hash of a file's content by path, size and times: files are not read again each time they are asked for. */
  private readonly hashes = new MemoryCache<string>(mebibyte);
  private readonly writing = new Set<Promise<void>>();
  private closed = false;

  constructor(options: ProducerOptions) {
    this.ffmpeg = new Ffmpeg(options);
    this.memory = new MemoryCache(options.mostMemory ?? 128 * mebibyte);
    this.disk = new DiskCache(options.cacheDir, options.mostDisk ?? 512 * mebibyte, options.log);
  }

  /** A PNG of any size as a clip of two seconds: one key frame, then frames of a few bytes. Fitted in whole, proportions kept. */
  async picture(png: Uint8Array, target: VideoTarget, { ahead = false }: ProduceOptions = {}): Promise<VideoClip> {
    const size = evenSize(target);
    const key = keyOf('picture', size, createHash('sha256').update(png).digest('hex'));
    const job: Job = { args: pictureArguments(size), input: png, lane: 'quick', subject: 'the picture', ahead };

    return this.clip({ key, job, read: (output) => readVideoClip(output, size, stillRate), is: isVideo });
  }

  /** A video file, its first ten minutes at most, without its sound. */
  async video(file: string, target: VideoTarget, { ahead = false }: ProduceOptions = {}): Promise<VideoClip> {
    const size = evenSize(target);
    const key = keyOf('video', size, await this.hashOf(file));
    const job: Job = { args: videoArguments(file, size), lane: 'long', subject: file, ahead };

    return this.clip({ key, job, read: (output) => readVideoClip(output, size, videoRate), is: isVideo });
  }

  /** An audio file, its first ten minutes at most, as one channel. */
  async audio(file: string, codec: AudioClip['codec'], { ahead = false }: ProduceOptions = {}): Promise<AudioClip> {
    const key = keyOf('audio', { codec }, await this.hashOf(file));
    const job: Job = { args: audioArguments(file, codec), lane: 'quick', subject: file, ahead };

    return this.clip({ key, job, read: (output) => readAudioClip(output, codec), is: isAudio });
  }

  /** The PNG of a key frame, as a VP8 frame or an H.264 access unit (Annex B, with parameter sets). Not kept. */
  async still(accessUnit: Uint8Array, codec: VideoTarget['codec']): Promise<Buffer> {
    const input = decodable(accessUnit, codec);
    const png = await this.ffmpeg.run({ args: stillArguments(codec), input, lane: 'quick', subject: 'the key frame' });
    if (png.length === 0) throw new SightlineError('BAD_REQUEST', 'The key frame cannot be decoded.');

    return png;
  }

  /** Kills what runs; all that wait get MEDIA_GONE. Resolves when no process is left. */
  async close(): Promise<void> {
    this.closed = true;
    this.memory.clear();
    await this.ffmpeg.close();
    await Promise.allSettled([...this.underWay.values()].map(({ made }) => made));
    await Promise.allSettled(this.writing);
  }

  private async clip<C extends Clip>(order: Order<C>): Promise<C> {
    if (this.closed) throw new SightlineError('MEDIA_GONE', 'The maker of pictures and sounds is closed.');
    const { key, job } = order;
    const kept = this.memory.get(key);
    if (kept && order.is(kept)) return kept;
    const before = this.underWay.get(key);
    if (before) {
      if (!job.ahead && before.job.ahead) this.ffmpeg.hurry(before.job);

      return before.made as Promise<C>;
    }
    const made = this.find(order).finally(() => this.underWay.delete(key));
    this.underWay.set(key, { job, made });

    return made;
  }

  /** From the disk, or made anew. */
  private async find<C extends Clip>({ key, job, read, is }: Order<C>): Promise<C> {
    const bytes = await this.disk.get(key);
    const kept = bytes && readClip(bytes);
    if (kept && is(kept)) return this.keep(key, kept);
    try {
      const clip = read(await this.ffmpeg.run(job));
      this.write(key, clip);

      return this.keep(key, clip);
    } catch (error) {
      throw error instanceof RangeError ? new SightlineError('BAD_REQUEST', error.message) : asSightlineError(error);
    }
  }

  /** Nobody waits for the disk, except `close`. */
  private write(key: string, clip: Clip): void {
    const written = this.disk.set(key, writeClip(clip)).finally(() => this.writing.delete(written));
    this.writing.add(written);
  }

  private keep<C extends Clip>(key: string, clip: C): C {
    if (!this.closed) this.memory.set(key, clip, sizeOf(clip));

    return clip;
  }

  private async hashOf(file: string): Promise<string> {
    const { size, mtimeMs, ctimeMs } = await stat(file).catch((error: unknown) => {
      throw new SightlineError('NOT_FOUND', `There is no file ${file}.`, { cause: error });
    });
    const key = `${file}\0${size}\0${mtimeMs}\0${ctimeMs}`;
    const known = this.hashes.get(key);
    if (known) return known;
    const hash = await hashFile(file);
    this.hashes.set(key, hash, key.length + hash.length);

    return hash;
  }
}

const isVideo = (clip: Clip): clip is VideoClip => 'frames' in clip;
const isAudio = (clip: Clip): clip is AudioClip => !('frames' in clip);

function keyOf(what: string, parameters: object, content: string): string {
  return createHash('sha256')
    .update(JSON.stringify([version, what, parameters, content]))
    .digest('hex');
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new SightlineError('NOT_FOUND', `The file ${file} cannot be read.`, { cause: error });
  }

  return hash.digest('hex');
}

/** 4:2:0 halves the colours both ways: sizes are even. */
function evenSize({ width, height, ...rest }: VideoTarget): VideoTarget {
  const even = (length: number): number => Math.max(16, Math.floor(length / 2) * 2);
  if (!(width <= 7680 && height <= 4320))
    throw new SightlineError('BAD_REQUEST', `A video of ${width}x${height} cannot be made.`);

  return { ...rest, width: even(width), height: even(height) };
}

function decodable(accessUnit: Uint8Array, codec: VideoTarget['codec']): Uint8Array {
  if (codec === 'h264') return toByteStream(nalUnits(accessUnit));
  const size = vp8Size(accessUnit);
  if (!size) throw new SightlineError('BAD_REQUEST', 'This VP8 frame is no key frame.');

  return ivfOfOne(accessUnit, size);
}
