import { SightlineError, asSightlineError, type ErrorCode } from '../lib/errors';
import type { Call } from './call';
import { engineBack } from './engine-back';
import { bridgeEndpoints, dropEndpoints, hasEngine, keepEndpoint, makeEndpoint } from './endpoints';
import { askBothForPictures, askForPicture } from './fast-update';
import { isPlain } from './anchor';
import { anchorReasons } from './anchor-reasons';
import { kindsOf, securityFor } from './face-choice';
import { attachTerminal } from './attach';
import { closeMediaFace } from './stage-face';
import { joinRinging, joinScreen, type Described } from './join-direct';
import { reasonNormal } from './leg';
import { answerForEndpoint, endpointAnswer, isIdle, offerFor } from './media';
import { offerTo } from './offer-to';
import { mediaOf, otherSide, type Side } from './sides';

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
  // The seat has answered an offer of the engine's; what it says the terminal may not understand.
  if ((isAnchored && !isPlain(call)) || belongsAtEngine(call)) return joinedAgain(call);
  const wasShown = call.endpoints.terminal !== undefined;
  const joined = await (call.terminal ? joinScreen(call, answer) : joinRinging(call, answer));
  closeMediaFace(call);
  // Nobody has to wait until an engine elsewhere has let go of what is not needed any more; closing never fails.
  void dropEndpoints(call);
  if (joined) call.setMedia('direct');
  if (joined && wasShown) askBothForPictures(call);

  return joined;
}

/** A seat that was asked to wait before the terminal was known, and whose talk turns out to need the server. */
function belongsAtEngine(call: Call): boolean {
  const told = call.record.seat?.media.local;

  return told !== undefined && isIdle(told) && hasEngine(call) && anchorReasons(call).length > 0;
}

/** WRONG_STATE: the two came to stand on different servers, as when the first was lost and found again while the seat rang. */
const engineFailures: readonly ErrorCode[] = ['MEDIA_GONE', 'MEDIA_UNAVAILABLE', 'WRONG_STATE'];

/** False when the engine has failed; then it holds nothing of the call any more. */
async function joinedAnchored(call: Call, answer: Described): Promise<boolean> {
  try {
    await joinAnchored(call, answer);
    if (call.state === 'joining') call.setMedia('anchored', anchorReasons(call));

    return true;
  } catch (error) {
    const { code } = asSightlineError(error);
    if (call.ended || !engineFailures.includes(code)) throw error;
    call.note('media-lost', code);
    await dropEndpoints(call);

    return false;
  }
}

/** Two who need an engine between them get other ends at one. */
async function joinedAgain(call: Call): Promise<boolean> {
  try {
    await engineBack(call);
    if (call.state !== 'joining') return false;
    await bringToEngine(call, 'seat');
    await meetAtEngine(call);
  } catch (error) {
    if (call.ended || asSightlineError(error).code === 'CALL_GONE') throw error;
    call.home.log.warn({ err: error, call: call.id }, 'two could not be joined without their media engine');
    call.home.stages.end(call, { by: 'server', cause: 'media-lost' });
  }
  if (call.state !== 'joining') return false;
  call.setMedia('anchored', anchorReasons(call));

  return true;
}

async function joinAnchored(call: Call, answer: Described): Promise<void> {
  const { seat } = call.endpoints;
  await seat?.accept(answerForEndpoint(seat, answer.sdp));
  await meetAtEngine(call);
}

/** The seat is at the engine: brings the terminal there, where it is not, and the two together. */
async function meetAtEngine(call: Call): Promise<void> {
  if (!call.terminal) await answerRinging(call);
  else if (!call.endpoints.terminal) await bringToEngine(call, 'terminal');
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

/** A side gets its end at the engine now, beside that of the other: a terminal whose pages need no media, or one whose engine was lost. */
async function bringToEngine(call: Call, side: Side): Promise<void> {
  const remote = mediaOf(call, side)?.remote;
  const other = call.endpoints[otherSide(side)];
  const beside = other ? { beside: other } : {};
  const endpoint = await makeEndpoint(call, { ...beside, media: kindsOf(remote), security: securityFor(remote) });
  keepEndpoint(call, side, endpoint);
  const { sdp } = await offerTo(call, side, endpoint.localDescription);
  if (sdp === undefined) throw new SightlineError('MEDIA_MISMATCH');
  await endpoint.accept(answerForEndpoint(endpoint, sdp));
}
