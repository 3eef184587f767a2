import { ChurnMap } from '../lib/churn';
import type { Forecast } from './estimate';
import type { Floor } from './floor';
import { learnDrain, learnEntry, learnFactor, learnFit, learnHandling, learnPatience, noCounters } from './observed';
import type { Counters } from './observed';
import type { FloorRow, SeatRow, TicketRow } from './rows';
import type { SeatState, TicketState } from './types';

/** What one queue has learnt of itself. */
interface Learnt {
  counters: Counters;
  /** How many times longer tickets of a kind wait than their place tells. */
  factors: Record<string, number>;
}

interface Watched extends Learnt {
  /** Rises with whatever is learnt. */
  version: number;
  /** Since when somebody waits for a seat, or since the line moved last while somebody did; ms. */
  clock: number | undefined;
  /** When the last ticket came, ms. */
  enteredAt: number | undefined;
}

interface Rung {
  queue: string;
  /** ms */
  since: number;
  talked: boolean;
}

const inLine = new Set<TicketState>(['waiting', 'offered', 'held', 'dropped']);
const taken = new Set<SeatState>(['reserved', 'ringing', 'talking', 'wrap-up']);

/** By what tickets of a queue differ in how long they wait at the same place. */
export function kindOf({ skills, medium, class: name }: Pick<TicketRow, 'skills' | 'medium' | 'class'>): string {
  return [skills, medium, name].join('|');
}

/**
 * Learns from what happens on the floor what estimates are made of: how long tickets take their seats, how fast lines move, how
 * patient people are. Every node learns by itself from the same news; docs/estimate.md tells the counters.
 */
export class Learner {
  private readonly queues = new Map<string, Watched>();
  /** Seats that were rung and are not free again. */
  private readonly rung = new ChurnMap<string, Rung>();

  constructor(
    private readonly floor: Floor,
    /** What somebody was told first, where that is known here. */
    private readonly firstTold: (ticketId: string) => Forecast | undefined,
  ) {}

  counters(queue: string): Counters {
    return this.of(queue).counters;
  }

  factor(queue: string, kind: string): number {
    return this.of(queue).factors[kind] ?? 1;
  }

  /** Changes with whatever is learnt of the queue. */
  version(queue: string): number {
    return this.of(queue).version;
  }

  /** What is known of a queue, to be kept over a restart. */
  save(queue: string): string {
    const { counters, factors } = this.of(queue);

    return JSON.stringify({ counters, factors } satisfies Learnt);
  }

  /** Begins with what was kept, unless something was learnt already. */
  restore(queue: string, text: string): void {
    const watched = this.of(queue);
    if (watched.version > 0) return;
    const { counters, factors } = JSON.parse(text) as Partial<Learnt>;
    Object.assign(watched, { counters: { ...noCounters(), ...counters }, factors: { ...factors } });
  }

  /** Puts what has just happened on the floor, and learns from it. `now` in ms. */
  take(row: FloorRow, now: number): void {
    const { floor } = this;
    if (row.kind === 'q') return floor.apply(row);
    if (row.kind === 't') {
      const former = floor.tickets.get(row.row.id);
      floor.apply(row);

      return this.ticketChanged(former, row.row, now);
    }
    const former = floor.seats.get(row.row.id);
    const comes = former?.works !== row.row.works;
    const queues = comes ? floor.crew.queuesOf(row.row.id) : [];
    const staffed = queues.map((queue): [string, number] => [queue, floor.queue(queue).staffed.size]);
    floor.apply(row);
    this.seatChanged(former, row.row, staffed, now);
  }

  /** A ticket has changed; the floor has its new row. */
  private ticketChanged(former: TicketRow | undefined, row: TicketRow, now: number): void {
    const was = former !== undefined && inLine.has(former.state);
    const is = inLine.has(row.state);
    const moved = former !== undefined && former.queue !== row.queue;
    if (former && was && (!is || moved)) this.left(former, row, now);
    if (is && (!was || moved)) this.entered(former, row, now);
  }

  /** A seat has changed; the floor has its new row. `staffed` are the seats at work before, by queue. */
  private seatChanged(
    former: SeatRow | undefined,
    row: SeatRow,
    staffed: readonly [queue: string, before: number][],
    now: number,
  ): void {
    if (former?.works !== row.works) {
      for (const [queue, before] of staffed) this.drain(this.of(queue), queue, { before, answered: 0, now });
    }
    const ringing = this.rung.get(row.id);
    if (row.state === 'reserved' && (former?.state !== 'reserved' || former.ticket !== row.ticket)) {
      // A seat that was free for no moment between two tickets.
      if (ringing?.talked) this.handled(ringing, row.idleSince);
      const queue = this.floor.tickets.get(row.ticket)?.queue;
      if (queue !== undefined) this.rung.set(row.id, { queue, since: row.since, talked: false });
    } else if (ringing && row.state === 'talking') {
      ringing.talked = true;
    } else if (ringing && !taken.has(row.state)) {
      this.rung.delete(row.id);
      const end = row.state === 'available' ? row.idleSince : now;
      if (ringing.talked) this.handled(ringing, end);
    }
  }

  private handled({ queue, since }: Rung, end: number): void {
    learnHandling(this.learning(queue), seconds(end - since));
  }

  private entered(former: TicketRow | undefined, row: TicketRow, now: number): void {
    const watched = this.of(row.queue);
    const queue = this.floor.queue(row.queue);
    if (queue.free.size === 0) watched.clock ??= now;
    // Whoever lost a seat to an alarm has come before.
    if (former) return;
    const ticket = this.floor.tickets.get(row.id);
    const overtook = ticket !== undefined && this.floor.position(ticket, now) < queue.waiting;
    const elapsed = watched.enteredAt === undefined ? 0 : seconds(now - watched.enteredAt);
    watched.enteredAt = now;
    if (elapsed > 0) learnEntry(this.learning(row.queue), elapsed, overtook);
  }

  private left(former: TicketRow, row: TicketRow, now: number): void {
    const watched = this.of(former.queue);
    const answered = row.state === 'talking';
    const hadToWait = watched.clock !== undefined;
    const before = this.floor.queue(former.queue).staffed.size;
    this.drain(watched, former.queue, { before, answered: answered ? 1 : 0, now });
    const waited = seconds((answered ? row.answeredAt : now) - former.queuedAt);
    const known = this.learning(former.queue);
    learnPatience(known, waited, row.how === 'abandoned');
    const told = answered && hadToWait ? this.firstTold(row.id) : undefined;
    if (!told) return;
    learnFit(known, waited, told.middle, told.spread);
    const kind = kindOf(former);
    watched.factors[kind] = learnFactor(watched.factors[kind] ?? 1, waited, told.middle);
  }

  /** The line has moved, or the staff has changed, while somebody waited for a seat. */
  private drain(
    watched: Watched,
    queue: string,
    { before, answered, now }: { before: number; answered: 0 | 1; now: number },
  ): void {
    const { clock } = watched;
    if (clock === undefined) return;
    learnDrain(this.learning(queue), seconds(now - clock), before, answered);
    watched.clock = this.floor.queue(queue).waiting > 0 ? now : undefined;
  }

  /** What is known of a queue, to be changed. */
  private learning(queue: string): Counters {
    const watched = this.of(queue);
    watched.version++;

    return watched.counters;
  }

  private of(queue: string): Watched {
    let watched = this.queues.get(queue);
    if (!watched) {
      watched = { counters: noCounters(), factors: {}, version: 0, clock: undefined, enteredAt: undefined };
      this.queues.set(queue, watched);
    }

    return watched;
  }
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000;
}
