import { callerOf, type Call, type MenuScreen } from '../../scripts/phone';
import { Outage } from './outage';
import { dialScreen, eventually, helpNumber, nextCall } from './world';

let world: Outage;

beforeEach(async () => {
  world = await Outage.begin();
}, 30_000);

afterEach(() => world.close());

interface SiteView {
  version: string;
  faults: { file: string; line: number; message: string; remedy: string; severity: string }[];
}

async function site(): Promise<SiteView> {
  return (await world.get('/v1/site')).body as unknown as SiteView;
}

async function screenAt(user: string, number: string): Promise<{ call: Call; screen: MenuScreen }> {
  return dialScreen(await world.terminal(user, { screen: true }), number);
}

const page = async ({ screen }: { screen: MenuScreen }): Promise<unknown> => (await screen.waitFor('page')).title;

/** Edits the site and waits until the edit is in force, or refused. */
async function edit(file: string, change: (text: string) => string): Promise<SiteView> {
  const before = JSON.stringify(await site());
  await world.site.edit(file, change);

  return eventually(site, (now) => JSON.stringify(now) !== before);
}

test('a good edit is taken by new calls; a call under way keeps the version that it began on', async () => {
  const before = await screenAt('1001', '6001');
  expect(await page(before)).toBe('How can we help?');
  const now = await edit('menus/main.yaml', (text) => text.replace('How can we help?', 'What do you need?'));
  expect(now.faults).toEqual([]);
  const after = await screenAt('1002', '6001');
  expect(await page(after)).toBe('What do you need?');
  await before.screen.choose('1');
  await before.screen.waitFor('page', ({ id }) => id === 'trains');
  await before.screen.home();
  expect(await page(before)).toBe('How can we help?');
  const calls = (await world.get('/v1/calls')).body.calls as { caller: { user: string }; planVersion: string }[];
  const versions = Object.fromEntries(calls.map(({ caller, planVersion }) => [caller.user, planVersion]));
  expect(versions['1002']).toBe(now.version);
  expect(versions['1001']).not.toBe(now.version);
  for (const { call } of [before, after]) call.hangup();
  await world.untilNothingIsLeft();
});

test('a bad edit is refused with every fault, calls go on with the last good plan, and its mending is taken', async () => {
  const { version } = await site();
  const terminal = await world.terminal('1001');
  expect((await terminal.invite('6111').untilEnded()).status).toBe(404);
  const refused = await edit('numbers.yaml', (text) => `${text}"6111": { flow: suport-direct, colour: red }\n`);
  expect(refused.version).toBe(version);
  expect(refused.faults.map(({ file, severity }) => [file, severity])).toEqual([
    ['numbers.yaml', 'error'],
    ['numbers.yaml', 'error'],
  ]);
  for (const { line, message, remedy } of refused.faults) {
    expect(line).toBeGreaterThan(8);
    expect(message).toMatch(/suport-direct|colour/);
    expect(remedy).not.toBe('');
  }
  expect(await world.readiness()).toBe(200);
  const { call, screen } = await screenAt('1002', '6100');
  await screen.waitFor('queue');
  const mended = await edit('numbers.yaml', (text) => text.replace('suport-direct, colour: red', 'support-direct'));
  expect(mended.faults).toEqual([]);
  expect(mended.version).not.toBe(version);
  const added = terminal.invite('6111');
  await added.next('provisional', { where: ({ status }) => status === 180 });
  const cancelled = added.untilEnded();
  added.cancel();
  expect((await cancelled).status).toBe(487);
  call.hangup();
  await world.untilNothingIsLeft();
});

test('seats follow an edit at once: other queues, and none for a seat that was taken out', async () => {
  const [first, second] = [await world.seat('2001'), await world.seat('2004')];
  for (const seat of [first, second]) seat.on('incoming', (call) => call.answer());
  await edit('directory.yaml', (text) =>
    text.replace('queues: [support, tickets, lost-property]', 'queues: [tickets]').replace('2004-2010:', '2005-2010:'),
  );
  await eventually(
    () => world.seatState('2004'),
    (state) => state === 'offline',
  );
  const { call, screen } = await screenAt('1001', '6100');
  await screen.waitFor('queue');
  const third = await world.seat('2005');
  const rung = await nextCall(third);
  expect(callerOf(rung)).toBe('1001');
  rung.answer();
  await screen.waitFor('connected');
  expect([first, second].map(({ calls }) => calls.size)).toEqual([0, 0]);
  call.hangup();
  await world.untilNothingIsLeft();
});

test('an edit that comes while Redis is away is in use when it is back', async () => {
  const terminal = await world.terminal('1001');
  await world.redis.kill();
  await edit('pools.yaml', (text) => text.replace('7000-7999', '7900-7999'));
  await world.redis.start();
  await eventually(
    () => world.readiness(),
    (status) => status === 200,
  );
  // Given anew with each try, as the pools are in use a moment after the store is.
  let tries = 0;
  await eventually(
    () => helpNumber(terminal, `try-${++tries}`),
    (number) => Number(number) >= 7900,
  );
});
