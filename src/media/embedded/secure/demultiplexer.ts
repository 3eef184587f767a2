import { attributes } from '../../sdp/document';
import { rtpHeaderLength } from './srtp';

/** Which section of a bundle a packet belongs to (RFC 9143 section 9.2). Works on plain packets. */

const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/** Sources that are remembered; a peer that goes through more begins again with the rules that do not need them. */
const MAX_SOURCES = 64;
/** Feedback and reports by packet type (RFC 3550 section 12.1, RFC 4585 section 6.1). */
const RTCP = { senderReport: 200, receiverReport: 201, transportFeedback: 205, payloadFeedback: 206 } as const;
const FULL_INTRA_REQUEST = 4;

export interface Member {
  readonly mid: string;
  readonly kind: 'audio' | 'video';
}

interface Facts {
  payloadTypes: ReadonlySet<number>;
  /** The number of the header extension that carries the mid; 0 for none. */
  extension: number;
}

export class Demultiplexer<M extends Member> {
  private readonly members = new Map<M, Facts>();
  /** Sources of the peer, and ours, by the section that they belong to. */
  private readonly theirs = new Map<number, M>();
  private readonly ours = new Map<number, M>();

  get size(): number {
    return this.members.size;
  }

  /** @param lines The peer's lines of this section: its payload types, its `a=ssrc` and its number for the mid. */
  set(member: M, lines: readonly string[]): void {
    const map = attributes(lines, 'extmap').find((value) => value.split(/\s+/)[1] === MID_EXTENSION);
    this.members.set(member, {
      payloadTypes: new Set(attributes(lines, 'rtpmap').map((value) => Number.parseInt(value, 10))),
      extension: Number.parseInt(map ?? '0', 10),
    });
    for (const value of attributes(lines, 'ssrc')) this.learn(this.theirs, Number.parseInt(value, 10), member);
  }

  delete(member: M): void {
    this.members.delete(member);
    for (const sources of [this.theirs, this.ours]) {
      for (const [ssrc, owner] of sources) if (owner === member) sources.delete(ssrc);
    }
  }

  /**
   * The packet as it goes out: with the mid of its section where the peer has a number for that, since some ends then take no packet
   * without. Its source is remembered, so that reports about it find their way.
   */
  outgoing(member: M, packet: Buffer): Buffer {
    if (packet.length < 12) return packet;
    const ssrc = packet.readUInt32BE(8);
    if (this.ours.get(ssrc) !== member) this.learn(this.ours, ssrc, member);
    const extension = this.members.get(member)?.extension ?? 0;

    return extension > 0 ? withMid(packet, extension, member.mid) : packet;
  }

  /** The section of an RTP packet; undefined when it is of none. */
  rtp(packet: Buffer): M | undefined {
    const [only] = this.members.keys();
    if (this.members.size <= 1) return only;
    const ssrc = packet.readUInt32BE(8);
    const named = this.byMid(packet);
    const member = named ?? this.theirs.get(ssrc) ?? this.byPayloadType(packet.readUInt8(1) & 0x7f);
    if (member && this.theirs.get(ssrc) !== member) this.learn(this.theirs, ssrc, member);

    return member;
  }

  /** The parts of a compound packet, each with the sections that it says something about. */
  rtcp(packet: Buffer): { member: M; packet: Buffer }[] {
    const all = [...this.members.keys()];
    const [only] = all;
    if (all.length <= 1) return only ? [{ member: only, packet }] : [];

    return split(packet).flatMap((part) => {
      const concerned = new Set(this.concernedBy(part));

      return (concerned.size > 0 ? [...concerned] : all).map((member) => ({ member, packet: part }));
    });
  }

  private byMid(packet: Buffer): M | undefined {
    for (const [member, { extension }] of this.members) {
      if (extension > 0 && extensionOf(packet, extension)?.toString() === member.mid) return member;
    }

    return undefined;
  }

  private byPayloadType(payloadType: number): M | undefined {
    const claiming = [...this.members].filter(([, facts]) => facts.payloadTypes.has(payloadType));
    if (claiming.length > 0) return claiming.length === 1 ? claiming[0]?.[0] : undefined;
    // The numbers that need no rtpmap line (RFC 3551 section 6): below 24 they are sound, from there to 34 pictures.
    const kind = payloadType < 24 ? 'audio' : payloadType <= 34 ? 'video' : undefined;

    return [...this.members.keys()].find((member) => member.kind === kind);
  }

