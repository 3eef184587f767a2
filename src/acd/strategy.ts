import { needsIn } from './crew';
import type { CrewQueue, Member } from './crew';
import type { FloorQueue, FloorTicket } from './floor';
import type { SeatRow } from './rows';
import { skillsOf } from './skills';
import type { Strategy } from './config';

/** What a strategy may look at to place a seat. */
export interface Placing {
  seat: SeatRow;
  member: Member;
  ticket: FloorTicket;
  crew: CrewQueue;
  queue: FloorQueue;
  /** Index of the ring. */
  ring: number;
  /** ms since the epoch. */
  now: number;
  /** From 0 to 1. */
  random(): number;
  /** Any seat by its id. */
  seatOf(id: string): SeatRow | undefined;
}

/** By what free seats of a ring are ordered, lowest first; equal ones by their order in the directory. docs/strategies.md tells each. */
const placers: Record<Strategy, (placing: Placing) => number> = {
  'longest-idle': ({ seat }) => seat.idleSince,
  'highest-idle-rate': ({ seat, now }) => -idleRate(seat, now),
  'fewest-calls': ({ seat }) => seat.calls,
  'least-talk-time': ({ seat }) => seat.talkTime,
  'most-skilled': (placing) => -levelSum(placing),
  random: ({ random }) => random(),
  // A seat of penalty 1 is rung about half as often as one of penalty 0.
  'weighted-random': ({ random, member }) => random() * (1 + member.penalty),
  'top-down': ({ member }) => member.order,
  sequential: ({ member }) => member.order,
  linear: ({ member }) => member.order,
  'round-robin': (placing) => afterLast(placing, ({ seat }) => seat.upSince),
  'round-robin-ordered': (placing) => afterLast(placing, ({ member }) => member.order),
  'ring-all': ({ seat }) => seat.idleSince,
  'ring-progressively': ({ seat }) => seat.idleSince,
};

/** A caller does not meet the seats again that have refused him before all others were asked, but for these strategies. */
const withoutMemory = new Set<Strategy>(['sequential', 'linear']);

/** Where a seat stands among the candidates: tried in vain before, penalty, and what the strategy says. */
export function scoreOf(strategy: Strategy, placing: Placing): [tried: number, penalty: number, value: number] {
  const { ticket, member } = placing;
  const tried = !withoutMemory.has(strategy) && ticket.tried.has(member.seatId) ? 1 : 0;
  const penalty = strategy === 'weighted-random' ? 0 : member.penalty;

  return [tried, penalty, placers[strategy](placing)];
}

/** What a seat has done since its shift began. */
export type Shift = Pick<SeatRow, 'state' | 'since' | 'idleTotal' | 'upSince'>;

/** Share of its shift that a seat was free, 0 to 1. */
export function idleRate({ state, since, idleTotal, upSince }: Shift, now: number): number {
  const idle = idleTotal + (state === 'available' ? Math.max(0, now - since) : 0);

  return Math.min(1, idle / Math.max(1, now - upSince));
}

/** How well the seat knows what is asked for; all that it knows where nothing is. */
function levelSum({ crew, ring, ticket, member }: Placing): number {
  const asked = skillsOf(needsIn(crew, ring, ticket.skills));
  const names = asked.length > 0 ? asked : [...member.levels.keys()];

  return names.reduce((sum, name) => sum + (member.levels.get(name) ?? 0), 0);
}

/** Those that stand behind the seat rung last come first, then the list begins anew. */
function afterLast(placing: Placing, value: (placing: Pick<Placing, 'seat' | 'member'>) => number): number {
  const { queue, crew } = placing;
  const member = crew.members.get(queue.row.lastSeat);
  const own = value(placing);
  if (!member) return own;
  const seat = placing.seatOf(member.seatId);
  const last = seat ? value({ seat, member }) : -Infinity;
  const behind = own > last || (own === last && placing.member.order > member.order);

  return behind ? own : own + AROUND;
}

/** More than any two places in a list are apart; times in ms stay exact with it. */
const AROUND = 2 ** 51;
