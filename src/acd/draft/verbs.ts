import type { Reply } from '../../store/scripts';
import { kept } from '../kept';
import { recordFields } from '../rows';
import { verbs } from '../scripts';
import type { Verb } from '../scripts';
import { seatArrows, ticketArrows } from '../states';
import type { SeatInput, TicketInput } from '../states';
import type { SeatState, TicketState } from '../types';
import type { Draft, Own } from './draft';
import { S, T } from './records';

/** The arguments of a verb by their names. */
type Args = (name: string) => string;

/**
 * The verbs of a call that goes well, as the scripts of the same names do them. Each returns its value, or undefined where it cannot
 * tell what the script would do: then the script does it. test/unit/acd/draft.test.ts runs both on the same batches and compares all keys.
 */
const drafted: Partial<{ [V in Verb]: (draft: Draft, args: Args, context: DraftContext) => Reply | undefined }> = {
  enqueueTicket,
  offerTicket,
  ringSeat,
  acceptOffer,
  completeTicket,
};

export interface DraftContext {
  /** Up to which revision somebody may have come in unforeseen; see `Drafts`. */
  foreign: number;
}

/** Carries out a verb in a draft. @returns its value; undefined when only the script can tell it. */
export function draftVerb(
  draft: Draft,
  verb: string,
  values: readonly string[],
  context: DraftContext,
): Reply | undefined {
  const run = drafted[verb as Verb];
  const places = argPlaces[verb];

  return places && run?.(draft, (name) => values[places[name] ?? -1] ?? '', context);
}

/** For each verb where which argument stands. */
const argPlaces: { readonly [verb: string]: { readonly [name: string]: number } } = Object.fromEntries(
  Object.keys(drafted).map((verb) => [
    verb,
    Object.fromEntries(verbs[verb as Verb].map((name: string, index): [string, number] => [name, index])),
  ]),
);

function enqueueTicket(draft: Draft, args: Args): Reply | undefined {
  const [ticketId, queueId, customer] = [args('ticketId'), args('queueId'), args('customer')];
  const [since, maxWait] = [args('since'), args('maxWait')];
  const asksStore = customer !== '' && (args('regular') === '1' || args('returnWithin') !== '0');
  if (draft.ticket(ticketId) || !draft.hasQueue(queueId)) return undefined;
  if (asksStore && !draft.needsStranger(customer)) return undefined;
  if (Number(args('maxWaiting')) >= 0) draft.needsRoom(queueId, Number(args('maxWaiting')));
  // A message that comes again, or late, may be about one that has ended.
  draft.needsAbsent(draft.keys.ticket(ticketId));
  draft.count(queueId, 'offered');
  const ticket = recordFields.ticket.map(() => '');
  ticket[T.id] = ticketId;
  ticket[T.queue] = queueId;
  for (const name of ['callId', 'terminal', 'resumeKey', 'customer', 'class', 'priority', 'skills'] as const)
    ticket[T[name]] = args(name);
  for (const name of ['medium', 'designated', 'grace', 'regular'] as const) ticket[T[name]] = args(name);
  ticket[T.node] = draft.node;
  ticket[T.state] = 'waiting';
  ticket[T.enqueuedAt] = since;
  ticket[T.queuedAt] = since;
  ticket[T.limited] = maxWait === '0' ? '0' : '1';
  ticket[T.sequence] = String(++draft.sequence);
  draft.newTicket(ticket);
  const isPlain = args('class') === 'normal' && Number(args('priority')) <= 0;
  const entersAt = isPlain ? Number(since) : 0;
  draft.entered = Math.min(draft.entered, entersAt);
  if (args('foreseen') !== '1') draft.unseen = Math.min(draft.unseen, entersAt);
  draft.joinLine(ticket);
  draft.own(ticketId, true);
  draft.rememberResume(ticket);
  if (maxWait !== '0') draft.owe(`wait:${ticketId}`, Number(since) + Number(maxWait));
  draft.remember(ticketId, 'enqueued');

  return 1;
}

