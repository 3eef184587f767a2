import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { silentLogger } from '../../../src/lib/logger';
import { heldTo } from '../../../src/lib/trust';
import { Edge } from '../../../src/sip/edge';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';
import { Authority } from '../../support/certificates';
import type { CertificateFiles } from '../../support/certificates';

/** The application on a control port with TLS: real sockets, drachtio-srf, certificates of the test's own. */

const secret = 'a-secret-of-the-edge';
const host = '127.0.0.1';
let authority: Authority;
let files: CertificateFiles;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await Authority.create();
  files = await authority.issue([`IP:${host}`]);
});
afterAll(() => authority.remove());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(controlTls: CertificateFiles | undefined): Promise<Sipd> {
  const sipd = await startSipd({
    udpPort: 0,
    secret,
    controlTls: controlTls && { cert: controlTls.cert, key: controlTls.key },
  });
  cleanups.push(() => sipd.close());

  return sipd;
}

/** An application; it connects when it is asked to. */
function application(): Edge {
  const edge = new Edge(silentLogger);
  cleanups.push(() => edge.close());

  return edge;
}

const to = (port: number, ca: string | undefined) => ({ host, port, secret, tls: () => heldTo(ca) });

/** The way to a server, which can be cut; it notes the first byte that came on each connection. */
async function line(port: number): Promise<{ port: number; firsts: number[]; cut(): void }> {
  const [firsts, sockets]: [number[], net.Socket[]] = [[], []];
  const relay = net.createServer((near) => {
    const far = net.connect(port, host);
    near.once('data', (bytes) => firsts.push(bytes[0]!));
    for (const one of [near, far]) sockets.push(one.on('error', () => undefined));
    near.pipe(far).pipe(near);
  });
  relay.listen(0, host);
  await once(relay, 'listening');
  const cut = (): void => sockets.splice(0).forEach((one) => one.destroy());
  cleanups.push(() => {
    cut();
    relay.close();
  });

  return { port: (relay.address() as net.AddressInfo).port, firsts, cut };
}

test('the authority of the certificate is known, or the certificate itself', async () => {
  const sipd = await server(files);
  for (const ca of [files.ca, files.cert]) {
    const [listening] = await application().connect(to(sipd.connection.port, ca), 5_000);
    expect(listening).toMatchObject({ transport: 'udp', port: sipd.addresses.udp!.port });
  }
  expect(sipd.stats().applications).toBe(2);
});

test('a connection that is lost is made again over TLS, with what the files hold by then', async () => {
  const sipd = await server(files);
  const way = await line(sipd.connection.port);
  const edge = application();
  let asked = 0;
  const address = {
    ...to(way.port, undefined),
    tls: () => ((asked += 1), heldTo(asked === 2 ? '/nowhere' : files.ca)),
  };
  await edge.connect(address, 5_000);
  const back = new Promise<void>((resolve) => edge.onConnection((connected) => connected && resolve()));
  way.cut();
  await back;
  expect(sipd.stats().applications).toBe(1);
  // Once in vain, as a file could not be read; and never a word in clear, which the secret would be among.
  expect(asked).toBe(3);
  const handshake = 22;
  expect(way.firsts).toEqual([handshake, handshake]);
});

test.each([
  ['an unknown authority', [`IP:${host}`], () => undefined, /UNABLE_TO_VERIFY_LEAF_SIGNATURE.*SIGHTLINE_DRACHTIO_CA/],
  ['another certificate of the same name', [`IP:${host}`], () => files.cert, /not accepted.*SIGHTLINE_DRACHTIO_CA/],
  ['another host', ['DNS:other.test'], () => files.ca, /ERR_TLS_CERT_ALTNAME_INVALID.*host of DRACHTIO_URL/],
])('a certificate of %s ends the connection before the secret is told', async (_what, names, ca, words) => {
  const { cert, key } = await authority.issue(names);
  const heard: Buffer[] = [];
  const impostor = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.on('data', (bytes) => heard.push(bytes)).on('error', () => undefined);
  });
  impostor.on('tlsClientError', () => undefined).listen(0, host);
  await once(impostor, 'listening');
  const { port } = impostor.address() as net.AddressInfo;
  const edge = application();
  await expect(edge.connect(to(port, ca()), 5_000)).rejects.toMatchObject({
    ...{ code: 'EDGE_UNAVAILABLE', message: expect.stringMatching(words) as string },
  });
  edge.close();
  await new Promise((closed) => impostor.close(closed));
  expect(heard).toEqual([]);
});

test('whoever speaks TLS with a port in clear is told to look at that', async () => {
  const clear = await server(undefined);
  await expect(application().connect(to(clear.connection.port, files.ca), 300)).rejects.toMatchObject({
    message: expect.stringContaining('does it speak TLS (tls://) or not (tcp://)?') as string,
  });
});

test('an application that is closed while it waits for the next attempt makes none', async () => {
  const sipd = await server(files);
  const way = await line(sipd.connection.port);
  const edge = application();
  await edge.connect(to(way.port, files.ca), 5_000);
  const lost = new Promise<void>((resolve) => edge.onConnection((connected) => !connected && resolve()));
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
  cleanups.push(() => jest.useRealTimers());
  way.cut();
  await lost;
  edge.close();
  edge.close();
  expect(jest.getTimerCount()).toBe(0);
});
