import { SightlineError, asSightlineError } from '../lib/errors';
import type { Call } from './call';
import { bridgeEndpoints, dropEndpoints, keepEndpoint, makeEndpoint } from './endpoints';
import { askBothForPictures, askForPicture } from './fast-update';
import { anchorReasons } from './anchor-reasons';
import { isWebrtc, kindsOf, securityFor } from './face-choice';
import { attachTerminal } from './attach';
import { closeMediaFace } from './stage-face';
import { joinRinging, joinScreen, type Described } from './join-direct';
import { reasonNormal } from './leg';
import { answerForEndpoint, endpointAnswer, offerFor } from './media';
import { offerTo } from './offer-to';

/**
 * Brings the media of the two together: through the engine where the seat was rung with an endpoint of it, else end to end. An engine
 * that fails meanwhile does not keep two plain phones apart.
 *
 * @returns false when the call has ended meanwhile.
 * @throws SightlineError MEDIA_MISMATCH
 */
export async function joinMedia(call: Call, answer: Described): Promise<boolean> {
  await call.turns.idle();
  const isAnchored = call.endpoints.seat !== undefined;
  if (isAnchored && (await joinedAnchored(call, answer))) return call.state === 'joining';
  if (call.state !== 'joining') return false;
  // The seat has answered an offer of the engine's; what a browser says it would not understand.
  if (isAnchored && isWebrtc(call.record.terminal.media.remote)) {
    call.home.stages.end(call, { by: 'server', cause: 'media-lost' });

    return false;
  }
  const wasShown = call.endpoints.terminal !== undefined;
  const joined = await (call.terminal ? joinScreen(call, answer) : joinRinging(call, answer));
  closeMediaFace(call);
  await dropEndpoints(call);
  if (joined) call.setMedia('direct');
  if (joined && wasShown) askBothForPictures(call);

  return joined;
}

/** False when the engine has failed; then it holds nothing of the call any more. */
async function joinedAnchored(call: Call, answer: Described): Promise<boolean> {
  try {
    await joinAnchored(call, answer);
    if (call.state === 'joining') call.setMedia('anchored', anchorReasons(call));

    return true;
  } catch (error) {
    const { code } = asSightlineError(error);
    if (call.ended || (code !== 'MEDIA_GONE' && code !== 'MEDIA_UNAVAILABLE')) throw error;
    call.note('media-lost', code);
    await dropEndpoints(call);

    return false;
  }
}

async function joinAnchored(call: Call, answer: Described): Promise<void> {
  const { seat } = call.endpoints;
  await seat?.accept(answerForEndpoint(seat, answer.sdp));
  if (!call.terminal) await answerRinging(call);
  else if (!call.endpoints.terminal) await bringToEngine(call);
  if (call.state !== 'joining') return;
  closeMediaFace(call);
  await bridgeEndpoints(call);
  askForPicture(call, 'terminal');
  askForPicture(call, 'seat');
}

/** A phone that rang is answered by an endpoint that fits that of the seat. */
async function answerRinging(call: Call): Promise<void> {
  const { incoming, record } = call;
  const { media } = record.terminal;
  const beside = call.endpoints.seat;
  if (!incoming || !beside) return;
  const offer = incoming.sdp;
  const endpoint = await makeEndpoint(call, offer === undefined ? { beside } : { beside, offer });
  keepEndpoint(call, 'terminal', endpoint);
  const said = endpoint.localDescription;
  const { leg, ackSdp } = await incoming.answer(
    offer === undefined ? offerFor(media, said) : endpointAnswer(media, said),
  );
  if (call.ended) return leg.bye(reasonNormal);
  record.answeredAt = call.home.clock.now();
  attachTerminal(call, leg);
  if (ackSdp === undefined) return;
  media.remote = ackSdp;
  await endpoint.accept(answerForEndpoint(endpoint, ackSdp));
}

/** A terminal whose pages need no media gets its end at the engine now. */
async function bringToEngine(call: Call): Promise<void> {
  const { remote } = call.record.terminal.media;
  const beside = call.endpoints.seat;
  if (!beside) return;
  const endpoint = await makeEndpoint(call, { beside, media: kindsOf(remote), security: securityFor(remote) });
  keepEndpoint(call, 'terminal', endpoint);
  const { sdp } = await offerTo(call, 'terminal', endpoint.localDescription);
  if (sdp === undefined) throw new SightlineError('MEDIA_MISMATCH');
  await endpoint.accept(answerForEndpoint(endpoint, sdp));
}
