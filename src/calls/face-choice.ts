import { directionOf, parseSdp, securityOf, codecIds } from '../media/sdp';
import type { MediaKind, MediaSecurity } from '../media/port';
import type { FaceName } from './record';

/** Video codecs in which pages can be shown. */
const drawable = /^(vp8|h264)\//;

export interface FaceFacts {
  visualMenu: boolean;
  hasMenu: boolean;
  /** The offer of the INVITE; undefined when it has none and takes one of ours. */
  offer: string | undefined;
  /** An engine is there to make pictures and prompts. */
  engine: boolean;
}

/**
 * How a person is to reach the menu at the beginning. Without a menu there is nothing to show on a phone that has no screen program:
 * it rings until a seat answers, and nobody pays for media. An offer without a description may turn out to have video.
 */
export function chooseFace({ visualMenu, hasMenu, offer, engine }: FaceFacts): FaceName {
  if (visualMenu) return 'screen';
  if (!hasMenu || !engine) return 'ring';
  if (offer === undefined || canSee(offer)) return 'video';

  return canHear(offer) ? 'voice' : 'ring';
}

/**
 * The face that comes after one that has failed; `ring` is none: the person waits without a picture or prompts.
 * `canSee` is whether the terminal has video at all.
 */
export function nextFace(failed: FaceName, seesVideo: boolean): FaceName {
  if (failed === 'screen') return seesVideo ? 'video' : 'voice';

  return failed === 'video' ? 'voice' : 'ring';
}

/** Whether the writer wants to receive video that can be made here. */
export function canSee(sdp: string): boolean {
  return receives(sdp, 'video') && codecIds(sdp, 'video').some((id) => drawable.test(id));
}

export function canHear(sdp: string): boolean {
  return receives(sdp, 'audio');
}

function receives(sdp: string, kind: MediaKind): boolean {
  const direction = directionOf(sdp, kind);

  return direction === 'sendrecv' || direction === 'recvonly';
}

/** What a terminal could use of an offer of ours, by what it described last; an idle description counts by its codecs alone. */
export function kindsOf(sdp: string | undefined): MediaKind[] {
  if (sdp === undefined) return ['audio', 'video'];
  const kinds = (['audio', 'video'] as const).filter((kind) => codecIds(sdp, kind).length > 0);

  return kinds.length > 0 ? kinds : ['audio', 'video'];
}

/** How an offer of ours to this peer has to be secured; plain where it has said nothing yet. */
export function securityFor(sdp: string | undefined): MediaSecurity {
  return sdp === undefined ? 'none' : securityOf(sdp);
}

/** Whether a peer is a browser, whose media a plain phone cannot take (RFC 8827). */
export function isWebrtc(sdp: string | undefined): boolean {
  return securityFor(sdp) === 'dtls';
}

/** Why the media of a talk have to go through the server from its beginning; empty when they need not. */
export function reasonsToAnchor(terminal: string | undefined, recording: string | undefined): string[] {
  return [
    ...(recording === 'always' || recording === 'by-agent' ? ['recording'] : []),
    ...(isWebrtc(terminal) ? ['webrtc'] : []),
  ];
}

/** Whether a description has anything at all that could become a talk. */
export function hasSections(sdp: string): boolean {
  return parseSdp(sdp).media.some(({ kind }) => kind === 'audio' || kind === 'video');
}
