import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordingStore } from '../../../src/recording/store';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis } from '../../support/redis';
import { about, agent, RecordingWorld, sha256, writeMedia } from './world';

let world: RecordingWorld;

beforeEach(async () => {
  world = await RecordingWorld.start();
});

afterEach(() => world.close());
afterAll(closeSharedRedis);

/** A whole recording with one part of a few bytes. */
async function record(store: RecordingStore, more: Partial<typeof about> = {}, content = 'media'): Promise<string> {
  const recording = await store.begin({ ...about, ...more });
  const file = `${recording.base}.mkv`;
  writeFileSync(file, content);
  const tracks = [{ kind: 'audio' as const, codec: 'pcmu', side: 'terminal' as const }];
  await recording.finish([{ file, startedAt: world.clock.now(), duration: 1000, tracks }], { by: agent });

  return recording.id;
}

describe('a recording', () => {
  test('has its sidecar on the disk before anything is recorded, and its whole story at the end', async () => {
    const store = await world.store();
    const recording = await store.begin(about);
    const begun = await world.sidecar(recording.id);
    expect(begun).toMatchObject({
      kind: 'recording',
      site: world.site,
      node: 'node-a',
      call: 'call_1',
      queue: 'support',
      seat: '2001',
      terminal: '1001',
      by: { kind: 'agent', who: '2001' },
      why: 'a contract is agreed on',
      startedAt: Date.UTC(2026, 4, 17, 12),
      retainUntil: Date.UTC(2026, 5, 16, 12),
      parts: [],
      cut: false,
    });
    expect(begun).not.toHaveProperty('endedAt');
    expect(await world.files()).toEqual([`2026/05/17/${recording.id}.json`]);

    const file = `${recording.base}.mkv`;
    await writeMedia(file);
    world.clock.advance(400);
    await recording.mask(true, agent, 'the card is read out');
    expect((await world.sidecar(recording.id)).masked).toEqual([{ from: Date.UTC(2026, 4, 17, 12) + 400 }]);
    world.clock.advance(300);
    await recording.mask(false, { kind: 'rest' });
    world.clock.advance(300);
    const tracks = [{ kind: 'video' as const, codec: 'vp8', side: 'seat' as const }];
    const ended = await recording.finish([{ file, startedAt: Date.UTC(2026, 4, 17, 12), duration: 1000, tracks }], {
      by: { kind: 'rest' },
      why: 'done',
    });
    expect(ended).toMatchObject({
      endedAt: Date.UTC(2026, 4, 17, 12) + 1000,
      masked: [{ from: Date.UTC(2026, 4, 17, 12) + 400, to: Date.UTC(2026, 4, 17, 12) + 700 }],
      parts: [
        {
          file: path.basename(file),
          bytes: statSync(file).size,
          sha256: await sha256(file),
          duration: 1000,
          tracks,
        },
      ],
    });
    expect(ended.events.map(({ what, by, why }) => [what, by.kind, why])).toEqual([
      ['start', 'agent', 'a contract is agreed on'],
      ['mask', 'agent', 'the card is read out'],
      ['unmask', 'rest', undefined],
      ['stop', 'rest', 'done'],
    ]);
    expect(await world.sidecar(recording.id)).toEqual(ended);
    expect(await store.find(recording.id)).toEqual(ended);
    expect(await recording.finish([], { by: agent })).toEqual(ended);
  });

  test('is for the user of the server alone', async () => {
    const store = await world.store();
    await record(store);
    for (const file of await world.files()) {
      if (file.endsWith('.json')) expect(statSync(path.join(world.folder, file)).mode & 0o077).toBe(0);
    }
    expect(statSync(path.join(world.folder, '2026')).mode & 0o077).toBe(0);
  });

  test('cannot be fetched or deleted while it runs, and neither can one that is not there', async () => {
    const store = await world.store();
    const { id } = await store.begin(about);
    for (const attempt of [store.part(id, 0), store.rendition(id), store.remove(id, agent)]) {
      await expect(attempt).rejects.toMatchObject({ code: 'WRONG_STATE' });
    }
    const unknown = 'rec_AAAAAAAAAAAAAAAA';
    for (const attempt of [store.find(unknown), store.part(unknown, 0), store.rendition(unknown)]) {
      await expect(attempt).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
    }
    await expect(store.remove(unknown, agent)).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
    await expect(store.picture('snap_AAAAAAAAAAAAAAAA')).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
  });

  test('is found by call, queue, seat and time, newest first, page by page', async () => {
    const store = await world.store();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      ids.unshift(await record(store, { call: `call_${index}`, seat: index % 2 ? '2002' : '2001' }));
      world.clock.advance(1000);
    }
    const found = async (filter: object): Promise<string[]> =>
      (await store.recordings({ limit: 10, ...filter })).entries.map(({ id }) => id);
    expect(await found({})).toEqual(ids);
    expect(await found({ queue: 'support' })).toEqual(ids);
    expect(await found({ queue: 'sales' })).toEqual([]);
    expect(await found({ call: 'call_3' })).toEqual([ids[1]]);
    expect(await found({ call: 'call_3', seat: '2001' })).toEqual([]);
    expect(await found({ seat: '2002', queue: 'support' })).toEqual([ids[1], ids[3]]);
    const start = Date.UTC(2026, 4, 17, 12);
    expect(await found({ from: start + 1000, to: start + 2000 })).toEqual([ids[2], ids[3]]);

    const first = await store.recordings({ limit: 2 });
    const second = await store.recordings({ limit: 2, after: first.next! });
    const third = await store.recordings({ limit: 2, after: second.next! });
    expect([first, second, third].map(({ entries }) => entries.map(({ id }) => id))).toEqual([
      ids.slice(0, 2),
      ids.slice(2, 4),
      ids.slice(4),
    ]);
    expect(third.next).toBeUndefined();
  });

  test('pages do not lose those of one moment', async () => {
    const store = await world.store();
    const ids = await Promise.all(Array.from({ length: 7 }, () => record(store)));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.recordings({ limit: 3, ...(after === undefined ? {} : { after }) });
      seen.push(...page.entries.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(ids.sort());
  });
});