function offerTicket(draft: Draft, args: Args, { foreign }: DraftContext): Reply | undefined {
  const [ticketId, seatId, offerId, expiresAt] = [args('ticketId'), args('seatId'), args('offerId'), args('expiresAt')];
  // Who did not know of what others changed may pass somebody over: the script looks.
  if (args('takes') === '1' || Number(args('seen')) < foreign || draft.unseen < Infinity) return undefined;
  const ticket = draft.ticket(ticketId);
  const seat = draft.seat(seatId);
  if (ticket?.[T.state] !== 'waiting' || ticket[T.node] !== draft.node || !draft.hasQueue(ticket[T.queue] ?? ''))
    return undefined;
  if (!seat || seat[S.ticket] !== '' || seatTo(seat, 'offer') === undefined) return undefined;
  draft.touch('t', ticket);
  draft.touch('s', seat);
  moveTicket(ticket, 'offer');
  const offer = [offerId, args('token'), seatId, expiresAt, args('missDelay'), args('missBreak'), draft.nowText].join();
  ticket[T.offers] = ticket[T.offers] === '' ? offer : `${ticket[T.offers]};${offer}`;
  moveSeat(draft, seat, 'offer');
  seat[S.ticket] = ticketId;
  seat[S.offer] = offerId;
  seat[S.until] = expiresAt;
  seat[S.rest] = '';
  seat[S.lastOffered] = draft.nowText;
  const queue = ticket[T.queue] ?? '';
  draft.rung(queue, seatId);
  draft.owe(`offer:${ticketId}:${offerId}`, Number(expiresAt));
  draft.addLine(ticketId, args('why'));
  const callId = ticket[T.callId] ?? '';
  draft.effects.push({
    t: 'offer',
    offer: { offerId, token: args('token'), ticketId, callId, seatId, queue, expiresAt: Number(expiresAt) },
  });

  return 1;
}

function ringSeat(draft: Draft, args: Args): Reply | undefined {
  const seatId = args('seatId');
  const seat = draft.seat(seatId);
  if (!seat || seat[S.offer] !== args('offerId') || seat[S.ticket] !== args('ticketId')) return undefined;
  if (seatTo(seat, 'ring') === undefined) return undefined;
  draft.touch('s', seat);
  moveSeat(draft, seat, 'ring');

  return 1;
}

function acceptOffer(draft: Draft, args: Args): Reply | undefined {
  const [ticketId, seatId, offerId, token] = [args('ticketId'), args('seatId'), args('offerId'), args('token')];
  const ticket = draft.ticket(ticketId);
  const seat = draft.seat(seatId);
  if (ticket?.[T.state] !== 'offered' || ticket[T.node] !== draft.node) return undefined;
  const [liveId, liveToken, , expiresAt = '', ...more] = (ticket[T.offers] ?? '').split(',');
  // The last field of an offer is when it was made: with more than one there are more commas.
  if (liveId !== offerId || liveToken !== token || more.length !== 3) return undefined;
  if (!seat || seat[S.offer] !== offerId || seatTo(seat, 'accept') === undefined) return undefined;
  draft.touch('t', ticket);
  draft.touch('s', seat);
  ticket[T.offers] = '';
  moveTicket(ticket, 'accept');
  moveSeat(draft, seat, 'accept');
  seat[S.until] = '0';
  for (const cause of ['no-answer', 'rejected', 'busy', 'unreachable'] as const)
    if (Number(seat[S[`missed:${cause}`]]) > 0) seat[S[`missed:${cause}`]] = '0';
  draft.oweNothing(`offer:${ticketId}:${offerId}`);
  draft.quitLine(ticket);
  draft.forgetResume(ticket);
  ticket[T.answeredAt] = draft.nowText;
  ticket[T.offerId] = offerId;
  ticket[T.token] = token;
  ticket[T.seatId] = seatId;
  ticket[T.expiresAt] = expiresAt;
  ticket[T.wrapUp] = args('wrapUp');
  draft.count(ticket[T.queue] ?? '', ticket[T.callback] === '1' ? 'calledBack' : 'answered');
  draft.remember(ticketId, 'answered', seatId);
  rememberRegular(draft, ticket, seatId);

  return 1;
}

function completeTicket(draft: Draft, args: Args): Reply | undefined {
  const ticketId = args('ticketId');
  const ticket = draft.ticket(ticketId);
  if (ticket?.[T.state] !== 'talking' || ticket[T.node] !== draft.node || ticket[T.nodeLost] === '1') return undefined;
  const seat = draft.seat(ticket[T.seatId] ?? '');
  if (seat?.[S.ticket] !== ticketId) return undefined;
  if (args('broke') === '1') rememberBroken(draft, ticket, args('keptFor'));
  draft.touch('s', seat);
  draft.touch('t', ticket);
  const talked = Math.max(0, draft.now - Number(ticket[T.answeredAt]));
  seat[S.calls] = String(Number(seat[S.calls]) + 1);
  seat[S.talkTime] = String(Number(seat[S.talkTime]) + talked);
  freeSeat(draft, seat, Number(ticket[T.wrapUp]));
  moveTicket(ticket, 'complete');
  draft.own(ticketId, false);
  ticket[T.how] = 'completed';
  ticket[T.endedAt] = draft.nowText;
  draft.remember(ticketId, 'ended', ticket[T.seatId], 'completed');
  draft.effects.push({ t: 'ended', id: ticketId, how: 'completed' });

  return 1;
}

