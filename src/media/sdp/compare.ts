import { codecsOf, type Codec } from './codecs';
import {
  attribute,
  attributes,
  connectionOf,
  described,
  inherited,
  type MediaSection,
  type Sdp,
  type SessionDescription,
} from './document';
import { effectiveDirection, isLive, receives, sends, type Direction } from './queries';
import { matchSlots } from './slots';

/** A section with the description it stands in. */
interface Placed {
  readonly sdp: SessionDescription;
  readonly section: MediaSection;
}

/**
 * Whether a peer that was told `told` need not be told `now`, both descriptions by the same writer: the media go to and come from the
 * same places, secured alike, in the same codecs and directions. The origin, the session's name, the order of attributes and those
 * that change nothing for the other side do not count.
 *
 * With `agreed`, what the peer itself said to `told`, the question is only about what is in use between the two: codecs, media,
 * directions and means of security that the peer did not take up may differ. Without it, everything counts.
 *
 * @throws SightlineError as parseSdp.
 */
export function sameMedia(told: Sdp, now: Sdp, agreed?: Sdp): boolean {
  if (isSameText(told, now)) return true;
  const [before, after] = [described(told), described(now)];
  const peer = agreed === undefined ? undefined : described(agreed);
  const pairs = matchSlots(before.media, after.media);
  const peerPairs = peer && matchSlots(before.media, peer.media);
  // A count that differs has to be answered with as many m= lines (RFC 3264 section 6).
  if (!peer && before.media.length !== after.media.length) return false;
  const extra = after.media.some((section, index) => !pairs.includes(index) && isLive(after, section));
  if (extra) return false;

  return before.media.every((_section, index) => {
    const [was, is] = [place(before, index), place(after, pairs[index])];
    const said = place(peer, peerPairs?.[index]);
    if (was && peer && !said) return true;
    if (!was || !is) return !was && !is;

    return sameSection(was, is, said);
  });
}

/** Nearly always nothing has changed: what was told is the same text, under an origin of ours. Then nothing needs to be read. */
function isSameText(told: Sdp, now: Sdp): boolean {
  const bare = (text: string): string => text.replace(/^o=.*$/m, '');

  return typeof told === 'string' && typeof now === 'string' && bare(told) === bare(now);
}

function place(sdp: SessionDescription | undefined, index: number | undefined): Placed | undefined {
  const section = sdp?.media[index ?? -1];

  return sdp && section && isLive(sdp, section) ? { sdp, section } : undefined;
}

function sameSection(told: Placed, now: Placed, agreed: Placed | undefined): boolean {
  return (
    sameCodecs(told.section, now.section, agreed?.section) &&
    sameDirection(told, now, agreed) &&
    sameTransport(told, now, agreed) &&
    sameSecurity(told, now, agreed)
  );
}

function sameCodecs(told: MediaSection, now: MediaSection, agreed: MediaSection | undefined): boolean {
  const before = codecsOf(told);
  const after = codecsOf(now);
  if (!agreed)
    return JSON.stringify(before.map(codecKey)) === JSON.stringify(after.map(codecKey)) && samePacing(told, now);
  const keys = new Set(after.map(codecKey));

  return inUse(before, codecsOf(agreed)).every((codec) => keys.has(codecKey(codec)));
}

/** The codecs of an offer that an answer took up: by payload type, or by name alone where the answer numbers them in its own way. */
function inUse(offered: readonly Codec[], answered: readonly Codec[]): Codec[] {
  const exact = offered.filter(({ format, id }) =>
    answered.some((codec) => codec.format === format && codec.id === id),
  );

  return exact.length > 0 ? exact : offered.filter(({ id }) => answered.some((codec) => codec.id === id));
}

function codecKey({ format, id, parameters }: Codec): string {
  // Which DTMF events a phone lists varies between its offers and answers, and no sender goes by it.
  if (id.startsWith('telephone-event/')) return `${format} ${id}`;
  const sorted = parameters
    .split(';')
    .map((parameter) => parameter.trim().replace(/^[^=]*/, (name) => name.toLowerCase()))
    .filter(Boolean)
    .sort();

  return [format, id, ...sorted].join(' ');
}

function samePacing(told: MediaSection, now: MediaSection): boolean {
  return ['ptime', 'maxptime'].every((name) => attribute(told.lines, name) === attribute(now.lines, name));
}

function sameDirection(told: Placed, now: Placed, agreed: Placed | undefined): boolean {
  const peer: Direction = agreed ? effectiveDirection(agreed.sdp, agreed.section) : 'sendrecv';
  const before = effectiveDirection(told.sdp, told.section);
  const after = effectiveDirection(now.sdp, now.section);
  const sameOut = !receives(peer) || sends(before) === sends(after);
  const sameIn = !sends(peer) || receives(before) === receives(after);

  return sameOut && sameIn;
}

function sameTransport(told: Placed, now: Placed, agreed: Placed | undefined): boolean {
  const muxed = (placed: Placed) => attribute(placed.section.lines, 'rtcp-mux') !== undefined;
  const muxMatters = !agreed || muxed(agreed);
  if (muxMatters && muxed(told) !== muxed(now)) return false;
  const facts = ({ sdp, section }: Placed) => ({
    kind: section.kind,
    protocol: section.protocol.toUpperCase().replace(/AVPF$/, 'AVP'),
    port: section.port,
    address: connectionOf(sdp, section),
    rtcp: agreed && muxMatters && muxed(now) ? undefined : attribute(section.lines, 'rtcp'),
    bandwidth: [...section.lines, ...sdp.session].filter((line) => line.startsWith('b=')).sort(),
  });

  return JSON.stringify(facts(told)) === JSON.stringify(facts(now));
}

function sameSecurity(told: Placed, now: Placed, agreed: Placed | undefined): boolean {
  const counts = (name: string) => !agreed || inherited(agreed.sdp, agreed.section, name) !== undefined;
  const all = ({ sdp, section }: Placed, name: string) => {
    const own = attributes(section.lines, name);

    return (own.length > 0 ? own : attributes(sdp.session, name)).sort();
  };
  const same = (name: string) => JSON.stringify(all(told, name)) === JSON.stringify(all(now, name));
  const iceCounts = counts('ice-ufrag');
  if (iceCounts && !['ice-ufrag', 'ice-pwd', 'candidate'].every(same)) return false;
  if (counts('fingerprint') && !same('fingerprint')) return false;

  return !counts('crypto') || sameKeys(all(told, 'crypto'), all(now, 'crypto'));
}

/** An answer names one of the keys that an offer listed, under the number of the one it answers; the key itself is what counts. */
function sameKeys(told: readonly string[], now: readonly string[]): boolean {
  const key = (value: string) => value.split(/\s+/).slice(1).join(' ');
  const known = new Set(told.map(key));

  return (told.length === 0) === (now.length === 0) && now.every((value) => known.has(key(value)));
}
