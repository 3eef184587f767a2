import { SightlineError } from '../lib/errors';
import type { Endpoint } from '../media/port';
import { codecIds, withCodecs } from '../media/sdp';
import type { Call } from './call';
import { bridgeEndpoints, dropEndpoints, keepEndpoint, makeEndpoint } from './endpoints';
import { kindsOf, securityFor } from './face-choice';
import { askBothForPictures, askForPicture } from './fast-update';
import { answerForEndpoint, sameMedia } from './media';
import { offerTo, tell } from './offer-to';
import { mediaOf, otherSide, type Side } from './sides';

const sides = ['terminal', 'seat'] as const;

/** How the leg of a talk ends that can neither go through the server nor without it. */
const reasonLost = 'Q.850;cause=41;text="Media lost"';

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
    beginMove(call);
    try {
      await connectDirect(call);
    } catch (error) {
      await backToEngine(call);
      settleMove(call);
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

/** A restart in the middle finds out by this that both sides have to be asked again; the next `setMedia` takes it away. */
function beginMove(call: Call): void {
  call.record.media = { mode: 'none', ...call.record.media, moving: true };
  call.home.save(call.record);
}

/** The move came to nothing: the media go where they went before. */
function settleMove(call: Call): void {
  delete call.record.media?.moving;
  call.home.save(call.record);
}

interface Ends {
  terminal: Endpoint;
  seat: Endpoint;
}

/**
 * Brings both sides to new endpoints of one engine. To be run in a turn of the call. Where that fails, they go on as before; if they
 * cannot go back either, it is tried once more, and the call ends when that fails, too.
 *
 * @throws SightlineError as `anchor`.
 */
export async function connectAnchored(call: Call, why: readonly string[]): Promise<void> {
  const ends = await makeEnds(call);
  beginMove(call);
  const moved = new Set<Side>();
  try {
    await moveBoth(call, ends, moved);
  } catch (error) {
    const isBack = await wentBack(call, moved);
    settleMove(call);
    await letGo(call, ends);
    if (isBack) throw error;
    call.note('not-anchored', 'nor back; once more');
    await connectOnceMore(call);
  }
  call.setMedia('anchored', why);
  askForPicture(call, 'terminal');
  askForPicture(call, 'seat');
}

async function connectOnceMore(call: Call): Promise<void> {
  try {
    const ends = await makeEnds(call);
    beginMove(call);
    await moveBoth(call, ends, new Set()).catch(async (error: unknown) => {
      await letGo(call, ends);
      throw error;
    });
  } catch (error) {
    talkLost(call, error);
    throw error;
  }
}

/** Two who talk can be reached neither through the server nor without it. */
export function talkLost(call: Call, error: unknown): void {
  if (call.ended) return;
  call.home.log.warn({ err: error, call: call.id }, 'the media of a talk were lost');
  call.home.stages.end(call, { by: 'server', cause: 'media-lost' }, reasonLost);
}

async function makeEnds(call: Call): Promise<Ends> {
  const terminal = await endpointFor(call, 'terminal');
  try {
    return { terminal, seat: await endpointFor(call, 'seat', terminal) };
  } catch (error) {
    await terminal.close();
    throw error;
  }
}

async function letGo(call: Call, { terminal, seat }: Ends): Promise<void> {
  await Promise.all([dropEndpoints(call), terminal.close(), seat.close()]);
}

/** Both at the same time; it is over when both have settled. `moved` is told of each that has taken what it was offered. */
async function moveBoth(call: Call, ends: Ends, moved: Set<Side>): Promise<void> {
  const moves = await Promise.allSettled(sides.map((side) => moveTo(call, side, ends[side], moved)));
  if (call.state !== 'talking') throw new SightlineError('CALL_GONE');
  for (const move of moves) if (move.status === 'rejected') throw move.reason;
  if (moved.size < sides.length) throw new SightlineError('MEDIA_MISMATCH', 'A phone did not take media of the server');
  for (const side of sides) keepEndpoint(call, side, ends[side]);
  await bridgeEndpoints(call);
}

async function endpointFor(call: Call, side: Side, beside?: Endpoint): Promise<Endpoint> {
  const remote = mediaOf(call, side)?.remote;

  return makeEndpoint(call, {
    media: kindsOf(remote),
    security: securityFor(remote),
    ...(beside ? { beside } : {}),
  });
}

async function moveTo(call: Call, side: Side, endpoint: Endpoint, moved: Set<Side>): Promise<void> {
  const own = mediaOf(call, side)?.remote;
  const other = mediaOf(call, otherSide(side))?.remote;
  const { sdp } = await offerTo(call, side, inUse(endpoint.localDescription, own, other));
  if (sdp === undefined) return;
  moved.add(side);
  await endpoint.accept(answerForEndpoint(endpoint, sdp));
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

/** Those who have moved already hear again where the other is; one that has refused to move has not heard of anything else. */
async function wentBack(call: Call, moved: ReadonlySet<Side>): Promise<boolean> {
  if (call.state !== 'talking' || !isPlain(call)) return true;
  try {
    const [side] = moved;
    if (moved.size === sides.length) await connectDirect(call);
    else if (side) await bringBack(call, side);

    return true;
  } catch (error) {
    call.home.log.warn({ err: error, call: call.id }, 'two who talk may have lost each other');

    return call.ended;
  }
}

/** One side goes back to the other, which has stayed. */
async function bringBack(call: Call, side: Side): Promise<void> {
  const other = mediaOf(call, otherSide(side));
  if (other?.remote === undefined) throw new SightlineError('MEDIA_MISMATCH');
  const { sdp } = await offerTo(call, side, other.remote);
  if (sdp === undefined) throw new SightlineError('MEDIA_MISMATCH');
  if (other.local === undefined || !sameMedia(other.local, sdp, other.remote)) await tell(call, otherSide(side), sdp);
  call.setMedia('direct');
  askBothForPictures(call);
}

/** The two could not be brought together end to end: each hears again where its endpoint is. */
async function backToEngine(call: Call): Promise<void> {
  await Promise.allSettled(
    sides.map(async (side) => {
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
  if (!sameMedia(ofTerminal, answerOfTerminal, answerOfSeat)) await tell(call, 'seat', answerOfTerminal);
  else if (!sameMedia(ofSeat, answerOfSeat, answerOfTerminal)) await tell(call, 'terminal', answerOfSeat);
  call.setMedia('direct');
  askBothForPictures(call);
}
