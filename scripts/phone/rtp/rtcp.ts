/** RTCP (RFC 3550 section 6) with the feedback of RFC 4585 and RFC 5104. */
export interface ReportBlock {
  ssrc: number;
  /** From 0 to 255: share of packets lost since the last report. */
  fraction: number;
  lost: number;
  highest: number;
  jitter: number;
  /** Middle 32 bits of the NTP time of the last SR, and the delay since it in 1/65536 s. */
  lastSr: number;
  delay: number;
}

export interface SenderInfo {
  /** NTP time in 1/65536 s, the middle 32 bits. */
  ntp: number;
  rtpTime: number;
  packets: number;
  bytes: number;
}

export type RtcpPart =
  | { type: 'sr'; ssrc: number; info: SenderInfo; reports: ReportBlock[] }
  | { type: 'rr'; ssrc: number; reports: ReportBlock[] }
  | { type: 'pli' | 'fir'; ssrc: number; media: number }
  | { type: 'sdes' | 'bye' | 'other'; ssrc: number };

const types = { sr: 200, rr: 201, sdes: 202, bye: 203, feedback: 206 } as const;
const pli = 1;
const fir = 4;

/** The parts of a compound packet; what is cut off is left out. */
export function readRtcp(bytes: Buffer): RtcpPart[] {
  const parts: RtcpPart[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt16BE(at + 2) * 4;
    if (bytes[at]! >> 6 !== 2 || end > bytes.length) break;
    parts.push(readPart(bytes.subarray(at, end)));
    at = end;
  }

  return parts;
}

function readPart(part: Buffer): RtcpPart {
  const count = part[0]! & 0x1f;
  const ssrc = part.readUInt32BE(4);
  const type = part[1]!;
  if (type === types.sr && part.length >= 28) {
    const info: SenderInfo = {
      ntp: ((part.readUInt16BE(10) << 16) | part.readUInt16BE(12)) >>> 0,
      rtpTime: part.readUInt32BE(16),
      packets: part.readUInt32BE(20),
      bytes: part.readUInt32BE(24),
    };

    return { type: 'sr', ssrc, info, reports: readReports(part, 28, count) };
  }
  if (type === types.rr) return { type: 'rr', ssrc, reports: readReports(part, 8, count) };
  if (type === types.feedback && part.length >= 12 && count === pli) {
    return { type: 'pli', ssrc, media: part.readUInt32BE(8) };
  }
  // In a FIR the stream that is meant stands in its entries (RFC 5104 section 4.3.1).
  if (type === types.feedback && part.length >= 20 && count === fir) {
    return { type: 'fir', ssrc, media: part.readUInt32BE(12) };
  }
  if (type === types.bye) return { type: 'bye', ssrc };

  return { type: type === types.sdes ? 'sdes' : 'other', ssrc };
}

function readReports(part: Buffer, start: number, count: number): ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let at = start; reports.length < count && at + 24 <= part.length; at += 24) {
    reports.push({
      ssrc: part.readUInt32BE(at),
      fraction: part[at + 4]!,
      lost: part.readIntBE(at + 5, 3),
      highest: part.readUInt32BE(at + 8),
      jitter: part.readUInt32BE(at + 12),
      lastSr: part.readUInt32BE(at + 16),
      delay: part.readUInt32BE(at + 20),
    });
  }

  return reports;
}

/** An SR, or an RR of one who sends nothing, with the SDES that each compound packet needs. */
export function writeReport(ssrc: number, info: SenderInfo | undefined, reports: readonly ReportBlock[]): Buffer {
  const head = Buffer.alloc(info ? 28 : 8);
  head.writeUInt32BE(ssrc, 4);
  if (info) {
    // The seconds' lower half and the fraction's upper half carry the time that a report answers to.
    head.writeUInt16BE(info.ntp >>> 16, 10);
    head.writeUInt16BE(info.ntp & 0xffff, 12);
    head.writeUInt32BE(info.rtpTime, 16);
    head.writeUInt32BE(info.packets, 20);
    head.writeUInt32BE(info.bytes, 24);
  }
  const part = Buffer.concat([head, ...reports.map(writeBlock)]);
  frame(part, reports.length, info ? types.sr : types.rr);

  return Buffer.concat([part, writeSdes(ssrc)]);
}

function writeBlock(report: ReportBlock): Buffer {
  const block = Buffer.alloc(24);
  block.writeUInt32BE(report.ssrc, 0);
  block[4] = report.fraction;
  block.writeIntBE(Math.min(report.lost, 0x7fffff), 5, 3);
  block.writeUInt32BE(report.highest, 8);
  block.writeUInt32BE(report.jitter, 12);
  block.writeUInt32BE(report.lastSr, 16);
  block.writeUInt32BE(report.delay, 20);

  return block;
}

function writeSdes(ssrc: number): Buffer {
  const name = Buffer.from('phone@test');
  const part = Buffer.alloc(Math.ceil((8 + 2 + name.length + 1) / 4) * 4);
  part.writeUInt32BE(ssrc, 4);
  part[8] = 1;
  part[9] = name.length;
  name.copy(part, 10);
  frame(part, 1, types.sdes);

  return part;
}

export function writePli(ssrc: number, media: number): Buffer {
  const part = Buffer.alloc(12);
  part.writeUInt32BE(ssrc, 4);
  part.writeUInt32BE(media, 8);
  frame(part, pli, types.feedback);

  return part;
}

export function writeFir(ssrc: number, media: number, sequence: number): Buffer {
  const part = Buffer.alloc(20);
  part.writeUInt32BE(ssrc, 4);
  part.writeUInt32BE(media, 12);
  part[16] = sequence & 0xff;
  frame(part, fir, types.feedback);

  return part;
}

export function writeBye(ssrc: number): Buffer {
  const part = Buffer.alloc(8);
  part.writeUInt32BE(ssrc, 4);
  frame(part, 1, types.bye);

  return part;
}

function frame(part: Buffer, count: number, type: number): void {
  part[0] = 0x80 | count;
  part[1] = type;
  part.writeUInt16BE(part.length / 4 - 1, 2);
}

/** Now, in 1/65536 s, as the middle 32 bits of an NTP time. */
export function compactNtp(ms = Date.now()): number {
  return Math.floor((ms / 1000 + 2_208_988_800) * 65_536) % 2 ** 32;
}
