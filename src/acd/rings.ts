import { isAble, ringNames } from './crew';
import type { CrewQueue, Member } from './crew';
import type { Floor, FloorQueue, FloorTicket } from './floor';
import type { Ring, RingCondition } from './config';

/** How long the seat that lost a customer has before others may take him when he calls again, in ms. */
export const RETURN_FIRST = 20_000;

/** What the conditions of a ring look at. */
export interface RingFacts {
  waiting: number;
  free: number;
  /** Share of the seats at work that are engaged, 0 to 1; 1 without seats. */
  occupancy: number;
  /** Upper end of the estimate for the ticket, in seconds. Asked for only where a ring names it. */
  estimate(): number;
}

export interface RingState {
  ring: Ring;
  open: boolean;
  /** For explanations. */
  why: string;
}

export interface OpenRings {
  rings: RingState[];
  /** The seat that comes before all rings, because it lost this customer. */
  first: string | undefined;
  /** When the next ring opens if only time passes, ms since the epoch; Infinity when none will. */
  nextAt: number;
}

/** How the queue stands, as conditions of rings see it. */
export function ringFacts(queue: FloorQueue, estimate: () => number): RingFacts {
  const { size: staffed } = queue.staffed;
  const { size: free } = queue.free;

  return {
    waiting: queue.waiting,
    free,
    occupancy: staffed === 0 ? 1 : 1 - Math.min(free, staffed) / staffed,
    estimate,
  };
}

/**
 * Which rings are open for a ticket: one opens when `after` has passed since the one before it and its condition holds. One of
 * whose seats none is at work counts as passed at once.
 */
export function openRings(
  ticket: FloorTicket,
  crew: CrewQueue,
  floor: Floor,
  facts: RingFacts,
  now: number,
): OpenRings {
  const first = returnsTo(ticket, crew, floor);
  let opensAt = ticket.queuedAt + (first === undefined ? 0 : RETURN_FIRST);
  let nextAt = Infinity;
  let skip = first === undefined;
  const rings = crew.rings.map((ring, index): RingState => {
    if (!skip) opensAt += ring.after * 1_000;
    const earliest = Math.max(opensAt, ticket.enqueuedAt + (ring.when?.waited ?? 0) * 1_000);
    const missing =
      earliest > now ? `opens after ${Math.round((earliest - ticket.queuedAt) / 1_000)} s` : lacking(ring.when, facts);
    if (earliest > now) nextAt = Math.min(nextAt, earliest);
    const works = someoneWorks(ticket, crew, index, floor);
    skip = !works;

    return { ring, open: missing === undefined, why: missing ?? (works ? 'open' : 'nobody of it is at work') };
  });

  return { rings, first, nextAt };
}

function lacking(when: RingCondition | undefined, facts: RingFacts): string | undefined {
  if (!when) return undefined;
  const { waiting = 0, free = 0, occupancy = 0, estimate = 0 } = when;
  if (facts.waiting < waiting) return `fewer than ${waiting} wait`;
  if (facts.free < free) return `fewer than ${free} seats are free`;
  if (facts.occupancy * 100 < occupancy) return `less than ${occupancy} % of the seats are engaged`;

  return estimate > 0 && facts.estimate() < estimate ? `the estimate is below ${estimate} s` : undefined;
}

function returnsTo(ticket: FloorTicket, crew: CrewQueue, floor: Floor): string | undefined {
  const member = crew.members.get(ticket.returns);

  return member?.own && floor.seats.get(member.seatId)?.works ? member.seatId : undefined;
}

/** The seat that a ring of one seat is about; empty when there is none, undefined for rings of many. */
export function personOf(ring: Ring, ticket: FloorTicket): string | undefined {
  switch (ring.seats.kind) {
    case 'last-agent':
      return ticket.last;
    case 'frequent-agent':
      return ticket.frequent;
    case 'designated-agent':
      return ticket.designated;
    default:
      return undefined;
  }
}

/** Why a ring would never ring this seat for the ticket, however long it waits; undefined when it may. */
export function unfit(ticket: FloorTicket, crew: CrewQueue, index: number, member: Member): string | undefined {
  const ring = crew.rings[index];
  if (!ring) return 'ring-closed';
  const person = personOf(ring, ticket);
  if (person !== undefined && person !== member.seatId) return 'another-agent';
  if (!ringNames(ring, member)) return 'not-in-ring';
  if (ring.maxPenalty !== undefined && member.penalty > ring.maxPenalty) return 'penalty';
  if (member.config.media && !member.config.media.includes(ticket.medium)) return 'medium';

  return isAble(crew, index, ticket.skills, member) ? undefined : 'skills';
}

/** Kinds of tickets of which it is remembered who may take them. */
const REMEMBERED = 500;

/** What the tickets have in common of which a ring may ring the same members. */
function fitKey(ring: number, { medium, skills }: FloorTicket): string {
  // Most tickets ask for no skill, and most rings are the first: a text that is there costs less than one that is made.
  return ring === 0 && skills === '' ? medium : `${ring}|${medium}|${skills}`;
}

/**
 * For each ring the members that it may ring for the ticket, remembered for all tickets that are alike; undefined for a ring of
 * one person.
 */
export function fitFor(ticket: FloorTicket, crew: CrewQueue): (ReadonlySet<Member> | undefined)[] {
  return crew.rings.map((ring, index) => {
    if (personOf(ring, ticket) !== undefined) return undefined;
    const key = fitKey(index, ticket);
    let fit = crew.fit.get(key);
    if (!fit) {
      fit = new Set([...crew.members.values()].filter((member) => !unfit(ticket, crew, index, member)));
      if (crew.fit.size >= REMEMBERED) crew.fit.clear();
      crew.fit.set(key, fit);
    }

    return fit;
  });
}

/** Whether anybody at work is in the ring. Remembered until somebody comes to work or goes. */
function someoneWorks(ticket: FloorTicket, crew: CrewQueue, index: number, floor: Floor): boolean {
  const ring = crew.rings[index];
  if (!ring) return false;
  const person = personOf(ring, ticket);
  if (person !== undefined) {
    const member = crew.members.get(person);

    return member !== undefined && (floor.seats.get(person)?.works ?? false) && !unfit(ticket, crew, index, member);
  }
  const queue = floor.queue(crew.id);
  const key = fitKey(index, ticket);
  const known = queue.working.get(key);
  if (known?.version === queue.staffVersion && known.crew === crew) return known.works;
  const works = [...queue.staffed].some((id) => {
    const member = crew.members.get(id);

    return member !== undefined && !unfit(ticket, crew, index, member);
  });
  queue.working.set(key, { version: queue.staffVersion, crew, works });

  return works;
}
