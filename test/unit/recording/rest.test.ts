import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import path from 'node:path';
import type { RecordingPort } from '../../../src/http/recordings';
import { readRange } from '../../../src/http/send-file';
import type { Asker } from '../../../src/recording/model';
import type { RecordingStore } from '../../../src/recording/store';
import { SightlineError } from '../../../src/lib/errors';
import { closeSharedRedis } from '../../support/redis';
import { bearer, eachListening, post, raw, terminal, type Listening } from '../http/listening';
import { about, agent, RecordingWorld, sha256 } from './world';

const start = eachListening();
const content = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));

let world: RecordingWorld;
let store: RecordingStore;
let server: Listening;
/** What the calls were asked for. */
let asked: unknown[][];
let refusal: SightlineError | undefined;

beforeEach(async () => {
  world = await RecordingWorld.start();
  store = await world.store();
  asked = [];
  refusal = undefined;
  server = await start({ recordings: portOf(store) });
});

afterEach(() => world.close());
afterAll(closeSharedRedis);

/** The store itself; calls are those of this test. */
function portOf(kept: RecordingStore): RecordingPort {
  const ask = (...words: unknown[]): void => {
    asked.push(words);
    if (refusal) throw refusal;
  };

  return {
    command: async (call, action, by, why) => {
      ask('command', call, action, by, why);
      const open = await kept.begin({ ...about, call, by, ...(why === undefined ? {} : { why }) });

      return structuredClone(open.record);
    },
    snapshot: async (call, side, by, why) => {
      ask('snapshot', call, side, by, why);

      return kept.saveSnapshot({ ...about, call, by }, side, content);
    },
    recordings: (filter) => kept.recordings(filter),
    snapshots: (filter) => kept.snapshots(filter),
    find: (id) => kept.find(id),
    part: (id, index) => kept.part(id, index),
    rendition: (id) => kept.rendition(id),
    picture: (id) => kept.picture(id),
    remove: (id, by: Asker) => kept.remove(id, by),
  };
}

async function record(more: Partial<typeof about> = {}): Promise<string> {
  const recording = await store.begin({ ...about, ...more });
  const file = `${recording.base}.mkv`;
  writeFileSync(file, content);
  const tracks = [{ kind: 'audio' as const, codec: 'pcmu', side: 'seat' as const }];
  await recording.finish([{ file, startedAt: world.clock.now(), duration: 1000, tracks }], { by: agent });

  return recording.id;
}

function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return server.fetch(url, { headers: { ...bearer, ...headers } });
}

async function bytes(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

describe('commands', () => {
  test('carry who asks for what and why, and answer with the recording', async () => {
    const body = { action: 'start', reason: 'a contract', who: 'desk of Ana' };
    const answer = await server.fetch('/v1/calls/call_7/recording', post(body, bearer));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      id: expect.stringMatching(/^rec_/) as string,
      state: 'recording',
      call: 'call_7',
      by: { kind: 'rest', who: 'desk of Ana (127.0.0.1)' },
      why: 'a contract',
      startedAt: '2026-05-17T12:00:00.000Z',
      retainUntil: '2026-06-16T12:00:00.000Z',
      parts: [],
    });
    expect(asked).toEqual([
      ['command', 'call_7', 'start', { kind: 'rest', who: 'desk of Ana (127.0.0.1)' }, 'a contract'],
    ]);
  });

  test('a snapshot is 201 with its address, where the picture is', async () => {
    const answer = await server.fetch('/v1/calls/call_7/snapshots', post({ side: 'terminal' }, bearer));
    expect(answer.status).toBe(201);
    const view = (await answer.json()) as { id: string; url: string; sha256: string };
    expect(view).toMatchObject({ side: 'terminal', call: 'call_7', takenAt: '2026-05-17T12:00:00.000Z' });
    expect(answer.headers.get('location')).toBe(view.url);
    const picture = await get(view.url);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect((await bytes(picture)).equals(content)).toBe(true);
    const list = (await (await get('/v1/snapshots?call=call_7')).json()) as { snapshots: unknown[] };
    expect(list.snapshots).toEqual([view]);
    expect((await server.fetch(view.url, { method: 'DELETE', headers: bearer })).status).toBe(204);
    expect((await get(view.url)).status).toBe(404);
  });

  test.each([
    [{ action: 'pause' }, 'action'],
    [{}, 'action'],
    [{ action: 'start', reason: 'x'.repeat(201) }, 'reason'],
    [{ action: 'start', file: '/etc/passwd' }, 'file'],
  ])('%j is refused', async (body, word) => {
    const answer = await server.fetch('/v1/calls/call_7/recording', post(body, bearer));
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { detail: string }).detail).toContain(word);
    expect(asked).toEqual([]);
  });

  test.each([
    ['CALL_GONE', 404],
    ['WRONG_STATE', 409],
    ['RECORDING_FORBIDDEN', 403],
    ['MEDIA_MISMATCH', 488],
    ['MEDIA_UNAVAILABLE', 503],
    ['STORAGE_FULL', 507],
  ] as const)('%s is told as %i', async (code, status) => {
    refusal = new SightlineError(code);
    for (const [url, body] of [
      ['/v1/calls/call_7/recording', { action: 'stop' }],
      ['/v1/calls/call_7/snapshots', { side: 'seat' }],
    ] as const) {
      const answer = await server.fetch(url, post(body, bearer));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, expect.stringMatching(/problem/)]);
      expect(await answer.json()).toMatchObject({ code });
    }
  });
});

