import { splitAnnexB } from '../rtp';
import type { TrackEntry } from './matroska';
import { spsSize } from './sps';

/** How each codec is named and described in Matroska (RFC 9559 and the codec mappings registered for it). Pure. */

export interface RecordedCodec {
  /** Clock of the RTP timestamps, in Hz. */
  rate: number;
  audio?: Pick<TrackEntry, 'codecId' | 'codecPrivate' | 'rate' | 'channels' | 'seekPreRoll'>;
}

/** WAVEFORMATEX: Matroska keeps codecs that have no name of their own as Windows does. */
function waveFormat(tag: number, rate: number, bits: number): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.writeUInt16LE(tag, 0);
  bytes.writeUInt16LE(1, 2);
  bytes.writeUInt32LE(rate, 4);
  bytes.writeUInt32LE(8_000, 8);
  bytes.writeUInt16LE(1, 12);
  bytes.writeUInt16LE(bits, 14);

  return bytes;
}

/** RFC 7845 section 5.1. Nothing is to be skipped: the stream is joined in the middle, not at the start of the encoder. */
const opusHead = Buffer.from([...Buffer.from('OpusHead'), 1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]);

const wave = (tag: number, rate: number, bits: number): RecordedCodec => ({
  rate: 8_000,
  audio: { codecId: 'A_MS/ACM', codecPrivate: waveFormat(tag, rate, bits), rate, channels: 1 },
});

/** By the names of the port. What is not here is not recorded. */
export const recordedCodecs: Readonly<Record<string, RecordedCodec>> = {
  pcmu: wave(0x0007, 8_000, 8),
  pcma: wave(0x0006, 8_000, 8),
  // Its RTP clock is 8 kHz although it samples at 16 kHz (RFC 3551 section 4.5.2).
  g722: wave(0x028f, 16_000, 4),
  opus: {
    rate: 48_000,
    audio: { codecId: 'A_OPUS', codecPrivate: opusHead, rate: 48_000, channels: 2, seekPreRoll: 80_000_000 },
  },
  vp8: { rate: 90_000 },
  h264: { rate: 90_000 },
};

/** The track that a VP8 key frame begins; undefined when it is none (RFC 6386 section 9.1). */
export function vp8Track(frame: Uint8Array): Pick<TrackEntry, 'codecId' | 'width' | 'height'> | undefined {
  const [first = 1, , , a, b, c, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = frame;
  if (frame.length < 10 || first & 1 || a !== 0x9d || b !== 0x01 || c !== 0x2a) return undefined;

  return { codecId: 'V_VP8', width: w0 | ((w1 & 0x3f) << 8), height: h0 | ((h1 & 0x3f) << 8) };
}

/** The track that an H.264 key frame begins: it has to bring its parameter sets; undefined when it does not. */
export function h264Track(
  units: readonly Uint8Array[],
): Pick<TrackEntry, 'codecId' | 'codecPrivate' | 'width' | 'height'> | undefined {
  const sets = units.filter((unit) => isOf(unit, 7) && unit.length > 3);
  const pictureSets = units.filter((unit) => isOf(unit, 8));
  const [first] = sets;
  const size = first && spsSize(first);
  if (!first || !size || pictureSets.length === 0) return undefined;

  return { codecId: 'V_MPEG4/ISO/AVC', codecPrivate: avcConfiguration(first, pictureSets), ...size };
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1), sizes of units in four bytes. */
function avcConfiguration(sps: Uint8Array, pictureSets: readonly Uint8Array[]): Buffer {
  const [, profile = 0, constraints = 0, level = 0] = sps;
  const sized = (unit: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([unit.length >> 8, unit.length & 0xff]), unit]);

  return Buffer.concat([
    Buffer.from([1, profile, constraints, level, 0xff, 0xe1]),
    sized(sps),
    Buffer.from([pictureSets.length]),
    ...pictureSets.map(sized),
  ]);
}

/** NAL units of an access unit in Annex B form. */
export const unitsOf = splitAnnexB;

export function isOf(unit: Uint8Array, type: number): boolean {
  return ((unit[0] ?? 0) & 0x1f) === type;
}

/** NAL units as Matroska wants them: each behind its size in four bytes, parameter sets among them since they may change. */
export function sizedUnits(units: readonly Uint8Array[]): Buffer {
  const parts = units.flatMap((unit) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(unit.length);

    return [size, unit];
  });

  return Buffer.concat(parts);
}
