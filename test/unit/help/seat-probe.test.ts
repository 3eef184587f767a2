import { Phone, Wire } from '../../../scripts/phone';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { SeatProbe } from '../../../src/sip/seat-probe';
import { closeSharedRedis } from '../../support/redis';
import { startHelpServer } from './server';
import type { HelpServer } from './server';

/** A real phone on a real SIP server; only the pauses between two questions pass by hand. */
const EVERY = 30_000;

let server: HelpServer;
let probe: SeatProbe;
let wire: Wire;
let phone: Phone;
/** What the phone does with datagrams: loses them while it is away. */
let isAway: boolean;
let told: string[];
const clock = new ManualClock();

beforeEach(async () => {
  server = await startHelpServer();
  isAway = false;
  told = [];
  wire = await Wire.open({ lose: () => isAway });
  const where = { host: '127.0.0.1', port: server.port };
  phone = new Phone(wire, { user: '2001', password: 'demo-seat', domain: 'sightline.test', server: where });
  probe = new SeatProbe({
    edge: server.edge,
    lookup: (user) => server.bindings.lookup(user),
    onSilent: (seat) => told.push(`${seat} silent`),
    onBack: (seat) => told.push(`${seat} back`),
    // The wait for an answer is real; it ends with the answer, or after this time where there is none.
    clock: { now: () => clock.now(), after: (_ms, fn) => after(300, fn) },
    log: silentLogger,
  });
  expect((await phone.register()).status).toBe(200);
  probe.registered('2001');
});

afterEach(async () => {
  await probe.close();
  phone.close();
  await wire.close();
  await server.close();
});
afterAll(closeSharedRedis);

function after(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);

  return () => clearTimeout(timer);
}

async function ask(): Promise<void> {
  clock.advance(EVERY);
  await probe.round();
}

it('takes a seat out that has answered and does not any more, and brings it back when it does', async () => {
  await ask();
  isAway = true;
  await ask();
  expect(told).toEqual([]);
  await ask();
  expect(told).toEqual(['2001 silent']);
  expect(probe.isSilent('2001')).toBe(true);
  await ask();
  expect(told).toEqual(['2001 silent']);
  isAway = false;
  await ask();
  expect(told).toEqual(['2001 silent', '2001 back']);
  expect(probe.isSilent('2001')).toBe(false);
});

it('leaves a phone alone that has never answered', async () => {
  isAway = true;
  for (let times = 0; times < 4; times++) await ask();
  expect(told).toEqual([]);
});

it('believes a registration, and forgets whoever is not registered', async () => {
  await ask();
  isAway = true;
  await ask();
  await ask();
  probe.registered('2001');
  expect(probe.isSilent('2001')).toBe(false);
  probe.unregistered('2001');
  await ask();
  await ask();
  expect(told).toEqual(['2001 silent']);
});

it('asks nobody before the time has come, and closes twice without harm', async () => {
  await probe.round();
  await probe.close();
  await probe.close();
  expect(told).toEqual([]);
});
