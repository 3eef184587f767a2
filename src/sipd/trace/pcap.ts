import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint } from '../transport/types';
import type { TraceEvent } from './event';

/** LINKTYPE_RAW: packets begin with the IP header, whose first four bits tell its version. */
const linkTypeRaw = 101;
const maxPacket = 262_144;
const udpProtocol = 17;
const udpHeader = 8;
/** What fits into a datagram: both IP versions tell the length by 16 bits, and IPv4 counts its own header. */
const maxPayload = 65_535 - 20 - udpHeader;

/** The beginning of a file in the classic pcap format: version 2.4, stamps in microseconds, least byte first. */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(maxPacket, 16);
  header.writeUInt32LE(linkTypeRaw, 20);

  return header;
}

/**
 * One message as a record of the file: a UDP datagram, whatever transport it really went over, so that a reader need not
 * put streams together. A longer message than a datagram holds (streams take them) is cut off there.
 */
export function pcapRecord(event: TraceEvent): Buffer {
  const isOut = event.direction === 'out';
  const [from, to] = isOut ? [event.local, event.remote] : [event.remote, event.local];
  const packet = udpPacket(from, to, event.bytes.subarray(0, maxPayload));
  const micros = Math.round(event.at * 1000);
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Math.floor(micros / 1e6) >>> 0, 0);
  record.writeUInt32LE(micros % 1e6, 4);
  record.writeUInt32LE(packet.length, 8);
  record.writeUInt32LE(packet.length + (event.bytes.length - Math.min(event.bytes.length, maxPayload)), 12);

  return Buffer.concat([record, packet]);
}

/** A whole file. */
export function pcapFile(events: Iterable<TraceEvent>): Buffer {
  return Buffer.concat([pcapHeader(), ...Array.from(events, pcapRecord)]);
}

function udpPacket(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const isV4 = isIPv4(from.address) && isIPv4(to.address);
  const toBytes = isV4 ? ipv4Bytes : ipv6Bytes;
  const addresses = [toBytes(from.address), toBytes(to.address)] as const;
  const udp = Buffer.alloc(udpHeader);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(udpHeader + payload.length, 4);
  udp.writeUInt16BE(udpChecksum(addresses, udp, payload), 6);
  const ip = isV4 ? ipv4Header(addresses, payload.length) : ipv6Header(addresses, payload.length);

  return Buffer.concat([ip, udp, payload]);
}

type Addresses = readonly [from: Buffer, to: Buffer];

/** RFC 791 section 3.1. */
function ipv4Header([from, to]: Addresses, payload: number): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(header.length + udpHeader + payload, 2);
  header[8] = 64;
  header[9] = udpProtocol;
  from.copy(header, 12);
  to.copy(header, 16);
  header.writeUInt16BE(~fold(sumWords(header)) & 0xffff, 10);

  return header;
}

/** RFC 8200 section 3. */
function ipv6Header([from, to]: Addresses, payload: number): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(udpHeader + payload, 4);
  header[6] = udpProtocol;
  header[7] = 64;
  from.copy(header, 8);
  to.copy(header, 24);

  return header;
}

/** Over the addresses, the protocol and the length too (RFC 768, RFC 8200 section 8.1). */
function udpChecksum([from, to]: Addresses, header: Buffer, payload: Buffer): number {
  const pseudo = sumWords(from) + sumWords(to) + udpProtocol + header.length + payload.length;
  const checksum = ~fold(pseudo + sumWords(header) + sumWords(payload)) & 0xffff;

  // Zero would say that there is none.
  return checksum === 0 ? 0xffff : checksum;
}

function sumWords(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);

  return bytes.length % 2 === 0 ? sum : sum + bytes[bytes.length - 1]! * 256;
}

/** A sum of 16-bit words with what was carried over added again (RFC 1071). */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);

  return folded;
}

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** An IPv4 address in its IPv6-mapped form (RFC 4291 section 2.5.5.2); all zeros for what is no address. */
function ipv6Bytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), ipv4Bytes(address)]);
  const bytes = Buffer.alloc(16);
  if (!isIPv6(address)) return bytes;
  // A URL writes an address without dots and zones, so that only `::` is left to be spelled out.
  const plain = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  head.forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), 2 * index));
  tail.forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), 16 - 2 * (tail.length - index)));

  return bytes;
}