  private concernedBy(part: Buffer): M[] {
    const type = part.readUInt8(1);
    if (part.length < 8) return [];
    const sender = this.theirs.get(part.readUInt32BE(4));
    const about = aboutOf(part, type).flatMap((ssrc) => this.ours.get(ssrc) ?? []);
    const isFeedback = type === RTCP.transportFeedback || type === RTCP.payloadFeedback;
    if (isFeedback && about.length > 0) return about;

    return sender ? [sender, ...about] : about;
  }

  private learn(sources: Map<number, M>, ssrc: number, member: M): void {
    if (!Number.isSafeInteger(ssrc)) return;
    sources.delete(ssrc);
    sources.set(ssrc, member);
    const [oldest] = sources.keys();
    if (sources.size > MAX_SOURCES && oldest !== undefined) sources.delete(oldest);
  }
}

/** The parts of a compound RTCP packet; what does not fit is left out. */
function split(packet: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start + 4 <= packet.length;) {
    const end = start + 4 * (packet.readUInt16BE(start + 2) + 1);
    if (end > packet.length) break;
    parts.push(packet.subarray(start, end));
    start = end;
  }

  return parts;
}

/** The sources of ours that a part speaks about. */
function aboutOf(part: Buffer, type: number): number[] {
  const count = part.readUInt8(0) & 0x1f;
  const at = (first: number, step: number, end: number): number[] => {
    const found: number[] = [];
    for (let place = first; place + 4 <= end; place += step) found.push(part.readUInt32BE(place));

    return found;
  };
  if (type === RTCP.receiverReport) return at(8, 24, Math.min(part.length, 8 + 24 * count));
  if (type === RTCP.senderReport) return at(28, 24, Math.min(part.length, 28 + 24 * count));
  if (type === RTCP.payloadFeedback && count === FULL_INTRA_REQUEST) return at(12, 8, part.length);
  if (type === RTCP.transportFeedback || type === RTCP.payloadFeedback) return at(8, 4, Math.min(part.length, 12));

  return [];
}

/** The value of a header extension, in the one-byte and the two-byte form (RFC 8285 section 4). */
function extensionOf(packet: Buffer, id: number): Buffer | undefined {
  const end = rtpHeaderLength(packet);
  const start = 12 + 4 * (packet.readUInt8(0) & 0x0f);
  if (end === undefined || end <= start) return undefined;
  const profile = packet.readUInt16BE(start);
  if (profile !== 0xbede && profile >> 4 !== 0x100) return undefined;
  const short = profile === 0xbede;
  for (let place = start + 4; place + 1 < end;) {
    const head = packet.readUInt8(place);
    if (head === 0) {
      place++;
      continue;
    }
    const value = place + (short ? 1 : 2);
    const length = short ? (head & 0x0f) + 1 : packet.readUInt8(place + 1);
    if ((short ? head >> 4 : head) === id && value + length <= end) return packet.subarray(value, value + length);
    place = value + length;
  }

  return undefined;
}

/** Adds a header extension in its one-byte form (RFC 8285 section 4.2); a packet that has extensions already is left as it is. */
function withMid(packet: Buffer, id: number, mid: string): Buffer {
  if (id > 14 || mid.length > 16 || mid === '' || (packet.readUInt8(0) & 0x10) !== 0) return packet;
  const start = 12 + 4 * (packet.readUInt8(0) & 0x0f);
  const words = Math.ceil((1 + mid.length) / 4);
  const extension = Buffer.alloc(4 + 4 * words);
  extension.writeUInt16BE(0xbede, 0);
  extension.writeUInt16BE(words, 2);
  extension.writeUInt8((id << 4) | (mid.length - 1), 4);
  extension.write(mid, 5);
  const marked = Buffer.concat([packet.subarray(0, start), extension, packet.subarray(start)]);
  marked.writeUInt8(marked.readUInt8(0) | 0x10);

  return marked;
}

/** The packet without its header extension: its numbers mean something on this wire alone. */
export function withoutExtension(packet: Buffer): Buffer {
  if ((packet.readUInt8(0) & 0x10) === 0) return packet;
  const end = rtpHeaderLength(packet);
  if (end === undefined) return packet;
  const start = 12 + 4 * (packet.readUInt8(0) & 0x0f);
  const bare = Buffer.concat([packet.subarray(0, start), packet.subarray(end)]);
  bare.writeUInt8(bare.readUInt8(0) & ~0x10);

  return bare;
}

/** Our line for the mid extension, with the number that the peer gave it. */
export function midExtensionLine(lines: readonly string[]): string[] {
  const map = attributes(lines, 'extmap').find((value) => value.split(/\s+/)[1] === MID_EXTENSION);
  const number = Number.parseInt(map ?? '', 10);

  return number > 0 ? [`a=extmap:${number} ${MID_EXTENSION}`] : [];
}
