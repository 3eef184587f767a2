import { asSightlineError } from '../lib/errors';
import { codecIds, withCodecs } from '../media/sdp';
import type { Endpoint, MediaSecurity } from '../media/port';
import { ringReasons } from './anchor-reasons';
import type { Call } from './call';
import { hasEngine, makeEndpoint } from './endpoints';
import { kindsOf, securityFor } from './face-choice';
import { isIdle, newMedia, offerFor } from './media';
import type { SeatRing } from './ring';

/**
 * What a seat is rung with: the caller's own description, so that the media go end to end; or that of an endpoint, where something needs
 * them at the server. Undefined asks the seat for an offer.
 */
export async function seatOffer(call: Call, ring: SeatRing): Promise<string | undefined> {
  const { remote } = call.record.terminal.media;
  const isBrowser = await call.home.dialer.isBrowser(ring.offer.seatId);
  if (!call.rings.has(ring)) return undefined;
  const why = new Set([...ringReasons(call, ring.offer.queue), ...(isBrowser ? ['webrtc'] : [])]);
  if (why.size > 0) {
    const anchored = await offerOfEngine(call, ring, [...why], isBrowser ? 'dtls' : 'none');
    if (anchored !== undefined || !call.rings.has(ring)) return anchored;
  }

  return remote === undefined || isIdle(remote) ? undefined : offerFor(ring.media, remote);
}

/** In this order a seat is asked that has refused a description: what it takes of plain phones, of browsers, of phones with keys. */
const securities: readonly MediaSecurity[] = ['none', 'dtls', 'sdes'];

/**
 * What to ring a seat with that has refused these descriptions: media of the engine, secured in a way that was not tried. Undefined
 * when there is no other.
 */
export async function otherOffer(call: Call, ring: SeatRing, refused: readonly string[]): Promise<string | undefined> {
  const tried = refused.map(securityFor);
  const security = securities.find((one) => !tried.includes(one));
  if (security === undefined) return undefined;
  ring.media = newMedia(call.home.mediaAddress);

  return offerOfEngine(call, ring, ['security'], security);
}

/** Undefined when no engine can do it: people are brought together all the same. */
async function offerOfEngine(
  call: Call,
  ring: SeatRing,
  why: readonly string[],
  security: MediaSecurity = 'none',
): Promise<string | undefined> {
  const { remote } = call.record.terminal.media;
  const { terminal } = call.endpoints;
  try {
    if (!hasEngine(call)) throw new Error('no media engine is there');
    // Whichever seat answers, it is to be where the terminal is; seats of a terminal that is nowhere yet are kept together.
    const neighbour = terminal ?? call.rings.endpoint();
    const beside = neighbour ? { beside: neighbour } : {};
    const endpoint = await makeEndpoint(call, { media: kindsOf(remote), security, ...beside });
    if (!call.rings.has(ring)) return void endpoint.close();
    keepForRing(call, ring, endpoint);
    const said = endpoint.localDescription;

    return offerFor(ring.media, terminal || remote === undefined ? said : forwardable(said, remote));
  } catch (error) {
    if (!call.rings.has(ring)) return undefined;
    call.note('not-anchored', `${why.join(', ')}: ${asSightlineError(error).code}`);
    call.home.log.warn({ err: error, call: call.id, why }, 'a talk does not go through the server as it should');

    return undefined;
  }
}

/** A seat that rings stays with an endpoint that is lost: by that the join knows what the seat has answered. */
function keepForRing(call: Call, ring: SeatRing, endpoint: Endpoint): void {
  ring.useEndpoint(endpoint);
  endpoint.events.on('ended', (reason) => {
    if (call.rings.has(ring) && ring.endpoint === endpoint) call.note('media-lost', `seat: ${reason}`);
  });
}

/** The two that an engine translates into each other; anything else can only be passed on. */
const translated = ['pcmu/8000/1', 'pcma/8000/1'];

/** The offer without what could not be passed on to the other side. */
export function forwardable(offer: string, other: string): string {
  const heard = codecIds(other, 'audio');
  const audio = heard.some((id) => translated.includes(id)) ? [...heard, ...translated] : heard;
  const common = codecIds(offer, 'audio').some((id) => audio.includes(id));
  const seen = withCodecs(offer, 'video', codecIds(other, 'video'));

  return common ? withCodecs(seen, 'audio', audio) : seen;
}
