import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { closeSharedRedis } from '../../support/redis';
import { SmallDisk } from '../../support/small-disk';
import { about, agent, RecordingWorld } from './world';

const folder = mkdtempSync(path.join(os.tmpdir(), 'sightline-small-disk-'));
const disk = SmallDisk.mount(folder, 256);
const onSmallDisk = disk === undefined ? test.skip : test;
let world: RecordingWorld;

beforeEach(async () => {
  world = await RecordingWorld.start(path.join(folder, 'recordings'));
});

afterEach(async () => {
  disk?.empty();
  await world.close();
});

afterAll(async () => {
  await closeSharedRedis();
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

onSmallDisk('with the disk full nothing begins: STORAGE_FULL, and nothing is left behind', async () => {
  const store = await world.store();
  disk!.fill();
  await expect(store.begin(about)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  await expect(store.saveSnapshot(about, 'seat', Buffer.alloc(50_000))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await world.files()).toEqual([]);
  expect((await store.recordings({ limit: 5 })).entries).toEqual([]);
});

onSmallDisk(
  'an end that cannot be written is in the index at once, and on the disk when there is room again',
  async () => {
    const store = await world.store();
    const recording = await store.begin(about);
    const file = `${recording.base}.mkv`;
    writeFileSync(file, Buffer.alloc(10_000, 'media'));
    disk!.fill();
    const part = { file, startedAt: world.clock.now(), duration: 1000, tracks: [] };
    const ended = await recording.finish([part], { by: { kind: 'server' }, failure: 'the disk is full' });
    expect(ended).toMatchObject({ failure: 'the disk is full', parts: [{ bytes: 10_000 }] });
    expect(await store.find(recording.id)).toEqual(ended);
    expect(readFileSync(file)).toHaveLength(10_000);
    expect(world.logged(/sidecar could not be written/)).toHaveLength(1);
    await expect(store.begin(about)).rejects.toMatchObject({ code: 'STORAGE_FULL' });

    disk!.empty();
    await store.reindex();
    expect(await world.sidecar(recording.id)).toEqual(ended);
  },
);

onSmallDisk('a rendition that does not fit is refused, and its half is taken away', async () => {
  const store = await world.store({
    compose: async (_parts, target) => {
      await Promise.resolve();
      writeFileSync(target, Buffer.alloc(512 * 1024));
    },
  });
  const recording = await store.begin(about);
  const file = `${recording.base}.mkv`;
  writeFileSync(file, 'media');
  await recording.finish([{ file, startedAt: world.clock.now(), duration: 1000, tracks: [] }], { by: agent });
  const before = await world.files();
  await expect(store.rendition(recording.id)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await world.files()).toEqual(before);
});
