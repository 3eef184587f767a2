import { sequenceStep, type RtpPacket } from './packet';

export type VideoCodec = 'vp8' | 'h264';

/** One picture as encoded. H.264 is an access unit in which each NAL unit follows a start code (Annex B). */
export interface Frame {
  data: Buffer;
  key: boolean;
}

export interface ReceivedFrame extends Frame {
  codec: VideoCodec;
  timestamp: number;
  /** Nothing of it is missing. */
  whole: boolean;
}

const startCode = Buffer.from([0, 0, 0, 1]);
const maxBytes = 1200;
const nal = { slice: 1, idr: 5, sps: 7, pps: 8, stapA: 24, fuA: 28 } as const;

// --- out ------------------------------------------------------------------------------------------------------------

/** Payloads for the packets of one frame; the last one gets the marker. RFC 7741 and RFC 6184 (mode 1). */
export function packetise(codec: VideoCodec, frame: Buffer): Buffer[] {
  return codec === 'vp8' ? packetiseVp8(frame) : splitNals(frame).flatMap(packetiseNal);
}

function packetiseVp8(frame: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < frame.length; at += maxBytes) {
    pieces.push(Buffer.concat([Buffer.from([at === 0 ? 0x10 : 0]), frame.subarray(at, at + maxBytes)]));
  }

  return pieces;
}

function packetiseNal(unit: Buffer): Buffer[] {
  if (unit.length <= maxBytes) return [unit];
  const indicator = (unit[0]! & 0xe0) | nal.fuA;
  const type = unit[0]! & 0x1f;
  const pieces: Buffer[] = [];
  for (let at = 1; at < unit.length; at += maxBytes) {
    const start = at === 1 ? 0x80 : 0;
    const end = at + maxBytes >= unit.length ? 0x40 : 0;
    pieces.push(Buffer.concat([Buffer.from([indicator, start | end | type]), unit.subarray(at, at + maxBytes)]));
  }

  return pieces;
}

/** NAL units of a byte stream with start codes of three or four bytes. */
export function splitNals(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let begin = -1;
  for (let at = stream.indexOf('\0\0\x01', 0, 'latin1'); at >= 0; at = stream.indexOf('\0\0\x01', at + 3, 'latin1')) {
    if (begin >= 0) units.push(trimZeros(stream.subarray(begin, at)));
    begin = at + 3;
  }
  if (begin >= 0) units.push(trimZeros(stream.subarray(begin)));

  return units.filter((unit) => unit.length > 0);
}

function trimZeros(unit: Buffer): Buffer {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end--;

  return unit.subarray(0, end);
}

export function isKeyUnit(unit: Buffer): boolean {
  return (unit[0]! & 0x1f) === nal.idr;
}

// --- in -------------------------------------------------------------------------------------------------------------

/** Puts frames together from packets that come in order; a gap makes its frame not whole. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private timestamp: number | undefined;
  private last: number | undefined;
  private whole = true;

  constructor(readonly codec: VideoCodec) {}

  /** The frames that this packet ends: with its marker, or by the beginning of the next one. */
  push(packet: RtpPacket): ReceivedFrame[] {
    const done: ReceivedFrame[] = [];
    if (this.last !== undefined && sequenceStep(this.last, packet.sequence) !== 1) this.whole = false;
    this.last = packet.sequence;
    if (this.timestamp !== packet.timestamp) {
      this.finish(done);
      this.timestamp = packet.timestamp;
    }
    this.add(packet.payload);
    if (packet.marker) this.finish(done);

    return done;
  }

  private add(payload: Buffer): void {
    if (payload.length === 0) return;
    if (this.codec === 'vp8') {
      if (this.pieces.length === 0 && !(payload[0]! & 0x10)) this.whole = false;
      this.pieces.push(payload.subarray(vp8Descriptor(payload)));
    } else this.addNals(payload);
  }

  private addNals(payload: Buffer): void {
    const type = payload[0]! & 0x1f;
    if (type === nal.stapA) {
      for (let at = 1; at + 2 < payload.length;) {
        const size = payload.readUInt16BE(at);
        this.pieces.push(startCode, payload.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === nal.fuA) {
      const head = payload[1]!;
      if (head & 0x80) this.pieces.push(startCode, Buffer.from([(payload[0]! & 0xe0) | (head & 0x1f)]));
      this.pieces.push(payload.subarray(2));
    } else this.pieces.push(startCode, payload);
  }

  private finish(done: ReceivedFrame[]): void {
    const data = Buffer.concat(this.pieces);
    const { codec, timestamp, whole } = this;
    this.pieces = [];
    this.whole = true;
    if (data.length === 0 || timestamp === undefined) return;
    const key = codec === 'vp8' ? (data[0]! & 1) === 0 : splitNals(data).some(isKeyUnit);
    done.push({ codec, data, key, timestamp, whole });
  }
}

/** Length of the payload descriptor (RFC 7741 section 4.2). */
function vp8Descriptor(payload: Buffer): number {
  if (!(payload[0]! & 0x80)) return 1;
  const extensions = payload[1] ?? 0;
  let length = 2;
  if (extensions & 0x80) length += (payload[2] ?? 0) & 0x80 ? 2 : 1;
  if (extensions & 0x40) length += 1;
  if (extensions & 0x30) length += 1;

  return length;
}
