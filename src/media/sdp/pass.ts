import { SightlineError } from '../../lib/errors';
import { codecsOf, isAuxiliary, isRtp, withFormats } from './codecs';
import { attribute, described, writeSdp, type MediaSection, type Sdp, type SessionDescription } from './document';
import type { Origin } from './origin';
import { directionFrom, isDirection, isLive, receives, sends, writtenDirection } from './queries';
import { fitRejected, matchSlots, rejected, withGroupsOf } from './slots';

/**
 * What a peer said, as an offer to the other leg: the peer's own description (be it an offer or an answer) under our origin for that
 * leg. Directions are not reversed: they are seen from their writer, and the writer stays the peer. Nothing else is changed but the
 * m= lines, which are put into the places they have on the leg: `legSdp` is the last description exchanged there, by whichever side
 * (RFC 3264 section 8 has both in the same order). A place for which the peer has nothing gets port 0; media that the leg has not had
 * come at the end.
 *
 * @throws SightlineError as parseSdp.
 */
export function asOffer(peerSdp: Sdp, origin: Origin, legSdp?: Sdp): string {
  const peer = described(peerSdp);
  const slots = legSdp === undefined ? peer.media : described(legSdp).media;
  const pairs = matchSlots(slots, peer.media);
  const placed = slots.map((slot, index) => peer.media[pairs[index] ?? -1] ?? rejected(slot));
  const added = peer.media.filter((section, index) => !pairs.includes(index) && isLive(peer, section));

  return writeSdp(origin, peer.session, fitRejected([...placed, ...added], peer.session, origin));
}

/**
 * What a peer said, as the answer to an offer of the other leg, under our origin for that leg. The m= lines are those of the offer in
 * number and order (RFC 3264 section 6); one that the peer has not got, has turned off, or has with nothing in common gets port 0.
 * The description of a peer that answered this same offer, passed on by `asOffer`, comes out as the peer wrote it. Otherwise it is cut
 * to what an answer may say: codecs that were offered, and directions that fit (an offer of sendonly is not answered with sendonly).
 *
 * @throws SightlineError MEDIA_MISMATCH when both sides use media and have none in common; else as parseSdp.
 */
export function asAnswer(peerSdp: Sdp, offerSdp: Sdp, origin: Origin): string {
  const peer = described(peerSdp);
  const offer = described(offerSdp);
  const pairs = matchSlots(offer.media, peer.media);
  const media = offer.media.map((slot, index) => {
    const section = peer.media[pairs[index] ?? -1];

    return (
      (section && isLive(offer, slot) && isLive(peer, section) && answerTo(offer, slot, peer, section)) ||
      rejected(slot)
    );
  });
  if (!media.some((section) => isUsed(section)) && wantsMedia(offer) && wantsMedia(peer)) {
    throw new SightlineError('MEDIA_MISMATCH');
  }
  const mids = new Set(media.filter(isUsed).flatMap(({ lines }) => attribute(lines, 'mid') ?? []));
  const session = withGroupsOf(peer.session, mids);

  return writeSdp(origin, session, fitRejected(media, session, origin));
}

function wantsMedia(sdp: SessionDescription): boolean {
  return sdp.media.some((section) => isLive(sdp, section));
}

/** A section that is not the work of `rejected`: it may have port 0 and yet be used, in a bundle. */
function isUsed(section: MediaSection): boolean {
  return section.port !== 0 || attribute(section.lines, 'bundle-only') !== undefined;
}

function answerTo(
  offer: SessionDescription,
  slot: MediaSection,
  peer: SessionDescription,
  section: MediaSection,
): MediaSection | undefined {
  if (profile(slot) !== profile(section)) return undefined;
  const common = isRtp(slot) ? commonFormats(slot, section) : section.formats;
  if (common.length === 0) return undefined;
  const answer = common.length === section.formats.length ? section : withFormats(section, common);

  return { ...withFittingDirection(offer, slot, peer, answer), protocol: slot.protocol };
}

/** Profiles with and without early feedback understand each other and are answered as offered (RFC 4585); plain and secured do not. */
function profile(section: MediaSection): string {
  const name = section.protocol.toUpperCase();

  return isRtp(section) ? name.replace(/AVPF$/, 'AVP') : name;
}

/** The formats of the peer's section whose codec was offered; none when only those remain that cannot stand alone. */
function commonFormats(slot: MediaSection, section: MediaSection): string[] {
  const offered = new Set(codecsOf(slot).map(({ id }) => id));
  const codecs = new Map(codecsOf(section).map((codec) => [codec.format, codec]));
  const common = section.formats.filter((format) => {
    const codec = codecs.get(format);

    return codec ? offered.has(codec.id) : slot.formats.includes(format);
  });
  const real = (format: string) => {
    const codec = codecs.get(format);

    return !codec || !isAuxiliary(codec);
  };

  return common.some(real) || common.length === section.formats.length ? common : [];
}

function withFittingDirection(
  offer: SessionDescription,
  slot: MediaSection,
  peer: SessionDescription,
  section: MediaSection,
): MediaSection {
  const offered = writtenDirection(offer, slot);
  const said = writtenDirection(peer, section);
  const fitting = directionFrom(sends(said) && receives(offered), receives(said) && sends(offered));
  if (fitting === said) return section;

  return { ...section, lines: [...section.lines.filter((line) => !isDirection(line)), `a=${fitting}`] };
}
