import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright-core';
import { Closer } from '../../src/lib/closer';
import { probe } from '../support/ffmpeg';
import { Baresip } from '../support/baresip';
import { startServer, type ServerOptions, type ServerProcess } from '../support/processes';
import { colourSpread, loudness, pictureAt, Scratch } from './recording-eyes';
import { numbers, recordingSite } from './recording-site';
import { eventually } from './world';

/** Two video phones that nobody here wrote are recorded; what comes of it is played by a browser. */

const opened = new Closer();
const [terminalTone, seatTone] = [400, 1000];
/** FreeSWITCH cannot decode VP8 as baresip sends it: docs/freeswitch.md. */
const ofFreeswitch: { videoCodecs: ['h264'] } = { videoCodecs: ['h264'] };
let scratch: Scratch;
let options: ServerOptions;
let server: ServerProcess;
let terminal: Baresip;
let seat: Baresip;

interface Recording {
  id: string;
  call: string;
  state: string;
  by: { kind: string; who?: string };
  why?: string;
  cut: boolean;
  startedAt: string;
  endedAt: string;
  retainUntil: string;
  masked: { from: string; to?: string }[];
  events: { what: string; by: { kind: string; who?: string } }[];
  parts: {
    url: string;
    bytes: number;
    sha256: string;
    duration: number;
    startedAt: string;
    tracks: { kind: string; codec: string; side: string }[];
  }[];
  video: string;
  rendition?: { sha256: string; bytes: number };
}

interface LiveCall {
  id: string;
  media: { mode: string };
  history: { event: string; detail?: string }[];
}

beforeAll(async () => {
  scratch = await Scratch.make();
  opened.add('scratch', () => scratch.remove());
  const site = await recordingSite();
  opened.add('site', () => site.remove());
  options = { site: site.folder, env: { SIGHTLINE_DATA: scratch.at('data') } };
  server = await startServer(options);
  opened.add('server', () => server.stop());
  const domain = 'sightline.test';
  const phone = { domain, server: server.sip, ...(process.env.FREESWITCH_URL ? ofFreeswitch : {}) };
  terminal = await Baresip.start({ ...phone, user: '1001', password: 'demo-terminal' });
  opened.add('terminal', () => terminal.stop());
  seat = await Baresip.start({ ...phone, user: '2001', password: 'demo-seat', answer: 'auto' });
  opened.add('seat', () => seat.stop());
  await Promise.all([terminal.untilRegistered(), seat.untilRegistered()]);
  await seat.command('ausrc', `ausine,${seatTone}`);
}, 60_000);

afterAll(() => opened.close(), 30_000);

