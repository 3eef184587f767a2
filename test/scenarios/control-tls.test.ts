import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { inProject } from '../../src/lib/paths';
import { Authority } from '../support/certificates';
import type { CertificateFiles } from '../support/certificates';
import { Child, startServer, type ServerOptions, type ServerProcess } from '../support/processes';
import { controlSecret } from './outage';
import { RawPeer } from './raw-peer';

/** What an operator sets by the environment: a control port with TLS, the application on it, and a web server that says where calls go. */

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

interface Ready {
  udp: { port: number };
  control: { port: number };
}

/** `sightline sipd` with TLS on its control port; resolves when it is ready. */
async function sipd(env: Record<string, string> = {}): Promise<Ready & { child: Child }> {
  const child = await Child.start({
    name: 'sightline sipd',
    command: process.execPath,
    args: [inProject('dist', 'src', 'main.js'), 'sipd'],
    env: {
      ...{ SIGHTLINE_SIP_PORT: '0', SIGHTLINE_WS_PORT: '0', SIGHTLINE_CONTROL_PORT: '0', DRACHTIO_URL: undefined },
      ...{ SIGHTLINE_CONTROL_TLS_CERT: files.cert, SIGHTLINE_CONTROL_TLS_KEY: files.key },
      ...{ SIGHTLINE_CONTROL_SECRET: controlSecret, ...env },
    },
  });
  cleanups.push(() => child.stop());
  const ready = await child.waitForLine('its ready line', (line) =>
    line.includes('"msg":"ready"') ? (JSON.parse(line) as { sip: Ready }).sip : undefined,
  );

  return { ...ready, child };
}

async function application(env: ServerOptions['env']): Promise<ServerProcess> {
  const server = await startServer({ env });
  cleanups.push(() => server.stop());

  return server;
}

/** The status that a call to such a place ends with. */
async function callTo(port: number): Promise<number | undefined> {
  const peer = await RawPeer.open('udp', { host, port });
  cleanups.push(() => peer.close());

  return (await peer.ask(peer.request('INVITE', 'sip:nobody-here@sightline.test'))).status;
}

test('the application commands `sightline sipd` over TLS when the certificate is accepted, and does not start otherwise', async () => {
  const { control, udp } = await sipd();
  const DRACHTIO_URL = `tls://:${controlSecret}@${host}:${control.port}`;
  await expect(startServer({ env: { DRACHTIO_URL } })).rejects.toThrow(
    /not accepted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*SIGHTLINE_DRACHTIO_CA/,
  );
  const server = await application({ DRACHTIO_URL, SIGHTLINE_DRACHTIO_CA: files.ca });
  expect(server.sip.port).toBe(udp.port);
  expect(await callTo(udp.port)).toBe(401);
}, 60_000);

/** A web server over https that refuses every call 486. */
async function web(): Promise<string> {
  const server = https.createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (_req, res) => {
    res.end(JSON.stringify({ action: 'reject', data: { status: 486 } }));
  });
  server.on('tlsClientError', () => undefined).listen(0, host);
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });

  return `https://${host}:${(server.address() as AddressInfo).port}/calls`;
}

test('a web server says where calls go; its authority comes by either way', async () => {
  const SIGHTLINE_ROUTE = await web();
  for (const known of [{ SIGHTLINE_ROUTE_CA: files.ca }, { NODE_EXTRA_CA_CERTS: files.ca }] as Record<
    string,
    string
  >[]) {
    const { udp } = await sipd({ SIGHTLINE_ROUTE, ...known });
    expect(await callTo(udp.port)).toBe(486);
  }
  const { udp, child } = await sipd({ SIGHTLINE_ROUTE });
  expect(await callTo(udp.port)).toBe(500);
  await child.waitForLine('what to do', (line) => /not accepted.*SIGHTLINE_ROUTE_CA/.test(line) || undefined);
}, 60_000);
