import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Phone } from '../../scripts/phone';
import { inProject } from '../../src/lib/paths';
import { dial, MediaWorld, untilSpokenTo } from './media-world';
import { eventually, World } from './world';

jest.setTimeout(60_000);

/** The demo site, where 2001 works only after its agent has logged in. */
async function siteWithPin(): Promise<{ folder: string; remove(): Promise<void> }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  const folder = path.join(root, 'codes');
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  const directory = path.join(folder, 'directory.yaml');
  const text = await readFile(directory, 'utf8');
  const pin = '    name: Anna Weber\n    pin: "1234"\n    login: code';
  await writeFile(directory, text.replace('    name: Anna Weber', pin));

  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}

describe('an agent dials', () => {
  let world: World;
  let site: Awaited<ReturnType<typeof siteWithPin>>;
  let seat: Phone;

  beforeAll(async () => {
    site = await siteWithPin();
  });

  afterAll(() => site.remove());

  beforeEach(async () => {
    world = await World.open({ site: site.folder });
    seat = await world.seat('2001');
  });

  afterEach(() => world.close());

  /** Dials, and resolves when the server has hung up. */
  async function dialled(code: string, phone = seat): Promise<void> {
    const call = phone.invite(code);
    const ended = call.untilEnded();
    await call.untilEstablished();
    expect((await ended).by).toBe('remote');
  }

  async function refused(code: string, phone = seat): Promise<number> {
    return (await phone.invite(code).untilEnded()).status;
  }

  const becomes = (state: string): Promise<string | undefined> =>
    eventually(
      () => world.seatState('2001'),
      (now) => now === state,
    );

  test('to log in, take a break, be back and log out', async () => {
    await dialled('*51*1234');
    await becomes('available');
    await dialled('*53*2');
    await becomes('break');
    const { body } = await world.get('/v1/queues');
    const seats = body.seats as { seatId: string; reason?: string }[];
    expect(seats.find(({ seatId }) => seatId === '2001')?.reason).toBe('2');
    await dialled('*54');
    await becomes('available');
    await dialled('*52');
    await becomes('offline');
  });

  test('with a wrong PIN: refused, and after five of them with the right one, too', async () => {
    for (const pin of ['', '*0', '*1235', '*12345', '*4321']) expect(await refused(`*51${pin}`)).toBe(403);
    expect(await refused('*51*1234')).toBe(403);
    expect(await world.seatState('2001')).not.toBe('available');
  });

  test('as nobody else can: for a terminal it is no number', async () => {
    expect(await refused('*51*1234', await world.terminal('1001'))).toBe(404);
    expect(await world.seatState('2001')).not.toBe('available');
  });
});

test('what was done is said', async () => {
  const media = await MediaWorld.open();
  try {
    const seat = await media.seat('2001');
    const call = dial(seat, '*53');
    const ended = call.untilEnded();
    await Promise.all([call.untilEstablished(), untilSpokenTo(seat.peer)]);
    expect((await ended).by).toBe('remote');
  } finally {
    await media.close();
  }
});
