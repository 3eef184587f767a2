/** RTCP (RFC 3550 section 6) and its feedback messages (RFC 4585, RFC 5104): bytes to facts, facts to bytes. */

export interface ReportBlock {
  /** Whose packets this is about. */
  ssrc: number;
  /** Of 256, since the last report. */
  fraction: number;
  /** Packets lost from the beginning; duplicates can make it negative. */
  lost: number;
  highest: number;
  /** In units of the timestamp. */
  jitter: number;
  /** The middle 32 bits of the last sender report's NTP time; 0 for none. */
  lastReport: number;
  /** Time from that report to this one in units of 1/65536 s. */
  delay: number;
}

export interface SenderInfo {
  /** NTP time, seconds and fraction (1/2^32 s) since 1900. */
  seconds: number;
  fraction: number;
  timestamp: number;
  packets: number;
  octets: number;
}

export type RtcpFact =
  | { type: 'report'; ssrc: number; sender?: SenderInfo; blocks: ReportBlock[] }
  | { type: 'bye'; ssrc: number }
  /** The peer asks for a key frame of the stream `ssrc`: `full` by FIR (RFC 5104, RFC 2032), else by PLI. */
  | { type: 'key'; ssrc: number; full: boolean };

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const PSFB = 206;
const OLD_FIR = 192;
const PLI = 1;
const FIR = 4;

/** The facts of a compound packet. What cannot be read ends the reading; what came before it counts. */
export function readRtcp(packet: Buffer): RtcpFact[] {
  const facts: RtcpFact[] = [];
  let at = 0;
  while (at + 4 <= packet.length) {
    const end = at + 4 + packet.readUInt16BE(at + 2) * 4;
    if (packet[at]! >> 6 !== 2 || end > packet.length) break;
    facts.push(...readOne(packet.subarray(at, end)));
    at = end;
  }

  return facts;
}

function readOne(packet: Buffer): RtcpFact[] {
  const count = packet[0]! & 0x1f;
  const type = packet[1]!;
  if (type === BYE) return count > 0 && packet.length >= 8 ? [{ type: 'bye', ssrc: packet.readUInt32BE(4) }] : [];
  if (type === OLD_FIR) return packet.length >= 8 ? [{ type: 'key', ssrc: packet.readUInt32BE(4), full: true }] : [];
  if (type === PSFB) return readFeedback(packet, count);

  return type === SR || type === RR ? readReport(packet, type === SR, count) : [];
}

function readFeedback(packet: Buffer, format: number): RtcpFact[] {
  if (format === PLI && packet.length >= 12) return [{ type: 'key', ssrc: packet.readUInt32BE(8), full: false }];
  if (format !== FIR || packet.length < 20) return [];

  return [{ type: 'key', ssrc: packet.readUInt32BE(12), full: true }];
}

function readReport(packet: Buffer, fromSender: boolean, count: number): RtcpFact[] {
  const first = fromSender ? 28 : 8;
  if (packet.length < first + count * 24) return [];
  const blocks = Array.from({ length: count }, (_, index) => readBlock(packet, first + index * 24));
  const sender = fromSender
    ? {
        seconds: packet.readUInt32BE(8),
        fraction: packet.readUInt32BE(12),
        timestamp: packet.readUInt32BE(16),
        packets: packet.readUInt32BE(20),
        octets: packet.readUInt32BE(24),
      }
    : undefined;

  return [{ type: 'report', ssrc: packet.readUInt32BE(4), sender, blocks }];
}

function readBlock(packet: Buffer, at: number): ReportBlock {
  return {
    ssrc: packet.readUInt32BE(at),
    fraction: packet[at + 4]!,
    lost: packet.readIntBE(at + 5, 3),
    highest: packet.readUInt32BE(at + 8),
    jitter: packet.readUInt32BE(at + 12),
    lastReport: packet.readUInt32BE(at + 16),
    delay: packet.readUInt32BE(at + 20),
  };
}

/** A sender report where `sender` is given, else a receiver report. */
export function writeReport(ssrc: number, sender: SenderInfo | undefined, blocks: readonly ReportBlock[]): Buffer {
  const first = sender ? 28 : 8;
  const packet = Buffer.alloc(first + blocks.length * 24);
  writeHead(packet, blocks.length, sender ? SR : RR);
  packet.writeUInt32BE(ssrc, 4);
  if (sender) {
    packet.writeUInt32BE(sender.seconds >>> 0, 8);
    packet.writeUInt32BE(sender.fraction >>> 0, 12);
    packet.writeUInt32BE(sender.timestamp >>> 0, 16);
    packet.writeUInt32BE(sender.packets >>> 0, 20);
    packet.writeUInt32BE(sender.octets >>> 0, 24);
  }
  blocks.forEach((block, index) => writeBlock(packet, first + index * 24, block));

  return packet;
}

function writeBlock(packet: Buffer, at: number, block: ReportBlock): void {
  packet.writeUInt32BE(block.ssrc, at);
  packet[at + 4] = block.fraction;
  packet.writeIntBE(Math.max(-0x800000, Math.min(0x7fffff, block.lost)), at + 5, 3);
  packet.writeUInt32BE(block.highest >>> 0, at + 8);
  packet.writeUInt32BE(block.jitter >>> 0, at + 12);
  packet.writeUInt32BE(block.lastReport >>> 0, at + 16);
  packet.writeUInt32BE(block.delay >>> 0, at + 20);
}

/** The name of a source (RFC 3550 section 6.5.1), which goes along with each report. */
export function writeName(ssrc: number, name: string): Buffer {
  const text = Buffer.from(name).subarray(0, 255);
  // At least one zero ends the list of items, and the chunk ends at a word.
  const packet = Buffer.alloc(8 + Math.ceil((2 + text.length + 1) / 4) * 4);
  writeHead(packet, 1, SDES);
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = 1;
  packet[9] = text.length;
  text.copy(packet, 10);

  return packet;
}

export function writeBye(ssrc: number): Buffer {
  const packet = Buffer.alloc(8);
  writeHead(packet, 1, BYE);
  packet.writeUInt32BE(ssrc, 4);

  return packet;
}

/** Picture loss indication (RFC 4585 section 6.3.1). */
export function writePli(ssrc: number, media: number): Buffer {
  const packet = Buffer.alloc(12);
  writeHead(packet, PLI, PSFB);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(media, 8);

  return packet;
}

/** Full intra request (RFC 5104 section 4.3.1); `number` rises by one with each new request. */
export function writeFir(ssrc: number, media: number, number: number): Buffer {
  const packet = Buffer.alloc(20);
  writeHead(packet, FIR, PSFB);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(media, 12);
  packet[16] = number & 0xff;

  return packet;
}

function writeHead(packet: Buffer, count: number, type: number): void {
  packet[0] = 0x80 | count;
  packet[1] = type;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
}

/** Seconds from 1900 to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** NTP time of a moment in milliseconds since the Unix epoch. */
export function ntpTime(ms: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(ms / 1000);

  return { seconds: (seconds + NTP_EPOCH) >>> 0, fraction: Math.floor((ms / 1000 - seconds) * 2 ** 32) >>> 0 };
}

/** The middle 32 bits of an NTP time: seconds and 1/65536 s. */
export function ntpMiddle({ seconds, fraction }: { seconds: number; fraction: number }): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}
