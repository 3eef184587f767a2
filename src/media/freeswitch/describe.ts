import { randomBytes } from 'node:crypto';
import { SightlineError } from '../../lib/errors';
import type { EndpointOptions, MediaKind, MediaSecurity } from '../port';
import { codecsOf, isAuxiliary, isRtp, withFormats } from '../sdp/codecs';
import { attribute, connectionOf, described, type MediaSection, type Sdp, writeSdp } from '../sdp/document';
import type { Origin } from '../sdp/origin';
import { isLive } from '../sdp/queries';

/**
 * What goes between a peer and FreeSWITCH. FreeSWITCH is always the one that answers: what we offer to a peer is composed from the
 * ports that it has given to the endpoint, and the peer's answer is brought to it as an offer. So a peer may take its time to answer,
 * and may be asked again, while FreeSWITCH sees complete exchanges only. All functions here are pure.
 */

/** Codec names by kind that an endpoint uses, or that another is to be bridged with. */
export type Codecs = Readonly<Partial<Record<MediaKind, string>>>;

/** What an endpoint beside limits another one to: what it has agreed on; nothing as long as its own offer waits for the answer. */
export function limitOf(beside: { readonly codecs: Codecs } | undefined): Codecs | undefined {
  return beside && Object.keys(beside.codecs).length > 0 ? beside.codecs : undefined;
}

const kinds: readonly MediaKind[] = ['audio', 'video'];

/** What an endpoint can be offered with. Fixed payload types, so that an offer that is made again has the same. */
const payloads: Readonly<Record<string, { format: string; map: string; lines?: readonly string[] }>> = {
  pcmu: { format: '0', map: 'PCMU/8000' },
  pcma: { format: '8', map: 'PCMA/8000' },
  opus: { format: '111', map: 'opus/48000/2', lines: ['a=fmtp:111 useinbandfec=1'] },
  vp8: { format: '96', map: 'VP8/90000' },
  h264: { format: '97', map: 'H264/90000', lines: ['a=fmtp:97 profile-level-id=42e01f;packetization-mode=1'] },
};
const events = { format: '101', lines: ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16'] };

/** Codecs of ours by kind, best first. */
const known: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ['pcmu', 'pcma', 'opus'],
  video: ['vp8', 'h264'],
};

/** A description of a peer, cut to what FreeSWITCH is to choose from. */
export interface Shaped {
  readonly session: readonly string[];
  readonly media: readonly MediaSection[];
}

/**
 * A peer's offer as FreeSWITCH is to see it, so that its choice is ours: plain telephone codecs before others, since prompts and
 * mixing need no transcoding then; the peer's own order for video. Beside another endpoint, its codec first, and no other for video,
 * which would have to be transcoded picture by picture.
 */
export function shaped(offer: Sdp, beside: Codecs | undefined): Shaped {
  const sdp = described(offer);
  const media = sdp.media.map((section) => {
    if (!isRtp(section)) return section;
    if (section.kind === 'audio') return ordered(section, beside?.audio);
    if (section.kind === 'video') return usableVideo(section, beside);

    return section;
  });

  return { session: sdp.session, media };
}

function ordered(section: MediaSection, first: string | undefined): MediaSection {
  const names = new Map(codecsOf(section).map((codec) => [codec.format, nameOf(codec.id)]));
  const rank = (format: string): number => {
    const name = names.get(format);
    if (name === undefined) return 2;
    if (name === first) return 0;

    return name === 'pcmu' || name === 'pcma' ? 1 : 2;
  };

  return { ...section, formats: [...section.formats].sort((a, b) => rank(a) - rank(b)) };
}

function usableVideo(section: MediaSection, beside: Codecs | undefined): MediaSection {
  const usable = codecsOf(section).filter(({ id }) => {
    const name = nameOf(id);

    return known.video.includes(name) && (beside === undefined || beside.video === name);
  });
  if (section.port === 0 || usable.length > 0) return withFormats(section, formatsOf(usable, section));

  return { ...section, port: 0, lines: [] };
}

function formatsOf(codecs: readonly { format: string }[], section: MediaSection): string[] {
  return codecs.length > 0 ? codecs.map(({ format }) => format) : [...section.formats];
}

/** The codec in use by kind, as an answer of FreeSWITCH tells it. */
export function agreedCodecs(answer: Sdp): Partial<Record<MediaKind, string>> {
  const sdp = described(answer);
  const found: Partial<Record<MediaKind, string>> = {};
  for (const kind of kinds) {
    const section = sdp.media.find((one) => one.kind === kind && isLive(sdp, one));
    const codec = section && codecsOf(section).find((one) => !isAuxiliary(one));
    if (codec) found[kind] = nameOf(codec.id);
  }

  return found;
}

/**
 * A description with the names that the sections of the leg have (RFC 5888): FreeSWITCH leaves them out, browsers want them, and they
 * never change.
 */
export function withMids(description: Sdp, leg: Sdp, origin: Origin): string {
  const sdp = described(description);
  const named = described(leg).media;
  const media = sdp.media.map((section, index) => {
    const mid = attribute(named[index]?.lines ?? [], 'mid');
    if (mid === undefined) return section;

    return { ...section, lines: [...section.lines.filter((line) => !line.startsWith('a=mid:')), `a=mid:${mid}`] };
  });

  return writeSdp(origin, sdp.session, media);
}

/** Whether the writer of a description takes keys as RTP events (RFC 4733). */
export function takesKeys(description: Sdp): boolean {
  const sdp = described(description);

  return sdp.media.some(
    (section) =>
      section.kind === 'audio' &&
      isLive(sdp, section) &&
      codecsOf(section).some(({ id }) => id.startsWith('telephone-event/')),
  );
}

