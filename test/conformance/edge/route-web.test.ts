import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import SrfModule from 'drachtio-srf';
import { createLogger } from '../../../src/lib/logger';
import type { Logger } from '../../../src/lib/logger';
import { heldTo } from '../../../src/lib/trust';
import type { SipdOptions } from '../../../src/sipd/server';
import { Authority } from '../../support/certificates';
import type { Srf } from './support/application';
import { startSipdEdge } from './support/edges';
import type { EdgeUnderTest } from './support/edges';
import { Phone } from './support/phone';
import { Recorder } from './support/recorder';
import { header, sdp } from './support/sip-text';

/** Calls over connections that the server makes, and a web server that is asked where they go. */

const Constructor = SrfModule as unknown as new () => Srf & { listen(options: object): Server };
const secret = 'edge-test';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(applicationRoute: SipdOptions['applicationRoute'], log?: Logger): Promise<Phone> {
  return (await openForTwo(applicationRoute, log))[0];
}

/** A server with two phones. */
async function openForTwo(
  applicationRoute: SipdOptions['applicationRoute'],
  log?: Logger,
): Promise<[first: Phone, second: Phone, edge: EdgeUnderTest]> {
  const edge = await startSipdEdge({ applicationRoute, ...(log && { log }) });
  cleanups.push(() => edge.close());
  const [first, second] = [await Phone.udp(edge), await Phone.udp(edge)];
  for (const phone of [first, second]) cleanups.push(() => phone.close());

  return [first, second, edge];
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening');
  cleanups.push(() => server.close());

  return (server.address() as AddressInfo).port;
}

/** An application that listens, and answers calls. */
async function answering(tls?: object): Promise<number> {
  const srf = new Constructor();
  srf.on('connect', () => undefined);
  srf.on('error', () => undefined);
  srf.use('invite', (req, res) => void srf.createUAS(req, res, { localSdp: sdp(2) }));

  return portOf(srf.listen({ host: '127.0.0.1', port: 0, secret, ...(tls && { tls }) }));
}

