import { asSightlineError } from '../lib/errors';
import { codecIds, withCodecs } from '../media/sdp';
import type { Offer } from '../acd/types';
import { anchorReasons } from './anchor-reasons';
import type { Call } from './call';
import { hasEngine, keepEndpoint, makeEndpoint } from './endpoints';
import type { MediaSecurity } from '../media/port';
import { kindsOf, securityFor } from './face-choice';
import { isIdle, newMedia, offerFor } from './media';
import type { LegMedia } from './record';

/**
 * What a seat is rung with: the caller's own description, so that the media go end to end; or that of an endpoint, where something needs
 * them at the server. Undefined asks the seat for an offer.
 */
export async function seatOffer(call: Call, offer: Offer, media: LegMedia): Promise<string | undefined> {
  const { remote } = call.record.terminal.media;
  const isBrowser = await call.home.dialer.isBrowser(offer.seatId);
  if (!isCurrent(call, offer)) return undefined;
  const why = new Set([...anchorReasons(call), ...(isBrowser ? ['webrtc'] : [])]);
  if (why.size > 0) {
    const anchored = await offerOfEngine(call, offer, media, [...why], isBrowser ? 'dtls' : 'none');
    if (anchored !== undefined || !isCurrent(call, offer)) return anchored;
  }

  return remote === undefined || isIdle(remote) ? undefined : offerFor(media, remote);
}

/** In this order a seat is asked that has refused a description: what it takes of plain phones, of browsers, of phones with keys. */
const securities: readonly MediaSecurity[] = ['none', 'dtls', 'sdes'];

/**
 * What to ring a seat with that has refused these descriptions: media of the engine, secured in a way that was not tried. Undefined
 * when there is no other.
 */
export async function otherOffer(call: Call, offer: Offer, refused: readonly string[]): Promise<string | undefined> {
  const tried = refused.map(securityFor);
  const security = securities.find((one) => !tried.includes(one));
  const { seat } = call.record;
  if (!seat || security === undefined) return undefined;
  seat.media = newMedia(call.home.mediaAddress);

  return offerOfEngine(call, offer, seat.media, ['security'], security);
}

/** Undefined when no engine can do it: people are brought together all the same. */
async function offerOfEngine(
  call: Call,
  offer: Offer,
  media: LegMedia,
  why: readonly string[],
  security: MediaSecurity = 'none',
): Promise<string | undefined> {
  const { remote } = call.record.terminal.media;
  const { terminal } = call.endpoints;
  try {
    if (!hasEngine(call)) throw new Error('no media engine is there');
    const beside = terminal ? { beside: terminal } : {};
    const endpoint = await makeEndpoint(call, { media: kindsOf(remote), security, ...beside });
    if (!isCurrent(call, offer)) return void endpoint.close();
    keepEndpoint(call, 'seat', endpoint);
    const said = endpoint.localDescription;

    return offerFor(media, terminal || remote === undefined ? said : forwardable(said, remote));
  } catch (error) {
    if (!isCurrent(call, offer)) return undefined;
    call.note('not-anchored', `${why.join(', ')}: ${asSightlineError(error).code}`);
    call.home.log.warn({ err: error, call: call.id, why }, 'a talk does not go through the server as it should');

    return undefined;
  }
}

/** Whether this offer's seat is still to ring: another may have taken its place while something was waited for. */
export function isCurrent(call: Call, offer: Offer): boolean {
  return call.offer === offer && call.state === 'offered';
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
