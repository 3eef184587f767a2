import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { ReplayWindow } from './replay';

/** SRTP and SRTCP (RFC 3711) with AES-CM of 128 bits and HMAC-SHA1: the suites of RFC 4568 section 6.2, and the profile of RFC 5764. */

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32';

/** Length of the tag of an SRTP packet in bytes; that of SRTCP is 10 with both. */
const TAG: Readonly<Record<SrtpSuite, number>> = { AES_CM_128_HMAC_SHA1_80: 10, AES_CM_128_HMAC_SHA1_32: 4 };
const RTCP_TAG = 10;
export const KEY_BYTES = 16;
export const SALT_BYTES = 14;
/** Sources that one peer may use at a time with one key: ssrcs beyond that push out the one that was silent longest. */
const MAX_SOURCES = 32;
const ENCRYPTED = 0x80000000;

export interface MasterKey {
  /** 16 bytes. */
  key: Buffer;
  /** 14 bytes. */
  salt: Buffer;
}

interface SessionKeys {
  cipher: Buffer;
  auth: Buffer;
  salt: Buffer;
}

/** RFC 3711 section 4.3, without key derivation rate: labels 0 to 2 are those of SRTP, 3 to 5 those of SRTCP. */
function derive({ key, salt }: MasterKey, label: number): SessionKeys {
  const stream = (index: number, length: number): Buffer => {
    const iv = Buffer.concat([salt, Buffer.alloc(2)]);
    iv[7]! ^= label + index;

    return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
  };

  return { cipher: stream(0, KEY_BYTES), auth: stream(1, 20), salt: stream(2, SALT_BYTES) };
}

/** XORs the key stream of a packet (RFC 3711 section 4.1.1) over its bytes from `start` on. */
function crypt(keys: SessionKeys, ssrc: number, index: number, bytes: Buffer): Buffer {
  const iv = Buffer.alloc(16);
  keys.salt.copy(iv);
  iv.writeUInt32BE((iv.readUInt32BE(4) ^ ssrc) >>> 0, 4);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ Math.floor(index / 0x10000)) >>> 0, 8);
  iv.writeUInt16BE(iv.readUInt16BE(12) ^ (index & 0xffff), 12);

  return createCipheriv('aes-128-ctr', keys.cipher, iv).update(bytes);
}

function tagOf(keys: SessionKeys, packet: Buffer, rollover: number | undefined, length: number): Buffer {
  const hmac = createHmac('sha1', keys.auth).update(packet);
  if (rollover !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(rollover >>> 0);
    hmac.update(bytes);
  }

  return hmac.digest().subarray(0, length);
}

/** The length of an RTP header with its sources and extension; undefined where the packet ends before. */
export function rtpHeaderLength(packet: Buffer): number | undefined {
  if (packet.length < 12 || packet[0]! >> 6 !== 2) return undefined;
  let length = 12 + 4 * (packet[0]! & 0x0f);
  if (packet[0]! & 0x10) {
    if (packet.length < length + 4) return undefined;
    length += 4 + 4 * packet.readUInt16BE(length + 2);
  }

  return packet.length < length ? undefined : length;
}

/** RFC 3711 section 3.3.1: the index that a sequence number most likely stands for, after the highest one known. */
export function guessIndex(highest: number | undefined, sequence: number): number {
  if (highest === undefined) return sequence;
  const rollover = Math.floor(highest / 0x10000);
  const last = highest % 0x10000;
  if (last < 0x8000 && sequence - last > 0x8000) return (rollover - 1) * 0x10000 + sequence;
  if (last >= 0x8000 && last - 0x8000 > sequence) return (rollover + 1) * 0x10000 + sequence;

  return rollover * 0x10000 + sequence;
}

/** Protects what we send. */
export class SrtpSender {
  private readonly rtpKeys: SessionKeys;
  private readonly rtcpKeys: SessionKeys;
  private readonly tag: number;
  private readonly highest = new Map<number, number>();
  private readonly rtcpIndex = new Map<number, number>();

  constructor(master: MasterKey, suite: SrtpSuite) {
    this.rtpKeys = derive(master, 0);
    this.rtcpKeys = derive(master, 3);
    this.tag = TAG[suite];
  }

