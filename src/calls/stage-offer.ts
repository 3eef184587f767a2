import {
  DialError,
  reasonCallerLeft,
  reasonElsewhere,
  reasonNoAnswer,
  type OutgoingInvite,
  type SeatAnswer,
} from './leg';
import type { DeclineCause, Offer, WithdrawCause } from '../acd/types';
import type { Call } from './call';
import { newMedia } from './media';
import { isCurrent, otherOffer, seatOffer } from './seat-offer';
import { joinSeat } from './stage-join';

/** A little less than the lease, so that the seat has stopped ringing when another is offered the ticket. */
const leaseMarginMs = 500;
/** Not Acceptable Here: the phone cannot take media as they were described. */
const notAcceptable = 488;

/** The ACD has promised this ticket to a seat: ring it with the caller's own description of its media. */
export async function ringSeat(call: Call, offer: Offer): Promise<void> {
  const { ticketId } = call.record;
  const isFormer = ticketId !== undefined && ticketId !== offer.ticketId;
  if (isFormer || !call.can('offer')) return declineLater(call, offer, 'caller-left');
  call.apply('offer', offer.seatId);
  call.home.bindTicket(call, offer.ticketId);
  call.offer = offer;
  const media = newMedia(call.home.mediaAddress);
  call.record.seat = { id: offer.seatId, media, ringing: [] };
  const answer = await answerTo(call, offer, await seatOffer(call, offer, media), []);
  if (answer) await (call.onSeatAnswer ?? ((held, answered) => joinSeat(call, held, answered)))(offer, answer);
}

/** Rings with one description after another while the seat refuses those; it has not rung yet when it does. */
async function answerTo(
  call: Call,
  offer: Offer,
  sdp: string | undefined,
  refused: readonly string[],
): Promise<SeatAnswer | undefined> {
  // The offer was withdrawn, or the caller has left, while an engine was asked.
  if (!isCurrent(call, offer)) return undefined;
  const answer = await answerOf(call, offer, dial(call, offer, sdp));
  if (!(answer instanceof DialError)) return answer;
  if (answer.status === notAcceptable && sdp !== undefined && isCurrent(call, offer)) {
    const other = await otherOffer(call, offer, [...refused, sdp]);
    if (other !== undefined) return answerTo(call, offer, other, [...refused, sdp]);
  }
  await offerLost(call, offer, answer.why);

  return undefined;
}

function dial(call: Call, offer: Offer, sdp: string | undefined): OutgoingInvite {
  const dialling = call.home.dialer.dial({
    seatId: offer.seatId,
    sdp,
    from: { user: call.record.caller.user, name: displayName(call) },
    headers: seatHeaders(call, offer),
  });
  call.dialling = dialling;
  dialling.onRinging(() => call.note('seat-ringing', offer.seatId));
  dialling.onSent((id) => call.record.seat?.ringing?.push(id));

  return dialling;
}

async function answerOf(call: Call, offer: Offer, dialling: OutgoingInvite): Promise<SeatAnswer | DialError> {
  const { clock } = call.home;
  const stop = clock.after(ringTime(call, offer), () => {
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

/** The seat did not take it: the caller is back at its place, and the ACD looks for another seat. */
async function offerLost(call: Call, offer: Offer, cause: DeclineCause): Promise<void> {
  // Another offer, or the end of the call, has taken its place.
  if (!isCurrent(call, offer)) return;
  call.clearOffer();
  call.apply('offer-lost', cause);
  await declineLater(call, offer, cause);
}

/** The seat that rings cannot be heard any more, through no fault of its own. */
export async function offerInterrupted(call: Call): Promise<void> {
  const { offer, dialling } = call;
  if (!offer || call.state !== 'offered') return;
  await offerLost(call, offer, 'node-lost');
  dialling?.cancel(reasonElsewhere);
}

async function declineLater(call: Call, offer: Offer, cause: DeclineCause): Promise<void> {
  try {
    await call.home.acd.decline(offer, cause);
  } catch (error) {
    // The lease ends by itself; until then the seat is not offered anything else.
    call.home.log.warn({ err: error, call: call.id, seat: offer.seatId }, 'an offer could not be declined');
  }
}

/** The ACD took the offer back: its lease ended, or the ticket is with somebody else. */
export function offerWithdrawn(call: Call, offer: Offer, cause: WithdrawCause): void {
  if (call.offer?.offerId !== offer.offerId || call.state !== 'offered') return;
  const { dialling } = call;
  call.clearOffer();
  call.apply('offer-lost', cause);
  dialling?.cancel(withdrawReason(cause));
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
