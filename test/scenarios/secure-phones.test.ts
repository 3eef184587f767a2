import { readFile } from 'node:fs/promises';
import { Closer } from '../../src/lib/closer';
import { Baresip, type BaresipOptions } from '../support/baresip';
import { readPicture } from '../support/ocr';
import { startServer, type ServerProcess } from '../support/processes';
import { lookAt } from '../support/rtp-peer';
import { eventually } from './world';

/** Phones that secure their media call a seat that does not, and the other way round. */

const domain = 'sightline.test';
const opened = new Closer();
let server: ServerProcess;
let seat: Baresip;

beforeAll(async () => {
  server = await startServer({ site: 'demo' });
  opened.add('server', () => server.stop());
  seat = await start({ user: '2001', password: 'demo-seat', answer: 'auto' });
}, 60_000);

afterAll(() => opened.close(), 30_000);

async function start(options: Omit<BaresipOptions, 'domain' | 'server'>): Promise<Baresip> {
  const phone = await Baresip.start({ ...options, domain, server: server.sip });
  opened.add(options.user, () => phone.stop());
  await phone.waitFor('REGISTER_OK');

  return phone;
}

async function seesBars(phone: Baresip): Promise<boolean> {
  const seen = await lookAt(await readFile(await phone.snapshot()));

  return seen.at(0.15, 0.5) === 'red' && seen.at(0.85, 0.5) === 'blue';
}

test('a phone with DTLS, and neither ICE nor bundles, and a plain seat hear and see each other', async () => {
  const terminal = await start({ user: '1001', password: 'demo-terminal', security: 'dtls_srtp' });
  await terminal.dial(`sip:6100@${domain}`);
  await Promise.all([terminal.waitFor('CALL_ESTABLISHED'), seat.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([terminal.untilMediaFlows(), seat.untilMediaFlows()]);
  for (const phone of [terminal, seat]) await eventually(() => seesBars(phone), Boolean, 10_000);
  await terminal.hangup();
  await seat.waitFor('CALL_CLOSED');
}, 60_000);

test('a phone with keys in its description sees the menu and chooses', async () => {
  const terminal = await start({ user: '1002', password: 'demo-terminal', security: 'srtp-mand' });
  await terminal.dial(`sip:6200@${domain}`);
  await terminal.waitFor('CALL_ESTABLISHED');
  await terminal.untilMediaFlows();
  const reads = async () => readPicture(await terminal.snapshot());
  const first = await eventually(reads, (text) => /tickets/i.test(text), 10_000);
  process.stderr.write(first + '\n');
  await terminal.hangup();
}, 60_000);
