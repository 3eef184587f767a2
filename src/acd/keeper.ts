import { isUnavailable } from './engine';
import type { Engine } from './engine';

export interface KeeperTimes {
  /** How long a node owns its tickets without renewing, in ms. */
  nodeLease: number;
  renewEvery: number;
  /** The safety net: how often everything that is due or left over is looked for, in ms. */
  sweepEvery: number;
}

/** What the keeper needs of those around it. */
export interface KeeperContext {
  /** Looks at everything that may be brought together, or sent elsewhere. */
  wakeAll(): void;
  /** The lease of this node was lost. */
  fenced(): Promise<void>;
  /** Compares what this node believes with the store. */
  reconcile(): Promise<void>;
  /** What is due is just being ended. */
  sweeping(): void;
  /** What this node is told does not reach it; told once until it does again. */
  unheard(): void;
}

/** Most entries that one script takes, so that it never keeps Redis for long. */
const BATCH = 100;

/**
 * Keeps time: renews the lease of this node, ends what falls due at its moment, and once in a while sweeps up what was
 * left over, for instance by nodes that died.
 */
export class Keeper {
  private readonly busy = new Set<Promise<void>>();
  private cancelTick: (() => void) | undefined;
  private cancelDue: (() => void) | undefined;
  private dueAt = Infinity;
  private renewAt = 0;
  /** After a break of the store every node gets time to renew before its lease is taken for ended. */
  private mercyUntil = 0;
  /** From the loss of the store until what this node had to say is said: nothing is swept meanwhile. */
  private suspended = false;
  private isHeard = true;
  private closed = false;

  constructor(
    private readonly engine: Engine,
    private readonly times: KeeperTimes,
    private readonly context: KeeperContext,
  ) {}

  /**
   * Takes the lease of this node and begins to keep time. What other nodes held is left alone for the length of a lease:
   * after a restart of everything they, or those who adopt, come back at about the same time.
   */
  async start(): Promise<void> {
    this.mercyUntil = this.engine.now() + this.times.nodeLease;
    await this.renew(true);
    await this.sweepDue();
    this.tick();
  }

  /** Something falls due at `at` (ms since the epoch). */
  due(at: number): void {
    if (this.closed || at >= this.dueAt) return;
    this.cancelDue?.();
    this.dueAt = at;
    this.cancelDue = this.engine.clock.after(Math.max(1, at - this.engine.now()), () => {
      this.dueAt = Infinity;
      if (!this.suspended) this.background(() => this.sweepDue());
    });
  }

  storeIsLost(): void {
    this.suspended = true;
  }

  /** The store is back: the lease is taken again, and others get time to do the same. */
  async storeIsBack(): Promise<void> {
    this.mercyUntil = this.engine.now() + this.times.nodeLease;
    const kept = await this.renew(false);
    if (!kept) await this.renew(true);
  }

  /** Time goes on after a break. The first sweep is left to the next beat, so that other nodes can catch up too. */
  resume(): void {
    this.suspended = false;
  }

  /** Ends everything that is due, and what dead nodes held. */
  async sweep(): Promise<void> {
    try {
      await this.sweepDue();
      if (this.engine.now() >= this.mercyUntil) await this.sweepNodes();
    } finally {
      // Whatever cannot be swept: those who wait are looked at.
      this.context.wakeAll();
    }
  }

  async idle(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelTick?.();
    this.cancelDue?.();
    await this.idle();
  }

  private tick(): void {
    if (this.closed) return;
    this.cancelTick = this.engine.clock.after(this.times.sweepEvery, () => {
      this.background(() => this.beat());
      this.tick();
    });
  }

  private async beat(): Promise<void> {
    if (!this.engine.store.available || this.suspended) return;
    if (this.engine.now() >= this.renewAt && !(await this.renew(false))) {
      await this.renew(true);
      await this.context.fenced();
    }
    if (this.engine.doubtful) await this.context.reconcile();
    await this.sweep();
  }

  /** @returns false when there is no lease to prolong. */
  private async renew(begin: boolean): Promise<boolean> {
    const { engine, times } = this;
    const now = engine.now();
    const lease = await engine.run('renewNode', { expiresAt: now + times.nodeLease, begin: begin ? 1 : 0 });
    if (lease === 0) return false;
    this.renewAt = now + times.renewEvery;
    const wasHeard = this.isHeard;
    this.isHeard = lease === 1;
    if (wasHeard && !this.isHeard) this.context.unheard();

    return true;
  }

  private async sweepDue(): Promise<void> {
    const { engine } = this;
    for (let taken = BATCH; taken === BATCH;) {
      const swept = engine.run('sweepDue', { limit: BATCH });
      this.context.sweeping();
      taken = Number(await swept);
    }
  }

  private async sweepNodes(): Promise<void> {
    const { engine } = this;
    const ended = await engine.store.redis.zrangebyscore(engine.keys.nodes, '-inf', engine.now());
    for (const dead of ended) if (dead !== engine.node) await this.releaseNode(dead);
  }

  private async releaseNode(dead: string): Promise<void> {
    const { engine } = this;
    engine.log.warn({ node: dead }, 'a node has died; its tickets are released');
    for (let left = 1; left > 0;) {
      left = Number(await engine.run('releaseNode', { dead, name: nodeName(dead), limit: BATCH }));
    }
  }

  private background(work: () => Promise<void>): void {
    const task = work()
      .catch((error: unknown) => {
        if (!isUnavailable(error)) this.engine.log.error({ err: error }, 'sweeping failed');
      })
      .finally(() => this.busy.delete(task));
    this.busy.add(task);
  }
}

/** The name of a node from one of its incarnations. */
export function nodeName(incarnation: string): string {
  return incarnation.slice(0, incarnation.lastIndexOf('~'));
}
