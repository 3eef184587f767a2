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

/**
 * What this leg said last, as the answer to an offer that says again what is known. If it was an offer, it left open what an answer has
 * to name: which of its keys is used (RFC 4568 section 5.1.2), and who begins the handshake (RFC 5763 section 5). The peer has settled
 * both in its answer then. Its media are in the same places.
 */
export function refreshAnswer(media: LegMedia, offer: string): string {
  const settled = sectionsOf(media.remote ?? offer);
  const offered = sectionsOf(offer);
  const said = sectionsOf(media.local ?? offer).map((section, index) =>
    withRole(
      withOneKey(section, settled[index] ?? '', offered[index] ?? ''),
      [settled[index] ?? '', ...settled].join(''),
    ),
  );
  const again = asAnswer(said.join(''), offer, media.origin);

  return again === media.local ? again : say(media, (origin) => asAnswer(said.join(''), offer, origin));
}

/** What stands before the first m= line, and every section. */
function sectionsOf(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}

const keyLine = /^a=crypto:(\d+) (\S+).*\r?\n/gm;

/** Only the key that the peer has chosen stays, under the number that its offer gives to that suite now. */
function withOneKey(section: string, settled: string, offered: string): string {
  const keys = [...section.matchAll(keyLine)];
  const chosen = [...settled.matchAll(keyLine)][0];
  const used = keys.find(([, tag, suite]) => tag === chosen?.[1] && suite === chosen?.[2]);
  if (keys.length < 2 || !used) return section;
  const tag = [...offered.matchAll(keyLine)].find(([, , suite]) => suite === used[2])?.[1] ?? used[1];
  const kept = used[0].replace(/:\d+/, `:${tag}`);

  return section.replace(keyLine, (line) => (line === used[0] ? kept : ''));
}

const role = /^a=setup:(\w+)/m;

function withRole(section: string, settled: string): string {
  const opposite = role.exec(settled)?.[1] === 'active' ? 'passive' : 'active';

  return section.replace(/^a=setup:actpass/m, `a=setup:${opposite}`);
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
