import { once } from 'node:events';
import tls from 'node:tls';
import { readCertificate } from '../../src/lib/certificate';
import { Closer } from '../../src/lib/closer';
import { Baresip } from '../support/baresip';
import { BrowserPhone } from '../support/browser';
import { Authority } from '../support/certificates';
import type { CertificateFiles } from '../support/certificates';
import { startServer, type ServerProcess } from '../support/processes';

/** A seat on TLS and a browser on secure WebSocket: nothing of their signalling can be read on the way. */

const domain = 'sightline.test';
const opened = new Closer();
let authority: Authority;
let files: CertificateFiles;
let server: ServerProcess;

beforeAll(async () => {
  authority = await Authority.create();
  opened.add('authority', () => authority.remove());
  files = await authority.issue(['IP:127.0.0.1', `DNS:${domain}`]);
  const env = { SIGHTLINE_TLS_CERT: files.cert, SIGHTLINE_TLS_KEY: files.key };
  server = await startServer({ site: 'demo', env });
  opened.add('server', () => server.stop());
}, 60_000);

afterAll(() => opened.close(), 30_000);

/** Whom a certificate is for that the server shows now. */
async function shown(): Promise<string | undefined> {
  const { ca } = readCertificate({ ca: files.ca });
  const socket = tls.connect({ ...server.tls!, ca, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();

  return subjectaltname;
}

test('a browser on WSS calls a seat on TLS, and the seat outlives a new certificate of the server', async () => {
  const signalling = { ca: files.ca };
  const seat = await Baresip.start({
    ...{ user: '2001', password: 'demo-seat', domain, server: server.tls!, answer: 'auto', signalling },
  });
  opened.add('seat', () => seat.stop());
  await seat.untilRegistered();
  const wss = `wss://${server.wss!.host}:${server.wss!.port}`;
  const account = { domain, user: '1001', password: 'demo-terminal' };
  await authority.replace(files, await authority.issue(['IP:127.0.0.1', 'DNS:renewed.test']));
  const isTaken = (line: string): true | undefined => line.includes('A new TLS certificate') || undefined;
  const [browser] = await Promise.all([
    BrowserPhone.start({ server: wss, ...account, trustsAll: true }),
    server.child.waitForLine('the new certificate', isTaken),
  ]);
  opened.add('browser', () => browser.close());
  expect(await shown()).toContain('renewed.test');
  await browser.register();

  await browser.call(`sip:6100@${domain}`);
  await seat.waitFor('CALL_ESTABLISHED');
  await seat.untilMediaFlows();
  await browser.hangup();
  await seat.waitFor('CALL_CLOSED');
}, 60_000);
