import type { Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import { makeKeys } from '../store/keys';
import type { Keys } from '../store/keys';
import type { Reply, Script } from '../store/scripts';
import type { AcdConfig, Offer, QueueConfig, TicketEnd, WithdrawCause } from './types';

/** What a script asks for besides its change of state; see lua/includes/effects.lua. */
export type Effect =
  | { t: 'offer'; offer: Offer }
  | { t: 'withdrawn'; offer: Offer; cause: WithdrawCause }
  | { t: 'ended'; id: string; how: TicketEnd }
  | { t: 'replaced'; id: string; call: string }
  | { t: 'wake'; q: string }
  | { t: 'moved'; q: string }
  | { t: 'due'; at: number };

type BaseArg = 'root' | 'now' | 'node';

export interface EngineOptions {
  store: Store;
  site: string;
  /** Name of the node; the same after a restart. */
  node: string;
  config: AcdConfig;
  clock: Clock;
  log: Logger;
  /** How long, in ms of real time, a command waits for a store that is just coming back. */
  patience: number;
}

/** Runs scripts for one incarnation of a node and hands their effects on. */
export class Engine {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly config: AcdConfig;
  readonly log: Logger;
  /** The name of the node. */
  readonly name: string;
  /** This incarnation of the node: a restarted one is another, so that what the old one still sends is told apart. */
  readonly node: string;
  /** Something failed whose outcome is unknown: what this node believes has to be compared with the store. */
  doubtful = false;
  private readonly patience: number;
  private readonly lastConfig = new Map<string, QueueConfig>();

  constructor(
    options: EngineOptions,
    private readonly onEffect: (effect: Effect) => void,
  ) {
    this.store = options.store;
    this.keys = makeKeys(options.site);
    this.clock = options.clock;
    this.config = options.config;
    this.log = options.log;
    this.name = options.node;
    this.node = `${options.node}~${newToken().slice(0, 8)}`;
    this.patience = options.patience;
  }

  now(): number {
    return this.clock.now();
  }

  /** The queue's settings; of a queue that a reload took away those that it had last. */
  queueConfig(id: string): QueueConfig | undefined {
    const current = this.config.queue(id);
    if (current) this.lastConfig.set(id, current);

    return current ?? this.lastConfig.get(id);
  }

  /**
   * Runs a script that changes something and applies its effects.
   * @returns the script's value.
   * @throws SightlineError with the script's code, or STORE_UNAVAILABLE: then the change may have happened or not.
   */
  async change<K extends string, A extends string>(
    script: Script<K, A>,
    keys: Record<K, string>,
    args: Omit<Record<A, string | number>, BaseArg>,
  ): Promise<Reply> {
    const base = { root: this.keys.root, now: this.now(), node: this.node };
    const all = { ...base, ...args } as Record<A, string | number>;
    const reply = await this.read(script, keys, all);
    if (!Array.isArray(reply)) return reply;
    const [value = null, effects] = reply;
    if (typeof effects === 'string' && effects !== '') this.apply(JSON.parse(effects) as Effect[]);

    return value;
  }

  /** Runs a script that only reads. */
  async read<K extends string, A extends string>(
    script: Script<K, A>,
    keys: Record<K, string>,
    args: Record<A, string | number>,
  ): Promise<Reply> {
    if (!this.store.available) await this.store.whenAvailable(this.patience);
    try {
      return await script.run(this.store.redis, keys, args);
    } catch (error) {
      if (isUnavailable(error)) this.doubtful = true;
      throw error;
    }
  }

  apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.onEffect(effect);
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof SightlineError && error.code === 'STORE_UNAVAILABLE';
}
