/** IVF, the plain container of VP8 frames: a header of 32 bytes, then for each frame its size, its time and its data. Pure. */

export interface IvfFrame {
  data: Uint8Array;
  /** In units of the file's time base. */
  at: number;
}

export interface IvfFile {
  codec: string;
  width: number;
  height: number;
  /** Seconds per unit of time. */
  timeBase: number;
  frames: IvfFrame[];
}

/** @throws RangeError for bytes that are no IVF file; a frame that was cut off at the end is left out. */
export function parseIvf(bytes: Uint8Array): IvfFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 32 || ascii(bytes, 0) !== 'DKIF') throw new RangeError('This is no IVF file.');
  const frames: IvfFrame[] = [];
  let at = view.getUint16(6, true);
  while (at + 12 <= bytes.length) {
    const size = view.getUint32(at, true);
    const start = at + 12;
    if (start + size > bytes.length) break;
    frames.push({ data: bytes.subarray(start, start + size), at: Number(view.getBigUint64(at + 4, true)) });
    at = start + size;
  }

  return {
    codec: ascii(bytes, 8),
    width: view.getUint16(12, true),
    height: view.getUint16(14, true),
    timeBase: view.getUint32(20, true) / view.getUint32(16, true),
    frames,
  };
}

/** An IVF file of one VP8 frame. */
export function ivfOfOne(frame: Uint8Array, size: { width: number; height: number }): Uint8Array {
  const file = new Uint8Array(32 + 12 + frame.length);
  const view = new DataView(file.buffer);
  file.set(Buffer.from('DKIF\0\0\0\0VP80', 'latin1'));
  view.setUint16(6, 32, true);
  view.setUint16(12, size.width, true);
  view.setUint16(14, size.height, true);
  view.setUint32(16, 1, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, 1, true);
  view.setUint32(32, frame.length, true);
  file.set(frame, 44);

  return file;
}

/** RFC 6386 section 9.1: the lowest bit of the first byte is 0 in a key frame. */
export function isVp8Key(frame: Uint8Array): boolean {
  return frame.length > 0 && ((frame[0] ?? 1) & 1) === 0;
}

/** Width and height that a VP8 key frame tells (RFC 6386 section 9.1); undefined for other frames. */
export function vp8Size(frame: Uint8Array): { width: number; height: number } | undefined {
  const [, , , a, b, c, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = frame;
  if (frame.length < 10 || !isVp8Key(frame) || a !== 0x9d || b !== 0x01 || c !== 0x2a) return undefined;

  return { width: w0 | ((w1 & 0x3f) << 8), height: h0 | ((h1 & 0x3f) << 8) };
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