/** A web server that gives this answer; an undefined one it never gives. */
async function web(
  answer: object | string | undefined,
): Promise<{ url: string; asked: string[]; server: http.Server }> {
  const asked: string[] = [];
  const server = http.createServer((req, res) => {
    asked.push(req.url!);
    if (answer !== undefined) res.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  const port = await portOf(server);
  cleanups.push(() => server.closeAllConnections());

  return { url: `http://127.0.0.1:${port}/route`, asked, server };
}

async function isAnswered(phone: Phone): Promise<void> {
  const call = phone.request('INVITE', 'a', {}, sdp());
  await call.leg.status(call, 200);
  call.leg.ack(call);
  await call.leg.status(call.leg.request('BYE'), 200);
}

test('a call over a connection that the server makes, over TCP and over TLS', async () => {
  await isAnswered(await open({ host: '127.0.0.1', port: await answering() }));
  const authority = await Authority.create();
  cleanups.push(() => authority.remove());
  const files = await authority.issue(['IP:127.0.0.1']);
  const port = await answering({ cert: readFileSync(files.cert), key: readFileSync(files.key) });
  await isAnswered(await open({ host: '127.0.0.1', port, tls: { ca: readFileSync(files.ca) } }));
  const [log, lines] = logged();
  const distrusted = await open({ host: '127.0.0.1', port, tls: {} }, log);
  const call = distrusted.request('INVITE', 'a', {}, sdp());
  await call.leg.status(call, 480);
  expect(lines.join('')).toMatch(/not accepted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*SIGHTLINE_ROUTE_CA/);
}, 30_000);

test('a CANCEL while the connection is being made ends the call and the connection', async () => {
  const silent = net.createServer().listen(0, '127.0.0.1');
  const connected = once(silent, 'connection') as Promise<[Socket]>;
  const phone = await open({ host: '127.0.0.1', port: await portOf(silent) });
  const call = phone.request('INVITE', 'a', {}, sdp());
  const [socket] = await connected;
  const gone = once(socket.on('error', () => undefined).resume(), 'close');
  await call.leg.status(call, 100);
  call.leg.sameTransaction('CANCEL', call);
  await call.leg.status(call, 487);
  await gone;
  // Sooner than the time limits would end it.
}, 2_500);

test('a CANCEL while the web server is asked ends the call and the question', async () => {
  const { url, server } = await web(undefined);
  const asked = once(server, 'request') as Promise<[http.IncomingMessage]>;
  const phone = await open({ url });
  const call = phone.request('INVITE', 'a', {}, sdp());
  const gone = once((await asked)[0].socket, 'close');
  call.leg.sameTransaction('CANCEL', call);
  await call.leg.status(call, 487);
  await gone;
  // Sooner than the time limits would end it.
}, 2_500);

test('the web server is told what drachtio-server tells, and routes to an application', async () => {
  const port = await answering();
  const { url, asked } = await web({ action: 'route', data: { uri: `127.0.0.1:${port}` } });
  await isAnswered(await open({ url }));
  const question = new URL(asked[0]!, url);
  expect(question.pathname).toBe('/route/');
  const { uri, ...rest } = Object.fromEntries(question.searchParams);
  expect(uri).toMatch(/^sip:a@127\.0\.0\.1:\d+$/);
  expect(rest).toEqual({
    method: 'INVITE',
    domain: '127.0.0.1',
    protocol: 'udp',
    source_address: '127.0.0.1',
    fromUser: 'phone',
    toUser: 'a',
    uriUser: 'a',
    contentType: 'application/sdp',
  });
  expect(asked).toHaveLength(1);
});

test.each([
  [{ action: 'reject', data: { status: 486, reason: 'Not now' } }, 486],
  [{ action: 'redirect', data: { contact: ['sip:b@192.0.2.1', 'sip:c@192.0.2.2'] } }, 302],
  [{ action: 'route', data: { tag: 'nobody' } }, 480],
  [{ action: 'route', data: { uri: '127.0.0.1:1' } }, 480],
  [{ action: 'route', data: {} }, 500],
  [{ action: 'reject', data: { status: 200 } }, 500],
  [{ action: 'reject', data: { status: 486, reason: 'x\r\nEvil: y' } }, 500],
  [{ action: 'proxy', data: {} }, 500],
  [{ action: 'proxy', data: { destination: 'sip:a@192.0.2.1', finalTimeout: 'soon' } }, 500],
  [{ action: 'dance', data: {} }, 500],
  ['no JSON', 500],
  ['x'.repeat(70_000), 500],
])('the answer %j', async (answer, status) => {
  const { url } = await web(answer);
  const phone = await open({ url });
  const call = phone.request('INVITE', 'a', {}, sdp());
  const response = await call.leg.status(call, status);
  if (status === 302) expect(response.headers.get('contact')!.join()).toMatch(/b@192\.0\.2\.1.*c@192\.0\.2\.2/);
  if (status === 486) expect(response.startLine).toBe('SIP/2.0 486 Not now');
});

test('a proxied call, which has its records', async () => {
  const data = { destination: '' };
  const { url } = await web({ action: 'proxy', data });
  const [phone, callee, edge] = await openForTwo({ url });
  const recorder = await Recorder.connect(edge);
  cleanups.push(() => recorder.close());
  data.destination = callee.uri;
  const call = phone.request('INVITE', 'a', {}, sdp());
  const invite = await callee.takeRequest('INVITE');
  callee.respond(invite, 603, 'Decline', { To: `${header(invite, 'to')};tag=no` });
  await call.leg.status(call, 603);
  expect(await recorder.lines(call.leg.callId, 4)).toEqual([
    ...['attempt network: INVITE by 1 Via', 'attempt application: INVITE by 2 Vias'],
    ...['stop network call-rejected: 603 by 2 Vias', 'stop application call-rejected: 603 by 1 Via'],
  ]);
});

test('a web server that is silent, and one that is not there', async () => {
  for (const url of [(await web(undefined)).url, 'http://127.0.0.1:1/']) {
    const phone = await open({ url, timeout: 200 });
    const call = phone.request('INVITE', 'a', {}, sdp());
    await call.leg.status(call, 500);
  }
});

/** A web server with such a certificate that refuses every call 486. */
async function secureWeb(files: { cert: string; key: string }): Promise<string> {
  const [cert, key] = [readFileSync(files.cert), readFileSync(files.key)];
  const server = https.createServer({ cert, key }, (_req, res) => {
    res.end(JSON.stringify({ action: 'reject', data: { status: 486 } }));
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  const port = await portOf(server);
  cleanups.push(() => server.closeAllConnections());

  return `https://127.0.0.1:${port}/`;
}

/** A log, and what was written into it. */
function logged(): [Logger, string[]] {
  const lines: string[] = [];

  return [createLogger('info', { write: (line) => void lines.push(line) }), lines];
}

test('a web server over https is asked when its certificate is accepted; otherwise it is 500, and the log says what to do', async () => {
  const authority = await Authority.create();
  cleanups.push(() => authority.remove());
  const [good, other] = [await authority.issue(['IP:127.0.0.1']), await authority.issue(['DNS:other.test'])];
  const expired = await authority.issue(['IP:127.0.0.1'], 'somebody', -1);
  for (const [files, tls, status, code] of [
    [good, heldTo(good.ca), 486, undefined],
    [good, heldTo(good.cert), 486, undefined],
    [good, {}, 500, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [other, heldTo(good.ca), 500, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [expired, heldTo(good.ca), 500, 'CERT_HAS_EXPIRED'],
  ] as const) {
    const [log, lines] = logged();
    const phone = await open({ url: await secureWeb(files), tls }, log);
    const call = phone.request('INVITE', 'a', {}, sdp());
    await call.leg.status(call, status);
    const said = lines.filter((line) => line.includes('could not be routed'));
    expect(said).toHaveLength(code === undefined ? 0 : 1);
    if (code !== undefined)
      expect(said[0]).toMatch(new RegExp(`web server.*not accepted \\(${code}\\).*SIGHTLINE_ROUTE_CA.*NODE_EXTRA`));
  }
}, 30_000);
