import { crc32 } from 'node:zlib';
import { Type, type Static } from '@sinclair/typebox';
import { checkOf } from '../../../lib/schema';
import type { AudioClip, VideoClip } from '../clip';

/**
 * A clip as bytes for the cache: "SLC1", the CRC-32 of all that follows, the length of the head, the head in JSON, the data of all
 * frames one after another. Pure.
 */

const magic = 'SLC1';
const prefix = 12;

const Head = Type.Union([
  Type.Object({
    codec: Type.Union([Type.Literal('vp8'), Type.Literal('h264')]),
    width: Type.Integer({ minimum: 1 }),
    height: Type.Integer({ minimum: 1 }),
    duration: Type.Number({ minimum: 0 }),
    frames: Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Type.Number({ minimum: 0 }), Type.Boolean()])),
  }),
  Type.Object({ codec: Type.Literal('pcm') }),
  Type.Object({
    codec: Type.Union([Type.Literal('opus'), Type.Literal('g722')]),
    sizes: Type.Array(Type.Integer({ minimum: 0 })),
  }),
]);
type Head = Static<typeof Head>;

const isHead = checkOf(Head);

export function writeClip(clip: VideoClip | AudioClip): Buffer {
  const head = Buffer.from(JSON.stringify(headOf(clip)));
  const start = Buffer.alloc(prefix);
  start.write(magic, 'latin1');
  start.writeUInt32BE(head.length, 8);
  const file = Buffer.concat([start, head, ...dataOf(clip)]);
  file.writeUInt32BE(crc32(file.subarray(8)), 4);

  return file;
}

/** The clip, or undefined for bytes that are damaged, cut off, or of another version. */
export function readClip(file: Uint8Array): VideoClip | AudioClip | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < prefix || bytes.toString('latin1', 0, 4) !== magic) return undefined;
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32BE(4)) return undefined;
  const headEnd = prefix + bytes.readUInt32BE(8);
  const head = parsed(bytes.toString('utf8', prefix, headEnd));
  // A copy that begins at 0: whoever hands the clip to another thread sends its data and nothing else.
  return head && clipOf(head, new Uint8Array(bytes.subarray(headEnd)));
}

function parsed(text: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(text);

    return isHead(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

function headOf(clip: VideoClip | AudioClip): Head {
  if (clip.codec === 'pcm') return { codec: clip.codec };
  if ('packets' in clip) return { codec: clip.codec, sizes: clip.packets.map((packet) => packet.length) };
  const { codec, width, height, duration } = clip;

  return { codec, width, height, duration, frames: clip.frames.map(({ data, at, key }) => [data.length, at, key]) };
}

function dataOf(clip: VideoClip | AudioClip): readonly Uint8Array[] {
  if (clip.codec !== 'pcm') return 'packets' in clip ? clip.packets : clip.frames.map(({ data }) => data);
  const { buffer, byteOffset, byteLength } = clip.samples;

  return [new Uint8Array(buffer, byteOffset, byteLength)];
}

function clipOf(head: Head, data: Uint8Array): VideoClip | AudioClip | undefined {
  if (head.codec === 'pcm') return { codec: 'pcm', samples: new Int16Array(data.buffer, 0, data.length >> 1) };
  if ('sizes' in head) {
    const packets = cut(data, head.sizes);

    return packets && { codec: head.codec, packets };
  }
  const cuts = cut(
    data,
    head.frames.map(([size]) => size),
  );

  return (
    cuts && {
      ...head,
      frames: head.frames.map(([, at, key], index) => ({ data: cuts[index] ?? new Uint8Array(0), at, key })),
    }
  );
}

/** Pieces of these sizes; undefined when they are not exactly the whole. */
function cut(data: Uint8Array, sizes: readonly number[]): Uint8Array[] | undefined {
  let at = 0;
  const pieces = sizes.map((size) => data.subarray(at, (at += size)));

  return at === data.length ? pieces : undefined;
}

/** Bytes that a clip holds in memory. */
export function sizeOf(clip: VideoClip | AudioClip): number {
  return dataOf(clip).reduce((sum, piece) => sum + piece.length, 0);
}