  /** The protected packet; undefined for something that is no RTP. */
  rtp(packet: Buffer): Buffer | undefined {
    const start = rtpHeaderLength(packet);
    if (start === undefined) return undefined;
    const ssrc = packet.readUInt32BE(8);
    const known = this.highest.get(ssrc);
    const index = guessIndex(known, packet.readUInt16BE(2));
    if (index < 0) return undefined;
    if (known === undefined || index > known) this.highest.set(ssrc, index);
    const body = Buffer.concat([packet.subarray(0, start), crypt(this.rtpKeys, ssrc, index, packet.subarray(start))]);

    return Buffer.concat([body, tagOf(this.rtpKeys, body, Math.floor(index / 0x10000), this.tag)]);
  }

  rtcp(packet: Buffer): Buffer | undefined {
    if (packet.length < 8) return undefined;
    const ssrc = packet.readUInt32BE(4);
    const index = ((this.rtcpIndex.get(ssrc) ?? -1) + 1) % ENCRYPTED;
    this.rtcpIndex.set(ssrc, index);
    const trailer = Buffer.alloc(4);
    trailer.writeUInt32BE((ENCRYPTED + index) >>> 0);
    const body = Buffer.concat([packet.subarray(0, 8), crypt(this.rtcpKeys, ssrc, index, packet.subarray(8)), trailer]);

    return Buffer.concat([body, tagOf(this.rtcpKeys, body, undefined, RTCP_TAG)]);
  }
}

/** Checks and opens what the peer sends. Nothing of a packet has an effect before its tag was found right. */
export class SrtpReceiver {
  private readonly rtpKeys: SessionKeys;
  private readonly rtcpKeys: SessionKeys;
  private readonly tag: number;
  private readonly rtpWindows = new Map<number, ReplayWindow>();
  private readonly rtcpWindows = new Map<number, ReplayWindow>();

  /** @param mki Length of the key identifier that the peer puts before its tags (RFC 3711 section 3.1), in bytes. */
  constructor(
    master: MasterKey,
    suite: SrtpSuite,
    private readonly mki = 0,
  ) {
    this.rtpKeys = derive(master, 0);
    this.rtcpKeys = derive(master, 3);
    this.tag = TAG[suite];
  }

  /** The plain packet; undefined when it is not authentic, was there before, or is older than what can be told. */
  rtp(packet: Buffer): Buffer | undefined {
    const start = rtpHeaderLength(packet);
    const end = packet.length - this.tag - this.mki;
    if (start === undefined || end < start) return undefined;
    const ssrc = packet.readUInt32BE(8);
    const window = this.rtpWindows.get(ssrc);
    const index = guessIndex(window?.highest, packet.readUInt16BE(2));
    if (index < 0 || window?.has(index)) return undefined;
    const body = packet.subarray(0, end);
    const expected = tagOf(this.rtpKeys, body, Math.floor(index / 0x10000), this.tag);
    if (!timingSafeEqual(expected, packet.subarray(packet.length - this.tag))) return undefined;
    note(this.rtpWindows, ssrc, index);

    return Buffer.concat([body.subarray(0, start), crypt(this.rtpKeys, ssrc, index, body.subarray(start))]);
  }

  rtcp(packet: Buffer): Buffer | undefined {
    const end = packet.length - RTCP_TAG - this.mki;
    if (end < 12) return undefined;
    const ssrc = packet.readUInt32BE(4);
    const trailer = packet.readUInt32BE(end - 4);
    const index = trailer % ENCRYPTED;
    if (this.rtcpWindows.get(ssrc)?.has(index)) return undefined;
    const expected = tagOf(this.rtcpKeys, packet.subarray(0, end), undefined, RTCP_TAG);
    if (!timingSafeEqual(expected, packet.subarray(packet.length - RTCP_TAG))) return undefined;
    note(this.rtcpWindows, ssrc, index);
    const body = packet.subarray(8, end - 4);

    return Buffer.concat([packet.subarray(0, 8), trailer < ENCRYPTED ? body : crypt(this.rtcpKeys, ssrc, index, body)]);
  }
}

function note(windows: Map<number, ReplayWindow>, ssrc: number, index: number): void {
  const window = windows.get(ssrc) ?? new ReplayWindow();
  window.add(index);
  // Into the last place, so that the first of the map is the one that was silent longest.
  windows.delete(ssrc);
  windows.set(ssrc, window);
  if (windows.size <= MAX_SOURCES) return;
  const [oldest] = windows.keys();
  if (oldest !== undefined) windows.delete(oldest);
}
