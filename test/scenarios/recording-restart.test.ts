import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Closer } from '../../src/lib/closer';
import { Baresip } from '../support/baresip';
import { Outage } from './outage';
import { eventually } from './world';

jest.setTimeout(90_000);

const opened = new Closer();

afterEach(() => opened.close(), 30_000);

interface Recording {
  id: string;
  state: string;
  cut: boolean;
  parts: { duration: number; tracks: { kind: string; side: string }[] }[];
}

async function registered(world: Outage, user: string, password: string, answer: 'auto' | 'manual'): Promise<Baresip> {
  const phone = await Baresip.start({ user, password, domain: world.domain, server: world.server.sip, answer });
  opened.add(user, () => phone.stop());
  await phone.untilRegistered();

  return phone;
}

test('two who talk on over a crash of the application are recorded on: what was before is cut, another begins', async () => {
  const data = await mkdtemp(path.join(os.tmpdir(), 'sightline-data-'));
  opened.add('data', () => rm(data, { recursive: true, force: true }));
  const world = await Outage.begin({
    ownEdge: true,
    env: { SIGHTLINE_DATA: data },
    edit: (site) =>
      site.edit('queues.yaml', (text) => text.replace(/^ {2}recording: .*$/m, '  recording: always # for evidence')),
  });
  opened.add('world', () => world.close());
  const terminal = await registered(world, '1001', 'demo-terminal', 'manual');
  const seat = await registered(world, '2001', 'demo-seat', 'auto');
  await terminal.dial('sip:6100@sightline.test');
  await Promise.all([terminal.untilMediaFlows(), seat.untilMediaFlows()]);
  const pictures = async (count: number): Promise<void> => {
    const { received } = await terminal.packets('video');
    await eventually(
      () => terminal.packets('video'),
      (now) => now.received >= received + count,
      20_000,
    );
  };
  const recordings = (wanted: (found: Recording[]) => boolean): Promise<Recording[]> =>
    eventually(
      async () => (await world.get('/v1/recordings')).body.recordings as Recording[],
      (found) => wanted(found),
      20_000,
    );
  await pictures(30);
  await recordings((found) => found.length === 1);
  await world.untilStored('1001', ({ state, media }) => state === 'talking' && media?.mode === 'anchored');

  await world.stopServer('SIGKILL');
  await world.startAgain();
  const [running, cut] = await recordings((found) => found.length === 2 && found[1]!.state === 'ended');
  expect([running!.state, cut!.cut]).toEqual(['recording', true]);
  expect(cut!.parts[0]!.tracks).toHaveLength(4);
  await pictures(30);
  await terminal.hangup();
  const [ended] = await recordings((found) => found.every(({ state }) => state === 'ended'));
  expect(ended).toMatchObject({ id: running!.id, cut: false });
  const tracks = ended!.parts[0]!.tracks.map(({ side, kind }) => `${side} ${kind}`).sort();
  expect(tracks).toEqual(['seat audio', 'seat video', 'terminal audio', 'terminal video']);
});
