import { readFile } from 'node:fs/promises';
import { Closer } from '../../src/lib/closer';
import { Baresip } from '../support/baresip';
import { startServer, type ServerProcess } from '../support/processes';

/** The acceptance by phones that nobody here wrote: two baresip processes, bridged with audio and video. */

const opened = new Closer();
let server: ServerProcess;
let terminal: Baresip;
let seat: Baresip;

beforeAll(async () => {
  server = await startServer({ site: 'demo' });
  opened.add('server', () => server.stop());
  const domain = 'sightline.test';
  terminal = await Baresip.start({ user: '1001', password: 'demo-terminal', domain, server: server.sip });
  opened.add('terminal', () => terminal.stop());
  seat = await Baresip.start({ user: '2001', password: 'demo-seat', domain, server: server.sip, answer: 'auto' });
  opened.add('seat', () => seat.stop());
  await Promise.all([terminal.untilRegistered(), seat.untilRegistered()]);
}, 60_000);

afterAll(() => opened.close(), 30_000);

/** Dials the queue and waits until both sides see and hear each other. */
async function talk(): Promise<void> {
  await terminal.dial('sip:6100@sightline.test');
  await Promise.all([terminal.waitFor('CALL_ESTABLISHED'), seat.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([terminal.untilMediaFlows(), seat.untilMediaFlows()]);
}

test('audio and video flow both ways, each side sees the other, and the terminal hangs up', async () => {
  await talk();
  for (const phone of [terminal, seat]) {
    for (const kind of ['audio', 'video'] as const) {
      const { sent, received } = await phone.packets(kind);
      expect(sent).toBeGreaterThan(0);
      expect(received).toBeGreaterThan(0);
    }
    const picture = await readFile(await phone.snapshot());
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
  }
  await terminal.hangup();
  await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
}, 30_000);

test('the seat is rung again after its wrap-up, and may hang up itself', async () => {
  await talk();
  await seat.hangup();
  await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
}, 30_000);

test('a caller that hangs up while it waits leaves nothing behind', async () => {
  await terminal.dial('sip:6100@sightline.test');
  await terminal.hangup();
  await terminal.waitFor('CALL_CLOSED');
  await talk();
  await terminal.hangup();
  await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
}, 30_000);
