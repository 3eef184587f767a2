import { spawn } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { systemClock, type Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import { lastWords, lowerPriority, notStarted } from './embedded/produce/ffmpeg';
import { inspect, type MediaFile } from './inspect';
import type { RecordedPart } from './port';
import { renditionPlan, type RenditionPlan, type Span } from './rendition-plan';

export interface ComposeOptions {
  /** Programs. Default `ffmpeg` and `ffprobe` in PATH. */
  ffmpeg?: string;
  ffprobe?: string;
  /** Milliseconds after which it is given up. Default a minute and four times the length of the recording. */
  timeLimit?: number;
  /** Gives it up: rejects with MEDIA_GONE. */
  signal?: AbortSignal;
  /** From 0 to 1, about twice a second. */
  onProgress?: (done: number) => void;
  clock?: Clock;
  /** When the recording was masked, in ms since the epoch: the film is black and silent there. */
  masked?: readonly Span[];
}

/**
 * Makes one MP4 (H.264, AAC) that any browser plays out of the parts of a recording: the sides beside each other, their sound mixed, each
 * part at its time. Parts that cannot be read are left out. `target` appears when it is whole, and is replaced when it was there.
 * Runs at low priority, so that calls do not suffer; whoever calls this limits how many run at once.
 * @returns the files that were left out.
 * @throws NOT_FOUND when no part can be read or nothing is in them; MEDIA_UNAVAILABLE when ffmpeg is missing, was killed, failed or
 * took too long; STORAGE_FULL; MEDIA_GONE when `signal` said so.
 */
export async function compose(
  parts: readonly RecordedPart[],
  target: string,
  options: ComposeOptions = {},
): Promise<{ skipped: string[] }> {
  const read = await Promise.all(
    parts.map(async (part) => ({ part, found: await inspect(part.file, options.ffprobe) })),
  );
  const readable = read.filter(
    (each): each is { part: RecordedPart; found: MediaFile } => (each.found?.streams.length ?? 0) > 0,
  );
  const plan = renditionPlan(readable, options.masked);
  if (!plan) throw new SightlineError('NOT_FOUND', 'There is nothing in this recording that can be played.');
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${newToken()}.tmp`);
  try {
    await encode(plan, temporary, options);
    await rename(temporary, target);
    options.onProgress?.(1);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }

  return { skipped: read.filter(({ found }) => !found?.streams.length).map(({ part }) => part.file) };
}

function encode(plan: RenditionPlan, file: string, options: ComposeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted) return reject(givenUp());
    const program = options.ffmpeg ?? 'ffmpeg';
    const child = spawn(program, [...plan.args, `file:${file}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    lowerPriority(child.pid);
    let why: SightlineError | undefined;
    const stop = (error: SightlineError): void => {
      why ??= error;
      child.kill('SIGKILL');
    };
    const limit = options.timeLimit ?? 60_000 + 4 * plan.duration;
    const cancel = (options.clock ?? systemClock).after(limit, () => stop(tooSlow(limit)));
    const onAbort = (): void => stop(givenUp());
    signal?.addEventListener('abort', onAbort);
    const words = listen(child.stdout, child.stderr, plan.duration, options.onProgress);
    const finish = (error?: SightlineError): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    };
    child.on('error', (error) => finish(notStarted(error, program)));
    child.on('close', (code, ended) => finish(code === 0 ? undefined : (why ?? failure(words(), code, ended))));
  });
}

/** Reads what ffmpeg tells of its progress; gives its last words when asked. */
function listen(
  stdout: Readable,
  stderr: Readable,
  duration: number,
  onProgress: ComposeOptions['onProgress'],
): () => string {
  let words = '';
  stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-4_000);
  });
  stdout.on('data', (chunk: Buffer) => {
    const microseconds = /out_time_us=(\d+)/.exec(chunk.toString('latin1'))?.[1];
    if (microseconds && duration > 0) onProgress?.(Math.min(1, Number(microseconds) / 1000 / duration));
  });

  return () => words;
}

function givenUp(): SightlineError {
  return new SightlineError('MEDIA_GONE', 'Nobody waits for this rendition any more.');
}

function tooSlow(limit: number): SightlineError {
  return new SightlineError(
    'MEDIA_UNAVAILABLE',
    `The rendition took longer than ${Math.round(limit / 1000)} s and was given up.`,
  );
}

function failure(words: string, code: number | null, signal: NodeJS.Signals | null): SightlineError {
  if (/No space left on device|Disk quota exceeded|File too large/.test(words))
    return new SightlineError('STORAGE_FULL');
  const reason = signal ? `it was ended by ${signal}` : (lastWords(words) ?? `exit ${code}`);

  return new SightlineError('MEDIA_UNAVAILABLE', `ffmpeg could not make the rendition: ${reason}.`);
}
