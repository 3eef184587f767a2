import {
  DialError,
  reasonCallerLeft,
  reasonElsewhere,
  reasonNoAnswer,
  reasonNormal,
  type OutgoingInvite,
  type SeatAnswer,
} from './leg';
import type { DeclineCause, Offer, WithdrawCause } from '../acd/types';
import type { Call } from './call';
import { newMedia } from './media';
import type { SeatRing } from './ring';
import { otherOffer, seatOffer } from './seat-offer';
import { joinSeat } from './stage-join';

/** A little less than the lease, so that the seat has stopped ringing when another is offered the ticket. */
const leaseMarginMs = 500;
/** Not Acceptable Here: the phone cannot take media as they were described. */
const notAcceptable = 488;

/**
 * The ACD has promised this ticket to a seat: ring it with the caller's own description of its media, or with that of an endpoint. Other
 * seats may be ringing for it.
 */
export async function ringSeat(call: Call, offer: Offer): Promise<void> {
  if (!isWanted(call, offer)) return declineLater(call, offer, unwantedCause(call, offer));
  if (call.rings.find(offer.offerId)) return;
  const ring = call.rings.add(offer, newMedia(call.home.mediaAddress));
  // Another seat has answered: whether this one has to ring is known in a moment.
  while (call.joining) await call.joinOver();
  if (!call.rings.has(ring)) return;
  call.apply('offer', offer.seatId);
  call.home.bindTicket(call, offer.ticketId);
  const answer = await answerTo(call, ring, await seatOffer(call, ring), []);
  if (answer) await (call.onSeatAnswer ? call.onSeatAnswer(ring, answer) : joinSeat(call, ring, answer));
}

function isWanted(call: Call, offer: Offer): boolean {
  const { ticketId } = call.record;
  const isFormer = ticketId !== undefined && ticketId !== offer.ticketId;

  return !isFormer && (call.can('offer') || call.joining);
}

/** An offer that crossed the answer of another seat must not cost the ticket, which talks. */
function unwantedCause(call: Call, offer: Offer): DeclineCause {
  return call.state === 'talking' && call.record.ticketId === offer.ticketId ? 'node-lost' : 'caller-left';
}

/** Rings with one description after another while the seat refuses those; it has not rung yet when it does. */
async function answerTo(
  call: Call,
  ring: SeatRing,
  sdp: string | undefined,
  refused: readonly string[],
): Promise<SeatAnswer | undefined> {
  // The offer was withdrawn, or the caller has left, while an engine was asked.
  if (!call.rings.has(ring)) return undefined;
  const answer = await answerOf(call, ring, dial(call, ring, sdp));
  if (!(answer instanceof DialError)) return answer;
  if (answer.status === notAcceptable && sdp !== undefined && call.rings.has(ring)) {
    const other = await otherOffer(call, ring, [...refused, sdp]);
    if (other !== undefined) return answerTo(call, ring, other, [...refused, sdp]);
  }
  await ringLost(call, ring, answer.why);

  return undefined;
}

function dial(call: Call, ring: SeatRing, sdp: string | undefined): OutgoingInvite {
  const { offer } = ring;
  const dialling = call.home.dialer.dial({
    seatId: offer.seatId,
    sdp,
    from: { user: call.record.caller.user, name: displayName(call) },
    headers: seatHeaders(call, offer),
  });
  ring.dialling = dialling;
  dialling.onRinging(() => heard(call, ring));
  dialling.onSent((id) => {
    ring.record.invites.push(id);
    call.home.save(call.record);
  });

  return dialling;
}

/** The phone of the seat rings: from now on its agent can hear it. Told once an offer. */
function heard(call: Call, ring: SeatRing): void {
  if (ring.isHeard || !call.rings.has(ring)) return;
  ring.isHeard = true;
  const { seatId } = ring.offer;
  call.note('seat-ringing', seatId);
  call.home.acd.ringing(ring.offer).catch((error: unknown) => {
    call.home.log.warn({ err: error, call: call.id, seat: seatId }, 'the queue could not be told that a seat rings');
  });
}

