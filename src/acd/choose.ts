import { isGathering } from './crew';
import type { CrewQueue, Member } from './crew';
import type { Floor, FloorQueue, FloorTicket } from './floor';
import { fitFor, openRings, ringFacts, unfit } from './rings';
import type { OpenRings } from './rings';
import type { SeatRow } from './rows';
import { scoreOf } from './strategy';
import type { Strategy } from './config';

/** What ranking needs of its surroundings besides the floor. */
export interface RankContext {
  /** ms since the epoch. */
  now: number;
  /** From 0 to 1. */
  random(): number;
  /** Upper end of the estimate for a ticket, in seconds. */
  estimate(ticket: FloorTicket): number;
}

/** A free seat that suits a ticket, and where it stands. `ring` is -1 for the seat that lost this customer before. */
export interface Choice {
  seatId: string;
  ring: number;
  strategy: Strategy;
  score: number[];
  order: number;
}

export interface Chosen {
  /** The seats to be offered now, best first; none when no free seat suits. */
  seats: Choice[];
  /** How many free seats suited. */
  suited: number;
  runnersUp: Choice[];
  /** When time alone may bring another answer, ms since the epoch; Infinity when it cannot. */
  nextAt: number;
}

export const RUNNERS_UP = 3;
export const nobody: Chosen = { seats: [], suited: 0, runnersUp: [], nextAt: Infinity };

/** All that tells which seats suit a ticket; undefined for one of a queue that is in no plan. */
export function candidacyOf(floor: Floor, ticket: FloorTicket, context: RankContext): Candidacy | undefined {
  const crew = floor.crew.queue(ticket.queue);
  if (!crew) return undefined;
  const queue = floor.queue(ticket.queue);
  const facts = ringFacts(queue, () => context.estimate(ticket));
  const open = openRings(ticket, crew, floor, facts, context.now);

  return makeCandidacy({ floor, queue, crew, ticket, open, context, gathers: ticket.state === 'offered' });
}

/**
 * The seats that a ticket is to be offered to: of the free ones that suit it those of the earliest open ring, in the order of
 * that ring's strategy. A ticket that rings already gets more only where a ring rings several.
 *
 * @param isTaken seats that others have been promised in the same pass.
 */
export function choose(one: Candidacy, isTaken: (seat: string) => boolean): Chosen {
  const podium = new Podium();
  visitChoices(one, isTaken, (choice) => podium.add(choice));

  return take(podium, { ...one, nextAt: one.open.nextAt, now: one.context.now });
}

/** Every free seat that suits, in no order. */
export function visitChoices(
  one: Candidacy,
  isTaken: (seat: string) => boolean,
  visit: (choice: Choice) => void,
): void {
  for (const seatId of one.queue.free) {
    if (isTaken(seatId)) continue;
    const member = one.crew.members.get(seatId);
    const choice = member && placed(one, member);
    if (choice) visit(choice);
  }
}

/** The best of many without a list of them all, but for a ring of which all are rung. */
class Podium {
  /** Best first. */
  readonly best: Choice[] = [];
  /** Of `ring-all`. */
  readonly together: Choice[] = [];
  count = 0;

  add(choice: Choice): void {
    this.count++;
    if (choice.strategy === 'ring-all') this.together.push(choice);
    const { best } = this;
    let place = best.length;
    for (let before = best[place - 1]; before && byPlace(choice, before) < 0; before = best[place - 1]) place--;
    if (place > RUNNERS_UP) return;
    best.splice(place, 0, choice);
    if (best.length > 1 + RUNNERS_UP) best.pop();
  }
}

export interface Candidacy {
  floor: Floor;
  queue: FloorQueue;
  crew: CrewQueue;
  ticket: FloorTicket;
  open: OpenRings;
  context: RankContext;
  /** Only rings count that ring several seats. */
  gathers: boolean;
  /** By ring; see `fitFor`. */
  fit: readonly (ReadonlySet<Member> | undefined)[];
  seatOf(id: string): SeatRow | undefined;
}

/** All that is the same for every seat that may take a ticket. */
export function makeCandidacy(of: Omit<Candidacy, 'fit' | 'seatOf'>): Candidacy {
  const { floor, queue, crew, ticket, open, context, gathers } = of;
  const fit = fitFor(ticket, crew);

  return { floor, queue, crew, ticket, open, context, gathers, fit, seatOf: (id) => floor.seats.get(id) };
}

/** Where a free seat stands for a ticket; undefined when no open ring has it. */
export function placed(one: Candidacy, member: Member): Choice | undefined {
  const { floor, queue, crew, ticket, open, context, gathers, fit, seatOf } = one;
  const { seatId, order } = member;
  const seat = floor.seats.get(seatId);
  if (!seat) return undefined;
  if (open.first === seatId && !gathers) return { seatId, ring: -1, strategy: 'longest-idle', score: [0], order };
  for (let ring = 0; ring < open.rings.length; ring++) {
    const state = open.rings[ring];
    if (!state?.open || (gathers && !isGathering(state.ring))) continue;
    const able = fit[ring];
    if (able ? !able.has(member) : unfit(ticket, crew, ring, member)) continue;
    const { strategy } = state.ring;
    const { now, random } = context;
    const score = scoreOf(strategy, { seat, member, ticket, crew, queue, ring, now, random, seatOf });

    return { seatId, ring, strategy, score, order };
  }

  return undefined;
}

export function byPlace(a: Choice, b: Choice): number {
  if (a.ring !== b.ring) return a.ring - b.ring;
  for (let index = 0; index < a.score.length; index++) {
    const difference = (a.score[index] ?? 0) - (b.score[index] ?? 0);
    if (difference !== 0) return difference;
  }

  return a.order - b.order || (a.seatId < b.seatId ? -1 : 1);
}

function take(
  { best: [best, ...runnersUp], together, count: suited }: Podium,
  { ticket, crew, nextAt, now }: { ticket: FloorTicket; crew: CrewQueue; nextAt: number; now: number },
): Chosen {
  if (!best) return { ...nobody, nextAt };
  if (best.strategy === 'ring-all') {
    const ring = together.filter((choice) => choice.ring === best.ring).sort(byPlace);

    return { seats: ring, suited, runnersUp: [], nextAt };
  }
  if (ticket.state === 'offered') {
    // `ring-progressively`: one more when the last one has rung for a while.
    const last = Math.max(...ticket.offers.map(({ at }) => at));
    const at = last + (crew.config.ringStep ?? DEFAULT_STEP) * 1_000;
    if (at > now) return { seats: [], suited, runnersUp, nextAt: Math.min(nextAt, at) };
  }

  return { seats: [best], suited, runnersUp, nextAt };
}

/** How long until `ring-progressively` rings one more seat, in seconds. */
export const DEFAULT_STEP = 10;
