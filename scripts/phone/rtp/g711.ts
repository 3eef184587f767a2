/** G.711 (ITU-T): 16-bit samples to and from one byte each. */
export type Law = 'pcmu' | 'pcma';

const bias = 0x84;

function muEncode(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const level = Math.min(32_635, Math.abs(sample)) + bias;
  const exponent = 24 - Math.clz32(level);

  return ~(sign | (exponent << 4) | ((level >> (exponent + 3)) & 0x0f)) & 0xff;
}

function muDecode(byte: number): number {
  const bits = ~byte & 0xff;
  const level = ((((bits & 0x0f) << 3) + bias) << ((bits >> 4) & 7)) - bias;

  return bits & 0x80 ? -level : level;
}

function aEncode(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const level = Math.min(32_767, sample < 0 ? -sample - 1 : sample);
  const exponent = level < 256 ? 0 : 24 - Math.clz32(level);
  const mantissa = exponent === 0 ? level >> 4 : (level >> (exponent + 3)) & 0x0f;

  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function aDecode(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = (bits & 0x0f) << 4;
  const level = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);

  return bits & 0x80 ? level : -level;
}

const coders = {
  pcmu: { encode: muEncode, decode: muDecode },
  pcma: { encode: aEncode, decode: aDecode },
} as const;

export function encodeG711(law: Law, samples: Int16Array): Buffer {
  return Buffer.from(Uint8Array.from(samples, coders[law].encode));
}

export function decodeG711(law: Law, bytes: Uint8Array): Int16Array {
  return Int16Array.from(bytes, coders[law].decode);
}