async function answerOf(call: Call, ring: SeatRing, dialling: OutgoingInvite): Promise<SeatAnswer | DialError> {
  const { clock } = call.home;
  const stop = clock.after(ringTime(call, ring.offer), () => {
    dialling.cancel(reasonNoAnswer);
  });
  try {
    return await dialling.answered;
  } catch (error) {
    if (!(error instanceof DialError)) throw error;

    return error;
  } finally {
    stop();
  }
}

function ringTime(call: Call, offer: Offer): number {
  const queue = call.plan.queues.get(offer.queue);
  const lease = offer.expiresAt - call.home.clock.now() - leaseMarginMs;

  return Math.max(0, Math.min(lease, (queue?.ringTimeout ?? 20) * 1000));
}

/** A seat did not take it, and the ACD may look for another. With the last one that rang the caller is back at its place. */
async function ringLost(call: Call, ring: SeatRing, cause: DeclineCause): Promise<void> {
  // It was ended by something else, and that was told.
  if (!takeOut(call, ring, cause)) return;
  ring.useEndpoint(undefined);
  await declineLater(call, ring.offer, cause);
}

/** False when the ring is out already. */
function takeOut(call: Call, ring: SeatRing, cause: WithdrawCause): boolean {
  if (!call.rings.take(ring)) return false;
  call.note('ring-lost', `${ring.offer.seatId}: ${cause}`);
  if (call.state === 'offered' && call.rings.size === 0) call.apply('offer-lost', cause);

  return true;
}

/** The seats that ring cannot be heard any more, through no fault of their own. */
export async function ringsInterrupted(call: Call): Promise<void> {
  const rings = call.rings.takeAll();
  call.calling?.cancel(reasonNormal);
  for (const ring of rings) letSeatGo(call, ring);
  if (rings.length > 0 && call.state === 'offered') call.apply('offer-lost', 'node-lost');
  for (const ring of rings) ring.stop(reasonElsewhere);
  await Promise.all(rings.map(({ offer }) => declineLater(call, offer, 'node-lost')));
}

async function declineLater(call: Call, offer: Offer, cause: DeclineCause): Promise<void> {
  try {
    await call.home.acd.decline(offer, cause);
  } catch (error) {
    // The lease ends by itself; until then the seat is not offered anything else.
    call.home.log.warn({ err: error, call: call.id, seat: offer.seatId }, 'an offer could not be declined');
  }
}

/** The ACD took an offer back: its lease ended, another seat was faster, or the ticket is with somebody else. */
export function offerWithdrawn(call: Call, offer: Offer, cause: WithdrawCause): void {
  const ring = call.rings.find(offer.offerId);
  if (!ring || !takeOut(call, ring, cause)) return;
  letSeatGo(call, ring);
  ring.stop(withdrawReason(cause));
}

/** A seat that has answered and waited for the person to be called back is not the seat of the call any more. */
function letSeatGo(call: Call, { answer }: SeatRing): void {
  if (answer && call.seat === answer.leg) call.clearSeat();
}

function withdrawReason(cause: WithdrawCause): string {
  if (cause === 'expired' || cause === 'no-answer') return reasonNoAnswer;
  if (cause === 'caller-left' || cause === 'caller-dropped') return reasonCallerLeft;

  return reasonElsewhere;
}

function displayName(call: Call): string {
  const terminal = call.plan.terminals.get(call.record.caller.user);
  const place = typeof call.record.context.place === 'string' ? call.record.context.place : terminal?.place;

  return place ?? call.record.caller.user;
}

/** What an agent's phone or desk may show before the call is taken. */
function seatHeaders(call: Call, offer: Offer): Record<string, string> {
  return {
    'X-Sightline-Call': call.id,
    'X-Sightline-Queue': offer.queue,
    'X-Sightline-Number': call.record.number,
    ...(call.record.callback ? { 'X-Sightline-Callback': '1' } : {}),
  };
}
