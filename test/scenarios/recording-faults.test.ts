import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Call } from '../../scripts/phone';
import { compose } from '../../src/media/rendition';
import { film, tone, untilHears, untilSeesColour } from '../support/rtp-peer';
import { SmallDisk } from '../support/small-disk';
import { dial, MediaWorld, takeNext, type TalkingPhone } from './media-world';
import { pictureAt } from './recording-eyes';
import { numbers, recordingSite } from './recording-site';
import { eventually } from './world';

/** What becomes of a recording when something goes wrong around it. The terminal is red and speaks low, the seat is blue. */

jest.setTimeout(60_000);

interface Recording {
  id: string;
  state: string;
  failure?: string;
  cut: boolean;
  why?: string;
  events: { what: string; by: { kind: string; who?: string }; why?: string }[];
  parts: { sha256: string; duration: number; tracks: { kind: string; side: string }[] }[];
}

interface Live {
  id: string;
  media: { mode: string; why?: string[] };
  history: { event: string; detail?: string }[];
}

const canMount = SmallDisk.possible(path.join(os.tmpdir(), `sightline-disk-${process.pid}`));
let world: MediaWorld;
let site: Awaited<ReturnType<typeof recordingSite>>;
let data: string;
let disk: SmallDisk | undefined;
let terminal: TalkingPhone;
let seat: TalkingPhone;

beforeAll(async () => {
  site = await recordingSite();
});

afterAll(() => site.remove());

beforeEach(async () => {
  data = await mkdtemp(path.join(os.tmpdir(), 'sightline-recorded-'));
  disk = canMount ? SmallDisk.mount(path.join(data, 'recordings'), 4096) : undefined;
  world = await MediaWorld.open({ SIGHTLINE_SITE: site.folder, SIGHTLINE_DATA: data });
  terminal = await world.terminal('1001');
  seat = await world.seat('2001');
}, 30_000);

afterEach(async () => {
  await world.close();
  disk?.unmount();
  await rm(data, { recursive: true, force: true });
});

async function talk(number: string): Promise<{ call: Call; seatCall: Call; id: string }> {
  const [red, blue] = await Promise.all([film('vp8', 'red'), film('vp8', 'blue')]);
  const taken = takeNext(seat);
  const call = dial(terminal, number);
  const seatCall = await taken;
  await call.untilEstablished();
  terminal.peer.audio.say(tone(440));
  seat.peer.audio.say(tone(1000));
  terminal.peer.video.show(red);
  seat.peer.video.show(blue);
  await understandEachOther();
  const { calls } = await world.get<{ calls: Live[] }>('/v1/calls');

  return { call, seatCall, id: calls[0]!.id };
}

async function understandEachOther(): Promise<void> {
  await Promise.all([
    untilHears(terminal.peer, [1000]),
    untilHears(seat.peer, [440]),
    untilSeesColour(terminal.peer, 'blue'),
    untilSeesColour(seat.peer, 'red'),
  ]);
}

/** Until the seat has heard so many packets more, of 20 ms each. */
function listen(packets: number): Promise<void> {
  const until = seat.peer.audio.count + packets;

  return new Promise((resolve) => {
    const check = (): void => {
      if (seat.peer.audio.count < until) return;
      seat.peer.audio.off('sound', check);
      resolve();
    };
    seat.peer.audio.on('sound', check);
  });
}

function live(id: string): Promise<Live> {
  return world.get<Live>(`/v1/calls/${id}`);
}

async function recordings(id: string, wanted: (found: Recording[]) => boolean): Promise<Recording[]> {
  const { recordings: found } = await eventually(
    () => world.get<{ recordings: Recording[] }>(`/v1/recordings?call=${id}`),
    (answer) => wanted(answer.recordings),
    15_000,
  );

  return found;
}

/** Everything of one kind in the folder of recordings. */
async function kept(end: string): Promise<string[]> {
  const folder = path.join(data, 'recordings');
  const names = await readdir(folder, { recursive: true });

  return names.filter((name) => name.endsWith(end)).map((name) => path.join(folder, name));
}

async function key(call: Call, digit: string): Promise<void> {
  await call.info('application/dtmf-relay', `Signal=${digit}\r\nDuration=160`);
}

