import type { Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import { makeKeys } from '../store/keys';
import type { Keys } from '../store/keys';
import type { BatchReply, Command } from '../store/program';
import type { Reply } from '../store/scripts';
import { Drafts } from './draft/drafts';
import type { Proposal } from './draft/drafts';
import { Records } from './draft/records';
import type { Effect } from './effect';
import { readRow } from './rows';
import type { Row } from './rows';
import { program } from './scripts';
import type { Verb, VerbArgs } from './scripts';
import type { AcdConfig, QueueConfig } from './config';

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

/** Where what a batch tells goes. */
export interface EngineContext {
  onEffect(effect: Effect): void;
  /** Rows of what the batch with this revision has changed. */
  onRows(revision: number, rows: readonly Row[]): void;
  /** Up to which revision all changes are known. */
  seen(): number;
  /** The store counts its changes anew: it has lost what it had. */
  onAnew(): void;
  /** Something falls due at `at`, ms since the epoch. */
  onDue(at: number): void;
  /** What was asked for goes to the store now. Where that is the `whole` of it, verbs that are asked for here go with it. */
  onBatch(whole: boolean): void;
}

interface Waiting {
  command: Command;
  resolve(value: Reply): void;
  reject(error: unknown): void;
}

/** What a batch tells besides its values; see lua/includes/main.lua. */
type Rest = [revision: string, rows: string[], effects: string, due: string, others: number];

/** Where and when a batch is run; see `Program.run`. */
interface Place {
  key: string;
  root: string;
  now: number;
  node: string;
}

/** Batches under way at a time. Commands that come while so many are go together with the next. */
const IN_FLIGHT = 3;
/** Most commands of a batch: it never keeps Redis for long, and this node works on one while Redis works on another. */
const BATCH = 50;

/** Runs the changes of state of one incarnation of a node, and hands on what they tell. */
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
  /** Whole records as this node was told of them. */
  readonly records = new Records();
  readonly drafts: Drafts;
  private readonly patience: number;
  private readonly lastConfig = new Map<string, QueueConfig>();
  private readonly waiting: Waiting[] = [];
  private inFlight = 0;
  /** Of the last batch of this node that changed something: answers come in order. */
  private lastRevision = 0;
  private isScheduled = false;

  constructor(
    options: EngineOptions,
    private readonly context: EngineContext,
  ) {
    this.store = options.store;
    this.keys = makeKeys(options.site);
    this.clock = options.clock;
    this.config = options.config;
    this.log = options.log;
    this.name = options.node;
    this.node = `${options.node}~${newToken().slice(0, 8)}`;
    this.patience = options.patience;
    const { keys, node } = this;
    this.drafts = new Drafts(this.records, { keys, node, seen: () => context.seen() });
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

  /** Every queue of the plan, and those that a reload took away while tickets were in them. */
  queueConfigs(): Iterable<QueueConfig> {
    for (const queue of this.config.queues()) this.lastConfig.set(queue.id, queue);

    return this.lastConfig.values();
  }

  /**
   * Runs a verb and applies what it tells before this resolves. Verbs that are asked for at the same time run together.
   * @returns the verb's value.
   * @throws SightlineError with the verb's code, or STORE_UNAVAILABLE: then the change may have happened or not.
   */
  run<V extends Verb>(verb: V, args: VerbArgs<V>): Promise<Reply> {
    if (this.store.available) return this.put(verb, args);

    return this.store.whenAvailable(this.patience).then(() => this.put(verb, args));
  }

  private put<V extends Verb>(verb: V, args: VerbArgs<V>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ command: program.command(verb, args), resolve, reject });
      this.schedule();
    });
  }

  /** Rows as they are now, with the revision that they are of. They are not applied. */
  async readRows(
    kind: 'ticket' | 'seat' | 'queue',
    ids: readonly string[],
  ): Promise<{ revision: number; rows: Row[] }> {
    const command = program.command('readRows', { kind, ids: ids.join() });
    const { rest } = await program.run(this.store.redis, this.place(), [command]);
    const [revision, rows] = rest as [string, string[]];

    return { revision: Number(revision), rows: rows.map(readRow) };
  }

  /** All that the store keeps of a ticket or a seat, by names; empty when there is none. */
  async readRecord(kind: 'ticket' | 'seat', id: string): Promise<Record<string, string>> {
    const flat = (await this.run('readRecord', { kind, id })) as string[];
    const record: Record<string, string> = {};
    for (let index = 0; index < flat.length; index += 2) record[flat[index] ?? ''] = flat[index + 1] ?? '';

    return record;
  }

  apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.context.onEffect(effect);
  }

  private place(): Place {
    return { key: this.keys.due, root: this.keys.root, now: this.now(), node: this.node };
  }

  private schedule(): void {
    if (this.isScheduled || this.inFlight >= IN_FLIGHT || this.waiting.length === 0) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      void this.flush();
    });
  }

  /** What goes next. If that is all there is, what follows from it may come with it. */
  private nextBatch(): Waiting[] {
    const isWhole = this.waiting.length <= BATCH;
    if (this.waiting.length > 0) this.context.onBatch(isWhole);

    return this.waiting.splice(0, isWhole ? this.waiting.length : BATCH);
  }

  private async flush(): Promise<void> {
    const batch = this.nextBatch();
    if (batch.length === 0) return;
    this.inFlight++;
    try {
      const commands = batch.map(({ command }) => command);
      const values = await this.send(commands);
      batch.forEach(({ resolve, reject }, index) => {
        const value = values[index] ?? null;
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    } catch (error) {
      if (isUnavailable(error)) this.doubtful = true;
      for (const { reject } of batch) reject(error);
    } finally {
      this.inFlight--;
      this.schedule();
    }
  }

  /** Sends a batch, as a draft if it can be made out what it will change. @returns its values, when what it tells was applied. */
  private async send(commands: readonly Command[]): Promise<readonly (Reply | Error)[]> {
    const place = this.place();
    const proposal = this.drafts.propose(commands, place.now);
    const clear = proposal ? undefined : this.drafts.whenClear();
    if (clear) await clear;
    const reply = await this.ask(place, commands, proposal);
    const rest = reply.rest as Rest;
    if (proposal && reply.values.length === 0 && rest[0] !== '') {
      this.takeDraft(proposal, rest);

      return proposal.outcome.values;
    }
    if (!proposal?.isBare) return this.take(reply, proposal);
    this.drafts.refused(proposal);

    return this.take(await this.ask(place, commands, undefined));
  }

  private async ask(place: Place, commands: readonly Command[], proposal: Proposal | undefined): Promise<BatchReply> {
    const answer = program.run(this.store.redis, place, commands, proposal);
    // They are on their way as one text.
    if (proposal) proposal.words = [];
    // Seats and callers wait for it.
    this.store.redis.hurry();
    try {
      return await answer;
    } catch (error) {
      this.drafts.failed(proposal);
      throw error;
    }
  }

  /** Nothing that was known of the store counts any more. */
  reset(): void {
    this.lastRevision = 0;
    this.drafts.reset();
    this.records.clear();
  }

  private noteRevision(revision: number): void {
    const isAnew = revision <= this.lastRevision;
    if (isAnew) this.context.onAnew();
    this.lastRevision = revision;
  }

  private take({ values, rest }: BatchReply, refused?: Proposal): readonly (Reply | Error)[] {
    const [revision, rows, effects, due, others] = rest as Rest;
    if (rows.length > 0) this.noteRevision(Number(revision));
    this.drafts.told(refused, rows.length > 0 ? Number(revision) : undefined, others === 0);
    if (rows.length > 0) this.context.onRows(Number(revision), rows.map(readRow));
    if (effects !== '') this.apply(JSON.parse(effects) as Effect[]);
    if (due !== '') this.context.onDue(Number(due));

    return values;
  }

  private takeDraft(proposal: Proposal, [revision, , , , others]: Rest): void {
    const { outcome } = proposal;
    this.noteRevision(Number(revision));
    try {
      this.context.onRows(Number(revision), outcome.rows());
    } catch (error) {
      this.drafts.failed(proposal);
      throw error;
    }
    this.drafts.taken(proposal, Number(revision), others === 0);
    this.apply(outcome.effects);
    if (outcome.dueAt < Infinity) this.context.onDue(outcome.dueAt);
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof SightlineError && error.code === 'STORE_UNAVAILABLE';
}
