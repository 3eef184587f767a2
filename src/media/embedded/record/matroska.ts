import type { MediaKind } from '../../port';
import { date, element, filling, float, longSize, text, unknownSize, unsigned } from './ebml';

/**
 * Matroska (RFC 9559) as it is needed to keep what comes by RTP. The file is a front of fixed size, clusters behind it, and cues at the
 * end. The front is written again whenever something in it has changed: a track that began late, the length so far. So the file can be
 * played at any moment up to its last whole cluster, without anything having been foreseen. Pure.
 */

/** Bytes of the front: EBML header, head of the segment, Info, Tracks, and filling. */
export const frontSize = 4096;

export interface TrackEntry {
  /** From 1 on; blocks name it. */
  number: number;
  kind: MediaKind;
  /** E.g. `0.audio`: the side in the recording. */
  name: string;
  codecId: string;
  codecPrivate?: Uint8Array;
  /** Video. */
  width?: number;
  height?: number;
  /** Audio. */
  rate?: number;
  channels?: number;
  /** Nanoseconds that a decoder needs before it is right (Opus). */
  seekPreRoll?: number;
}

export interface Front {
  /** Milliseconds since the epoch at time 0. */
  startedAt: number;
  /** Milliseconds. */
  duration: number;
  tracks: readonly TrackEntry[];
  /** When it is over: the whole file's bytes, and where the cues stand. */
  end?: { fileSize: number; cuesAt?: number };
}

const program = 'Sightline';
const header = element(
  0x1a45dfa3,
  unsigned(0x4286, 1),
  unsigned(0x42f7, 1),
  unsigned(0x42f2, 4),
  unsigned(0x42f3, 8),
  text(0x4282, 'matroska'),
  unsigned(0x4287, 4),
  unsigned(0x4285, 2),
);
const segmentId = Buffer.from([0x18, 0x53, 0x80, 0x67]);
/** Positions in a segment are counted from here. */
const segmentStart = header.length + segmentId.length + 8;

/** The first `frontSize` bytes of the file; undefined when the tracks do not fit into them. */
export function frontBytes(front: Front): Buffer | undefined {
  const { end } = front;
  const parts = [
    header,
    segmentId,
    end ? longSize(end.fileSize - segmentStart) : unknownSize,
    ...(end?.cuesAt === undefined ? [] : [seekHead(end.cuesAt)]),
    info(front),
    element(0x1654ae6b, ...front.tracks.map(trackEntry)),
  ];
  const room = frontSize - parts.reduce((sum, part) => sum + part.length, 0);
  if (room < 2) return undefined;

  return Buffer.concat([...parts, filling(room)]);
}

function seekHead(cuesAt: number): Buffer {
  const cues = element(0x53ab, Buffer.from([0x1c, 0x53, 0xbb, 0x6b]));

  return element(0x114d9b74, element(0x4dbb, cues, unsigned(0x53ac, cuesAt - segmentStart)));
}

function info({ startedAt, duration }: Front): Buffer {
  return element(
    0x1549a966,
    // Nanoseconds in a unit of time: all times are milliseconds.
    unsigned(0x2ad7b1, 1_000_000),
    float(0x4489, duration),
    date(0x4461, startedAt),
    text(0x4d80, program),
    text(0x5741, program),
  );
}

function trackEntry(track: TrackEntry): Buffer {
  const isVideo = track.kind === 'video';
  const parts = [
    unsigned(0xd7, track.number),
    unsigned(0x73c5, track.number),
    unsigned(0x83, isVideo ? 1 : 2),
    unsigned(0x9c, 0),
    text(0x22b59c, 'und'),
    text(0x536e, track.name),
    text(0x86, track.codecId),
    ...(track.codecPrivate ? [element(0x63a2, track.codecPrivate)] : []),
    ...(track.seekPreRoll ? [unsigned(0x56bb, track.seekPreRoll)] : []),
    isVideo
      ? element(0xe0, unsigned(0xb0, track.width ?? 0), unsigned(0xba, track.height ?? 0))
      : element(0xe1, float(0xb5, track.rate ?? 0), unsigned(0x9f, track.channels ?? 1)),
  ];

  return element(0xae, ...parts);
}

export interface Block {
  track: number;
  /** Milliseconds from the start of the file. */
  at: number;
  key: boolean;
  data: Uint8Array;
}

/** A cluster of blocks in the order of their times, and that of its first; there is at least one block. */
export function clusterBytes(blocks: readonly Block[]): { bytes: Buffer; at: number } {
  const ordered = [...blocks].sort((a, b) => a.at - b.at);
  const at = Math.max(0, Math.round(ordered[0]?.at ?? 0));

  return { bytes: element(0x1f43b675, unsigned(0xe7, at), ...ordered.flatMap((block) => simpleBlock(block, at))), at };
}

function simpleBlock({ track, at, key, data }: Block, clusterAt: number): Buffer[] {
  const head = Buffer.alloc(4);
  head[0] = 0x80 | track;
  head.writeInt16BE(Math.min(32_767, Math.max(0, Math.round(at) - clusterAt)), 1);
  head[3] = key ? 0x80 : 0;

  return [element(0xa3, head, data)];
}

export interface Cue {
  /** Milliseconds. */
  at: number;
  track: number;
  /** Where the cluster begins in the file. */
  position: number;
}

export function cuesBytes(cues: readonly Cue[]): Buffer {
  const points = cues.map(({ at, track, position }) =>
    element(
      0xbb,
      unsigned(0xb3, Math.max(0, Math.round(at))),
      element(0xb7, unsigned(0xf7, track), unsigned(0xf1, position - segmentStart)),
    ),
  );

  return element(0x1c53bb6b, ...points);
}