function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: object } = {}) {
  const { method = 'GET', headers = {}, body } = options;

  return fetch(`${server.url}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${server.apiToken}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function get<T>(url: string): Promise<T> {
  const answer = await ask(url);
  if (answer.status !== 200) throw new Error(`${url} is ${answer.status}: ${await answer.text()}`);

  return (await answer.json()) as T;
}

async function bytesOf(url: string, headers: Record<string, string> = {}): Promise<[status: number, bytes: Buffer]> {
  const answer = await ask(url, { headers });

  return [answer.status, Buffer.from(await answer.arrayBuffer())];
}

/** On a machine that has much to do it may take longer than anybody is kept waiting: then one asks again. */
function filmOf({ video }: Recording): Promise<[status: number, bytes: Buffer]> {
  return eventually(
    () => bytesOf(video),
    ([status]) => status !== 503,
    40_000,
  );
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Dials and waits until both sides see and hear each other. Gives the call's id. */
async function talk(number: string): Promise<string> {
  await terminal.dial(`sip:${number}@sightline.test`);
  await Promise.all([terminal.waitFor('CALL_ESTABLISHED'), seat.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([terminal.untilMediaFlows(), seat.untilMediaFlows()]);
  const { calls } = await get<{ calls: LiveCall[] }>('/v1/calls');
  expect(calls).toHaveLength(1);

  return calls[0]!.id;
}

/** Time that is told by what phones do: this many pictures more have come at the terminal. */
async function pictures(count: number): Promise<void> {
  const { received } = await terminal.packets('video');
  await eventually(
    () => terminal.packets('video'),
    (now) => now.received >= received + count,
    20_000,
  );
}

async function hangUp(): Promise<void> {
  await terminal.hangup();
  await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
}

async function recordingOf(
  call: string,
  wanted: (one: Recording) => boolean = () => true,
  ms = 10_000,
): Promise<Recording> {
  const { recordings } = await eventually(
    () => get<{ recordings: Recording[] }>(`/v1/recordings?call=${call}`),
    ({ recordings: found }) => found.length > 0 && wanted(found[0]!),
    ms,
  );

  return recordings[0]!;
}

async function keys(code: string): Promise<void> {
  await seat.command('sndcode', code);
}

const everything = ['seat audio', 'seat video', 'terminal audio', 'terminal video'];

/** Who is heard and seen in it, in one file or in several. */
function tracksOf({ parts }: Recording): string[] {
  const names = parts.flatMap(({ tracks }) => tracks.map(({ side, kind }) => `${side} ${kind}`));

  return [...new Set(names)].sort();
}

/** From its first moment to its last, in ms. */
function spanOf({ parts }: Recording): { begin: number; duration: number } {
  const begin = Math.min(...parts.map(({ startedAt }) => Date.parse(startedAt)));
  const end = Math.max(...parts.map(({ startedAt, duration }) => Date.parse(startedAt) + duration));

  return { begin, duration: end - begin };
}

/** Every talk of this queue is recorded; the agent masks it for a while. */
async function recordMasked(): Promise<Recording> {
  const call = await talk(numbers.always);
  expect((await recordingOf(call)).state).toBe('recording');
  await pictures(30);
  await keys('*2');
  await recordingOf(call, ({ state }) => state === 'masked');
  await pictures(30);
  await keys('*2');
  await recordingOf(call, ({ state }) => state === 'recording');
  await pictures(30);
  await hangUp();

  return recordingOf(call, ({ state }) => state === 'ended');
}

describe('a talk of a queue that records always', () => {
  let recording: Recording;
  let video: string;

  beforeAll(async () => {
    recording = await recordMasked();
  }, 90_000);

  test('is there from its first moment to its last, with who, when and why', () => {
    expect(recording).toMatchObject({ by: { kind: 'policy' }, cut: false, masked: [{}] });
    expect(recording.events.map(({ what, by }) => [what, by.kind, by.who])).toEqual([
      ['start', 'policy', undefined],
      ['mask', 'agent', '2001'],
      ['unmask', 'agent', '2001'],
      ['stop', 'server', undefined],
    ]);
    const days = (Date.parse(recording.retainUntil) - Date.parse(recording.startedAt)) / (24 * 3600 * 1000);
    expect(days).toBe(7);
  });

  test('is kept with sound and picture of both sides, length and hash of each file as the index says', async () => {
    expect(tracksOf(recording)).toEqual(everything);
    for (const part of recording.parts) {
      const [status, bytes] = await bytesOf(part.url);
      expect([status, bytes.length, sha256(bytes)]).toEqual([200, part.bytes, part.sha256]);
    }
    const length = Date.parse(recording.endedAt) - Date.parse(recording.startedAt);
    expect(Math.abs(spanOf(recording).duration - length)).toBeLessThan(1500);
  });

  test('is a film of both sides, which comes in ranges', async () => {
    const [status, whole] = await filmOf(recording);
    expect(status).toBe(200);
    const half = Math.floor(whole.length / 2);
    const [first, a] = await bytesOf(recording.video, { range: `bytes=0-${half - 1}` });
    const [second, b] = await bytesOf(recording.video, { range: `bytes=${half}-` });
    expect([first, second]).toEqual([206, 206]);
    expect(Buffer.concat([a, b]).equals(whole)).toBe(true);
    expect((await bytesOf(recording.video, { range: `bytes=${whole.length}-` }))[0]).toBe(416);
    const { rendition } = await get<Recording>(`/v1/recordings/${recording.id}`);
    expect(rendition).toMatchObject({ bytes: whole.length, sha256: sha256(whole) });
    video = scratch.at('film.mp4');
    await writeFile(video, whole);
    const { streams, duration } = await probe(video);
    expect(streams.map((stream) => stream.codec_name)).toEqual(['h264', 'aac']);
    expect([streams[0]!.width, streams[0]!.height]).toEqual([1280, 480]);
    expect(Math.abs(duration * 1000 - spanOf(recording).duration)).toBeLessThan(500);
  }, 60_000);

  test('shows and lets hear both, and nothing of either while it was masked', async () => {
    const { begin, duration } = spanOf(recording);
    const [{ from, to }] = recording.masked as [{ from: string; to: string }];
    const [maskFrom, maskTo] = [(Date.parse(from) - begin) / 1000, (Date.parse(to) - begin) / 1000];
    expect(maskTo - maskFrom).toBeGreaterThan(1);
    for (const [seconds, shown] of [
      [maskFrom - 0.5, true],
      [(maskFrom + maskTo) / 2, false],
      // Some engines lose the last moment of a file.
      [duration / 1000 - 1, true],
    ] as const) {
      const picture = await pictureAt(video, seconds, 640, 240);
      for (const side of ['left', 'right'] as const) {
        expect([seconds, side, colourSpread(picture, 640, 240, side) > 30]).toEqual([seconds, side, shown]);
      }
    }
    for (const tone of [terminalTone, seatTone]) {
      expect(await loudness(video, tone, maskFrom - 1.2, maskFrom - 0.2)).toBeGreaterThan(0.02);
      expect(await loudness(video, tone, maskFrom + 0.1, maskTo - 0.1)).toBeLessThan(0.002);
      expect(await loudness(video, tone, maskTo + 0.2, maskTo + 1.2)).toBeGreaterThan(0.02);
    }
  }, 60_000);

  test('plays in a browser', async () => {
    const page = await pageWith(`<video id="film" src="${server.url}${recording.video}" muted autoplay></video>`);
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    try {
      const shot = await play(browser, page);
      const file = scratch.at('browser.png');
      await writeFile(file, shot);
      if (process.env.KEEP_PICTURES) await writeFile(`${process.env.KEEP_PICTURES}/browser.png`, shot);
      const picture = await pictureAt(file, 0, 640, 240);
      expect(colourSpread(picture, 640, 240, 'left')).toBeGreaterThan(30);
      expect(colourSpread(picture, 640, 240, 'right')).toBeGreaterThan(30);
    } finally {
      await browser.close();
      await new Promise((resolve) => page.close(resolve));
    }
  }, 60_000);
});

/** A page of somebody else's, as it may be put around a recording. */
async function pageWith(body: string): Promise<Server> {
  const page = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html><body style="margin:0">${body}`);
  });
  page.listen(0, '127.0.0.1');
  await new Promise((resolve) => page.once('listening', resolve));

  return page;
}

