import {
  attribute,
  connectionOf,
  described,
  inherited,
  type MediaSection,
  type Sdp,
  type SessionDescription,
} from './document';

export const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
/** Seen from the one who wrote the description, in an offer and in an answer alike. */
export type Direction = (typeof DIRECTIONS)[number];

/** Whether a section is in use: its port is not 0, or it is 0 only because it rides in a bundle (RFC 9143 section 6). */
export function isLive(sdp: SessionDescription, section: MediaSection): boolean {
  if (section.port !== 0) return true;
  const mid = attribute(section.lines, 'mid');
  if (mid === undefined || attribute(section.lines, 'bundle-only') === undefined) return false;

  return sdp.session.some((line) => line.startsWith('a=group:BUNDLE ') && line.split(/\s+/).includes(mid));
}

/** The direction as it is written: at the section, else at the session, else sendrecv (RFC 8866 section 6.7). */
export function writtenDirection(sdp: SessionDescription, section: MediaSection): Direction {
  return lastDirection(section.lines) ?? lastDirection(sdp.session) ?? 'sendrecv';
}

/**
 * The direction as it is meant: an address of all zeros, the hold of old (RFC 3264 section 8.4), takes the receiving away. With ICE
 * such an address only says that candidates come later.
 */
export function effectiveDirection(sdp: SessionDescription, section: MediaSection): Direction {
  const written = writtenDirection(sdp, section);
  const address = connectionOf(sdp, section)?.address;
  const zero = address === '0.0.0.0' || address === '::';
  if (!zero || inherited(sdp, section, 'ice-ufrag') !== undefined) return written;

  return directionFrom(sends(written), false);
}

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

export function directionFrom(send: boolean, receive: boolean): Direction {
  if (send) return receive ? 'sendrecv' : 'sendonly';

  return receive ? 'recvonly' : 'inactive';
}

/**
 * What the writer of a description wants to do in one kind of media: the union over its sections of that kind, undefined when it has
 * none in use. @throws SightlineError as parseSdp.
 */
export function directionOf(sdp: Sdp, kind: string): Direction | undefined {
  const all = liveDirections(described(sdp), kind);
  if (all.length === 0) return undefined;

  return directionFrom(all.some(sends), all.some(receives));
}

/**
 * Whether the writer holds the call: it uses media, but wants to receive none. A seat that only watches (recvonly) or hides its
 * picture does not hold.
 */
export function isHold(sdp: Sdp): boolean {
  const all = liveDirections(described(sdp));

  return all.length > 0 && !all.some(receives);
}

/** Whether there is video that moves in at least one direction. */
export function hasVideo(sdp: Sdp): boolean {
  const direction = directionOf(sdp, 'video');

  return direction !== undefined && direction !== 'inactive';
}

function liveDirections(sdp: SessionDescription, kind?: string): Direction[] {
  return sdp.media
    .filter((section) => isLive(sdp, section) && (kind === undefined || section.kind === kind))
    .map((section) => effectiveDirection(sdp, section));
}

function lastDirection(lines: readonly string[]): Direction | undefined {
  const line = lines.findLast(isDirection)?.trimEnd();

  return DIRECTIONS.find((direction) => line === `a=${direction}`);
}

export function isDirection(line: string): boolean {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.test(line);
}
