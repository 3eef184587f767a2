import { asSightlineError } from '../lib/errors';
import type { Endpoint } from '../media/port';
import { codecIds, withCodecs } from '../media/sdp';
import type { Call } from './call';
import type { LegOffer } from './leg';
import { answerForEndpoint, endpointAnswer, offerFor } from './media';
import { offerTo } from './offer-to';
import type { LegMedia } from './record';
import { otherSide, type Side } from './sides';

/** A side whose media end at the engine, and what it offers now. */
export interface AnchoredOffer {
  from: Side;
  endpoint: Endpoint;
  media: LegMedia;
  offer: LegOffer;
  /** It says nothing new. */
  isRefresh: boolean;
}

/**
 * A re-INVITE or UPDATE of a side whose media end at the server: its endpoint answers. The other side hears of it only where it has to do
 * something: when video comes to a call that had none.
 */
export async function answerFromEndpoint(call: Call, anchored: AnchoredOffer): Promise<void> {
  const { from, endpoint, media, offer, isRefresh } = anchored;
  if (!isRefresh) call.note('renegotiate', `${from}: ${offer.method}`);
  try {
    if (offer.sdp === undefined) await offerOfEndpoint(call, anchored);
    else {
      const answer = await endpoint.answer(await withVideoOfOther(call, anchored, offer.sdp));
      media.remote = offer.sdp;
      await offer.accept(endpointAnswer(media, answer));
    }
  } catch (thrown) {
    const error = asSightlineError(thrown);
    if (error.code === 'INTERNAL') throw thrown;
    // What was agreed before goes on (RFC 3261 section 14.2).
    return offer.refuse(error.sip, error);
  }
  call.home.save(call.record);
  call.home.stages.fitFace(call);
}

/** The peer asks for an offer (RFC 3264 section 5): the endpoint makes it, and takes the answer of the ACK. */
async function offerOfEndpoint(call: Call, anchored: AnchoredOffer): Promise<void> {
  const { endpoint, media, offer } = anchored;
  const ackSdp = await offer.accept(offerFor(media, await endpoint.offer()));
  if (ackSdp === undefined) return;
  try {
    await endpoint.accept(answerForEndpoint(endpoint, ackSdp));
    media.remote = ackSdp;
  } catch (error) {
    // The peer goes by its answer already, and cannot be refused any more.
    call.note('not-understood', `${anchored.from}: ${asSightlineError(error).code}`);
    call.run(call.turns.run(() => offerAgain(call, anchored)));
  }
}

/** What a peer has answered is of no use to its endpoint: both begin anew with an offer of ours, or the talk is lost. */
async function offerAgain(call: Call, { from, endpoint }: AnchoredOffer): Promise<void> {
  if (call.ended || call.endpoints[from] !== endpoint) return;
  try {
    const { sdp } = await offerTo(call, from, await endpoint.offer());
    if (sdp !== undefined) return await endpoint.accept(answerForEndpoint(endpoint, sdp));
  } catch (error) {
    call.home.log.warn(
      { err: error, call: call.id, side: from },
      'a phone and the media engine do not understand each other',
    );
  }
  // An engine that is gone is looked after elsewhere.
  if (call.endpoints[from] !== endpoint || endpoint.closed) return;
  call.home.stages.end(call, { by: 'server', cause: 'media-lost' });
}

/**
 * The offer as the endpoint is to answer it. When it brings video to a talk without any, the other side is asked first; one that does
 * not want it leaves the talk with sound alone.
 */
async function withVideoOfOther(call: Call, anchored: AnchoredOffer, offer: string): Promise<string> {
  const { from, endpoint, isRefresh } = anchored;
  // What was settled about it stays settled.
  if (isRefresh) return endpoint.codecs.video ? offer : withCodecs(offer, 'video', []);
  const to = otherSide(from);
  const other = call.endpoints[to];
  const offered = codecIds(offer, 'video');
  if (call.state !== 'talking' || !other || offered.length === 0 || other.codecs.video) return offer;
  const ours = await other.offer({ beside: endpoint, media: ['audio', 'video'] });
  const { sdp } = await offerTo(call, to, withCodecs(ours, 'video', offered));
  if (sdp !== undefined) await other.accept(answerForEndpoint(other, sdp));
  if (other.codecs.video) return offer;
  call.note('no-video', `${to} does not take it`);

  return withCodecs(offer, 'video', []);
}
