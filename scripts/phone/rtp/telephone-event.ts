/** Keys as RTP events (RFC 4733). */
export const eventKeys = '0123456789*#ABCD';

/** Payload of one packet of an event. */
export function writeEvent(digit: string, end: boolean, duration: number): Buffer {
  const payload = Buffer.alloc(4);
  payload[0] = eventKeys.indexOf(digit);
  payload[1] = (end ? 0x80 : 0) | 10;
  payload.writeUInt16BE(duration, 2);

  return payload;
}

export interface KeyPacket {
  digit: string;
  end: boolean;
  /** In units of the clock. */
  duration: number;
}

export function readEvent(payload: Buffer): KeyPacket | undefined {
  const digit = eventKeys[payload[0] ?? 255];
  if (digit === undefined || payload.length < 4) return undefined;

  return { digit, end: (payload[1]! & 0x80) !== 0, duration: payload.readUInt16BE(2) };
}
