import { ChurnMap, ChurnSet } from '../lib/churn';
import { worth } from './classes';
import type { Crew, CrewQueue } from './crew';
import { byStart, Line } from './line';
import type { FloorRow, QueueRow, SeatRow, TicketRow } from './rows';
import type { TicketClass } from './config';
import type { TicketState } from './types';

/** A ticket on the floor. */
export interface FloorTicket extends TicketRow {
  /** When it would have come without its head start, ms since the epoch. */
  start: number;
  /** Where it waits. */
  lane: Lane | undefined;
}

/** Waiting tickets that are alike but for the time when they came: where the first finds no seat, none of them does. */
export interface Lane {
  readonly key: string;
  readonly queue: string;
  readonly tickets: Line<FloorTicket>;
}

const inLine = new Set<TicketState>(['waiting', 'offered', 'held', 'dropped']);

/** One queue on the floor. */
export class FloorQueue {
  readonly lanes = new ChurnMap<string, Lane>();
  /** Everybody who stands in the queue, by class. */
  readonly lines = new Map<TicketClass, Line<FloorTicket>>();
  /** Offered tickets that may be offered to more seats. */
  readonly gathering = new ChurnSet<FloorTicket>();
  /** Members that are free, and that work. */
  readonly free = new ChurnSet<string>();
  readonly staffed = new Set<string>();
  /** Counts changes of `staffed`. */
  staffVersion = 0;
  /** Whether anybody at work may take tickets of a kind, by ring, medium and skills; see rings.ts. */
  readonly working = new Map<string, { version: number; crew: CrewQueue; works: boolean }>();
  row: QueueRow;

  constructor(readonly id: string) {
    this.row = { id, lastSeat: '' };
  }

  get waiting(): number {
    let sum = 0;
    for (const line of this.lines.values()) sum += line.length;

    return sum;
  }
}

/**
 * What a node knows of tickets, seats and queues: all that ranking needs, in memory, kept by the rows that scripts tell. It
 * may be a moment behind the store, which has the last word in every claim. No input or output happens here, so that the
 * simulator runs on the very same floor.
 */
export class Floor {
  readonly tickets = new ChurnMap<string, FloorTicket>();
  readonly seats = new Map<string, SeatRow>();
  readonly queues = new Map<string, FloorQueue>();
  /** Claims that were sent and not answered yet: neither side is offered anything else. */
  readonly pendingSeats = new ChurnSet<string>();
  readonly pendingTickets = new ChurnSet<string>();
  /** Nodes that do not listen, whose tickets are passed over; and when they may be tried again, in ms since the epoch. */
  readonly deaf = new Map<string, number>();

  constructor(private currentCrew: Crew) {}

  get crew(): Crew {
    return this.currentCrew;
  }

  /** Another plan is in force: who may take what is made out anew. */
  useCrew(crew: Crew): void {
    this.currentCrew = crew;
    for (const queue of this.queues.values()) this.recount(queue);
    const waiting = [...this.tickets.values()];
    for (const ticket of waiting) this.takeOut(ticket);
    for (const ticket of waiting) this.putIn(ticket);
  }

  queue(id: string): FloorQueue {
    let queue = this.queues.get(id);
    if (!queue) {
      queue = new FloorQueue(id);
      this.queues.set(id, queue);
      this.recount(queue);
    }

    return queue;
  }

  apply({ kind, row }: FloorRow): void {
    if (kind === 't') this.applyTicket(row);
    else if (kind === 's') this.applySeat(row);
    else this.queue(row.id).row = row;
  }

  /** What `look` sees when these rows are in force. The floor is as before afterwards; tickets must not be on it yet. */
  supposing<T>(rows: readonly FloorRow[], look: () => T): T {
    const seats = rows.flatMap(({ kind, row }) => (kind === 's' ? (this.seats.get(row.id) ?? []) : []));
    for (const row of rows) this.apply(row);
    try {
      return look();
    } finally {
      for (const row of seats) this.apply({ kind: 's', row });
      for (const { kind, row } of rows) if (kind === 't') this.removeTicket(row.id);
    }
  }

  removeTicket(id: string): void {
    const ticket = this.tickets.get(id);
    if (!ticket) return;
    this.takeOut(ticket);
    this.tickets.delete(id);
  }

  removeSeat(id: string): void {
    this.seats.delete(id);
    for (const queue of this.crew.queuesOf(id)) this.countSeat(this.queue(queue), id);
  }

  /** Whether a seat may be claimed for a ticket: no claim is under way, and its node listens. */
  isOpen({ id, node }: FloorTicket): boolean {
    return !this.pendingTickets.has(id) && !this.deaf.has(node);
  }

