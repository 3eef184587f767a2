import { Acd } from '../../../src/acd/acd';
import type { AcdTimes } from '../../../src/acd/options';
import type { AcdConfig, QueueConfig, SeatConfig } from '../../../src/acd/config';
import type { AcdEvents, Offer } from '../../../src/acd/types';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { openStore } from '../../../src/store/connection';
import type { Store } from '../../../src/store/connection';
import { makeKeys } from '../../../src/store/keys';
import { randomSite, sharedRedis } from '../../support/redis';

export const queueDefaults: Omit<QueueConfig, 'id'> = {
  strategy: 'longest-idle',
  skills: [],
  ringTimeout: 20,
  wrapUp: 10,
  grace: 60,
  noAnswerDelay: 5,
  rejectDelay: 7,
  busyDelay: 9,
};

/** A plan for tests, that tests may change. */
export class TestConfig implements AcdConfig {
  readonly queueMap = new Map<string, QueueConfig>();
  readonly seatMap = new Map<string, SeatConfig>();

  addQueue(id: string, settings: Partial<QueueConfig> = {}): this {
    this.queueMap.set(id, { ...queueDefaults, ...settings, id });
    this.changes++;

    return this;
  }

  addSeat(id: string, queues: string[], skills: string[] = [], more: Partial<SeatConfig> = {}): this {
    this.seatMap.set(id, { id, queues, skills, ...more });
    this.changes++;

    return this;
  }

  queue(id: string): QueueConfig | undefined {
    return this.queueMap.get(id);
  }

  seat(id: string): SeatConfig | undefined {
    return this.seatMap.get(id);
  }

  queues(): Iterable<QueueConfig> {
    return this.queueMap.values();
  }

  seats(): Iterable<SeatConfig> {
    return this.seatMap.values();
  }

  version(): number {
    return this.changes;
  }

  private changes = 0;
}

type Heard = { [K in keyof AcdEvents]: { event: K; args: AcdEvents[K] } }[keyof AcdEvents];

/** One node under test: what it heard, and ways to wait for it. */
export class Node {
  readonly heard: Heard[] = [];

  constructor(
    readonly acd: Acd,
    readonly store: Store,
  ) {
    for (const event of [
      'offer',
      'withdrawn',
      'moved',
      'ended',
      'replaced',
      'overflow',
      'preempted',
      'callback',
      'fenced',
    ] as const) {
      acd.on(event, (...args: unknown[]) => this.heard.push({ event, args } as Heard));
    }
  }

  all<K extends keyof AcdEvents>(event: K): AcdEvents[K][] {
    return this.heard.filter((one) => one.event === event).map((one) => one.args as AcdEvents[K]);
  }

  get offers(): Offer[] {
    return this.all('offer').map(([offer]) => offer);
  }

  /** The next event of the kind, from now on. */
  next<K extends keyof AcdEvents>(event: K): Promise<AcdEvents[K]> {
    return new Promise((resolve) => this.acd.once(event, (...args: AcdEvents[K]) => resolve(args)));
  }

  /** Resolves when all that was published before has arrived. */
  async caughtUp(): Promise<void> {
    await this.acd.settled();
    if (!this.closed) await this.store.subscriber.ping();
  }

  /** Dies: what it holds stays in the store until its lease ends. To the store a closed node and a killed one are alike. */
  async close(): Promise<void> {
    this.closed = true;
    await this.acd.close();
    await this.store.close();
  }

  private closed = false;
}

/** A site under test: a clock moved by hand, a plan, and any number of nodes on one Redis. */
export class Site {
  readonly name = randomSite();
  readonly clock = new ManualClock();
  readonly config = new TestConfig();
  private readonly nodes: Node[] = [];

  /** By itself it makes no match that another node has to make: a test is to see that the other one does. */
  async node(name = 'n1', more: Partial<AcdTimes> = {}, url?: string): Promise<Node> {
    const times = { leftAfter: Infinity, ...more };
    const log = silentLogger;
    const { root: key } = makeKeys(this.name);
    const store = await openStore({ url: url ?? (await sharedRedis()).url, key, log });
    const { clock, config } = this;
    const acd = await Acd.open({ store, site: this.name, node: name, config, clock, log, times });
    const node = new Node(acd, store);
    this.nodes.push(node);

    return node;
  }

  /** Leaves a node that was closed out of what is waited for. */
  forget(node: Node): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** Moves time on and waits until every node has done what fell due. */
  async pass(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1_000);
    await this.settled();
  }

  /** Moves time on in steps, so that nodes renew their leases on the way. */
  async passSlowly(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 2) await this.pass(Math.min(2, left));
  }

  async settled(): Promise<void> {
    for (let round = 0; round < 2; round++) for (const node of this.nodes) await node.caughtUp();
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.close();
  }
}

let calls = 0;

export function caller(queue = 'q', extra: { priority?: number; skills?: string[]; terminal?: string } = {}) {
  const number = ++calls;

  return { queue, callId: `call-${number}`, terminal: extra.terminal ?? `t${number}`, ...extra };
}
