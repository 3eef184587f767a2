import { byPlace, makeCandidacy, placed } from './choose';
import type { Choice, RankContext } from './choose';
import type { CrewQueue } from './crew';
import type { Floor, FloorTicket } from './floor';
import { openRings, ringFacts, unfit } from './rings';
import type { OpenRings } from './rings';
import type { Candidate, Decision, Explanation } from './types';

/** Tickets that an explanation names as being ahead. */
const MOST_AHEAD = 20;

/** Why a ticket stands where it stands, and which seat would be rung for it and which would not. */
export function explain(floor: Floor, ticket: FloorTicket, context: RankContext, decisions: Decision[]): Explanation {
  const { now } = context;
  const crew = floor.crew.queue(ticket.queue);
  const queue = floor.queue(ticket.queue);
  const worth = floor.worth(ticket, now);
  const open =
    crew &&
    openRings(
      ticket,
      crew,
      floor,
      ringFacts(queue, () => context.estimate(ticket)),
      now,
    );

  return {
    ticketId: ticket.id,
    queue: ticket.queue,
    at: now,
    state: ticket.state,
    position: floor.position(ticket, now),
    ...(worth === Infinity ? {} : { worth: Math.round(worth * 1_000) / 1_000 }),
    waited: (now - ticket.enqueuedAt) / 1_000,
    rings: (open?.rings ?? []).map(({ ring, open: isOpen, why }) => ({
      ...(ring.name === undefined ? {} : { name: ring.name }),
      strategy: ring.strategy,
      open: isOpen,
      why,
    })),
    candidates: crew && open ? candidates(floor, crew, ticket, open, context) : [],
    ahead: aheadOf(floor, ticket, now),
    decisions,
  };
}

function candidates(
  floor: Floor,
  crew: CrewQueue,
  ticket: FloorTicket,
  open: OpenRings,
  context: RankContext,
): Candidate[] {
  const queue = floor.queue(ticket.queue);
  const choices: Choice[] = [];
  const rejected: Candidate[] = [];
  const candidacy = makeCandidacy({ floor, queue, crew, ticket, open, context, gathers: false });
  for (const member of crew.members.values()) {
    const state = floor.seats.get(member.seatId)?.state ?? 'offline';
    const choice = state === 'available' ? placed(candidacy, member) : undefined;
    if (choice) {
      choices.push(choice);
      continue;
    }
    const { reject, detail } = rejection(crew, ticket, open, member.seatId, state);
    rejected.push({ seatId: member.seatId, state, reject, ...(detail ? { detail } : {}) });
  }
  const suited = choices.sort(byPlace).map(({ seatId, ring, score }): Candidate => {
    if (floor.deaf.has(ticket.node)) return { seatId, state: 'available', reject: 'node', detail: ticket.node };

    return { seatId, state: 'available', ...(ring < 0 ? { detail: 'lost this customer before' } : { ring }), score };
  });

  return [...suited, ...rejected];
}

/** Skills and rings come before the state: they would keep the seat from ringing even if it were free. */
function rejection(
  crew: CrewQueue,
  ticket: FloorTicket,
  open: OpenRings,
  seatId: string,
  state: string,
): { reject: string; detail?: string } {
  const member = crew.members.get(seatId);
  const reasons = crew.rings.map((_, index) => (member ? unfit(ticket, crew, index, member) : 'queue'));
  const fits = reasons.findIndex((reason) => reason === undefined);
  if (fits < 0) return { reject: reasons.at(-1) ?? 'queue' };
  if (state !== 'available') return { reject: 'state', detail: state };
  const why = open.rings[fits]?.why;

  return { reject: 'ring-closed', ...(why ? { detail: why } : {}) };
}

function aheadOf(floor: Floor, ticket: FloorTicket, now: number): string[] {
  const standing = floor.standing(ticket.queue, now);

  return standing
    .slice(0, standing.indexOf(ticket))
    .filter(({ state }) => state === 'waiting')
    .slice(0, MOST_AHEAD)
    .map(({ id }) => id);
}
