export interface Size {
  width: number;
  height: number;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Width and height of a PNG as its head names them (ISO/IEC 15948 section 11.2.2); undefined when it is none. */
export function pngSize(png: Buffer): Size | undefined {
  if (png.length < 24 || !png.subarray(0, 8).equals(SIGNATURE)) return undefined;
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];

  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** A size in the proportions of `size` that is not larger than it, nor than `limit`, and even, as encoders want it. */
export function fitted(size: Size, limit: Size): Size {
  const scale = Math.min(1, limit.width / size.width, limit.height / size.height);
  const even = (length: number) => Math.max(16, Math.round((length * scale) / 2) * 2);

  return { width: Math.min(even(size.width), limit.width), height: Math.min(even(size.height), limit.height) };
}
