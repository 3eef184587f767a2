import { Closer } from '../../src/lib/closer';
import { Baresip } from '../support/baresip';
import { shareOf } from '../support/rtp-peer';
import { eventually, World } from './world';

/** A phone without a picture calls 6200: the menu is spoken, and its keys choose. What it hears is kept by itself. */

const domain = 'sightline.test';
let opened: Closer;
let world: World;

beforeEach(async () => {
  opened = new Closer();
  world = await World.open();
  opened.add('world', () => world.close());
}, 60_000);

afterEach(() => opened.close(), 30_000);

async function phone(user: string): Promise<Baresip> {
  const one = await Baresip.start({
    user,
    password: user.startsWith('1') ? 'demo-terminal' : 'demo-seat',
    domain,
    server: world.server.sip,
    answer: user.startsWith('1') ? 'manual' : 'auto',
    video: false,
    keepsSound: true,
  });
  opened.add(user, () => one.stop());
  await one.untilRegistered();

  return one;
}

const rate = 8000;
const pieceMs = 20;

/** Milliseconds in which something was said. */
function spokenMs(samples: Int16Array): number {
  const size = (rate * pieceMs) / 1000;
  let pieces = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    const energy = samples.subarray(at, at + size).reduce((sum, sample) => sum + sample * sample, 0) / size;
    if (energy > 200 ** 2) pieces++;
  }

  return pieces * pieceMs;
}

/** So much more speech than there was in what had been heard before. */
async function untilHeard(one: Baresip, ms: number, from = 0): Promise<void> {
  const spoken = async (): Promise<number> => spokenMs((await one.heard()).subarray(from));
  await eventually(spoken, (value) => value >= ms, 30_000);
}

async function onlyCall(): Promise<Record<string, unknown>> {
  const { body } = await world.get('/v1/calls');

  return (body.calls as Record<string, unknown>[])[0] ?? {};
}

test('hears the menu, chooses by keys in the middle of a word, waits, and is joined with a seat', async () => {
  const terminal = await phone('1001');
  await terminal.dial(`sip:6200@${domain}`);
  await terminal.waitFor('CALL_ESTABLISHED');
  expect(await eventually(onlyCall, (call) => call.face !== undefined)).toMatchObject({ face: 'voice' });

  // The title and six items take longer than this to say.
  await untilHeard(terminal, 3000);

  // A key leads on at once, and the next page is spoken.
  const first = await terminal.heard();
  await terminal.press('1');
  await untilHeard(terminal, 2000, first.length);
  const second = await terminal.heard();
  await terminal.press('*');
  await untilHeard(terminal, 2000, second.length);

  // The queue speaks, too.
  const third = await terminal.heard();
  await terminal.press('0');
  await eventually(onlyCall, (call) => call.state === 'queued');
  await untilHeard(terminal, 1000, third.length);

  const seat = await phone('2001');
  await seat.waitFor('CALL_ESTABLISHED');
  await Promise.all([terminal, seat].map((one) => untilHearsTone(one)));
  await terminal.hangup();
  await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
}, 120_000);

/** Each phone says 400 Hz. */
async function untilHearsTone(one: Baresip): Promise<void> {
  const share = async (): Promise<number> => {
    const samples = await one.heard();

    return samples.length < rate ? 0 : shareOf(400, samples.subarray(-rate / 2));
  };
  await eventually(share, (value) => value > 0.8, 15_000);
}
