/** EBML elements (RFC 8794): id, size, content. Pure. */

/** An element of these parts. The id is written as it stands, marker bits included. */
export function element(id: number, ...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);

  return Buffer.concat([idBytes(id), sizeBytes(size), ...parts]);
}

export function unsigned(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.round(value)));
  let start = 0;
  while (start < 7 && bytes[start] === 0) start++;

  return element(id, bytes.subarray(start));
}

export function float(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);

  return element(id, bytes);
}

export function text(id: number, value: string): Buffer {
  return element(id, Buffer.from(value, 'utf8'));
}

/** Nanoseconds since 2001-01-01T00:00:00Z (RFC 8794 section 7.6). */
export function date(id: number, epochMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.round(epochMs) - Date.UTC(2001, 0, 1)) * 1_000_000n);

  return element(id, bytes);
}

/** A Void element that takes exactly `length` bytes, at least 2. */
export function filling(length: number): Buffer {
  const whole = Buffer.alloc(length);
  whole[0] = 0xec;
  if (length - 2 < 127) whole[1] = 0x80 | (length - 2);
  else longSize(length - 9).copy(whole, 1);

  return whole;
}

function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  const length = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;

  return bytes.subarray(4 - length);
}

function sizeBytes(size: number): Buffer {
  if (size < 0x7f) return Buffer.from([0x80 | size]);
  if (size < 0x3fff) return Buffer.from([0x40 | (size >> 8), size & 0xff]);

  return longSize(size);
}

/** A size in eight bytes, for places that are written again when the size is known. */
export function longSize(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE((1n << 56n) | BigInt(size));

  return bytes;
}

/** "Up to the end of the file" (RFC 8794 section 6.2). */
export const unknownSize = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
