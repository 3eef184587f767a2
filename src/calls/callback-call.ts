import type { Offer } from '../acd/types';
import { RECV_INFO_HEADERS } from '../ivr/headers';
import { asSightlineError } from '../lib/errors';
import { localized } from '../ivr/model';
import { attachSeat, attachTerminal } from './attach';
import type { Call } from './call';
import { missReasons, terminalRingMs, type CallbackRecord, type TerminalMiss } from './callback-rules';
import { hasEngine, keepEndpoint, makeEndpoint } from './endpoints';
import { DialError, reasonElsewhere, reasonNoAnswer, reasonNormal, type Leg, type SeatAnswer } from './leg';
import { endpointAnswer, inactiveFor } from './media';
import type { SeatRing } from './ring';
import { openMediaFace } from './stage-face';
import { joinSeat } from './stage-join';
import { ringSeat } from './stage-offer';
import { showPlace } from './stage-queue';

/**
 * How one try to call somebody back ended. `reached`: the person is on the line, whatever becomes of the call then. `missed`: he did
 * not take the call. `seat-missed`: the seat did not, and was declined. `seat-left`: its agent did not wait. `stopped`: the offer was
 * taken back, or the server stops.
 */
export type Outcome =
  { how: 'reached' } | { how: 'missed'; why: TerminalMiss } | { how: 'seat-missed' | 'seat-left' | 'stopped' };

/** One try: the call that is made, the seat that is held for it, and whom to tell that the person is on the line. */
export interface Try {
  call: Call;
  callback: CallbackRecord;
  offer: Offer;
  /** The offer that holds a seat for the person now; undefined when it was taken back. */
  held(): Offer | undefined;
  reached(): void;
}

/** The seat answers first and waits; then the person is called. RFC 3725 flow III: both are asked what they can before they meet. */
export async function seatFirst(attempt: Try): Promise<Outcome> {
  const { call, offer } = attempt;
  let outcome: Outcome | undefined;
  call.onSeatAnswer = async (ring, answer) => {
    call.onSeatAnswer = undefined;
    outcome = await seatWaits(attempt, ring, answer);
  };
  enterLine(call, offer);
  await ringSeat(call, offer);

  return outcome ?? { how: call.ended ? 'stopped' : 'seat-missed' };
}

/** The person is called while nothing rings at the seat that is held for him; then he waits as anybody does, as the next. */
export async function personFirst(attempt: Try): Promise<Outcome> {
  const { call, offer } = attempt;
  const answer = await callPerson(attempt);
  if (answer instanceof DialError) return attempt.held() && !call.ended ? missed(answer.why) : { how: 'stopped' };
  if (call.ended) return answer.leg.bye(reasonNormal).then(() => ({ how: 'stopped' }));
  enterLine(call, offer);
  const refusal = await takePerson(attempt, answer, { waits: true });
  if (refusal || call.ended) return refusal ?? { how: 'reached' };
  await showPlace(call);
  const held = attempt.held();
  if (held && (call.waiting || call.joining)) await ringSeat(call, held);

  return { how: 'reached' };
}

function missed(why: TerminalMiss): Outcome {
  return { how: 'missed', why };
}

/** The call stands in the queue with the ticket that has waited there all the while. */
function enterLine(call: Call, offer: Offer): void {
  call.apply('enqueue', offer.queue);
  call.record.queue = offer.queue;
  call.home.bindTicket(call, offer.ticketId);
}

/** The seat has answered and is told to wait; whatever it sends meanwhile is answered. */
async function seatWaits(attempt: Try, ring: SeatRing, answer: SeatAnswer): Promise<Outcome> {
  const { call } = attempt;
  if (!call.rings.has(ring)) return answer.leg.bye(ring.stopped ?? reasonElsewhere).then(() => ({ how: 'stopped' }));
  keepWaiting(call, ring, answer);
  try {
    // Media come by the offer that tells the seat where the person is.
    if (answer.sdp !== undefined) answer.ack?.(inactiveFor(ring.media, answer.sdp));
  } catch (error) {
    call.note('media-mismatch', asSightlineError(error).message);
    await answer.leg.bye(missReasons.media);

    return { how: 'seat-left' };
  }
  const person = await callPerson(attempt);
  if (call.ended) {
    if (!(person instanceof DialError)) void person.leg.bye(reasonNormal);

    return { how: call.record.end?.by === 'seat' ? 'seat-left' : 'stopped' };
  }
  if (!(person instanceof DialError)) return meet(attempt, ring, answer, person);

  // A seat that was taken back was told so.
  return call.rings.has(ring) ? missed(person.why) : { how: 'stopped' };
}

