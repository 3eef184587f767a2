import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import { isUnavailable } from './engine';

type Task = () => Promise<unknown>;

/** How soon a task is tried again when Redis is connected but does not answer, in ms. */
const RETRY = 200;
/** How long new work waits for what was kept, once Redis is back, in ms. */
const CATCH_UP = 1_000;
const LONG = 2 ** 31 - 1;

/**
 * Carries out what must not be lost (a talk is over, a caller is gone) although Redis is away for a while: such tasks
 * are kept, and run in their order when it is back. Each must be safe to run twice.
 */
export class Outbox {
  private readonly kept: { name: string; task: Task }[] = [];
  private draining: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly patience: number,
    private readonly log: Logger,
  ) {}

  /** How many tasks wait for the store. */
  get size(): number {
    return this.kept.length;
  }

  /** Whether new work has nothing to wait for. */
  get isClear(): boolean {
    return this.draining === undefined && this.store.available;
  }

  /**
   * Runs the task now if it can be run. A task that finds the store away is kept for later, and this resolves with
   * undefined without waiting for it. Tasks that come while others are kept line up behind them.
   */
  async do<T>(name: string, task: () => Promise<T>): Promise<T | undefined> {
    if (this.kept.length === 0 && this.store.available) {
      try {
        return await task();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
    }
    this.keep(name, task);

    return undefined;
  }

  keep(name: string, task: Task): void {
    if (this.closed) return;
    this.kept.push({ name, task });
    this.draining ??= this.drain().finally(() => (this.draining = undefined));
  }

  /**
   * Resolves when the store is there and nothing is kept, so that new work does not overtake old.
   * @throws SightlineError STORE_UNAVAILABLE when that takes too long.
   */
  async ready(): Promise<void> {
    if (!this.store.available) await this.store.whenAvailable(this.patience);
    if (!this.draining) return;
    const late = pause(CATCH_UP).then(() => {
      throw new SightlineError('STORE_UNAVAILABLE', undefined, { retryAfter: 1 });
    });
    await Promise.race([this.idle(), late]);
  }

  /** Resolves when nothing is kept. */
  async idle(): Promise<void> {
    while (this.draining) await this.draining;
  }

  /** Gives the kept tasks a last chance if Redis is there, and drops what is left. */
  async close(): Promise<void> {
    if (this.store.available) await Promise.race([this.idle(), pause(5 * RETRY)]);
    this.closed = true;
    if (this.kept.length > 0) this.log.error({ tasks: this.kept.length }, 'closing while the store is away');
    this.kept.length = 0;
  }

  private async drain(): Promise<void> {
    for (let next = this.kept[0]; next && !this.closed; next = this.kept[0]) {
      try {
        await this.store.whenAvailable(LONG);
        await next.task();
        this.kept.shift();
      } catch (error) {
        if (error instanceof SightlineError && error.code === 'SHUTTING_DOWN') return;
        if (isUnavailable(error)) {
          await pause(RETRY);
        } else {
          this.log.error({ err: error, task: next.name }, 'a task that was kept for the store failed');
          this.kept.shift();
        }
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