describe('every address', () => {
  const id = 'rec_AAAAAAAAAAAAAAAA';
  const addresses: { method: string; url: string; body?: object }[] = [
    { method: 'POST', url: '/v1/calls/call_1/recording', body: { action: 'start' } },
    { method: 'POST', url: '/v1/calls/call_1/snapshots', body: { side: 'seat' } },
    { method: 'GET', url: '/v1/recordings' },
    { method: 'GET', url: `/v1/recordings/${id}` },
    { method: 'GET', url: `/v1/recordings/${id}/video` },
    { method: 'HEAD', url: `/v1/recordings/${id}/video` },
    { method: 'GET', url: `/v1/recordings/${id}/parts/0` },
    { method: 'DELETE', url: `/v1/recordings/${id}` },
    { method: 'GET', url: '/v1/snapshots' },
    { method: 'GET', url: '/v1/snapshots/snap_AAAAAAAAAAAAAAAA' },
    { method: 'DELETE', url: '/v1/snapshots/snap_AAAAAAAAAAAAAAAA' },
  ];

  test.each(addresses)('$method $url needs the API token', async ({ method, url, body }) => {
    const ask = (headers: Record<string, string>): Promise<Response> =>
      body ? server.fetch(url, post(body, headers)) : server.fetch(url, { method, headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer wrong-token' })).status).toBe(401);
    expect((await ask(terminal)).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test.each([
    '/v1/recordings/..%2f..%2fetc%2fpasswd',
    '/v1/recordings/%2e%2e/video',
    '/v1/recordings/rec_..%2f..%2fAAAAAAAAA/video',
    '/v1/recordings/rec_AAAAAAAAAAAAAAA%00/video',
    `/v1/recordings/${id}/parts/..%2f..%2f..%2fsecret`,
    `/v1/recordings/${id}/parts/-1`,
    `/v1/snapshots/${id}`,
    '/v1/snapshots/..%2fsecret.png',
  ])('%s leads nowhere', async (url) => {
    const answer = await raw(
      server.port,
      `GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ${bearer.authorization}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).toContain('application/problem+json');
  });
});

describe('a file', () => {
  let id: string;
  let url: string;

  beforeEach(async () => {
    id = await record();
    url = `/v1/recordings/${id}/parts/0`;
  });

  test('is sent whole, with its type, length and hash', async () => {
    for (const [address, type] of [
      [url, 'video/x-matroska'],
      [`/v1/recordings/${id}/video`, 'video/mp4'],
    ] as const) {
      const answer = await get(address);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'accept-ranges': 'bytes',
        'cache-control': 'no-store',
        'content-length': '5000',
        'content-type': type,
        'repr-digest': expect.stringMatching(/^sha-256=:[\w+/]+=*:$/) as string,
      });
      expect((await bytes(answer)).equals(content)).toBe(true);
    }
    const { parts, rendition } = (await (await get(`/v1/recordings/${id}`)).json()) as {
      parts: { sha256: string; url: string }[];
      rendition: { sha256: string; bytes: number };
    };
    const hash = await sha256(path.join(world.folder, `2026/05/17/${id}.mkv`));
    expect(parts).toEqual([expect.objectContaining({ url, sha256: hash, bytes: 5000 })]);
    expect(rendition).toMatchObject({ sha256: hash, bytes: 5000 });
  });

  test.each([
    ['bytes=0-99', 0, 99],
    ['bytes=4900-', 4900, 4999],
    ['bytes=-100', 4900, 4999],
    ['bytes=4990-9999', 4990, 4999],
    ['bytes=-99999', 0, 4999],
    ['bytes=7-7', 7, 7],
  ])('%s is 206 with these bytes', async (range, from, to) => {
    const answer = await get(url, { range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to}/5000`);
    expect(answer.headers.get('content-length')).toBe(String(to - from + 1));
    expect((await bytes(answer)).equals(content.subarray(from, to + 1))).toBe(true);
  });

  test.each(['bytes=5000-', 'bytes=9999-10000', 'bytes=-0'])('%s is 416 and tells the length', async (range) => {
    const answer = await get(url, { range });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */5000');
    expect(await answer.json()).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
  });

  test.each(['bytes=0-1,4-5', 'bytes=9-3', 'bytes=a-b', 'bytes=-', 'lines=1-2'])(
    '%s is no range that is taken: the whole is sent',
    async (range) => {
      const answer = await get(url, { range });
      expect([answer.status, (await bytes(answer)).length]).toEqual([200, 5000]);
    },
  );

  test('ranges of it are for those who have the same file, and 304 for those who have it whole', async () => {
    const etag = (await get(url)).headers.get('etag') ?? '';
    expect((await get(url, { range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    expect((await get(url, { range: 'bytes=0-9', 'if-range': '"another"' })).status).toBe(200);
    expect((await get(url, { 'if-none-match': etag })).status).toBe(304);
  });

  test('HEAD tells the length and sends nothing', async () => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = httpRequest(`${server.url}${url}`, { method: 'HEAD', headers: bearer }, resolve);
      asking.on('error', reject).end();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    expect([answer.statusCode, answer.headers['content-length'], chunks]).toEqual([200, '5000', []]);
  });

  test('that is not there any more is 410', async () => {
    rmSync(path.join(world.folder, `2026/05/17/${id}.mkv`));
    const answer = await get(url);
    expect(answer.status).toBe(410);
    expect(await answer.json()).toMatchObject({ code: 'MEDIA_GONE' });
    expect((await get(`/v1/recordings/${id}/parts/1`)).status).toBe(404);
  });

  test('of a recording that goes on is 409', async () => {
    const open = await store.begin(about);
    for (const rest of ['video', 'parts/0']) {
      expect((await get(`/v1/recordings/${open.id}/${rest}`)).status).toBe(409);
    }
    expect((await server.fetch(`/v1/recordings/${open.id}`, { method: 'DELETE', headers: bearer })).status).toBe(409);
    expect(await (await get(`/v1/recordings/${open.id}`)).json()).toMatchObject({ state: 'recording' });
  });

  test('deleted is gone from the disk and the lists', async () => {
    expect((await server.fetch(`/v1/recordings/${id}`, { method: 'DELETE', headers: bearer })).status).toBe(204);
    expect((await server.fetch(`/v1/recordings/${id}`, { method: 'DELETE', headers: bearer })).status).toBe(404);
    expect(await world.files()).toEqual([]);
    expect(await (await get('/v1/recordings')).json()).toEqual({ recordings: [] });
    expect(world.logged(/a recording is deleted/)).toEqual([expect.objectContaining({ why: 'rest: 127.0.0.1' })]);
  });
});

describe('the list', () => {
  test('is filtered and paged', async () => {
    const ids: string[] = [];
    for (const seat of ['2001', '2002', '2001']) {
      ids.unshift(await record({ seat }));
      world.clock.advance(60_000);
    }
    const found = async (query: string): Promise<{ recordings: { id: string }[]; next?: string }> =>
      (await (await get(`/v1/recordings?${query}`)).json()) as never;
    const idsOf = async (query: string): Promise<string[]> => (await found(query)).recordings.map(({ id }) => id);
    expect(await idsOf('')).toEqual(ids);
    expect(await idsOf('seat=2001&queue=support')).toEqual([ids[0], ids[2]]);
    expect(await idsOf('from=2026-05-17T12:01:00Z&to=2026-05-17T12:01:30%2B00:00')).toEqual([ids[1]]);
    const first = await found('limit=2');
    expect(first.recordings.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(await idsOf(`limit=2&after=${first.next}`)).toEqual(ids.slice(2));
  });

  test.each(['from=yesterday', 'limit=many', 'after=1.rec_x', 'after=*', 'color=red'])(
    '%s is refused',
    async (query) => {
      const answer = await get(`/v1/recordings?${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'BAD_REQUEST' });
    },
  );
});

test('readRange of an empty file finds nothing in it', () => {
  expect(() => readRange('bytes=0-', 0)).toThrow('0 bytes');
  expect(readRange(undefined, 0)).toBeUndefined();
});

test('a rendition is what was composed, byte for byte', async () => {
  const id = await record();
  const answer = await get(`/v1/recordings/${id}/video`, { range: 'bytes=10-19' });
  expect(await bytes(answer)).toEqual(content.subarray(10, 20));
  expect(readFileSync(path.join(world.folder, `2026/05/17/${id}.play.mp4`)).equals(content)).toBe(true);
});
