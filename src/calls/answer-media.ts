import { SightlineError } from '../lib/errors';
import { attachTerminal } from './attach';
import type { Call } from './call';
import { keepEndpoint, makeEndpoint } from './endpoints';
import type { IncomingInvite, Leg } from './leg';
import { answerForEndpoint, endpointAnswer, offerFor } from './media';
import { openMediaFace } from './stage-face';

/**
 * Answers a phone without a screen program with the media of an endpoint, and opens the face that they allow.
 *
 * @throws SightlineError MEDIA_MISMATCH or MEDIA_UNAVAILABLE before the INVITE is answered, CALL_GONE when the caller gave up.
 */
export async function answerWithMedia(call: Call, incoming: IncomingInvite): Promise<Leg> {
  const { media } = call.record.terminal;
  const offer = incoming.sdp;
  const endpoint = await makeEndpoint(call, offer === undefined ? {} : { offer });
  keepEndpoint(call, 'terminal', endpoint);
  const said = endpoint.localDescription;
  const { leg, ackSdp } = await incoming.answer(
    offer === undefined ? offerFor(media, said) : endpointAnswer(media, said),
  );
  if (call.ended) return leg;
  call.record.answeredAt = call.home.clock.now();
  attachTerminal(call, leg);
  if (offer === undefined) {
    // RFC 3261 section 13.2.1: an offer in the 200 is answered in the ACK.
    if (ackSdp === undefined) throw new SightlineError('MEDIA_MISMATCH', 'The ACK has no answer to our offer');
    media.remote = ackSdp;
    await endpoint.accept(answerForEndpoint(endpoint, ackSdp));
    if (call.ended) return leg;
  }
  openMediaFace(call, endpoint, endpoint.codecs.video ? 'video' : 'voice');
  call.note('answered', call.record.face);

  return leg;
}