test('an engine that dies ends it with what was written; where all is recorded another begins by itself', async () => {
  const { call, id } = await talk(numbers.always);
  await recordings(id, ([first]) => first?.state === 'recording');
  await listen(100);
  await world.media.loseWorker();
  const [again, broken] = await recordings(id, (found) => found.length === 2 && found[0]!.state === 'recording');
  expect(broken).toMatchObject({ state: 'ended', failure: expect.any(String) as string, cut: true });
  expect(broken!.parts).toHaveLength(1);
  expect(broken!.parts[0]!.duration).toBeGreaterThan(500);
  expect(broken!.parts[0]!.tracks.map(({ kind, side }) => `${side} ${kind}`).sort()).toEqual([
    'seat audio',
    'seat video',
    'terminal audio',
    'terminal video',
  ]);
  const original = await world.fetch(`/v1/recordings/${broken!.id}/parts/0`);
  const bytes = Buffer.from(await original.arrayBuffer());
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(broken!.parts[0]!.sha256);
  expect(again!.why).toMatch(/had broken off/);
  await understandEachOther();
  expect((await live(id)).media).toMatchObject({ mode: 'anchored' });
  await listen(100);
  call.hangup();
  const [ended] = await recordings(id, (found) => found.every(({ state }) => state === 'ended'));
  expect(ended!.parts[0]!.tracks).toHaveLength(4);
});

test('a talk that begins while the engine is away is recorded as soon as it is back', async () => {
  // However long it takes until they talk: each time that it is back, it is lost again.
  const back = world.media.events.on('up', () => void world.media.loseWorker());
  await world.media.loseWorker();
  expect(world.media.available).toBe(false);
  const { call, id } = await talk(numbers.always);
  back();
  const [late] = await recordings(id, ([first]) => first?.state === 'recording');
  expect(late!.why).toMatch(/could not begin with the talk/);
  const failed = (await live(id)).history.find(({ event }) => event === 'recording-failed');
  expect(failed?.detail).toMatch(/^MEDIA_(UNAVAILABLE|GONE): /);
  await understandEachOther();
  call.hangup();
  const [ended] = await recordings(id, ([first]) => first?.state === 'ended');
  expect(ended!.parts[0]!.tracks).toHaveLength(4);
}, 90_000);

test('the film has the terminal on the left and the seat on the right', async () => {
  const { call, id } = await talk(numbers.always);
  await listen(100);
  call.hangup();
  const [ended] = await recordings(id, ([first]) => first?.state === 'ended');
  expect(ended!.parts).toHaveLength(1);
  // On a machine that has much to do it may take longer than anybody is kept waiting.
  const { status } = await eventually(
    () => world.fetch(`/v1/recordings/${ended!.id}/video`),
    (answer) => answer.status !== 503,
    40_000,
  );
  expect(status).toBe(200);
  const [both] = await kept('.play.mp4');
  const picture = await pictureAt(both!, ended!.parts[0]!.duration / 1000 - 0.7, 640, 240);
  const colour = (x: number): number[] => [...picture.subarray((120 * 640 + x) * 3, (120 * 640 + x) * 3 + 3)];
  const [red, , blueOfRed] = colour(160) as [number, number, number];
  const [redOfBlue, , blue] = colour(480) as [number, number, number];
  expect([red > 200, blueOfRed < 50, blue > 200, redOfBlue < 50]).toEqual([true, true, true, true]);
});

test('keys sent as INFO work where the media go end to end, and bring them through the server for as long as it takes', async () => {
  const { call, seatCall, id } = await talk(numbers.byRequest);
  expect((await live(id)).media.mode).toBe('direct');
  for (const digit of ['*', '2']) await key(seatCall, digit);
  const { history } = await eventually(
    () => live(id),
    (now) => now.history.some(({ event }) => event === 'recording-failed'),
  );
  expect(history.find(({ event }) => event === 'recording-failed')?.detail).toMatch(/^WRONG_STATE: /);

  for (const digit of ['*', '1']) await key(seatCall, digit);
  await recordings(id, ([first]) => first?.state === 'recording');
  expect((await live(id)).media).toEqual({ mode: 'anchored', why: ['recorded'] });
  await understandEachOther();
  for (const digit of ['*', '1']) await key(seatCall, digit);
  const [ended] = await recordings(id, ([first]) => first?.state === 'ended');
  expect(ended!.events.map(({ what, by }) => [what, by.who])).toEqual([
    ['start', '2001'],
    ['stop', '2001'],
  ]);
  await eventually(
    () => live(id),
    ({ media }) => media.mode === 'direct',
  );
  call.hangup();
});

