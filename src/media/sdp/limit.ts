import { codecsOf, isAuxiliary, isRtp, withFormats, type Codec } from './codecs';
import { described, inherited, textOf, type MediaSection, type Sdp, type SessionDescription } from './document';
import { isLive } from './queries';
import { rejected } from './slots';

/**
 * The codecs of one kind of media that a description has in use, in its order; what only goes along with a codec, such as
 * telephone-event, is left out. Two that have the same name here can be passed from one to the other packet by packet: H.264 has its
 * packetization mode behind it (RFC 6184 section 6). @throws SightlineError as parseSdp.
 */
export function codecIds(sdp: Sdp, kind: string): string[] {
  const description = described(sdp);
  const sections = description.media.filter((section) => isUsed(description, section, kind));

  return [...new Set(sections.flatMap((section) => realCodecs(section)))];
}

/**
 * A description that offers no other codecs of one kind than these, and what goes along with them. A section that has none of them
 * left keeps its place with port 0. @throws SightlineError as parseSdp.
 */
export function withCodecs(sdp: Sdp, kind: string, ids: readonly string[]): string {
  const description = described(sdp);
  const media = description.media.map((section) =>
    isUsed(description, section, kind) ? limitedTo(section, ids) : section,
  );

  return textOf({ ...description, media });
}

/** How the media of a description are secured: by DTLS-SRTP (RFC 5763), by keys in the description (RFC 4568), or not. */
export function securityOf(sdp: Sdp): 'none' | 'sdes' | 'dtls' {
  const description = described(sdp);
  const live = description.media.filter((section) => isLive(description, section) && isRtp(section));
  if (live.some((section) => inherited(description, section, 'fingerprint') !== undefined)) return 'dtls';

  return live.some(({ protocol }) => /SAVPF?$/i.test(protocol)) ? 'sdes' : 'none';
}

/** Whether the writer takes requests for a key frame by RTCP (RFC 4585 section 4.2, RFC 5104 section 7.1). */
export function takesKeyFrameRequests(sdp: Sdp): boolean {
  const description = described(sdp);
  const video = description.media.filter((section) => isUsed(description, section, 'video'));

  return video.some(({ lines }) => lines.some((line) => /^a=rtcp-fb:(\*|\d+) (nack pli|ccm fir)\b/.test(line)));
}

function isUsed(description: SessionDescription, section: MediaSection, kind: string): boolean {
  return section.kind === kind && isRtp(section) && isLive(description, section);
}

function realCodecs(section: MediaSection): string[] {
  return codecsOf(section).flatMap((codec) => (isAuxiliary(codec) ? [] : [nameOf(codec)]));
}

function limitedTo(section: MediaSection, ids: readonly string[]): MediaSection {
  const kept = codecsOf(section).filter((codec) => isAuxiliary(codec) || ids.includes(nameOf(codec)));
  if (kept.every(isAuxiliary)) return rejected(section);

  return withFormats(
    section,
    kept.map(({ format }) => format),
  );
}

function nameOf({ id, parameters }: Codec): string {
  if (!id.startsWith('h264/')) return id;
  const [, mode = '0'] = /(?:^|;)\s*packetization-mode=(\d)/i.exec(parameters) ?? [];

  return `${id} mode ${mode}`;
}
