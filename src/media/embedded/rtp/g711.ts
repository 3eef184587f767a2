/** G.711 (ITU-T G.711): tables made once, so that a sample costs one look-up. */

const BIAS = 0x84;
const CLIP = 32_635;

function decodeMu(code: number): number {
  const value = ~code & 0xff;
  const magnitude = (((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7);

  return value & 0x80 ? BIAS - magnitude : magnitude - BIAS;
}

function encodeMu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);

  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeA(code: number): number {
  const value = code ^ 0x55;
  const exponent = (value >> 4) & 7;
  const step = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);

  return value & 0x80 ? magnitude : -magnitude;
}

function encodeA(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = Math.min(sample < 0 ? ~sample : sample, 32_767);
  const exponent = Math.max(0, 31 - Math.clz32(magnitude | 0x80) - 7);
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;

  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

const codes = Array.from({ length: 256 }, (_, code) => code);
const fromMu = Int16Array.from(codes, decodeMu);
const fromA = Int16Array.from(codes, decodeA);
const toMu = new Uint8Array(65_536).map((_, index) => encodeMu((index << 16) >> 16));
const toA = new Uint8Array(65_536).map((_, index) => encodeA((index << 16) >> 16));
const muToA = Uint8Array.from(codes, (code) => toA[fromMu[code]! & 0xffff]!);
const aToMu = Uint8Array.from(codes, (code) => toMu[fromA[code]! & 0xffff]!);

export type G711 = 'pcmu' | 'pcma';

/** One octet that stands for silence. */
export const SILENCE: Readonly<Record<G711, number>> = { pcmu: 0xff, pcma: 0xd5 };

/** Encodes samples `from` … `from + into.length`; beyond their end comes silence. */
export function encodeG711(law: G711, samples: Int16Array, from: number, into: Uint8Array): void {
  const table = law === 'pcmu' ? toMu : toA;
  for (let index = 0; index < into.length; index++) into[index] = table[(samples[from + index] ?? 0) & 0xffff]!;
}

/** Decodes to 16-bit samples, at most as many as `into` has room for; gives their number. */
export function decodeG711(law: G711, codes: Uint8Array, into: Int16Array): number {
  const table = law === 'pcmu' ? fromMu : fromA;
  const count = Math.min(codes.length, into.length);
  for (let index = 0; index < count; index++) into[index] = table[codes[index]!]!;

  return count;
}

/** Turns octets of one law into those of the other, in place. */
export function transcodeG711(to: G711, octets: Uint8Array, start: number, end: number): void {
  const table = to === 'pcma' ? muToA : aToMu;
  for (let index = start; index < end; index++) octets[index] = table[octets[index]!]!;
}