/** The seat that waits is listened to, and is found in the record by whoever takes the call up. Its ring goes on until the join. */
function keepWaiting(call: Call, ring: SeatRing, answer: SeatAnswer): void {
  ring.answer = answer;
  ring.media.remote = answer.sdp;
  call.record.seat = { id: ring.offer.seatId, media: ring.media, invites: ring.record.invites };
  attachSeat(call, answer.leg);
  call.note('seat-waits', ring.offer.seatId);
}

/** Both have answered: they are joined as on any call. One whose seat is gone meanwhile waits for the next. */
async function meet(attempt: Try, ring: SeatRing, answer: SeatAnswer, person: SeatAnswer): Promise<Outcome> {
  const { call } = attempt;
  const refusal = await takePerson(attempt, person, { waits: false });
  if (refusal || call.ended) return refusal ?? { how: 'reached' };
  await joinSeat(call, ring, { leg: answer.leg, sdp: answer.sdp });
  if (call.state === 'queued') await showPlace(call);

  return { how: 'reached' };
}

/** Calls the terminal at all its contacts, without an offer: so it says what it can, whatever phone it is (RFC 3725 section 4). */
async function callPerson({ call, callback, offer }: Try): Promise<SeatAnswer | DialError> {
  const { record, home } = call;
  const queue = call.plan.queues.get(offer.queue);
  const name = localized(queue?.label ?? {}, record.locale) || record.number;
  const calling = home.dialer.dial({
    seatId: record.caller.user,
    sdp: undefined,
    from: { user: record.number, name },
    headers: {
      'X-Sightline-Call': call.id,
      'X-Sightline-Callback': '1',
      ...(callback.visualMenu ? RECV_INFO_HEADERS : {}),
    },
  });
  call.calling = calling;
  record.terminal.ringing = [];
  call.note('calling', record.caller.user);
  calling.onRinging(() => call.note('ringing', record.caller.user));
  calling.onSent((id) => {
    record.terminal.ringing?.push(id);
    home.save(record);
  });
  const seatRingMs = (queue?.ringTimeout ?? 20) * 1000;
  const ringMs = terminalRingMs(callback.rules, { offer, now: home.clock.now(), seatRingMs });
  const stop = home.clock.after(ringMs, () => calling.cancel(reasonNoAnswer));
  try {
    return await calling.answered;
  } catch (error) {
    if (!(error instanceof DialError)) throw error;

    return error;
  } finally {
    stop();
    call.calling = undefined;
    delete record.terminal.ringing;
  }
}

/**
 * The person is on the line: his leg belongs to the call. Gives the outcome when he is not after all: his phone has said nothing that
 * could become a talk, or the call has ended; then it has its BYE. One who `waits` is shown his place, or hears it.
 */
async function takePerson(
  attempt: Try,
  answer: SeatAnswer,
  { waits }: { waits: boolean },
): Promise<Outcome | undefined> {
  const { call } = attempt;
  const { record } = call;
  const { leg, sdp } = answer;
  record.face = leg.record.visualMenu ? 'screen' : 'ring';
  record.terminal.media.remote = sdp;
  try {
    if (sdp === undefined) throw new Error('no media');
    if (waits && record.face === 'ring' && hasEngine(call)) await answerByEngine(call, leg, { ...answer, sdp });
    else {
      answer.ack?.(inactiveFor(record.terminal.media, sdp));
      attach(call, leg);
    }
  } catch (error) {
    call.note('media-mismatch', asSightlineError(error).message);
    await leg.bye(missReasons.media);

    return missed('media');
  }
  if (record.answeredAt === undefined) return { how: 'stopped' };
  call.note('answered', record.face);
  attempt.reached();

  return undefined;
}

function attach(call: Call, leg: Leg): void {
  // The call has ended while its person took up the phone.
  if (call.ended) return void leg.bye(reasonNormal);
  call.record.answeredAt = call.home.clock.now();
  attachTerminal(call, leg, true);
}

/** A phone without a screen hears and sees its place through the engine; without one it is silent until the seat answers. */
async function answerByEngine(call: Call, leg: Leg, answer: SeatAnswer & { sdp: string }): Promise<void> {
  const { media } = call.record.terminal;
  const endpoint = await makeEndpoint(call, { offer: answer.sdp }).catch((error: unknown) => {
    call.note('no-face', asSightlineError(error).code);
  });
  if (!endpoint || call.ended) {
    void endpoint?.close();
    answer.ack?.(inactiveFor(media, answer.sdp));

    return attach(call, leg);
  }
  answer.ack?.(endpointAnswer(media, endpoint.localDescription));
  keepEndpoint(call, 'terminal', endpoint);
  attach(call, leg);
  if (!call.ended) openMediaFace(call, endpoint, endpoint.codecs.video ? 'video' : 'voice');
}
