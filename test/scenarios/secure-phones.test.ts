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
  await phone.untilRegistered();

  return phone;
}

async function seesBars(phone: Baresip): Promise<boolean> {
  const seen = await lookAt(await readFile(await phone.snapshot()));

  return seen.at(0.15, 0.5) === 'red' && seen.at(0.85, 0.5) === 'blue';
}

/** Dials the queue, and both see each other's test picture. */
async function talk(terminal: Baresip, agent: Baresip): Promise<void> {
  await terminal.dial(`sip:6100@${domain}`);
  await Promise.all([terminal.waitFor('CALL_ESTABLISHED'), agent.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([terminal.untilMediaFlows(), agent.untilMediaFlows()]);
  for (const phone of [terminal, agent]) await eventually(() => seesBars(phone), Boolean, 10_000);
}

test.each([
  ['DTLS, and neither ICE nor bundles', '1001', 'dtls_srtp'],
  ['keys in its description', '1002', 'srtp-mand'],
] as const)(
  'a phone with %s and a plain seat hear and see each other',
  async (_name, user, security) => {
    const terminal = await start({ user, password: 'demo-terminal', security });
    await talk(terminal, seat);
    await terminal.hangup();
    await seat.waitFor('CALL_CLOSED');
  },
  60_000,
);

test('a phone with keys in its description sees the menu', async () => {
  const terminal = await start({ user: '1002', password: 'demo-terminal', security: 'srtp-mand' });
  await terminal.dial(`sip:6200@${domain}`);
  await terminal.waitFor('CALL_ESTABLISHED');
  await terminal.untilMediaFlows();
  const reads = async () => readPicture(await terminal.snapshot());
  await eventually(reads, (text) => /tickets/i.test(text), 10_000);
  await terminal.hangup();
}, 60_000);

test('a seat that takes nothing but keys, or nothing but DTLS, is reached by a plain phone', async () => {
  const terminal = await start({ user: '1003', password: 'demo-terminal' });
  await seat.stop();
  for (const [user, security] of [
    ['2002', 'srtp-mand'],
    ['2003', 'dtls_srtp'],
  ] as const) {
    const agent = await start({ user, password: 'demo-seat', answer: 'auto', security });
    await talk(terminal, agent);
    await agent.hangup();
    await terminal.waitFor('CALL_CLOSED');
    await agent.stop();
  }
}, 60_000);
