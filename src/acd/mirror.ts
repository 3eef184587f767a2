import { Crew } from './crew';
import { changer } from './draft/drafts';
import type { Engine } from './engine';
import type { Forecast } from './estimate';
import { Floor } from './floor';
import { Learner } from './learner';
import { Revisions } from './revisions';
import type { Row } from './rows';
import type { AcdConfig, QueueConfig } from './config';
import type { TicketState } from './types';

export interface MirrorContext {
  /** Something has changed by which dispatch may find a match. `here`: by this node itself. */
  changed(here: boolean): void;
  /** Places, or what estimates are made of, have changed in a queue. */
  moved(queue: string): void;
  /** What the caller of a ticket of this node was told first. */
  firstTold(ticketId: string): Forecast | undefined;
}

/** Rows that are read at a time when the floor is learnt anew. */
const CHUNK = 200;
const inLine = new Set<TicketState>(['waiting', 'offered', 'held', 'dropped']);

/**
 * Keeps the floor of this node like the store: by the rows of its own batches, which come with their replies, and by those of
 * other nodes, which come by a channel. Both may overtake each other, so each thing remembers the revision that it is of.
 * Where a revision is missing, because a connection broke, the floor is learnt anew.
 */
export class Mirror {
  readonly floor: Floor;
  readonly learner: Learner;
  /** All revisions up to this one are known. */
  seen = 0;
  private readonly revisions = { t: new Revisions(), s: new Revisions(), q: new Revisions() };
  /** Known revisions beyond a gap. */
  private readonly ahead = new Set<number>();
  private loading: Promise<void> | undefined;
  /** Counts resets: what a load read before one says nothing. */
  private generation = 0;
  private planned: unknown;
  private gapAt = 0;
  /** Of each queue the version of what was learnt that is in the store. */
  private readonly kept = new Map<string, number>();

  constructor(
    private readonly engine: Engine,
    private readonly context: MirrorContext,
  ) {
    this.floor = new Floor(makeCrew(engine.config, [], engine.queueConfigs()));
    this.learner = new Learner(this.floor, (id) => context.firstTold(id));
    this.planned = engine.config.version?.();
  }

  /** Whether a revision has been missing since the last time when this was asked. */
  get hasGap(): boolean {
    const gap = this.ahead.size > 0 ? this.seen : 0;
    const stays = gap > 0 && gap === this.gapAt;
    this.gapAt = gap;

    return stays;
  }

  /** Makes out anew who may take what when another plan is in force. */
  usePlan(): void {
    const { engine } = this;
    const version = engine.config.version?.();
    if (version === this.planned) return;
    this.planned = version;
    this.floor.useCrew(makeCrew(engine.config, this.floor.seats.keys(), engine.queueConfigs()));
    this.context.changed(true);
    for (const queue of this.floor.queues.keys()) this.context.moved(queue);
  }

  /** Rows of one batch. */
  take(revision: number, rows: readonly Row[], here: boolean): void {
    for (const row of rows) this.takeRow(revision, row, true);
    this.note(revision);
    this.context.changed(here);
  }

  /** Rows of a batch of another node. */
  hear(revision: number, by: string, rows: readonly Row[]): void {
    this.engine.drafts.heard(revision, by);
    // It was there a moment ago, and may not be deaf for long.
    if (this.floor.deaf.size > 0) this.floor.deaf.delete(changer(by));
    this.take(revision, rows, false);
  }

  /** The connection was lost: news may have been missed, and a store that was restarted may count from an earlier revision. */
  reset(): void {
    for (const ofKind of Object.values(this.revisions)) ofKind.clear();
    this.ahead.clear();
    this.seen = 0;
    this.generation++;
    this.loading = undefined;
    this.engine.reset();
  }

  /** Learns the whole floor from the store. Shared when it is under way. */
  load(): Promise<void> {
    if (this.loading) return this.loading;
    const loading = this.loadNow().finally(() => {
      if (this.loading === loading) this.loading = undefined;
    });
    this.loading = loading;

    return loading;
  }

  private async loadNow(): Promise<void> {
    const { generation } = this;
    const { keys, store } = this.engine;
    const { redis } = store;
    const from = Number(await redis.get(keys.revision));
    const [queues, seats] = await Promise.all([redis.smembers(keys.queues), redis.smembers(keys.seats)]);
    const lines = await Promise.all(queues.map((queue) => redis.zrange(keys.line(queue), 0, -1)));
    const rows = await this.readAll('seat', seats);
    const engaged = rows.flatMap(({ kind, row }) => (kind === 's' && row.ticket !== '' ? [row.ticket] : []));
    const tickets = [...new Set([...lines.flat(), ...engaged])];
    await this.readAll('queue', queues);
    await this.recall(queues);
    await this.readAll('ticket', tickets);
    if (generation !== this.generation) return this.load();
    this.forgetOthers(from, new Set(tickets), new Set(seats));
    this.seen = Math.max(this.seen, from);
    for (const revision of this.ahead) if (revision <= this.seen) this.ahead.delete(revision);
    this.note(this.seen);
    this.context.changed(true);
    for (const queue of this.floor.queues.keys()) this.context.moved(queue);
  }

