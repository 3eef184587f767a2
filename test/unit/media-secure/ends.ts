import { createSocket, type Socket } from 'node:dgram';
import { silentLogger } from '../../../src/lib/logger';
import type { RemoteEnd, Wire } from '../../../src/media/embedded/wire';
import {
  createSecureWires,
  type EngineSocket,
  type SecureSection,
  type SecureWire,
  type SecureWires,
} from '../../../src/media/embedded/secure';

export const HOST = '127.0.0.1';

export async function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));

  return socket;
}

/** Sockets that are open now; a test that ends leaves none. */
export const open = new Set<EngineSocket>();

export async function openSocket(): Promise<EngineSocket> {
  const socket = await bind();
  let closing: Promise<void> | undefined;
  const engineSocket: EngineSocket = {
    socket,
    port: socket.address().port,
    close: () => {
      closing ??= new Promise((resolve) => socket.close(() => resolve()));
      open.delete(engineSocket);

      return closing;
    },
  };
  open.add(engineSocket);

  return engineSocket;
}

/** RTP and RTCP on one socket each way, as a plain wire with rtcp-mux would carry them. */
export async function openPlain(): Promise<Wire> {
  const own = await openSocket();
  let peer: RemoteEnd | undefined;
  let rtp: (packet: Buffer) => void = () => undefined;
  let rtcp: (packet: Buffer) => void = () => undefined;
  own.socket.on('message', (bytes) => ((bytes[1] ?? 0) >= 192 && (bytes[1] ?? 0) < 224 ? rtcp(bytes) : rtp(bytes)));
  const send = (packet: Buffer): void => {
    if (peer) own.socket.send(packet, peer.port, peer.address);
  };

  return {
    attributes: ['a=rtcp-mux'],
    protocol: 'RTP/AVP',
    address: HOST,
    port: own.port,
    connect: (remote) => {
      peer = remote;

      return Promise.resolve();
    },
    onRtp: (listener) => (rtp = listener),
    onRtcp: (listener) => (rtcp = listener),
    sendRtp: send,
    sendRtcp: send,
    onFailed: () => undefined,
    close: () => own.close(),
  };
}

export function openWires(security: 'sdes' | 'dtls', sections: SecureSection[]): Promise<SecureWires> {
  return createSecureWires({ security, sections, address: HOST, openPlain, openSocket, log: silentLogger });
}

/** What the other end reads in a description written from this wire. */
export function describe(wires: SecureWires, wire: SecureWire, more: readonly string[] = []): RemoteEnd {
  const { protocol, address, port } = wire;

  return { lines: [...wires.sessionLines, ...wire.attributes, ...more], protocol, address, port };
}

export function rtpPacket(fields: { type?: number; sequence?: number; ssrc?: number; payload?: string } = {}): Buffer {
  const { type = 0, sequence = 1, ssrc = 0x1234, payload = 'hello' } = fields;
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(sequence % 0x10000, 2);
  header.writeUInt32BE(sequence * 160, 4);
  header.writeUInt32BE(ssrc, 8);

  return Buffer.concat([header, Buffer.from(payload)]);
}

/** A receiver report without blocks, or a picture loss indication about `about`. */
export function rtcpPacket(ssrc: number, about?: number): Buffer {
  const packet = Buffer.alloc(about === undefined ? 8 : 12);
  packet.writeUInt8(about === undefined ? 0x80 : 0x81, 0);
  packet.writeUInt8(about === undefined ? 201 : 206, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  if (about !== undefined) packet.writeUInt32BE(about, 8);

  return packet;
}

/** The next packets that come by RTP. */
export function nextRtp(wire: Wire, count = 1): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const packets: Buffer[] = [];
    wire.onRtp((packet) => {
      packets.push(packet);
      if (packets.length === count) resolve(packets);
    });
  });
}

export function nextRtcp(wire: Wire): Promise<Buffer> {
  return new Promise((resolve) => wire.onRtcp(resolve));
}

export function ready(...wires: SecureWire[]): Promise<void[]> {
  return Promise.all(
    wires.map(
      (wire) =>
        new Promise<void>((resolve, reject) => {
          wire.onReady(resolve);
          wire.onFailed((reason) => reject(new Error(reason)));
        }),
    ),
  );
}

/** Looks at each turn of the event loop whether something is so. @throws Error after 15 s. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const limit = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > limit) throw new Error(`${what} did not come true`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
