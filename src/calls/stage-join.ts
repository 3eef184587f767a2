import { asSightlineError } from '../lib/errors';
import type { Offer } from '../acd/types';
import type { Call } from './call';
import { joinMedia } from './join-media';
import { keepEndpoint } from './endpoints';
import { reasonElsewhere, type SeatAnswer } from './leg';
import type { SeatRing } from './ring';
import { videoAgreed } from './media';
import { hasVideo } from '../media/sdp';
import { attachSeat } from './attach';
import { present, screenState } from './stage-menu';
import { regainFace } from './stage-face';
import { showPlace } from './stage-queue';
import { showConnected } from '../ivr/session';

/** How long a seat that has answered waits for the store, in ms. */
const claimPatienceMs = 1000;
const reasonMismatch = 'SIP;cause=488;text="Not acceptable here"';

/** A seat has answered: claim it, then join it with the terminal. The others that ring for the same ticket are left alone then. */
export async function joinSeat(call: Call, ring: SeatRing, answer: SeatAnswer): Promise<void> {
  const { offer } = ring;
  ring.answer = answer;
  // Another seat has answered a moment before: this one is only wanted if that one turns out not to be ours.
  while (call.joining) await call.joinOver();
  if (!call.can('seat-answered') || !call.rings.take(ring)) return answer.leg.bye(ring.stopped ?? reasonElsewhere);
  promote(call, ring, answer);
  if (!(await claimed(call, offer))) return notClaimed(call, answer);
  call.rings.stopAll(reasonElsewhere);
  if (call.state !== 'joining') return;
  const wanted = wantsVideo(call);
  if (!(await joined(call, answer)) || call.state !== 'joining') return;
  call.record.connectedAt = call.home.clock.now();
  call.apply('joined', offer.seatId);
  if (wanted && !videoAgreed(call.record))
    call.note('no-video', `${offer.seatId} has none, or not in a way that the terminal has`);
  call.forgetBeginning();
  call.home.stages.talk(call);
  call.home.recorder?.joined(call);
}

/** The ring that was answered becomes the seat of the call. */
function promote(call: Call, ring: SeatRing, { leg, sdp }: SeatAnswer): void {
  const { offer, record, media, endpoint } = ring;
  call.offer = offer;
  call.record.seat = { id: offer.seatId, media, invites: record.invites, leg: leg.record };
  media.remote = sdp;
  call.apply('seat-answered', offer.seatId);
  if (endpoint) keepEndpoint(call, 'seat', endpoint);
  // A seat that has waited for a terminal to answer is listened to already.
  if (call.seat !== leg) attachSeat(call, leg);
}

/** The offer was not ours any more: other seats ring on, or the caller is back at its place. */
async function notClaimed(call: Call, answer: SeatAnswer): Promise<void> {
  call.clearSeat();
  if (call.rings.size > 0 && call.can('ring-on')) call.apply('ring-on', 'withdrawn');
  else if (call.can('offer-lost')) call.apply('offer-lost', 'withdrawn');
  regainFace(call);
  call.run(showPlace(call));
  await answer.leg.bye(reasonElsewhere);
}

function wantsVideo({ record }: Call): boolean {
  const { remote } = record.terminal.media;

  return remote !== undefined && hasVideo(remote);
}

/** Descriptions that do not fit together, or cannot be read, end the call with a clear cause. */
async function joined(call: Call, answer: SeatAnswer): Promise<boolean> {
  const { sdp } = answer;
  if (sdp === undefined) return mismatch(call, 'The seat has answered without media');
  try {
    return await joinMedia(call, { ...answer, sdp });
  } catch (error) {
    if (call.ended) return false;
    const { code, message } = asSightlineError(error);
    // The caller gave up while it was being answered.
    if (code === 'CALL_GONE') call.home.stages.end(call, { by: 'caller', cause: 'gone' });
    if (call.ended) return false;
    if (code !== 'MEDIA_MISMATCH' && code !== 'BAD_REQUEST') throw error;

    return mismatch(call, message);
  }
}

function mismatch(call: Call, detail: string): false {
  call.home.stages.end(call, { by: 'server', cause: 'media-mismatch', detail }, reasonMismatch);

  return false;
}

/** False when the offer is no longer ours. A store that is away does not keep two people apart: it is told afterwards. */
async function claimed(call: Call, offer: Offer): Promise<boolean> {
  const { acd, log } = call.home;
  const claim = acd.accept(offer).then(() => freeAgain(call, offer));
  if (!call.home.storeAvailable() || (await isLate(call, claim))) {
    call.note('store-away', 'joined without it');
    claim.catch((late: unknown) => log.error({ err: late, call: call.id }, 'the seat could not be claimed afterwards'));

    return true;
  }
  try {
    await claim;

    return true;
  } catch (error) {
    const { code } = asSightlineError(error);
    if (code === 'OFFER_GONE' || code === 'TICKET_GONE') return false;
    throw error;
  }
}

/** Whether the store takes so long that two people would notice; it may be about to be found away. */
async function isLate(call: Call, claim: Promise<unknown>): Promise<boolean> {
  let stop: () => void = () => undefined;
  const late = new Promise<boolean>((resolve) => {
    stop = call.home.clock.after(claimPatienceMs, () => resolve(true));
  });
  const settled = claim.then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    stop();
  }
}

/** The call ended while its seat was being claimed: what it settled then may have come before the claim. */
async function freeAgain(call: Call, offer: Offer): Promise<void> {
  if (call.ended) await call.home.acd.complete(offer.ticketId);
}

/** Fifth stage, the two talk: the screen shows with whom. */
export function showTalk(call: Call): void {
  const { record } = call;
  const seat = record.seat && call.plan.seats.get(record.seat.id);
  if (!call.face || !seat) return;
  const agent = { name: seat.name, ...(seat.photo ? { photo: seat.photo } : {}) };
  present(call, showConnected(screenState(call), agent, videoAgreed(record)));
}
