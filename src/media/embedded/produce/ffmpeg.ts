import { spawn, type ChildProcess } from 'node:child_process';
import os from 'node:os';
import { systemClock, type Clock } from '../../../lib/clock';
import { SightlineError } from '../../../lib/errors';

/** A run of ffmpeg: what goes in on standard input, and what it is for, in words for the operator. */
export interface Job {
  args: readonly string[];
  input?: Uint8Array;
  /** `quick` jobs somebody waits for at a call; `long` ones are files, of which fewer run at once so that they never stand in the way. */
  lane: Lane;
  /** E.g. "the picture", or a file's path. */
  subject: string;
  /** Nobody waits for it yet: all others go first, and one place stays free for them. May be taken back while it waits. */
  ahead?: boolean;
}

export type Lane = 'quick' | 'long';

export interface FfmpegOptions {
  /** Path or name of the program. Default `ffmpeg`. */
  ffmpeg?: string;
  /** Processes at once. Default 2 quick ones and 1 long one. */
  atOnce?: Record<Lane, number>;
  /** Milliseconds after which a run is killed. Default 10 s and 120 s. */
  limits?: Record<Lane, number>;
  clock?: Clock;
}

/** Bytes of output at which a run is killed: more is no clip that could be held in memory. */
const mostOutput = 256 * 1024 * 1024;
const mostWords = 4_000;

interface Waiting {
  job: Job;
  resolve: (output: Buffer) => void;
  reject: (error: SightlineError) => void;
}

/**
 * Runs ffmpeg as child processes, a bounded number at once; the others wait in the order of their asking,
 * those that are made ahead behind those that somebody waits for. `close` kills what runs and rejects what waits.
 */
export class Ffmpeg {
  private readonly waiting: Record<Lane, Waiting[]> = { quick: [], long: [] };
  private readonly running = new Map<ChildProcess, Job>();
  private readonly clock: Clock;
  private closed = false;
  private onIdle: (() => void) | undefined;

  constructor(private readonly options: FfmpegOptions = {}) {
    this.clock = options.clock ?? systemClock;
  }

  /** Processes that run now. */
  get processes(): number {
    return this.running.size;
  }

  /**
   * The output of one run.
   * @throws MEDIA_UNAVAILABLE when ffmpeg is missing, was killed or took too long; BAD_REQUEST when it cannot read the input;
   * MEDIA_GONE after `close`.
   */
  run(job: Job): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(gone());
      this.waiting[job.lane].push({ job, resolve, reject });
      this.next(job.lane);
    });
  }

  /** Somebody waits now for what was made ahead. */
  hurry(job: Job): void {
    job.ahead = false;
    if (!this.closed) this.next(job.lane);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const lane of ['quick', 'long'] as const) {
      for (const { reject } of this.waiting[lane].splice(0)) reject(gone());
    }
    if (this.running.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      const before = this.onIdle;
      this.onIdle = () => {
        before?.();
        resolve();
      };
    });
    for (const child of this.running.keys()) child.kill('SIGKILL');
    await idle;
  }

  private next(lane: Lane): void {
    const most = this.options.atOnce?.[lane] ?? { quick: 2, long: 1 }[lane];
    const busy = [...this.running.values()].filter((job) => job.lane === lane);
    if (busy.length >= most) return;
    const waiting = this.waiting[lane];
    const wanted = waiting.findIndex(({ job }) => !job.ahead);
    if (wanted < 0 && busy.filter((job) => job.ahead).length >= Math.max(1, most - 1)) return;
    const [turn] = waiting.splice(Math.max(0, wanted), 1);
    if (turn) this.start(turn);
  }

  private start({ job, resolve, reject }: Waiting): void {
    const child = spawn(this.options.ffmpeg ?? 'ffmpeg', job.args, { stdio: 'pipe', windowsHide: true });
    this.running.set(child, job);
    if (job.ahead || job.lane === 'long') lowerPriority(child.pid);
    const limit = this.options.limits?.[job.lane] ?? { quick: 10_000, long: 120_000 }[job.lane];
    const run: Run = { output: [], bytes: 0, words: '', why: undefined };
    const stop = (why: string): void => {
      run.why ??= why;
      child.kill('SIGKILL');
    };
    const cancel = this.clock.after(limit, () => stop(`took longer than ${limit / 1000} s and was stopped`));
    collect(child, run, stop);
    // A program that ends before it has read all of its input is judged by its exit, not by the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(job.input);

    let over = false;
    const finish = (end: () => void): void => {
      if (over) return;
      over = true;
      cancel();
      end();
      this.leave(child, job.lane);
    };
    child.on('error', (error) => finish(() => reject(notStarted(error, this.options.ffmpeg ?? 'ffmpeg'))));
    child.on('close', (code, signal) =>
      finish(() => {
        if (code === 0) resolve(Buffer.concat(run.output));
        else reject(this.closed ? gone() : failure(job, run, code, signal));
      }),
    );
  }

  private leave(child: ChildProcess, lane: Lane): void {
    this.running.delete(child);
    if (!this.closed) this.next(lane);
    if (this.running.size === 0) this.onIdle?.();
  }
}

interface Run {
  output: Buffer[];
  bytes: number;
  /** The end of what it wrote to standard error. */
  words: string;
  /** Why we killed it. */
  why: string | undefined;
}

function collect(child: ReturnType<typeof spawn>, run: Run, stop: (why: string) => void): void {
  child.stdout?.on('data', (chunk: Buffer) => {
    run.output.push(chunk);
    run.bytes += chunk.length;
    if (run.bytes > mostOutput) stop(`made more than ${mostOutput / 1024 / 1024} MiB and was stopped`);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    run.words = (run.words + chunk.toString('utf8')).slice(-mostWords);
  });
}

function gone(): SightlineError {
  return new SightlineError('MEDIA_GONE', 'The maker of pictures and sounds is closed.');
}

/** So that calls do not suffer from work that can wait. */
export function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    os.setPriority(pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or may not be changed: then it runs as it is.
  }
}

export function notStarted(error: Error, program: string): SightlineError {
  const { code } = error as NodeJS.ErrnoException;
  const remedy =
    code === 'ENOENT'
      ? 'Install it (Debian: apt-get install ffmpeg) and see that it is in PATH.'
      : 'See that it may be run.';

  return new SightlineError('MEDIA_UNAVAILABLE', `${program} cannot be started (${code ?? error.message}). ${remedy}`, {
    cause: error,
  });
}

function failure(job: Job, run: Run, code: number | null, signal: NodeJS.Signals | null): SightlineError {
  if (run.why) return new SightlineError('MEDIA_UNAVAILABLE', `ffmpeg ${run.why} at ${job.subject}.`);
  if (signal) {
    const detail = `ffmpeg was ended by ${signal} at ${job.subject}. See whether the machine has too little memory.`;

    return new SightlineError('MEDIA_UNAVAILABLE', detail);
  }

  return new SightlineError(
    'BAD_REQUEST',
    `ffmpeg cannot read ${job.subject}: ${lastWords(run.words) ?? `exit ${code}`}`,
  );
}

/** The last line that ffmpeg wrote: the most specific one mostly is the last but it is the one that names the reason. */
export function lastWords(words: string): string | undefined {
  return words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .at(-1);
}
