import { Type, type Static } from '@sinclair/typebox';
import type { Explanation, Offer, SeatView, TicketEvent, TicketView } from '../acd/types';

export const count = (description: string): ReturnType<typeof Type.Integer> => Type.Integer({ description });
export const time = (description: string): ReturnType<typeof Type.String> =>
  Type.String({ format: 'date-time', description });
const text = (description: string): ReturnType<typeof Type.String> => Type.String({ description });
const number = (description: string): ReturnType<typeof Type.Number> => Type.Number({ description });

/** A range of seconds, as [from, to]. */
export const range = (description: string): ReturnType<typeof Type.Array<ReturnType<typeof Type.Number>>> =>
  Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description });

export const SeatBody = Type.Object(
  {
    seatId: Type.String(),
    state: text('offline, available, reserved, ringing, talking, wrap-up, resting, engaged or break'),
    since: Type.Optional(time('Since when it is in that state; absent for a seat that has never been at work')),
    until: Type.Optional(
      time('When an offer, a wrap-up or a rest ends; absent for a wrap-up that lasts until it is done'),
    ),
    ticketId: Type.Optional(text('Whom it rings for or talks to')),
    next: Type.Optional(text('offline or break: what it turns to after the call, when that is not work')),
    reason: Type.Optional(text('Why it is, or will be, on a break')),
    calls: Type.Optional(count('Talks of this shift')),
    talkTime: Type.Optional(number('Seconds of talk of this shift')),
    idleRate: Type.Optional(number('Share of this shift that it was free, 0 to 1')),
    queues: Type.Array(Type.String()),
    skills: Type.Array(Type.String()),
  },
  { description: 'A seat as it is now' },
);

export function seatBody({ since, until, ...seat }: SeatView): Static<typeof SeatBody> {
  return {
    ...seat,
    ...(since > 0 ? { since: iso(since) } : {}),
    ...(until === undefined ? {} : { until: iso(until) }),
  };
}

const ticketFields = {
  ticketId: Type.String(),
  queue: Type.String(),
  callId: Type.String(),
  terminal: Type.String(),
  customer: Type.Optional(text('By whom a returning customer is known')),
  state: text('waiting, offered, talking, held, dropped or ended'),
  class: text('alarm, vip, normal or low'),
  priority: Type.Integer({ description: 'Seconds of head start' }),
  skills: Type.Array(Type.String()),
  medium: Type.Optional(text('video, voice or text')),
  designated: Type.Optional(text('The seat that it names')),
  callback: Type.Boolean({ description: 'Its person has hung up and is called back in his turn' }),
  node: text('The node that has it'),
  enqueuedAt: time('When it first came into a queue'),
  answeredAt: Type.Optional(time('When a seat answered')),
  seatId: Type.Optional(text('The seat that answered')),
  ringing: Type.Array(Type.Object({ seatId: Type.String(), until: time('When the offer ends') }), {
    description: 'Seats that it is promised to',
  }),
};

const HistoryLine = Type.Object({
  at: time('When'),
  what: Type.String(),
  seatId: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
});

export const TicketBody = Type.Object(ticketFields, { description: 'A ticket as it is now' });
export const TicketWithHistory = Type.Object(
  { ...ticketFields, history: Type.Array(HistoryLine, { description: 'What happened to it, oldest first' }) },
  { description: 'A ticket with its history' },
);

/** Without what answers an offer (its token) and what takes a place over (the resume key): neither is for the eye. */
export function ticketBody(ticket: TicketView): Static<typeof TicketBody> {
  const { ticketId, queue, callId, terminal, customer, state, priority, skills, medium, designated, node } = ticket;
  const { offer, answeredAt } = ticket;
  const offers = state === 'offered' ? (ticket.offers ?? (offer ? [offer] : [])) : [];

  return {
    ...{ ticketId, queue, callId, terminal, state, priority, skills, node },
    class: ticket.class ?? 'normal',
    callback: ticket.callback ?? false,
    ...(customer === undefined ? {} : { customer }),
    ...(medium === undefined ? {} : { medium }),
    ...(designated === undefined ? {} : { designated }),
    enqueuedAt: iso(ticket.enqueuedAt),
    ...(answeredAt === undefined ? {} : { answeredAt: iso(answeredAt) }),
    ...(state === 'talking' && offer ? { seatId: offer.seatId } : {}),
    ringing: offers.map(ringing),
  };
}

function ringing({ seatId, expiresAt }: Offer): { seatId: string; until: string } {
  return { seatId, until: iso(expiresAt) };
}

export function historyBody(events: readonly TicketEvent[]): Static<typeof HistoryLine>[] {
  return events.map(({ at, ...event }) => ({ at: iso(at), ...event }));
}

const score = Type.Array(Type.Number(), { description: 'What the strategy orders by, lowest first' });

export const ExplanationBody = Type.Object(
  {
    ticketId: Type.String(),
    queue: Type.String(),
    at: time('When this was so'),
    state: text('Of the ticket'),
    position: count('1 is next'),
    worth: Type.Optional(number('By what it is ranked; an alarm has none')),
    waited: number('Seconds'),
    rings: Type.Array(
      Type.Object({
        name: Type.Optional(Type.String()),
        strategy: Type.String(),
        open: Type.Boolean(),
        why: text('Why it is, or is not, open'),
      }),
    ),
    candidates: Type.Array(
      Type.Object({
        seatId: Type.String(),
        state: Type.String(),
        ring: Type.Optional(count('The first open ring that it is in, from 0')),
        score: Type.Optional(score),
        reject: Type.Optional(text('Why it is not rung now, in a word; absent when it could be')),
        detail: Type.Optional(Type.String()),
      }),
      { description: 'In the order in which they would be rung, then those that are rejected' },
    ),
    ahead: Type.Array(Type.String(), { description: 'Tickets that a seat which suits both would serve before' }),
    decisions: Type.Array(
      Type.Object({
        at: time('When'),
        seatId: Type.String(),
        ring: Type.Integer(),
        strategy: Type.String(),
        score,
        suited: count('How many seats suited'),
        runnersUp: Type.Array(Type.Object({ seatId: Type.String(), score }), { description: 'The next best' }),
      }),
      { description: 'What was decided, newest last' },
    ),
  },
  { description: 'How the search for a seat stands, and why' },
);

export function explanationBody({ at, decisions, ...rest }: Explanation): Static<typeof ExplanationBody> {
  return { ...rest, at: iso(at), decisions: decisions.map((one) => ({ ...one, at: iso(one.at) })) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