/** Who served a customer, as lua/includes/ticket.lua remembers it. */
function rememberRegular(draft: Draft, ticket: Own, seatId: string): void {
  const customer = ticket[T.customer] ?? '';
  if (customer === '' || ticket[T.regular] !== '1') return;
  const key = draft.keys.regulars(customer);

  draft.noteService(customer, [
    ['HSET', key, 'last', seatId],
    ['HINCRBY', key, `n:${seatId}`, 1],
    ['PEXPIRE', key, kept.regulars],
  ]);
}

/** The customer of a talk that broke off is sent to the same seat if he calls again soon. */
function rememberBroken(draft: Draft, ticket: Own, keptFor: string): void {
  const customer = ticket[T.customer] ?? '';
  if (customer === '' || keptFor === '0') return;
  const key = draft.keys.regulars(customer);
  const broke = ['HSET', key, 'broke', ticket[T.seatId] ?? '', 'brokeAt', draft.nowText];

  draft.noteService(customer, ticket[T.regular] === '1' ? [broke] : [broke, ['PEXPIRE', key, keptFor]]);
}

/** After a talk: the seat wraps up for `delay` ms, -1 for until it is done; as `freeSeat` in lua/includes/seat.lua. */
function freeSeat(draft: Draft, seat: Own, delay: number): void {
  seat[S.ticket] = '';
  seat[S.offer] = '';
  seat[S.rest] = delay === 0 ? '' : 'wrap';
  seat[S.until] = delay > 0 ? String(draft.now + delay) : delay < 0 ? '-1' : '0';
  seat[S.idleSince] = draft.nowText;
  settleSeat(draft, seat);
}

const settled: { [I in SeatInput]?: SeatState } = {
  ...{ down: 'offline', engage: 'engaged', pause: 'break' },
  ...{ wrap: 'wrap-up', rest: 'resting', free: 'available' },
};

function settleSeat(draft: Draft, seat: Own): void {
  const input = wantedOf(draft, seat);
  if (seat[S.state] !== settled[input]) moveSeat(draft, seat, input);
  const isTimed = input === 'wrap' || input === 'rest';
  const entry = `seat:${seat[S.id]}`;
  if (isTimed && seat[S.until] !== '-1') draft.owe(entry, Number(seat[S.until]));
  else if (seat[S.timed] === '1') draft.oweNothing(entry);
  if ((seat[S.timed] === '1') !== isTimed) seat[S.timed] = isTimed ? '1' : '0';
}

function wantedOf(draft: Draft, seat: Own): SeatInput {
  if (seat[S.up] !== '1' || seat[S.login] !== '1') return 'down';
  if (seat[S.engagedBy] !== '') return 'engage';
  if (seat[S.paused] === '1') return 'pause';
  const isLeft = seat[S.rest] !== '' && (seat[S.until] === '-1' || Number(seat[S.until]) > draft.now);

  return isLeft ? (seat[S.rest] as SeatInput) : 'free';
}

function seatTo(seat: Own, input: SeatInput): SeatState | undefined {
  return seatArrows[seat[S.state] as SeatState][input];
}

/** @throws Error for an arrow that is not in the table: the draft is dropped, and the script tells. */
function moveSeat(draft: Draft, seat: Own, input: SeatInput): void {
  const to = seatTo(seat, input);
  if (!to) throw new Error(`no arrow '${input}' from seat state '${seat[S.state]}'`);
  if (seat[S.state] === 'available') {
    const idle = Math.max(0, draft.now - Number(seat[S.since]));
    seat[S.idleTotal] = String(Number(seat[S.idleTotal]) + idle);
  }
  seat[S.state] = to;
  seat[S.since] = draft.nowText;
}

function moveTicket(ticket: Own, input: TicketInput): void {
  const to = ticketArrows[ticket[T.state] as TicketState][input];
  if (!to) throw new Error(`no arrow '${input}' from ticket state '${ticket[T.state]}'`);
  ticket[T.state] = to;
}
