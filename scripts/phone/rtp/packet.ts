/** RTP packets (RFC 3550 section 5.1), for phones that stand on the other side of the server. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
}

const fixedBytes = 12;

export function writeRtp(packet: RtpPacket): Buffer {
  const head = Buffer.alloc(fixedBytes);
  head[0] = 0x80;
  head[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
  head.writeUInt16BE(packet.sequence, 2);
  head.writeUInt32BE(packet.timestamp, 4);
  head.writeUInt32BE(packet.ssrc, 8);

  return Buffer.concat([head, packet.payload]);
}

/** Undefined for what is no RTP of version 2, RTCP included (RFC 5761 section 4). */
export function readRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < fixedBytes || bytes[0]! >> 6 !== 2 || isRtcp(bytes)) return undefined;
  let start = fixedBytes + (bytes[0]! & 0x0f) * 4;
  if (bytes[0]! & 0x10 && start + 4 <= bytes.length) start += 4 + bytes.readUInt16BE(start + 2) * 4;
  const padding = bytes[0]! & 0x20 ? bytes[bytes.length - 1]! : 0;
  if (start + padding > bytes.length) return undefined;

  return {
    payloadType: bytes[1]! & 0x7f,
    marker: (bytes[1]! & 0x80) !== 0,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, bytes.length - padding),
  };
}

export function isRtcp(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes[0]! >> 6 === 2 && bytes[1]! >= 192 && bytes[1]! <= 223;
}

/** Signed distance from `a` to `b` of 16-bit numbers that wrap round. */
export function sequenceStep(a: number, b: number): number {
  return ((b - a + 0x8000) & 0xffff) - 0x8000;
}
