import type { Choice, RankContext } from './choose';
import type { CrewQueue } from './crew';
import type { Floor, FloorQueue, FloorTicket, Lane } from './floor';
import { LaneRanking } from './lane-ranking';
import { unfit } from './rings';
import type { SeatRow } from './rows';
import type { SeatState } from './types';

/** A ticket is to be offered to a seat. */
export interface Match {
  ticket: FloorTicket;
  choice: Choice;
  suited: number;
  runnersUp: Choice[];
  /** The seat is taken from whoever has it, for an alarm. */
  takes: boolean;
}

export interface Matching {
  matches: Match[];
  /** When time alone may bring another match, ms since the epoch; Infinity when it cannot. */
  nextAt: number;
}

/** The next ticket of a lane that was not looked at. */
interface Head {
  ticket: FloorTicket;
  lane?: Lane;
  index: number;
}

/**
 * Brings tickets and free seats together: tickets in the order of their worth over all queues, so that a seat of several
 * queues takes the best of them all; each gets the best seat that suits it. Where the first of a lane finds none, nobody in
 * that lane does. Changes nothing.
 */
export function match(floor: Floor, context: RankContext): Matching {
  const matches: Match[] = [];
  const taken = new Set<string>(floor.pendingSeats);
  const ranking = new LaneRanking(floor, taken, context);
  let nextAt = Infinity;
  const before = (a: Head, b: Head): number => floor.compare(a.ticket, b.ticket, context.now);
  const heads = firstHeads(floor, taken).sort(before);
  for (let head = heads.shift(); head; head = heads.shift()) {
    const { ticket } = head;
    const found = ranking.choose(ticket, head.lane);
    nextAt = Math.min(nextAt, found.nextAt);
    for (const choice of found.seats) {
      taken.add(choice.seatId);
      matches.push({ ticket, choice, suited: found.suited, runnersUp: found.runnersUp, takes: false });
    }
    const alarm = found.seats.length === 0 && ticket.class === 'alarm' ? victim(floor, ticket, taken) : undefined;
    if (alarm) {
      taken.add(alarm.seatId);
      matches.push({ ticket, choice: alarm, suited: 0, runnersUp: [], takes: true });
    }
    const next = found.seats.length > 0 || alarm ? following(floor, head) : undefined;
    if (next) insert(heads, next, before);
  }

  return { matches, nextAt };
}

function firstHeads(floor: Floor, taken: ReadonlySet<string>): Head[] {
  const heads: Head[] = [];
  for (const queue of floor.queues.values()) {
    const alarms = queue.lines.get('alarm')?.length ?? 0;
    if (alarms === 0 && !hasFree(queue, taken)) continue;
    for (const lane of queue.lanes.values()) {
      const head = following(floor, { lane, index: -1 });
      if (head) heads.push(head);
    }
    for (const ticket of queue.gathering) if (floor.isOpen(ticket)) heads.push({ ticket, index: 0 });
  }

  return heads;
}

function hasFree(queue: FloorQueue, taken: ReadonlySet<string>): boolean {
  for (const seat of queue.free) if (!taken.has(seat)) return true;

  return false;
}

/** The next of a lane that may be claimed for. */
function following(floor: Floor, { lane, index }: Pick<Head, 'lane' | 'index'>): Head | undefined {
  if (!lane) return undefined;
  for (let next = index + 1; ; next++) {
    const ticket = lane.tickets.at(next);
    if (!ticket) return undefined;
    if (floor.isOpen(ticket)) return { ticket, lane, index: next };
  }
}

function insert(heads: Head[], head: Head, before: (a: Head, b: Head) => number): void {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = heads[middle];
    if (other && before(other, head) <= 0) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, head);
}

/** From whom an alarm takes a seat first: from nobody, from a ringing call, and only then from a talk. */
const costs: Partial<Record<SeatState, number>> = { 'wrap-up': 0, resting: 1, reserved: 2, ringing: 3, talking: 4 };

/**
 * The seat that an alarm takes which finds none free: the one whose loss costs least; of talks the one that began last.
 * One that rests since it refused this very alarm is left alone: a phone that refuses by itself would be rung in a circle.
 */
function victim(floor: Floor, ticket: FloorTicket, taken: ReadonlySet<string>): Choice | undefined {
  const crew = floor.crew.queue(ticket.queue);
  if (!crew) return undefined;
  let best: { cost: number; since: number; choice: Choice } | undefined;
  for (const seatId of floor.queue(ticket.queue).staffed) {
    const seat = floor.seats.get(seatId);
    const choice = seat && !taken.has(seatId) ? victimChoice(floor, ticket, crew, seat) : undefined;
    if (!choice || !seat) continue;
    const cost = costs[seat.state] ?? 0;
    if (!best || cost < best.cost || (cost === best.cost && seat.since > best.since)) {
      best = { cost, since: seat.since, choice };
    }
  }

  return best?.choice;
}

function victimChoice(floor: Floor, ticket: FloorTicket, crew: CrewQueue, seat: SeatRow): Choice | undefined {
  const member = crew.members.get(seat.id);
  const cost = costs[seat.state];
  if (!member || cost === undefined || seat.engaged || floor.tickets.get(seat.ticket)?.class === 'alarm')
    return undefined;
  if (seat.state === 'resting' && ticket.tried.has(seat.id)) return undefined;
  const ring = crew.rings.findIndex((_, index) => !unfit(ticket, crew, index, member));
  const strategy = crew.rings[ring]?.strategy;

  return strategy && { seatId: seat.id, ring, strategy, score: [cost], order: member.order };
}
