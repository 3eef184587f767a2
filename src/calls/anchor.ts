import { SightlineError } from '../lib/errors';
import type { Endpoint } from '../media/port';
import { codecIds, withCodecs } from '../media/sdp';
import type { Call } from './call';
import { bridgeEndpoints, dropEndpoints, keepEndpoint, makeEndpoint } from './endpoints';
import { kindsOf, securityFor } from './face-choice';
import { askBothForPictures, askForPicture } from './fast-update';
import { answerForEndpoint, sameMedia } from './media';
import { offerTo } from './offer-to';
import { mediaOf, otherSide, type Side } from './sides';

/**
 * Takes the media of two who talk through the server, for a reason that is named; nothing moves when they go there already. Both are
 * offered endpoints at the same time, so that the sound is away for no longer than one exchange takes.
 *
 * @throws SightlineError WRONG_STATE when nobody talks, MEDIA_UNAVAILABLE without an engine, MEDIA_MISMATCH when it cannot pass on what
 *   the two use, or one of them does not want it. Then they go on as before.
 */
export async function anchor(call: Call, why: string): Promise<void> {
  requireTalk(call);
  await call.turns.run(async () => {
    requireTalk(call);
    const reasons = new Set(call.record.media?.why).add(why);
    if (isAnchored(call)) call.setMedia('anchored', [...reasons]);
    else await connectAnchored(call, [...reasons]);
  });
}

/**
 * Takes a reason back. With the last one gone the media go end to end again. A call that has ended, or never had this reason, is left
 * as it is. @throws SightlineError MEDIA_MISMATCH when the two do not agree; they go on through the server.
 */
export async function release(call: Call, why: string): Promise<void> {
  await call.turns.run(async () => {
    if (call.state !== 'talking' || !isAnchored(call)) return;
    const reasons = call.record.media?.why ?? [];
    const left = reasons.filter((reason) => reason !== why);
    if (left.length === reasons.length) return;
    call.setMedia('anchored', left);
    if (left.length > 0) return;
    try {
      await connectDirect(call);
    } catch (error) {
      await backToEngine(call);
      throw error;
    }
    await dropEndpoints(call);
  });
}

export function isAnchored(call: Call): boolean {
  return call.record.media?.mode === 'anchored' && call.endpoints.bridge !== undefined;
}

/** Whether both phones could take each other's media without the server. */
export function isPlain(call: Call): boolean {
  const { terminal, seat } = call.record;
  const [own, other] = [securityFor(terminal.media.remote), securityFor(seat?.media.remote)];

  return own === other && own !== 'dtls';
}

function requireTalk(call: Call): void {
  if (call.state !== 'talking') throw new SightlineError('WRONG_STATE', 'Nobody talks on this call');
}

/** Brings both sides to new endpoints of one engine. To be run in a turn of the call. */
export async function connectAnchored(call: Call, why: readonly string[]): Promise<void> {
  const terminal = await endpointFor(call, 'terminal');
  let seat: Endpoint | undefined;
  try {
    seat = await endpointFor(call, 'seat', terminal);
    const moved = await Promise.all([moveTo(call, 'terminal', terminal), moveTo(call, 'seat', seat)]);
    if (call.state !== 'talking') throw new SightlineError('CALL_GONE');
    if (!moved.every(Boolean)) throw new SightlineError('MEDIA_MISMATCH', 'A phone did not take media of the server');
    keepEndpoint(call, 'terminal', terminal);
    keepEndpoint(call, 'seat', seat);
    await bridgeEndpoints(call);
  } catch (error) {
    if (call.state === 'talking' && isPlain(call)) await goBack(call);
    await Promise.all([dropEndpoints(call), terminal.close(), seat?.close()]);
    throw error;
  }
  call.setMedia('anchored', why);
  askForPicture(call, 'terminal');
  askForPicture(call, 'seat');
}

async function endpointFor(call: Call, side: Side, beside?: Endpoint): Promise<Endpoint> {
  const remote = mediaOf(call, side)?.remote;

  return makeEndpoint(call, {
    media: kindsOf(remote),
    security: securityFor(remote),
    ...(beside ? { beside } : {}),
  });
}

/** Gives true when the phone is with the endpoint. */
async function moveTo(call: Call, side: Side, endpoint: Endpoint): Promise<boolean> {
  const own = mediaOf(call, side)?.remote;
  const other = mediaOf(call, otherSide(side))?.remote;
  const { sdp } = await offerTo(call, side, inUse(endpoint.localDescription, own, other));
  if (sdp === undefined) return false;
  await endpoint.accept(answerForEndpoint(endpoint, sdp));

  return true;
}

/**
 * An endpoint's offer with the one codec of each kind that two phones have in common: both then choose the same, whatever they prefer,
 * and what one sends can be passed on to the other.
 */
export function inUse(offer: string, own: string | undefined, other: string | undefined): string {
  if (own === undefined || other === undefined) return offer;
  let limited = offer;
  for (const kind of ['audio', 'video'] as const) {
    // The same order for both sides, whichever asks.
    const [first, second] = [codecIds(own, kind), codecIds(other, kind)];
    const common = codecIds(offer, kind).filter((id) => first.includes(id) && second.includes(id));
    if (common.length > 0 || kind === 'video') limited = withCodecs(limited, kind, common.slice(0, 1));
  }

  return limited;
}

/** One of the two may have moved already: both hear again where the other is. */
async function goBack(call: Call): Promise<void> {
  try {
    await connectDirect(call);
  } catch (error) {
    call.home.log.warn({ err: error, call: call.id }, 'two who talk may have lost each other');
  }
}

/** The two could not be brought together end to end: each hears again where its endpoint is. */
async function backToEngine(call: Call): Promise<void> {
  await Promise.allSettled(
    (['terminal', 'seat'] as const).map(async (side) => {
      const endpoint = call.endpoints[side];
      if (!endpoint) return;
      const { sdp } = await offerTo(call, side, await endpoint.offer());
      if (sdp !== undefined) await endpoint.accept(answerForEndpoint(endpoint, sdp));
    }),
  );
}

/**
 * Brings both sides together end to end, both at the same time. To be run in a turn of the call.
 *
 * @throws SightlineError MEDIA_MISMATCH when one of them refuses.
 */
export async function connectDirect(call: Call): Promise<void> {
  const { terminal, seat } = call.record;
  const [ofTerminal, ofSeat] = [terminal.media.remote, seat?.media.remote];
  if (ofTerminal === undefined || ofSeat === undefined) throw new SightlineError('MEDIA_MISMATCH');
  const results = await Promise.all([offerTo(call, 'terminal', ofSeat), offerTo(call, 'seat', ofTerminal)]);
  const [answerOfTerminal, answerOfSeat] = results.map(({ sdp }) => sdp);
  if (answerOfTerminal === undefined || answerOfSeat === undefined) throw new SightlineError('MEDIA_MISMATCH');
  // Each has answered what the other said before; what it says now may be different.
  if (!sameMedia(ofTerminal, answerOfTerminal, answerOfSeat)) await offerTo(call, 'seat', answerOfTerminal);
  else if (!sameMedia(ofSeat, answerOfSeat, answerOfTerminal)) await offerTo(call, 'terminal', answerOfSeat);
  call.setMedia('direct');
  askBothForPictures(call);
}
