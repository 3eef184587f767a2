import { SightlineError, asSightlineError } from '../lib/errors';
import { parseSdp } from '../media/sdp';
import type { Call } from './call';
import { answerFromEndpoint } from './renegotiate-anchored';
import type { Leg, LegOffer, OfferResult } from './leg';
import { answerFor, inactiveFor, offerFor, refreshAnswer, sameMedia, takeBack } from './media';
import type { LegMedia } from './record';
import { legOf, mediaOf, otherSide, type Side } from './sides';

/** A re-INVITE or UPDATE of one side: hold, resume, video added or taken away, or only a refresh. */
export function onOffer(call: Call, from: Side, offer: LegOffer): void {
  // Our own offer is on its way to this side: the two cross.
  if (call.turns.moving && call.state !== 'joining') return offer.refuse(491);
  call.run(answerInTurn(call, from, offer));
}

async function answerInTurn(call: Call, from: Side, offer: LegOffer): Promise<void> {
  // A phone may change its mind at once; the other side is about to be there. Where the join has to ask this phone, it comes first.
  if (!(await call.turns.hold(from, call.joinOver(), () => offer.refuse(491)))) return;
  if (call.turns.moving) return offer.refuse(491);
  const answering = answerOffer(call, from, offer);
  call.turns.answer(answering);
  await answering;
}

async function answerOffer(call: Call, from: Side, offer: LegOffer): Promise<void> {
  const media = mediaOf(call, from);
  if (!media) return offer.refuse(481);
  const fault = faultOf(offer.sdp);
  if (fault) return offer.refuse(488, fault);
  if (call.state !== 'talking' && !call.endpoints[from]) return answerAlone(call, media, offer);
  const endpoint = call.endpoints[from];
  // A refresh says again what is known (RFC 4028 section 7.4): nobody else has to hear of it.
  const isRefresh = offer.sdp !== undefined && media.remote !== undefined && sameMedia(offer.sdp, media.remote);
  if (endpoint) await answerFromEndpoint(call, { from, endpoint, media, offer, isRefresh });
  else if (isRefresh && offer.sdp !== undefined && media.local !== undefined) {
    const { sdp } = offer;
    const answer = orMismatch(() => refreshAnswer(media, sdp));
    if (answer instanceof SightlineError) return offer.refuse(488, answer);
    media.remote = sdp;
    await offer.accept(answer);
    call.home.save(call.record);
  } else await passAcross(call, from, offer);
}

/** Why a description cannot be read. */
function faultOf(sdp: string | undefined): SightlineError | undefined {
  try {
    if (sdp !== undefined) parseSdp(sdp);

    return undefined;
  } catch (error) {
    return asSightlineError(error);
  }
}

/** Refuses with the status of the other side, or says that the two have nothing in common. */
function refuseOffer(offer: LegOffer, status: number): void {
  if (status >= 300 && status !== 488) offer.refuse(status);
  else
    offer.refuse(
      488,
      new SightlineError('MEDIA_MISMATCH', status === 488 ? 'The other side does not take this' : undefined),
    );
}

/** Nobody is joined yet: the session stays without media, whatever is offered. */
async function answerAlone(call: Call, media: LegMedia, offer: LegOffer): Promise<void> {
  const answer = orMismatch(() => inactiveFor(media, offer.sdp));
  if (answer instanceof SightlineError) return offer.refuse(488, answer);
  if (offer.sdp !== undefined) media.remote = offer.sdp;
  const ackSdp = await offer.accept(answer);
  if (ackSdp !== undefined) media.remote = ackSdp;
  call.home.save(call.record);
}

/** Offers the other side what this one offers, and answers with its answer. */
async function passAcross(call: Call, from: Side, offer: LegOffer): Promise<void> {
  const to = otherSide(from);
  const media = mediaOf(call, from);
  const otherMedia = mediaOf(call, to);
  const other = legOf(call, to);
  if (!media || !otherMedia || !other) return offer.refuse(481);
  call.note('renegotiate', `${from}: ${offer.method}`);
  if (offer.sdp === undefined) return passOfferless(call, { media, otherMedia, other, offer });
  const result = await offerAcross(call, to, offer);
  if (result.sdp === undefined) return refuseOffer(offer, result.status);
  media.remote = offer.sdp;
  otherMedia.remote = result.sdp;
  const { sdp } = result;
  const answer = orMismatch(() => answerFor(media, sdp));
  if (answer instanceof SightlineError) return offer.refuse(488, answer);
  await offer.accept(answer);
  call.home.save(call.record);
}

/** A description of ours; the error when the two turn out to have nothing in common. */
function orMismatch(describe: () => string): string | SightlineError {
  try {
    return describe();
  } catch (error) {
    if (error instanceof SightlineError && error.code === 'MEDIA_MISMATCH') return error;
    throw error;
  }
}

/** UPDATE goes across as UPDATE where the peer takes it (RFC 3311 section 5.1), else as re-INVITE. */
async function offerAcross(call: Call, to: Side, offer: LegOffer): Promise<OfferResult> {
  const leg = legOf(call, to);
  const media = mediaOf(call, to);
  if (!leg || !media || offer.sdp === undefined) return { status: 481, sdp: undefined };
  const agreed = media.local;
  const sdp = offerFor(media, offer.sdp);
  const asUpdate = offer.method === 'UPDATE' && leg.record.allow.includes('UPDATE');
  const result = await (asUpdate ? leg.update(sdp) : leg.reinvite(sdp));
  if (result.status >= 300) takeBack(media, agreed);

  return result.status < 300 ? result : { ...result, sdp: undefined };
}

interface Offerless {
  media: LegMedia;
  otherMedia: LegMedia;
  other: Leg;
  offer: LegOffer;
}

/** The peer asks for an offer: the other side is asked for one, and the answer goes back in its ACK. */
async function passOfferless(call: Call, { media, otherMedia, other, offer }: Offerless): Promise<void> {
  const result = await other.reinvite(undefined);
  if (result.status >= 300 || result.sdp === undefined) return refuseOffer(offer, result.status);
  const ackSdp = await offer.accept(offerFor(media, result.sdp));
  otherMedia.remote = result.sdp;
  if (ackSdp !== undefined) media.remote = ackSdp;
  // Without an answer in the ACK the other side keeps what it had.
  const answer = ackSdp ?? media.remote ?? result.sdp;
  result.ack?.(answerFor(otherMedia, answer));
  call.home.save(call.record);
}