test('an agent cannot end what is recorded always, only mask it', async () => {
  const { call, seatCall, id } = await talk(numbers.always);
  await recordings(id, ([first]) => first?.state === 'recording');
  for (const digit of ['*', '1']) await key(seatCall, digit);
  await eventually(
    () => live(id),
    ({ history }) => history.some(({ event, detail }) => event === 'recording-failed' && /masked/.test(detail ?? '')),
  );
  for (const digit of ['*', '2']) await key(seatCall, digit);
  await recordings(id, ([first]) => first?.state === 'masked');
  call.hangup();
  const [ended] = await recordings(id, ([first]) => first?.state === 'ended');
  expect(ended!.events.map(({ what }) => what)).toEqual(['start', 'mask', 'stop']);
});

test('a server that stops finishes what it records: the sidecar is whole, the file plays', async () => {
  const { id } = await talk(numbers.always);
  await recordings(id, ([first]) => first?.state === 'recording');
  await world.close();
  const [sidecar] = await kept('.json');
  const record = JSON.parse(await readFile(sidecar!, 'utf8')) as Record<string, unknown>;
  expect(record).toMatchObject({ call: id, cut: false, endedAt: expect.any(Number) as number });
  const [original] = await kept('.mkv');
  const target = path.join(data, 'film.mp4');
  const tracks = ['audio', 'video'].map((kind) => ({ kind: kind as 'audio', codec: '', side: 0 }));
  const part = { file: original!, startedAt: 0, duration: 0, tracks };
  expect(await compose([part], target)).toEqual({ skipped: [] });
});

test('a call that ends while its recording begins leaves neither an open recording nor a port', async () => {
  for (let again = 0; again < 3; again++) {
    const { call, seatCall, id } = await talk(numbers.byRequest);
    const asked = world.post(`/v1/calls/${id}/recording`, { action: 'start' });
    call.hangup();
    await seatCall.untilEnded();
    expect([200, 404, 409, 410, 488]).toContain((await asked).status);
    const { recordings: found } = await world.get<{ recordings: Recording[] }>(`/v1/recordings?call=${id}`);
    if (found.length > 0) await recordings(id, ([first]) => first?.state === 'ended');
    await eventually(
      async () => ({ ...world.media.load(), calls: (await world.get<{ calls: Live[] }>('/v1/calls')).calls.length }),
      ({ endpoints, ports, calls }) => endpoints + ports + calls === 0,
    );
  }
});

(canMount ? test : test.skip)('a full disk ends it, and neither the talk nor what was written', async () => {
  const { call, id } = await talk(numbers.byRequest);
  expect((await world.post(`/v1/calls/${id}/recording`, { action: 'start' })).status).toBe(200);
  await listen(100);
  disk!.fill();
  const [broken] = await recordings(id, ([first]) => first?.state === 'ended');
  expect(broken!.failure).toEqual(expect.any(String));
  expect(broken!.parts).toHaveLength(1);
  await understandEachOther();
  await eventually(
    () => live(id),
    ({ media }) => media.mode === 'direct',
  );
  for (const [what, body] of [
    ['recording', { action: 'start' }],
    ['snapshots', { side: 'seat' }],
  ] as const) {
    const refused = await world.post(`/v1/calls/${id}/${what}`, body);
    expect([refused.status, (refused.body as { code: string }).code]).toEqual([507, 'STORAGE_FULL']);
  }
  expect((await live(id)).history.map(({ event }) => event)).toContain('recording-failed');
  const original = await world.fetch(`/v1/recordings/${broken!.id}/parts/0`);
  const bytes = Buffer.from(await original.arrayBuffer());
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(broken!.parts[0]!.sha256);
  await understandEachOther();
  call.hangup();
});
