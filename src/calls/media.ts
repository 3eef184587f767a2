import {
  asAnswer,
  asOffer,
  bumped,
  directionOf,
  hasVideo,
  inactiveAnswer,
  inactiveOffer,
  newOrigin,
  sameMedia as sameMediaIn,
  type Sdp,
} from '../media/sdp';
import type { Endpoint } from '../media/port';
import type { CallRecord, LegMedia } from './record';

/** The description of a leg on which nothing was said yet. `host` is our address where there are no media. */
export function newMedia(host: string): LegMedia {
  return { origin: newOrigin(host) };
}

/** What we say next on a leg: kept as its latest description, under an origin whose version rises (RFC 3264 section 8). */
function say(media: LegMedia, describe: (origin: LegMedia['origin']) => string): string {
  const origin = media.local === undefined ? media.origin : bumped(media.origin);
  const sdp = describe(origin);
  media.origin = origin;
  media.local = sdp;

  return sdp;
}

/** Our part of a leg without media: the answer to `offer`, or an offer of ours where the peer made none. */
export function inactiveFor(media: LegMedia, offer: string | undefined): string {
  return say(media, (origin) =>
    offer === undefined ? inactiveOffer(origin, media.local) : inactiveAnswer(offer, origin),
  );
}

/** What the other side described, as an offer on this leg. */
export function offerFor(media: LegMedia, peerSdp: Sdp): string {
  return say(media, (origin) => asOffer(peerSdp, origin, media.local ?? media.remote));
}

/** What an endpoint of ours answers to the offer that this leg made last. */
export function endpointAnswer(media: LegMedia, answer: string): string {
  return say(media, (origin) => asOffer(answer, origin, media.remote));
}

/**
 * The peer's answer as an endpoint of ours wants it: on the leg, m= lines stand in the places that they have had from the beginning,
 * and may have been fewer codecs than those of the endpoint.
 */
export function answerForEndpoint(endpoint: Endpoint, answer: string): string {
  return asAnswer(answer, endpoint.localDescription, newOrigin('0.0.0.0'));
}

/** An offer was refused: what was agreed before goes on (RFC 3261 section 14.1); the version that was used stays used. */
export function takeBack(media: LegMedia, agreed: string | undefined): void {
  if (agreed !== undefined) media.local = agreed;
}

/**
 * Whether a peer has only said which media it could use, as when it answers an offer of ours without media (RFC 3264
 * section 6.1 leaves it nothing but inactive). What it would do with the other side's, it has to be asked.
 */
export function isIdle(sdp: string): boolean {
  const directions = ['audio', 'video'].flatMap((kind) => directionOf(sdp, kind) ?? []);

  return directions.length > 0 && directions.every((direction) => direction === 'inactive');
}

/** What the other side described, as the answer to the offer that this leg made last. */
export function answerFor(media: LegMedia, peerSdp: string): string {
  return say(media, (origin) => asAnswer(peerSdp, media.remote ?? peerSdp, origin));
}

/** Whether a side that knows `told` need not hear of `now`; `agreed` is what it said itself (see src/media/sdp). */
export function sameMedia(told: string, now: string, agreed?: string): boolean {
  return sameMediaIn(told, now, agreed);
}

/** Whether video moves between the two, in either direction. */
export function videoAgreed(record: CallRecord): boolean {
  const { terminal, seat } = record;

  return [terminal.media.remote, seat?.media.remote].every((sdp) => sdp !== undefined && hasVideo(sdp));
}
