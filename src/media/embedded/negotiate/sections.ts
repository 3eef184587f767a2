import { codecsOf, isRtp, type Codec } from '../../sdp/codecs';
import { attribute, attributes, connectionOf, type MediaSection, type SessionDescription } from '../../sdp/document';
import { effectiveDirection, isLive, receives, sends } from '../../sdp/queries';
import type { MediaKind } from '../../port';
import type { RemoteEnd } from '../wire';
import { knownCodec, parameter, type MediaCodec } from './codecs';
import type { AgreedStream, EventTypes, PictureLimit } from './streams';

/** One m= line of a peer, read as far as the engine cares. */
export interface PeerSection {
  kind: MediaKind;
  slot: number;
  mid: string;
  section: MediaSection;
  codecs: readonly MediaCodec[];
  events: readonly Omit<EventTypes, 'send'>[];
  /** Seen from the peer. */
  sends: boolean;
  receives: boolean;
  remote: RemoteEnd;
}

/** The m= lines of a peer in which the engine can take part: the first of audio and the first of video that are in use. */
export function usableSections(sdp: SessionDescription): PeerSection[] {
  const taken = new Set<string>();

  return sdp.media.flatMap((section, slot) => {
    const { kind } = section;
    if ((kind !== 'audio' && kind !== 'video') || taken.has(kind)) return [];
    if (!isLive(sdp, section) || !isRtp(section)) return [];
    taken.add(kind);

    return [readSection(sdp, section, slot, kind)];
  });
}

function readSection(sdp: SessionDescription, section: MediaSection, slot: number, kind: MediaKind): PeerSection {
  const direction = effectiveDirection(sdp, section);
  const all = codecsOf(section);

  return {
    kind,
    slot,
    section,
    mid: attribute(section.lines, 'mid') ?? '',
    codecs: all.flatMap((codec) => knownCodec(codec, kind) ?? []),
    events: all.flatMap(readEvents),
    sends: sends(direction),
    receives: receives(direction),
    remote: remoteEnd(sdp, section),
  };
}

function readEvents({ id, format }: Codec): Omit<EventTypes, 'send'>[] {
  const [, clock] = /^telephone-event\/(\d+)\//.exec(id) ?? [];

  return clock ? [{ receive: Number(format), clock: Number(clock) }] : [];
}

/** Where the peer wants its media, and all that it says of the way there. */
function remoteEnd(sdp: SessionDescription, section: MediaSection): RemoteEnd {
  const rtcp = /^(\d{1,5})(?:\s|$)/.exec(attribute(section.lines, 'rtcp') ?? '')?.[1];

  return {
    lines: [...sdp.session, ...section.lines],
    protocol: section.protocol,
    address: connectionOf(sdp, section)?.address ?? '',
    port: section.port,
    ...(rtcp === undefined ? {} : { rtcpPort: Number(rtcp) }),
  };
}

/** The events of a section that go with a codec: those at its clock rate; others only where there is nothing else. */
export function eventsFor<T extends { clock: number }>(events: readonly T[], codec: MediaCodec): T | undefined {
  return events.find(({ clock }) => clock === codec.clock) ?? events[0];
}

/** Asking for key frames as the peer's rtcp-fb lines allow it for a payload type (RFC 4585 section 4.2, RFC 5104 section 7.1). */
export function feedbackOf(section: MediaSection, type: number): AgreedStream['feedback'] {
  const said = attributes(section.lines, 'rtcp-fb').flatMap((value) => {
    const [format, ...rest] = value.split(/\s+/);

    return format === '*' || format === String(type) ? [rest.join(' ').toLowerCase()] : [];
  });

  return { pli: said.includes('nack pli'), fir: said.includes('ccm fir') };
}

/** Packets of 10 to 60 ms; 20 where the peer does not say. */
export function ptimeOf(section: MediaSection): number {
  const wish = Number(attribute(section.lines, 'ptime') ?? 20);

  return [10, 20, 30, 40, 60].includes(wish) ? wish : 20;
}

export function bandwidthOf(section: MediaSection): string[] {
  return section.lines.filter((line) => line.startsWith('b='));
}

const LARGEST: PictureLimit = { width: 1280, height: 720 };

/** Macroblocks of a picture by H.264 level (ITU-T H.264 table A-1), and the picture of ours that fits. */
const LEVELS: readonly { level: number; limit: PictureLimit }[] = [
  { level: 10, limit: { width: 176, height: 144 } },
  { level: 20, limit: { width: 352, height: 288 } },
  { level: 21, limit: { width: 352, height: 288 } },
  { level: 30, limit: { width: 640, height: 480 } },
];

/** The largest picture that a peer takes, as far as its description tells. */
export function pictureLimit(codec: MediaCodec): PictureLimit {
  if (codec.name === 'h264') {
    const level = parseInt(codec.profile?.slice(4) ?? '1f', 16);

    return LEVELS.find((row) => level <= row.level)?.limit ?? LARGEST;
  }
  const blocks = Number(parameter(codec.parameters, 'max-fs') ?? Infinity);
  if (!(blocks < 3600)) return LARGEST;

  return LEVELS.findLast(({ limit }) => (limit.width / 16) * (limit.height / 16) <= blocks)?.limit ?? LEVELS[0]!.limit;
}