describe('a recording whose engine cannot tell what it has written', () => {
  test('keeps what lies on the disk, marked as cut', async () => {
    const store = await world.store();
    const recording = await store.begin(about);
    await writeMedia(`${recording.base}.mkv`);
    writeFileSync(`${recording.base}.1.wav`, 'no media at all');
    writeFileSync(`${recording.base}.2.mkv`, '');
    const other = await record(store);
    const ended = await recording.finish(undefined, { by: { kind: 'server' }, failure: 'the engine was lost' });
    expect(ended).toMatchObject({ cut: true, failure: 'the engine was lost', endedAt: world.clock.now() });
    expect(ended.parts).toEqual([
      expect.objectContaining({ file: `${recording.id}.1.wav`, bytes: 15, duration: 0, tracks: [] }),
      expect.objectContaining({
        file: `${recording.id}.mkv`,
        sha256: await sha256(`${recording.base}.mkv`),
        startedAt: expect.any(Number) as number,
      }),
    ]);
    expect(ended.parts[1]!.duration).toBeGreaterThan(500);
    expect(ended.parts[1]!.tracks.map(({ kind, codec }) => [kind, codec])).toEqual([
      ['video', 'vp8'],
      ['audio', 'pcmu'],
    ]);
    expect(await world.sidecar(recording.id)).toEqual(ended);
    expect(await store.part(recording.id, 1)).toMatchObject({ path: `${recording.base}.mkv` });
    expect((await store.find(other)).parts).toHaveLength(1);
  });

  test('is not cut where nothing was written', async () => {
    const store = await world.store();
    const recording = await store.begin(about);
    const ended = await recording.finish(undefined, { by: agent, failure: 'the engine was lost' });
    expect(ended).toMatchObject({ parts: [], cut: false });
  });
});

describe('the deletion of a recording takes every file of it, also those that its sidecar does not know of', () => {
  async function unknowing(store: RecordingStore): Promise<string> {
    const recording = await store.begin({ ...about, retention: 1 });
    for (const end of ['.mkv', '.2.1.wav', '.play.1234.draft.mp4']) writeFileSync(recording.base + end, 'media');
    await recording.finish([], { by: agent, failure: 'the engine was lost' });

    return recording.id;
  }

  test.each(['asked for', 'by retention'])('%s', async (how) => {
    const store = await world.store();
    const stays = await record(store, { retention: 9 });
    const goes = await unknowing(store);
    if (how === 'asked for') await store.remove(goes, { kind: 'rest' });
    else {
      world.clock.advance(2 * 24 * 3600 * 1000);
      await store.reindex();
    }
    expect(await world.files()).toEqual([`2026/05/17/${stays}.json`, `2026/05/17/${stays}.mkv`]);

    // Nothing is left that the next start could take for a recording without a sidecar.
    await store.close();
    const next = await world.store();
    expect((await next.recordings({ limit: 10 })).entries.map(({ id }) => id)).toEqual([stays]);
  });
});