  private async readAll(kind: 'ticket' | 'seat' | 'queue', ids: readonly string[]): Promise<Row[]> {
    const all: Row[] = [];
    const { generation } = this;
    for (let start = 0; start < ids.length; start += CHUNK) {
      const { revision, rows } = await this.engine.readRows(kind, ids.slice(start, start + CHUNK));
      if (generation !== this.generation) return [];
      for (const row of rows) this.takeRow(revision, row, false);
      all.push(...rows);
    }

    return all;
  }

  /** What was there before and is not any more. What came meanwhile is of a later revision. */
  private forgetOthers(from: number, tickets: ReadonlySet<string>, seats: ReadonlySet<string>): void {
    const { floor, engine, revisions } = this;
    const isPast = (known: Revisions, id: string): boolean => (known.of(id) ?? 0) <= from;
    for (const id of floor.tickets.keys()) {
      if (tickets.has(id) || !isPast(revisions.t, id)) continue;
      floor.removeTicket(id);
      engine.records.tickets.delete(id);
      revisions.t.setGone(id, from);
    }
    for (const id of floor.seats.keys()) {
      if (seats.has(id) || !isPast(revisions.s, id)) continue;
      floor.removeSeat(id);
      engine.records.seats.delete(id);
      revisions.s.setGone(id, from);
    }
  }

  /** `learns`: it has just happened, and is not only seen now. */
  private takeRow(revision: number, row: Row, learns: boolean): void {
    const revisions = this.revisions[row.kind];
    const { id } = row.row;
    if ((revisions.of(id) ?? -1) >= revision) return;
    if (row.kind === 't' && row.row.state === 'ended') revisions.setGone(id, revision);
    else revisions.set(id, revision);
    this.engine.records.take(row);
    if (row.kind === 't') this.takeTicket(row, learns);
    else if (row.kind === 's') this.takeSeat(row, learns);
    else this.put(row, learns);
  }

  private put(row: Row, learns: boolean): void {
    if (learns) this.learner.take(row, this.engine.now());
    else this.floor.apply(row);
  }

  private takeTicket(change: Row & { kind: 't' }, learns: boolean): void {
    const { row } = change;
    const former = this.floor.tickets.get(row.id);
    if (!this.floor.crew.queue(row.queue)) this.planForQueue(row.queue);
    this.put(change, learns);
    if (former && former.queue !== row.queue) this.context.moved(former.queue);
    const [was, is] = [former && inLine.has(former.state), inLine.has(row.state)];
    const isRanked = former?.class !== row.class || former.priority !== row.priority;
    if (was !== is || former?.queue !== row.queue || isRanked) this.context.moved(row.queue);
  }

  private takeSeat(change: Row & { kind: 's' }, learns: boolean): void {
    const { row } = change;
    const former = this.floor.seats.get(row.id);
    if (!former) this.planForSeat(row.id);
    this.put(change, learns);
    if (former?.works === row.works) return;
    for (const queue of this.floor.crew.queuesOf(row.id)) {
      if (this.floor.queue(queue).waiting > 0) this.context.moved(queue);
    }
  }

  /** What was learnt before a restart, or by other nodes. */
  private async recall(queues: readonly string[]): Promise<void> {
    const { keys, store } = this.engine;
    const texts = await Promise.all(queues.map((queue) => store.redis.get(keys.learnt(queue))));
    texts.forEach((text, index) => text && this.learner.restore(queues[index] ?? '', text));
  }

  /** Keeps what was learnt since the last time. */
  async keepLearnt(): Promise<void> {
    const { keys, store } = this.engine;
    for (const queue of this.floor.queues.keys()) {
      const version = this.learner.version(queue);
      if (version === (this.kept.get(queue) ?? 0)) continue;
      this.kept.set(queue, version);
      await store.redis.set(keys.learnt(queue), this.learner.save(queue));
    }
  }

  /** A seat that the plan does not list beforehand. */
  private planForSeat(id: string): void {
    const { config } = this.engine;
    if (config.seats || !config.seat(id)) return;
    this.floor.useCrew(makeCrew(config, [...this.floor.seats.keys(), id], this.engine.queueConfigs()));
  }

  private planForQueue(id: string): void {
    if (!this.engine.queueConfig(id)) return;
    this.floor.useCrew(makeCrew(this.engine.config, this.floor.seats.keys(), this.engine.queueConfigs()));
  }

  private note(revision: number): void {
    if (revision === this.seen + 1) this.seen++;
    else if (revision > this.seen) this.ahead.add(revision);
    while (this.ahead.size > 0 && this.ahead.delete(this.seen + 1)) this.seen++;
  }
}

function makeCrew(config: AcdConfig, seen: Iterable<string>, queues: Iterable<QueueConfig>): Crew {
  const seats = config.seats ? config.seats() : [...seen].flatMap((id) => config.seat(id) ?? []);

  return new Crew(config, seats, queues);
}
