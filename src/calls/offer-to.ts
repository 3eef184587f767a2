import { pause } from '../lib/clock';
import type { Sdp } from '../media/sdp';
import type { Call } from './call';
import type { Leg, OfferResult } from './leg';
import { offerFor, takeBack } from './media';
import { legOf, mediaOf, type Side } from './sides';

/** Tries of an offer that meets one of the other side (RFC 3261 section 14.1). */
const glareTries = 4;

/**
 * Offers one side what the other, or an endpoint of ours, has described. Keeps its answer as the side's latest description. An offer
 * that crosses one of the peer (491) is made again after a pause; any other refusal is the result.
 */
export function offerTo(call: Call, side: Side, sdp: Sdp): Promise<OfferResult> {
  return call.turns.offering(side, () => offerUntilHeard(call, side, sdp));
}

/** Tells one side where the other is now. One that does not take it may hear or see nothing: the call's history says so. */
export async function tell(call: Call, side: Side, sdp: Sdp): Promise<void> {
  const { sdp: taken, status } = await offerTo(call, side, sdp);
  if (taken === undefined && !call.ended) call.note('one-way', `${side} does not take the other's media: ${status}`);
}

async function offerUntilHeard(call: Call, side: Side, sdp: Sdp): Promise<OfferResult> {
  const leg = legOf(call, side);
  const media = mediaOf(call, side);
  if (!leg || !media) return { status: 481, sdp: undefined };
  for (let tries = 1; ; tries++) {
    const agreed = media.local;
    const result = await leg.reinvite(offerFor(media, sdp));
    if (result.status >= 300) takeBack(media, agreed);
    if (result.status !== 491 || tries === glareTries || call.ended) {
      if (result.sdp !== undefined && result.status < 300) media.remote = result.sdp;

      return result.status < 300 ? result : { ...result, sdp: undefined };
    }
    await pause(call.home.clock, glarePause(leg));
  }
}

/** RFC 3261 section 14.1: the side that made the Call-ID waits 2.1 to 4 s, the other up to 2 s. */
function glarePause(leg: Leg): number {
  const [from, to] = leg.record.role === 'uac' ? [2100, 4000] : [0, 2000];

  return from + Math.random() * (to - from);
}
