import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import WebSocket from 'ws';
import { openDoor } from '../../../src/sipd/transport/guard';
import type { TransportGuard } from '../../../src/sipd/transport/guard';
import type { TransportStats } from '../../../src/sipd/transport/types';
import { Authority } from '../../support/certificates';
import type { CertificateFiles } from '../../support/certificates';
import { cleanups, Inbox, start } from './helpers';

type Stream = 'tcp' | 'tls' | 'ws' | 'wss';

/** Lets in as many as it has places, and tells when one is given back. */
class Doorkeeper implements TransportGuard {
  readonly admits = openDoor.admits;
  readonly inspect = openDoor.inspect;
  readonly inside: string[] = [];
  readonly came = new Inbox<boolean>();
  readonly left = new Inbox<string>();

  constructor(private readonly places: number) {}

  opens(address: string): boolean {
    const isTaken = this.inside.length < this.places;
    if (isTaken) this.inside.push(address);
    this.came.put(isTaken);

    return isTaken;
  }

  closed(address: string): void {
    this.inside.splice(this.inside.indexOf(address), 1);
    this.left.put(address);
  }
}

let authority: Authority;
let files: CertificateFiles;

beforeAll(async () => {
  authority = await Authority.create();
  files = await authority.issue(['IP:127.0.0.1']);
});
afterAll(() => authority.remove());

async function open(
  keeper: Doorkeeper,
): Promise<{ ports: Record<Stream, number>; connections(): TransportStats['connections'] }> {
  const ports = { tcpPort: 0, tlsPort: 0, wsPort: 0, wssPort: 0 };
  const { layer } = await start(ports, { tls: files, guard: keeper });
  const { tcp, tls: secure, ws, wss } = layer.addresses;

  return {
    ports: { tcp: tcp!.port, tls: secure!.port, ws: ws!.port, wss: wss!.port },
    connections: () => layer.stats().connections,
  };
}

function silent(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  cleanups.push(() => socket.destroy());

  return socket;
}

const streams: Stream[] = ['tcp', 'tls', 'ws', 'wss'];

test.each(streams)('who opens %s and says nothing holds a place, and gives it back when he goes', async (stream) => {
  const keeper = new Doorkeeper(10);
  const { ports } = await open(keeper);
  const socket = silent(ports[stream]);
  expect(await keeper.came.take()).toBe(true);
  expect(keeper.inside).toEqual(['127.0.0.1']);
  socket.destroy();
  await keeper.left.take();
  expect(keeper.inside).toEqual([]);
});

test.each(streams)('whom there is no place for is hung up on before his handshake: %s', async (stream) => {
  const keeper = new Doorkeeper(1);
  const { ports, connections } = await open(keeper);
  silent(ports[stream]);
  expect(await keeper.came.take()).toBe(true);
  await once(silent(ports[stream]), 'close');
  expect(await keeper.came.take()).toBe(false);
  expect(keeper.inside).toHaveLength(1);
  expect(connections()).toEqual({ tcp: stream === 'tcp' ? 1 : 0, tls: 0, ws: 0, wss: 0 });
});

test('a connection is counted once, whatever was shaken hands over, and once when it ends', async () => {
  const keeper = new Doorkeeper(10);
  const { ports } = await open(keeper);
  const ca = readFileSync(files.ca);
  const secure = tls.connect({ host: '127.0.0.1', port: ports.tls, ca });
  const sockets = [
    new WebSocket(`ws://127.0.0.1:${ports.ws}`, 'sip'),
    new WebSocket(`wss://127.0.0.1:${ports.wss}`, 'sip', { ca }),
  ];
  await Promise.all([once(secure, 'secureConnect'), ...sockets.map((socket) => once(socket, 'open'))]);
  expect(keeper.inside).toHaveLength(3);
  secure.destroy();
  for (const socket of sockets) socket.close();
  for (let count = 0; count < 3; count++) await keeper.left.take();
  expect(keeper.inside).toEqual([]);
});