describe('the rendition', () => {
  test('is made once, kept with its hash, and made again when somebody has taken it away', async () => {
    const store = await world.store();
    const id = await record(store);
    const [one, other] = await Promise.all([store.rendition(id), store.rendition(id)]);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ type: 'video/mp4', sha256: await sha256(one.path) });
    expect(world.composed).toEqual([[path.join(world.folder, `2026/05/17/${id}.mkv`)]]);
    expect((await store.find(id)).rendition).toMatchObject({
      file: `${id}.play.mp4`,
      sha256: one.sha256,
      bytes: statSync(one.path).size,
    });
    expect(await store.rendition(id)).toEqual(one);
    expect(world.composed).toHaveLength(1);
    rmSync(one.path);
    expect(await store.rendition(id)).toEqual(one);
    expect(world.composed).toHaveLength(2);
  });

  test('that fails leaves nothing behind and may be tried again', async () => {
    const failing = jest.fn((_parts: unknown, target: string) => {
      writeFileSync(target, 'half of it');

      return Promise.reject(new Error('ffmpeg was killed'));
    });
    const store = await world.store({ compose: failing });
    const id = await record(store);
    const before = await world.files();
    await expect(store.rendition(id)).rejects.toThrow('ffmpeg was killed');
    expect(await world.files()).toEqual(before);
    await expect(store.rendition(id)).rejects.toThrow('ffmpeg was killed');
    expect(failing).toHaveBeenCalledTimes(2);
  });

  test('of a recording without any media is gone', async () => {
    const store = await world.store();
    const recording = await store.begin(about);
    await recording.finish([], { by: agent, failure: 'the engine was lost' });
    await expect(store.rendition(recording.id)).rejects.toMatchObject({ code: 'MEDIA_GONE' });
    await expect(store.part(recording.id, 0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.find(recording.id)).toMatchObject({ failure: 'the engine was lost', cut: false });
  });
});

test('a snapshot is kept like a recording: file, sidecar, hash, index', async () => {
  const store = await world.store();
  const png = readFileSync(path.join(__dirname, '../../../dialplans/demo/assets/zones.png'), { flag: 'r' });
  const snapshot = await store.saveSnapshot(about, 'seat', png);
  expect(snapshot).toMatchObject({ kind: 'snapshot', side: 'seat', call: 'call_1', by: agent, bytes: png.length });
  expect(await world.files()).toEqual([`2026/05/17/${snapshot.id}.json`, `2026/05/17/${snapshot.id}.png`]);
  expect(await world.sidecar(snapshot.id)).toEqual(snapshot);
  const picture = await store.picture(snapshot.id);
  expect(picture).toMatchObject({ type: 'image/png', sha256: await sha256(picture.path) });
  expect(readFileSync(picture.path).equals(png)).toBe(true);
  expect((await store.snapshots({ call: 'call_1', limit: 1 })).entries).toEqual([snapshot]);
  await expect(store.find(snapshot.id)).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
  await store.remove(snapshot.id, { kind: 'rest' });
  expect(await world.files()).toEqual([]);
  expect(await world.indexed()).toEqual([]);
});

describe('retention', () => {
  test('deletes file, sidecar, rendition and index when the time is over, and says so', async () => {
    const store = await world.store();
    const short = await record(store, { retention: 1 });
    await store.rendition(short);
    const long = await record(store, { retention: 4 });
    const deleted = new Promise<void>((resolve) => {
      const take = world.log.push.bind(world.log);
      world.log.push = (...lines) => {
        if (lines.some(({ msg }) => msg === 'a recording is deleted')) resolve();

        return take(...lines);
      };
    });
    world.clock.advance(24 * 3600 * 1000);
    await deleted;
    expect(await world.files()).toEqual([`2026/05/17/${long}.json`, `2026/05/17/${long}.mkv`]);
    expect((await store.recordings({ limit: 10 })).entries.map(({ id }) => id)).toEqual([long]);
    await expect(store.find(short)).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
    expect(world.logged(/a recording is deleted/)).toEqual([
      expect.objectContaining({ recording: short, call: 'call_1', why: 'retention' }),
    ]);
  });

  test('is looked after at the start, and empty folders go too', async () => {
    await (await world.store()).close();
    const store = await world.store();
    await record(store, { retention: 1 });
    await store.close();
    world.clock.advance(2 * 24 * 3600 * 1000);
    await world.store();
    expect(await world.files()).toEqual([]);
    expect(() => statSync(path.join(world.folder, '2026'))).toThrow('ENOENT');
    expect(await world.indexed()).toEqual([]);
  });

  test('one who deletes is told in the log, and a deletion that was cut off is finished at the next start', async () => {
    const store = await world.store();
    const gone = await record(store);
    await store.remove(gone, { kind: 'rest', who: 'api' });
    expect(world.logged(/a recording is deleted/)).toEqual([
      expect.objectContaining({ recording: gone, why: 'rest: api' }),
    ]);
    expect(await world.files()).toEqual([]);

    // The process ended when the sidecar said so and the files were still there.
    const half = await record(store);
    const file = path.join(world.folder, `2026/05/17/${half}.json`);
    const sidecar = await world.sidecar(half);
    writeFileSync(file, JSON.stringify({ ...sidecar, retainUntil: world.clock.now() }));
    await store.close();
    await world.store();
    expect(await world.files()).toEqual([]);
  });
});

