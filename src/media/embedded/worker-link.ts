import path from 'node:path';
import type { EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { SightlineError } from '../../lib/errors';
import { inProject } from '../../lib/paths';
import type { Commands, FromWorker, Operation, Reply, WorkerEvent, WorkerSettings } from './protocol';

/**
 * The worker is asked for a sign of life this often, and given up when it gave none for this many times in a row. A crash is told at once;
 * this is for one that hangs, and must not be taken for a machine that is slow for a moment.
 */
const PING_MS = 400;
const MISSED_AT_MOST = 10;
/** Time for an orderly end, in milliseconds. */
const CLOSING_MS = 2000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export interface LinkListener {
  event(event: WorkerEvent): void;
  /** The worker died, or hangs and was ended. At most once, and not after `close`. */
  lost(reason: string): void;
}

/**
 * The compiled worker. Sources that are run as they are (tests) have no compiled file beside them; theirs is in dist/, which the build
 * makes.
 */
function workerFile(): string {
  const compiled = __filename.endsWith('.js');

  return compiled
    ? path.join(__dirname, 'worker', 'main.js')
    : inProject('dist', 'src', 'media', 'embedded', 'worker', 'main.js');
}

/** One worker thread and the way to it: commands with replies, and events. */
export class WorkerLink {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private alive = false;
  private share = 0;
  private measured: EventLoopUtilization | undefined;
  private missed = 0;
  private pingDone = true;
  private readonly pinger: NodeJS.Timeout;
  private over: string | undefined;
  private closing: Promise<void> | undefined;
  private readonly exited: Promise<void>;

  constructor(
    settings: WorkerSettings,
    private readonly listener: LinkListener,
  ) {
    this.worker = new Worker(workerFile(), { workerData: settings });
    this.worker.on('message', (message: FromWorker) => this.take(message));
    this.worker.on('error', (error) => this.end(`the media worker failed: ${error.message}`));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.end(`the media worker ended with code ${code}`);
        resolve();
      });
    });
    this.pinger = setInterval(() => this.ping(), PING_MS);
    this.pinger.unref();
  }

  /** @throws SightlineError what the command says; MEDIA_GONE when the worker is lost or closed meanwhile. */
  call<K extends Operation>(op: K, args: Commands[K]['args']): Promise<Commands[K]['result']> {
    if (this.over !== undefined) return Promise.reject(new SightlineError('MEDIA_GONE', this.over));
    const id = this.nextId++;

    return new Promise<Commands[K]['result']>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.worker.postMessage({ id, op, args });
    });
  }

  /** Lets the worker give back its ports, and waits until it is gone. */
  close(): Promise<void> {
    this.closing ??= this.shut();

    return this.closing;
  }

  /** The part of its time in which the worker was at work lately, from 0 to 1. */
  get busy(): number {
    return this.share;
  }

  /** Ends the worker as a crash would: it gives nothing back by itself. Resolves when its loss was told. */
  async kill(): Promise<void> {
    await this.worker.terminate();
    await this.exited;
  }

  private async shut(): Promise<void> {
    clearInterval(this.pinger);
    if (this.over === undefined) {
      const patience = setTimeout(() => void this.worker.terminate(), CLOSING_MS);
      await this.call('close', {}).catch(() => undefined);
      await this.exited;
      clearTimeout(patience);
    }
    await this.exited;
  }

  private take(message: FromWorker): void {
    this.alive = true;
    if ('event' in message) this.listener.event(message);
    else this.settle(message);
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new SightlineError(reply.error.code, reply.error.message));
    else waiting?.resolve(reply.result);
  }

  /** A stall of this thread delays only the next ping, so it is not taken for one of the worker. */
  private ping(): void {
    // While it starts, it loads its code and answers nothing.
    if (!this.alive) return;
    this.measure();
    if (!this.pingDone) {
      this.missed++;
      if (this.missed < MISSED_AT_MOST) return;
      this.end('the media worker does not answer');
      void this.worker.terminate();

      return;
    }
    this.missed = 0;
    this.pingDone = false;
    const done = () => (this.pingDone = true);
    this.call('ping', {}).then(done, done);
  }

  /** Smoothed over some two seconds: a key frame that is sent is no load. */
  private measure(): void {
    const now = this.worker.performance.eventLoopUtilization();
    const { utilization } = this.worker.performance.eventLoopUtilization(now, this.measured);
    this.measured = now;
    this.share += (utilization - this.share) / 5;
  }

  private end(reason: string): void {
    if (this.over !== undefined) return;
    this.over = reason;
    clearInterval(this.pinger);
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(new SightlineError('MEDIA_GONE', reason));
    if (!this.closing) this.listener.lost(reason);
  }
}
