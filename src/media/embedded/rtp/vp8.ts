import { FrameCollector } from './frame';

/**
 * The payloads of one VP8 frame (RFC 7741 section 4.2): each with the shortest descriptor, one byte, whose S bit marks the first.
 * `limit` is the most bytes of a payload.
 */
export function packetizeVp8(frame: Uint8Array, limit: number): Buffer[] {
  const room = limit - 1;
  const count = Math.max(1, Math.ceil(frame.length / room));
  // Pieces of even size, so that the last packet is not a tiny one.
  const size = Math.ceil(frame.length / count);

  return Array.from({ length: count }, (_, index) => {
    const piece = frame.subarray(index * size, (index + 1) * size);
    const payload = Buffer.allocUnsafe(1 + piece.length);
    payload[0] = index === 0 ? 0x10 : 0;
    payload.set(piece, 1);

    return payload;
  });
}

/** Length of the payload descriptor (RFC 7741 section 4.2); beyond the payload when it is cut. */
export function vp8DescriptorLength(payload: Uint8Array): number {
  const first = payload[0];
  if (first === undefined) return Infinity;
  if (!(first & 0x80)) return 1;
  const extension = payload[1];
  if (extension === undefined) return Infinity;
  const pictureId = extension & 0x80 ? (payload[2] ?? 0) >> 7 : -1;

  return 2 + (pictureId + 1) + ((extension & 0x40) >> 6) + (extension & 0x30 ? 1 : 0);
}

/** Whether this is the first packet of a VP8 frame: S bit set, partition 0. */
export function beginsVp8Frame(payload: Uint8Array): boolean {
  return ((payload[0] ?? 0) & 0x17) === 0x10;
}

/** Whether this is the first packet of a key frame. */
export function beginsVp8Key(payload: Uint8Array): boolean {
  if (!beginsVp8Frame(payload)) return false;
  const first = payload[vp8DescriptorLength(payload)];

  return first !== undefined && (first & 1) === 0;
}

export class Vp8Depacketizer extends FrameCollector {
  private started = false;

  protected begin(): void {
    this.started = false;
  }

  protected take(payload: Uint8Array, parts: Buffer[]): boolean {
    const at = vp8DescriptorLength(payload);
    if (at >= payload.length) return false;
    if (!this.started && !beginsVp8Frame(payload)) return false;
    this.started = true;
    parts.push(Buffer.from(payload.subarray(at)));

    return true;
  }

  protected isWhole(): boolean {
    return this.started;
  }

  protected isKey(data: Buffer): boolean {
    return (data[0]! & 1) === 0;
  }
}