  /** By what a ticket is ranked, highest first. */
  worth(ticket: FloorTicket, now: number): number {
    const weight = this.crew.queue(ticket.queue)?.weight ?? 1;

    return worth(this.crew.curves, ticket.class, (now - ticket.start) / 1_000) * weight;
  }

  /** Whether `a` is served before `b`: less than 0, or more. */
  compare(a: FloorTicket, b: FloorTicket, now: number): number {
    return compareWorth(a, this.worth(a, now), b, this.worth(b, now));
  }

  /** The place of a ticket among those who stand in its queue, 1 is next. */
  position(ticket: FloorTicket, now: number): number {
    const own = this.worth(ticket, now);
    const isBefore = (other: FloorTicket): boolean =>
      other !== ticket && compareWorth(other, this.worth(other, now), ticket, own) < 0;
    let before = 0;
    for (const line of this.queue(ticket.queue).lines.values()) before += line.countBefore(isBefore);

    return before + 1;
  }

  /** Everybody who stands in a queue, in order. */
  standing(queueId: string, now: number): FloorTicket[] {
    const all = [...this.queue(queueId).lines.values()].flatMap((line) => [...line]);

    return all.sort((a, b) => this.compare(a, b, now));
  }

  private applyTicket(row: TicketRow): void {
    const former = this.tickets.get(row.id);
    if (former) this.takeOut(former);
    if (row.state === 'ended') {
      this.tickets.delete(row.id);

      return;
    }
    // The row is the floor's from now on: a copy of every row was a good part of what a change cost.
    const ticket = row as FloorTicket;
    ticket.start = row.enqueuedAt - row.priority * 1_000;
    ticket.lane = undefined;
    this.tickets.set(row.id, ticket);
    this.putIn(ticket);
  }

  private applySeat(row: SeatRow): void {
    this.seats.set(row.id, row);
    for (const queue of this.crew.queuesOf(row.id)) this.countSeat(this.queue(queue), row.id);
  }

  private putIn(ticket: FloorTicket): void {
    if (!inLine.has(ticket.state)) return;
    const queue = this.queue(ticket.queue);
    lineOf(queue, ticket.class).add(ticket);
    const crew = this.crew.queue(ticket.queue);
    if (ticket.state === 'waiting') {
      ticket.lane = laneOf(queue, laneKey(ticket, crew));
      ticket.lane.tickets.add(ticket);
    } else if (ticket.state === 'offered' && crew?.gathers) {
      queue.gathering.add(ticket);
    }
  }

  private takeOut(ticket: FloorTicket): void {
    if (!inLine.has(ticket.state)) return;
    const queue = this.queue(ticket.queue);
    lineOf(queue, ticket.class).remove(ticket);
    queue.gathering.delete(ticket);
    const { lane } = ticket;
    if (!lane) return;
    ticket.lane = undefined;
    lane.tickets.remove(ticket);
    if (lane.tickets.length === 0) queue.lanes.delete(lane.key);
  }

  private recount(queue: FloorQueue): void {
    queue.free.clear();
    queue.staffed.clear();
    queue.staffVersion++;
    for (const seat of this.crew.queue(queue.id)?.members.keys() ?? []) this.countSeat(queue, seat);
  }

  private countSeat(queue: FloorQueue, seatId: string): void {
    const seat = this.seats.get(seatId);
    if (seat?.state === 'available') queue.free.add(seatId);
    else queue.free.delete(seatId);
    const works = seat?.works ?? false;
    if (works === queue.staffed.has(seatId)) return;
    queue.staffVersion++;
    if (works) queue.staffed.add(seatId);
    else queue.staffed.delete(seatId);
  }
}

function compareWorth(a: FloorTicket, left: number, b: FloorTicket, right: number): number {
  if (left !== right) return right - left;

  return left === Infinity ? byStart(a, b) : a.enqueuedAt - b.enqueuedAt || a.sequence - b.sequence;
}

function lineOf(queue: FloorQueue, name: TicketClass): Line<FloorTicket> {
  let line = queue.lines.get(name);
  if (!line) {
    line = new Line();
    queue.lines.set(name, line);
  }

  return line;
}

function laneOf(queue: FloorQueue, key: string): Lane {
  let lane = queue.lanes.get(key);
  if (!lane) {
    lane = { key, queue: queue.id, tickets: new Line() };
    queue.lanes.set(key, lane);
  }

  return lane;
}

/** All by which two tickets of a queue may find different seats at the same time, but for the time that they have waited. */
function laneKey(ticket: FloorTicket, crew: CrewQueue | undefined): string {
  const regulars = crew?.asksRegulars ? `${ticket.last},${ticket.frequent}` : '';
  const delay = ticket.queuedAt === ticket.enqueuedAt ? '' : String(ticket.queuedAt);
  const { class: name, priority, medium, skills, designated, returns } = ticket;

  return [name, priority, medium, skills, designated, returns, regulars, delay].join('|');
}
