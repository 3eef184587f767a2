/** Bytes of the fixed RTP header (RFC 3550 section 5.1), without contributing sources and extensions. */
export const RTP_HEADER = 12;

/**
 * The fields of one RTP packet (RFC 3550 section 5.1). One object is filled again and again by the same reader, so that nothing is
 * allocated for each packet; keep values, not the object.
 */
export class RtpView {
  payloadType = 0;
  marker = false;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** Where the payload begins and ends in the packet; padding is left out. */
  start = RTP_HEADER;
  end = RTP_HEADER;

  /** Reads a packet's header; false when this is no RTP packet, and then the fields say nothing. */
  read(packet: Uint8Array): boolean {
    const length = packet.length;
    if (length < RTP_HEADER) return false;
    const first = packet[0]!;
    if (first >> 6 !== 2) return false;
    const start = payloadStart(packet, first);
    const padding = first & 0x20 ? packet[length - 1]! : 0;
    if (start > length - padding || (first & 0x20 && padding === 0)) return false;
    const second = packet[1]!;
    this.marker = second > 127;
    this.payloadType = second & 0x7f;
    this.sequence = (packet[2]! << 8) | packet[3]!;
    this.timestamp = readUint32(packet, 4);
    this.ssrc = readUint32(packet, 8);
    this.start = start;
    this.end = length - padding;

    return true;
  }
}

/** Where the payload begins: behind contributing sources and the header extension. Beyond the packet when it is cut. */
function payloadStart(packet: Uint8Array, first: number): number {
  const start = RTP_HEADER + (first & 0x0f) * 4;
  if (!(first & 0x10)) return start;
  if (packet.length < start + 4) return Infinity;

  return start + 4 + ((packet[start + 2]! << 8) | packet[start + 3]!) * 4;
}

/** Whether a packet that came on a port for RTP and RTCP alike is one of RTCP (RFC 5761 section 4). */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0;

  return type >= 192 && type <= 223;
}

export interface RtpFields {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
}

/** Writes the fixed header over the first twelve bytes of `packet`: no padding, no extension, no contributing sources. */
export function writeHeader(packet: Uint8Array, fields: RtpFields): void {
  packet[0] = 0x80;
  packet[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  packet[2] = (fields.sequence >>> 8) & 0xff;
  packet[3] = fields.sequence & 0xff;
  writeUint32(packet, 4, fields.timestamp);
  writeUint32(packet, 8, fields.ssrc);
}

/** A whole packet around a payload. */
export function makeRtp(fields: RtpFields, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(RTP_HEADER + payload.length);
  writeHeader(packet, fields);
  packet.set(payload, RTP_HEADER);

  return packet;
}

/** How far sequence number `a` is ahead of `b`, from -32768 to 32767. */
export function sequenceAhead(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** How far timestamp `a` is ahead of `b`, from -2^31 to 2^31 - 1. */
export function timestampAhead(a: number, b: number): number {
  return (a - b) | 0;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 24) & 0xff;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}