describe('the index', () => {
  test('is made again from the sidecars when Redis has lost it, also of what is going on', async () => {
    const store = await world.store();
    const ended = await record(store);
    const { id: running } = await store.begin({ ...about, call: 'call_2' });
    const snapshot = await store.saveSnapshot(about, 'terminal', Buffer.from('png'));
    const before = await world.indexed();
    for (const key of before) await world.redis.del(key);
    expect((await store.recordings({ limit: 10 })).entries).toEqual([]);
    await store.reindex();
    expect(await world.indexed()).toEqual(before);
    const found = (await store.recordings({ limit: 10 })).entries.map(({ id }) => id);
    expect(found.sort()).toEqual([ended, running].sort());
    expect(await store.picture(snapshot.id)).toMatchObject({ type: 'image/png' });
  });

  test('forgets what somebody has deleted on the disk by hand', async () => {
    const store = await world.store();
    await record(store);
    const stays = await record(store);
    const [first] = (await store.recordings({ limit: 10 })).entries.filter(({ id }) => id !== stays);
    rmSync(path.join(world.folder, `2026/05/17/${first!.id}.json`));
    rmSync(path.join(world.folder, `2026/05/17/${first!.id}.mkv`));
    await store.reindex();
    expect((await store.recordings({ limit: 10 })).entries.map(({ id }) => id)).toEqual([stays]);
    expect(world.logged(/in the index and not on the disk/)).toHaveLength(1);
  });

  test('tells on which node a file is that is not here', async () => {
    const store = await world.store();
    const id = await record(store);
    rmSync(path.join(world.folder, `2026/05/17/${id}.mkv`));
    await expect(store.part(id, 0)).rejects.toMatchObject({ code: 'MEDIA_GONE', message: /not there any more/ });
    const elsewhere = await RecordingWorld.start();
    const other = await elsewhere.store({
      redis: world.redis,
      keys: makeKeys(world.site),
      node: 'node-b',
    });
    await expect(other.part(id, 0)).rejects.toMatchObject({ code: 'MEDIA_GONE', message: /on the node node-a/ });
    await expect(other.remove(id, agent)).rejects.toMatchObject({ code: 'MEDIA_GONE' });
    await elsewhere.close();
  });

  test('a Redis that is away does not hold up a recording: it is in the index when Redis is back', async () => {
    const store = await world.store();
    world.redis.options.maxRetriesPerRequest = 0;
    world.redis.options.enableOfflineQueue = false;
    world.redis.disconnect();
    const id = await record(store);
    expect(await world.sidecar(id)).toMatchObject({ endedAt: expect.any(Number) as number });
    await expect(store.find(id)).rejects.toThrow();
    await world.redis.connect();
    await store.reindex();
    expect(await store.find(id)).toEqual(await world.sidecar(id));
  });
});

describe('what lies in the folder', () => {
  test('cannot lead out of it: no name of a sidecar or of the index is followed elsewhere', async () => {
    const store = await world.store();
    const id = await record(store);
    const outside = path.join(world.folder, 'secret.mkv');
    writeFileSync(outside, 'secret');
    const entry = await store.find(id);
    for (const file of ['../../../secret.mkv', '/etc/passwd', '..', 'a/b.mkv', 'a\0.mkv', '']) {
      const forged = { ...entry, parts: [{ ...entry.parts[0], file }] };
      await world.redis.set(`sl:{${world.site}}:recording:${id}`, JSON.stringify(forged));
      await expect(store.part(id, 0)).rejects.toMatchObject({ code: 'RECORDING_UNKNOWN' });
    }
    const name = `${id}.mkv`;
    rmSync(path.join(world.folder, '2026/05/17', name));
    symlinkSync(outside, path.join(world.folder, '2026/05/17', name));
    await world.redis.set(`sl:{${world.site}}:recording:${id}`, JSON.stringify(entry));
    await expect(store.part(id, 0)).rejects.toMatchObject({ code: 'MEDIA_GONE' });
  });

  test('foreign files and folders are left alone', async () => {
    mkdirSync(path.join(world.folder, '2026/05/17/more'), { recursive: true });
    mkdirSync(path.join(world.folder, 'lost+found'), { recursive: true });
    writeFileSync(path.join(world.folder, '2026/05/17/notes.txt'), 'of the operator');
    writeFileSync(path.join(world.folder, '2026/05/17/other.json'), '{}');
    const before = await world.files();
    await world.store();
    expect(await world.files()).toEqual(before);
    expect(world.logged(/cannot be read/)).toHaveLength(1);
  });
});