/** Plays the film for a second and gives a picture of it. */
async function play(browser: Browser, page: Server): Promise<Buffer> {
  const context = await browser.newContext({ extraHTTPHeaders: { authorization: `Bearer ${server.apiToken}` } });
  const tab = await context.newPage();
  await tab.goto(`http://127.0.0.1:${(page.address() as AddressInfo).port}/`);
  const at = (): Promise<number> => tab.evaluate<number>('document.getElementById("film").currentTime');
  await tab.waitForFunction('document.getElementById("film").currentTime > 0.3', undefined, { timeout: 20_000 });
  const before = await at();
  await tab.waitForFunction(`document.getElementById("film").currentTime > ${before + 0.5}`, undefined, {
    timeout: 20_000,
  });
  const size = await tab.evaluate<number[]>(
    '(({videoWidth, videoHeight}) => [videoWidth, videoHeight])(document.getElementById("film"))',
  );
  expect(size).toEqual([1280, 480]);

  return tab.locator('#film').screenshot();
}

test('by request: from end to end through the server and back, with a snapshot of a side, and its deletion', async () => {
  const call = await talk(numbers.byRequest);
  const live = (): Promise<LiveCall> => get<LiveCall>(`/v1/calls/${call}`);
  expect((await live()).media.mode).toBe('direct');
  const command = (action: string): Promise<Response> =>
    ask(`/v1/calls/${call}/recording`, { method: 'POST', body: { action, reason: 'asked for by the desk' } });
  expect((await command('stop')).status).toBe(409);
  expect((await command('start')).status).toBe(200);
  expect((await command('start')).status).toBe(409);
  expect((await live()).media.mode).toBe('anchored');
  await pictures(20);

  const taken = await ask(`/v1/calls/${call}/snapshots`, { method: 'POST', body: { side: 'terminal' } });
  expect(taken.status).toBe(201);
  const snapshot = (await taken.json()) as { url: string; sha256: string; side: string };
  const [, png] = await bytesOf(snapshot.url);
  expect([png.subarray(1, 4).toString(), sha256(png)]).toEqual(['PNG', snapshot.sha256]);
  const file = scratch.at('snapshot.png');
  await writeFile(file, png);
  expect(colourSpread(await pictureAt(file, 0, 320, 240), 320, 240, 'left')).toBeGreaterThan(30);

  expect((await command('stop')).status).toBe(200);
  expect((await live()).media.mode).toBe('direct');
  expect((await live()).history.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['recording-started', 'snapshot', 'recording-ended']),
  );
  await pictures(10);
  const recording = await recordingOf(call);
  expect(recording).toMatchObject({ state: 'ended', by: { kind: 'rest' }, why: 'asked for by the desk' });
  expect(tracksOf(recording)).toEqual(everything);
  await hangUp();
  expect((await command('start')).status).toBe(404);

  expect((await ask(`/v1/recordings/${recording.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await ask(recording.parts[0]!.url)).status).toBe(404);
}, 90_000);

test('by the agent: *1 begins and ends it, *3 takes a snapshot of the terminal', async () => {
  const call = await talk(numbers.byAgent);
  expect((await get<{ recordings: Recording[] }>(`/v1/recordings?call=${call}`)).recordings).toEqual([]);
  await keys('*1');
  await recordingOf(call, ({ state }) => state === 'recording');
  await keys('*3');
  const { snapshots } = await eventually(
    () => get<{ snapshots: { side: string; by: object }[] }>(`/v1/snapshots?call=${call}`),
    (found) => found.snapshots.length > 0,
    10_000,
  );
  expect(snapshots).toEqual([expect.objectContaining({ side: 'terminal', by: { kind: 'agent', who: '2001' } })]);
  await keys('*1');
  const recording = await recordingOf(call, ({ state }) => state === 'ended');
  expect(recording.by).toEqual({ kind: 'agent', who: '2001' });
  expect((await get<LiveCall>(`/v1/calls/${call}`)).media.mode).toBe('anchored');
  await hangUp();
}, 90_000);

test('never: neither REST nor keys record, and the talk goes on', async () => {
  const call = await talk(numbers.never);
  for (const [url, body] of [
    ['recording', { action: 'start' }],
    ['snapshots', { side: 'seat' }],
  ] as const) {
    const answer = await ask(`/v1/calls/${call}/${url}`, { method: 'POST', body });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'RECORDING_FORBIDDEN']);
  }
  await keys('*1');
  await pictures(10);
  expect((await get<{ recordings: Recording[] }>(`/v1/recordings?call=${call}`)).recordings).toEqual([]);
  await hangUp();
}, 60_000);

test('a crash leaves what was recorded up to then: the next start takes it in, and it plays', async () => {
  const call = await talk(numbers.always);
  await pictures(60);
  await server.child.stop('SIGKILL');
  // The phones would say goodbye to a server that is gone, for half a minute.
  await Promise.all([terminal, seat].map(({ child }) => child.stop('SIGKILL')));
  server = await startServer(options);
  const recording = await recordingOf(call, ({ state }) => state === 'ended', 30_000);
  expect(recording).toMatchObject({ cut: true, by: { kind: 'policy' } });
  expect(recording.events.map(({ what }) => what)).toEqual(['start', 'taken in']);
  expect(tracksOf(recording)).toEqual(everything);
  for (const part of recording.parts) expect(sha256((await bytesOf(part.url))[1])).toBe(part.sha256);
  expect(spanOf(recording).duration).toBeGreaterThan(1500);
  const [status, film] = await filmOf(recording);
  expect(status).toBe(200);
  const file = scratch.at('cut.mp4');
  await writeFile(file, film);
  expect((await probe(file)).duration).toBeGreaterThan(1.5);
  const picture = await pictureAt(file, 1, 640, 240);
  for (const side of ['left', 'right'] as const) expect(colourSpread(picture, 640, 240, side)).toBeGreaterThan(30);
}, 90_000);