/** An offer that only makes FreeSWITCH open ports: nothing may be sent by either side. */
export function probe(origin: Origin, media: readonly MediaKind[], security: MediaSecurity = 'none'): string {
  const wanted = kinds.filter((kind) => media.includes(kind));

  return writeSdp(
    origin,
    [connectionLineOf(origin.host), 't=0 0'],
    wanted.map((kind) => probeSection(kind, security, origin.host)),
  );
}

/** An inactive section that makes FreeSWITCH open a port for a kind. */
export function probeSection(kind: MediaKind, security: MediaSecurity, host: string): MediaSection {
  const names = known[kind];

  return {
    kind,
    port: 9,
    portCount: 1,
    protocol: profiles[security],
    formats: [...names.map(formatOf), ...(kind === 'audio' ? [events.format] : [])],
    lines: [...linesFor(kind, names), ...placeholders(security, host), 'a=inactive'],
  };
}

const profiles: Readonly<Record<MediaSecurity, string>> = {
  none: 'RTP/AVP',
  sdes: 'RTP/SAVP',
  dtls: 'UDP/TLS/RTP/SAVPF',
};

/** What makes FreeSWITCH prepare secured media. Nobody holds these keys: those of the peer take their place with its answer. */
function placeholders(security: MediaSecurity, host: string): string[] {
  // It takes another key of its own when it hears that of the peer, which was told the first.
  if (security === 'sdes')
    throw new SightlineError('MEDIA_UNAVAILABLE', 'FreeSWITCH can answer with SDES keys, not offer them');
  if (security === 'none') return [];
  const print = [...randomBytes(32)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');

  return [
    `a=ice-ufrag:${randomBytes(6).toString('hex')}`,
    `a=ice-pwd:${randomBytes(16).toString('hex')}`,
    `a=fingerprint:sha-256 ${print}`,
    'a=setup:actpass',
    'a=rtcp-mux',
    // The discard port: FreeSWITCH takes no offer without a candidate.
    `a=candidate:1 1 udp 2130706431 ${host} 9 typ host`,
    'a=end-of-candidates',
  ];
}

/** The lines by which FreeSWITCH's keys and addresses are known. */
const secureLine = /^a=(crypto|fingerprint|setup|ice-ufrag|ice-pwd|candidate|end-of-candidates|rtcp-mux|rtcp|ssrc)\b/;

/**
 * An offer to a peer with the ports, and where it is secured the keys, that FreeSWITCH has told in `answer`. Kinds that it has no port for
 * are left out; where the leg has had them before, the caller of this puts them into their places.
 *
 * @throws MEDIA_UNAVAILABLE when no kind is left.
 */
export function composed(answer: Sdp, origin: Origin, media: readonly MediaKind[], beside: Codecs | undefined): string {
  const sdp = described(answer);
  const sections = kinds.flatMap((kind) => {
    const section = sdp.media.find((one) => one.kind === kind && isLive(sdp, one));
    const names = namesBeside(kind, beside);
    if (!media.includes(kind) || !section || names.length === 0) return [];
    const address = connectionOf(sdp, section)?.address ?? origin.host;
    const formats = [...names.map(formatOf), ...(kind === 'audio' ? [events.format] : [])];
    const isSecured = /SAVP/i.test(section.protocol);
    const keys = isSecured ? section.lines.filter((line) => secureLine.test(line)).map(withOpenRole) : [];
    const mid = /SAVPF/i.test(section.protocol) ? [`a=mid:${kind}`] : [];

    return [
      {
        ...section,
        protocol: section.protocol.toUpperCase(),
        formats,
        lines: [connectionLineOf(address), ...linesFor(kind, names), ...mid, ...keys, 'a=sendrecv'],
      },
    ];
  });
  if (sections.length === 0) throw new SightlineError('MEDIA_UNAVAILABLE', 'FreeSWITCH has opened no port');

  return writeSdp(origin, ['t=0 0'], sections);
}

/** The peer chooses who begins the handshake; FreeSWITCH hears of it with the peer's answer (RFC 5763 section 5). */
function withOpenRole(line: string): string {
  return line.startsWith('a=setup:') ? 'a=setup:actpass' : line;
}

/** Beside an endpoint, sound begins with its codec, and pictures are offered in its codec alone. */
function namesBeside(kind: MediaKind, beside: Codecs | undefined): readonly string[] {
  const names = known[kind];
  const one = beside?.[kind];
  if (!beside) return names;
  if (kind === 'video') return one && names.includes(one) ? [one] : [];

  return one && names.includes(one) ? [one, ...names.filter((name) => name !== one)] : names;
}

function linesFor(kind: MediaKind, names: readonly string[]): string[] {
  const maps = names.flatMap((name) => {
    const payload = payloads[name];

    return payload ? [`a=rtpmap:${payload.format} ${payload.map}`, ...(payload.lines ?? [])] : [];
  });
  if (kind === 'audio') return [...maps, ...events.lines, 'a=ptime:20'];

  return [...maps, 'a=rtcp-fb:* nack pli', 'a=rtcp-fb:* ccm fir'];
}

function formatOf(name: string): string {
  return payloads[name]?.format ?? '';
}

function connectionLineOf(address: string): string {
  return `c=IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
}

function nameOf(id: string): string {
  return id.split('/')[0] ?? id;
}

/** The kinds that an offer of ours asks for. */
export function wantedKinds(options: Pick<EndpointOptions, 'media'>): readonly MediaKind[] {
  return options.media ?? kinds;
}
