import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Authority } from '../../support/certificates';
import { DnsServer } from '../../support/dns';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd, SipdOptions } from '../../../src/sipd/server';
import { silentLogger } from '../../../src/lib/logger';
import { Application } from './support/application';
import type { SrfDialog, SrfRequest } from './support/application';

/** Two servers with an application each, over TLS; names come from a name server of the test. */

const secret = 'edge-test';
const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<SipdOptions>): Promise<{ sipd: Sipd; app: Application }> {
  const ports = { udpPort: 0, tcpPort: 0, tlsPort: 0, controlPort: 0 };
  const sipd = await startSipd({ host: '127.0.0.1', ...ports, secret, log: silentLogger, ...options });
  cleanups.push(() => sipd.close());
  const { address, port } = sipd.addresses.control;
  const app = await Application.connect({ control: { host: address, port, secret } });
  cleanups.push(() => app.close());

  return { sipd, app };
}

/** Answers the next call to `b`. */
async function answers(app: Application): Promise<{ request: SrfRequest; dialog: SrfDialog }> {
  const { req, res } = await app.next('INVITE', 'b');

  return { request: req, dialog: await app.srf.createUAS(req, res, { localSdp: sdp }) };
}

test('a sips call is made by the name of its domain, and all of it goes by TLS, both ways', async () => {
  const authority = await Authority.create();
  cleanups.push(() => authority.remove());
  const [ours, theirs] = await Promise.all([authority.issue(['IP:127.0.0.1']), authority.issue(['DNS:example.com'])]);
  const dns = await DnsServer.start();
  cleanups.push(() => dns.close());
  const caller = await start({ tls: ours, dns: { servers: [dns.address] } });
  const callee = await start({ tls: theirs });
  const { port } = callee.sipd.addresses.tls!;
  dns.srv('_sips._tcp.example.com', { priority: 1, weight: 1, port, target: 'host.example.com' });
  dns.a('host.example.com', '127.0.0.1');

  const called = answers(callee.app);
  const dialog = await caller.app.srf.createUAC('sips:b@example.com', { localSdp: sdp });
  const { request, dialog: other } = await called;
  expect(request.protocol).toBe('tls');
  expect(request.get('Via')).toMatch(/^SIP\/2\.0\/TLS .*;alias/);
  expect(request.get('Contact')).toBe(`<sips:127.0.0.1:${caller.sipd.addresses.tls!.port}>`);
  // The answer is secure too, so that what follows stays so.
  expect(dialog.remote.uri).toBe(`sips:127.0.0.1:${port}`);
  const gone = new Promise<SrfRequest>((resolve) => dialog.on('destroy', resolve));
  await other.destroy();
  expect((await gone).protocol).toBe('tls');
  const { received } = callee.sipd.stats().transport;
  expect(received).toMatchObject({ udp: 0, tcp: 0 });
  expect(callee.sipd.stats().transport.connections).toMatchObject({ tls: 1, tcp: 0 });
}, 30_000);

test('a sips call to whoever cannot prove to be the domain fails, and nothing of it is sent', async () => {
  const authority = await Authority.create();
  cleanups.push(() => authority.remove());
  const files = await authority.issue(['DNS:other.com']);
  const caller = await start({ tls: files });
  const callee = await start({ tls: files });
  const { port } = callee.sipd.addresses.tls!;
  await expect(caller.app.srf.createUAC(`sips:b@127.0.0.1:${port}`, { localSdp: sdp })).rejects.toMatchObject({
    status: 503,
  });
  expect(callee.sipd.stats().transport.received.tls).toBe(0);
}, 30_000);

test('an application connects to the control port over TLS, and over nothing else', async () => {
  const authority = await Authority.create();
  cleanups.push(() => authority.remove());
  const files = await authority.issue(['IP:127.0.0.1']);
  const sipd = await startSipd({ udpPort: 0, controlTls: files, secret });
  cleanups.push(() => sipd.close());
  const { host, port } = sipd.connection;
  const ca = readFileSync(files.ca);
  const app = await Application.connect({ control: { host, port, secret } }, { tls: { ca } });
  expect(sipd.stats().applications).toBe(1);
  // Neither a plain connection nor one that knows another authority gets in, and one that says nothing does not hold up the end.
  const plain = connect(port, host);
  plain.write('10#m|ping');
  plain.on('error', () => undefined).resume();
  await once(plain, 'close');
  const stranger = tlsConnect({ host, port });
  const [error] = (await once(stranger, 'error')) as [Error];
  expect(error.message).toMatch(/certificate/);
  const silent = connect(port, host);
  silent.on('error', () => undefined).resume();
  await once(silent, 'connect');
  expect(sipd.stats().applications).toBe(1);
  await app.close();
  const gone = once(silent, 'close');
  await Promise.all([sipd.close(), sipd.close(), gone]);
}, 30_000);
