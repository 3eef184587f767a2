import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, utimesSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { inProject } from '../../../src/lib/paths';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { about, RecordingWorld, sha256, writeMedia } from './world';

let world: RecordingWorld;
let built: string;

beforeAll(() => {
  built = mkdtempSync(path.join(os.tmpdir(), 'sightline-crash-'));
  buildSync({
    entryPoints: [path.join(__dirname, 'crash-child.ts')],
    outfile: path.join(built, 'child.js'),
    ...{ bundle: true, platform: 'node', packages: 'external', logLevel: 'silent' },
  });
});

beforeEach(async () => {
  world = await RecordingWorld.start();
});

afterEach(() => world.close());

afterAll(async () => {
  rmSync(built, { recursive: true, force: true });
  await closeSharedRedis();
});

function nextLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => createInterface({ input: child.stdout! }).once('line', resolve));
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Resolves when the file has this many bytes. */
async function untilLarge(file: string, bytes: number): Promise<void> {
  const watcher = watch(path.dirname(file));
  try {
    while ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < bytes) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

test('a recording whose process was killed is taken in: marked as cut, measured, hashed, and found', async () => {
  const args = [path.join(built, 'child.js'), world.folder, (await sharedRedis()).url, world.site];
  const env = { ...process.env, NODE_PATH: inProject('node_modules') };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const base = await nextLine(child);
  const file = `${base}.mkv`;
  await untilLarge(file, 25_000);
  const masked = nextLine(child);
  child.stdin.write('mask\n');
  await masked;
  await kill(child);
  writeFileSync(`${base}.play.1234.draft.mp4`, 'half a rendition');

  const id = path.basename(base);
  expect(await world.sidecar(id)).not.toHaveProperty('endedAt');
  const store = await world.store();
  const taken = await store.find(id);
  expect(taken).toMatchObject({
    cut: true,
    call: 'call_1',
    by: { kind: 'policy' },
    parts: [
      {
        file: `${id}.mkv`,
        bytes: statSync(file).size,
        sha256: await sha256(file),
        tracks: [
          { kind: 'audio', codec: 'pcmu', side: 'terminal' },
          { kind: 'audio', codec: 'pcmu', side: 'seat' },
        ],
      },
    ],
  });
  expect(taken.parts[0]!.duration).toBeGreaterThan(500);
  expect(taken.endedAt).toBe(taken.parts[0]!.startedAt + taken.parts[0]!.duration);
  expect(taken.masked).toEqual([{ from: expect.any(Number) as number, to: expect.any(Number) as number }]);
  expect(taken.events.map(({ what }) => what)).toEqual(['start', 'mask', 'taken in']);
  expect(await world.sidecar(id)).toEqual(taken);
  expect((await store.recordings({ call: 'call_1', limit: 5 })).entries).toEqual([taken]);
  expect((await world.files()).map((name) => path.basename(name))).toEqual([`${id}.json`, `${id}.mkv`]);
  expect(world.logged(/cut off is taken in/)).toEqual([expect.objectContaining({ recording: id })]);

  // Once is enough: the next start finds it whole.
  await store.close();
  const again = await world.store();
  expect(await again.find(id)).toEqual(taken);
});

test('files whose sidecar is lost, or cannot be read, get a new one, and are deleted in time', async () => {
  const store = await world.store();
  const lost = await store.begin(about);
  await writeMedia(`${lost.base}.mkv`);
  rmSync(`${lost.base}.json`);
  const broken = await store.begin(about);
  await writeMedia(`${broken.base}.mkv`);
  writeFileSync(`${broken.base}.json`, '{"kind":"recording"');
  await store.close();

  const next = await world.store();
  for (const { base, id } of [lost, broken]) {
    expect(await next.find(id)).toMatchObject({
      cut: true,
      call: 'unknown',
      by: { kind: 'server' },
      startedAt: Date.UTC(2026, 4, 17),
      parts: [{ sha256: await sha256(`${base}.mkv`), duration: expect.any(Number) as number }],
    });
  }
  await next.close();
  world.clock.advance(91 * 24 * 3600 * 1000);
  await world.store();
  expect(await world.files()).toEqual([]);
});

test('what cannot be read is kept with its hash; what is empty is nothing', async () => {
  const store = await world.store();
  const odd = await store.begin(about);
  writeFileSync(`${odd.base}.mkv`, 'no media at all');
  const empty = await store.begin(about);
  writeFileSync(`${empty.base}.mkv`, '');
  await store.close();

  const next = await world.store();
  expect((await next.find(odd.id)).parts).toEqual([
    expect.objectContaining({ bytes: 15, sha256: await sha256(`${odd.base}.mkv`), duration: 0, tracks: [] }),
  ]);
  expect(await next.find(empty.id)).toMatchObject({ cut: true, parts: [], endedAt: world.clock.now() });
  await expect(next.rendition(empty.id)).rejects.toMatchObject({ code: 'MEDIA_GONE' });
});

test('what an engine still writes that has outlived the process is taken in when it has stood still', async () => {
  const store = await world.store();
  const { base, id } = await store.begin(about);
  await writeMedia(`${base}.mkv`);
  await store.close();
  const changed = (): void => utimesSync(`${base}.mkv`, world.clock.now() / 1000, world.clock.now() / 1000);
  changed();

  const next = await world.store({ linger: 5_000 });
  expect(await next.find(id)).not.toHaveProperty('endedAt');
  world.clock.advance(4_000);
  changed();
  world.clock.advance(1_000);
  await next.settled();
  expect(await next.find(id)).not.toHaveProperty('endedAt');
  world.clock.advance(5_000);
  await next.settled();
  expect(await next.find(id)).toMatchObject({ cut: true, parts: [{ sha256: await sha256(`${base}.mkv`) }] });
  expect(world.logged(/cut off is taken in/)).toHaveLength(1);
  // Nothing is left to be waited for.
  world.clock.advance(10_000);
  await next.settled();
  expect(world.logged(/cut off is taken in/)).toHaveLength(1);
});

test('what another node is recording into the same folder is left alone until it has stood still for a day', async () => {
  const store = await world.store({ node: 'node-b' });
  const { id } = await store.begin(about);
  const first = await world.store();
  expect(await first.find(id)).not.toHaveProperty('endedAt');
  await first.close();
  // The clock of this test stands in the past of the files.
  world.clock.advance(Date.now() + 25 * 3600 * 1000 - world.clock.now());
  const later = await world.store();
  await expect(later.find(id)).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
  expect(world.logged(/cut off is taken in/)).toHaveLength(1);
});

test('what begins while the folder is still looked through is not taken for the rest of a crash', async () => {
  const before = await world.store();
  const cut = await before.begin(about);
  await writeMedia(`${cut.base}.mkv`);
  await before.close();

  const store = await world.open();
  const { id } = await store.begin(about);
  await store.settled();
  expect(await store.find(cut.id)).toMatchObject({ cut: true });
  expect(await store.find(id)).toMatchObject({ cut: false });
  expect(await world.sidecar(id)).not.toHaveProperty('endedAt');
});
