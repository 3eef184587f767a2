import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MediaFaces, type FaceSite } from '../../../src/ivr/media-faces';
import { Painter } from '../../../src/ivr/picture/painter';
import { showQueue, startMenu } from '../../../src/ivr/session';
import type { MenuState } from '../../../src/ivr/state';
import { pushMessage } from '../../../src/ivr/views';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { Speech } from '../../../src/media/speech';
import { ActingEndpoint } from './acting-endpoint';
import { both, stationMenu } from './menus';

let folder: string;
let speech: Speech;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sightline-faces-'));
  await mkdir(path.join(folder, 'assets'));
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>';
  await writeFile(path.join(folder, 'assets', 'map 1.svg'), svg);
  await writeFile(path.join(folder, 'secret.svg'), svg);
  speech = new Speech({ cacheDir: path.join(folder, 'cache'), log: silentLogger });
});
afterAll(async () => {
  await speech.close();
  await rm(folder, { recursive: true, force: true });
});

const site = (): FaceSite => ({
  folder,
  assetBase: 'https://example.org/assets/',
  defaultLocale: 'en',
  look: { background: '#12324a', text: '#ffffff', accent: '#ffb300' },
  prompts: ['en/main.start.wav', 'en/main.start.9.wav', 'en/queue.wav'],
  menus: new Map([['main', stationMenu]]),
  flows: new Map(),
  queues: new Map([['support', { hold: { music: 'music.ogg' } }]]),
});

function open(kind: 'video' | 'voice' = 'video', size?: { width: number; height: number }) {
  const endpoint = Object.assign(new ActingEndpoint(), { pictureSize: size });
  const first = startMenu(stationMenu, 'en', kind);
  const where: { state: MenuState; queue?: string } = { state: first.state };
  const faces = new MediaFaces({
    painter: new Painter(silentLogger),
    speech,
    clock: new ManualClock(),
    log: silentLogger,
  });
  const face = faces.open({
    call: 'c1',
    plan: site(),
    endpoint: endpoint.asEndpoint,
    kind,
    state: () => where.state,
    queue: () => where.queue,
  });

  return { endpoint, face, first, where };
}

const sizeOf = (picture: ActingEndpoint['shown'][number]) =>
  picture && 'png' in picture ? [picture.png.readUInt32BE(16), picture.png.readUInt32BE(20)] : [];

describe('the face of a phone', () => {
  test.each([
    [undefined, 'video', [640, 480]],
    [{ width: 352, height: 288 }, 'video-small', [352, 288]],
    [{ width: 1280, height: 720 }, 'video', [1280, 720]],
  ] as const)('that takes pictures of %o has pages divided and drawn for that', async (size, paging, drawn) => {
    const { endpoint, face, first } = open('video', size);
    expect(face.paging).toBe(paging);
    face.showAll(first.send);
    await face.ready();
    expect(sizeOf(endpoint.shown[0])).toEqual(drawn);
    face.close();
  });

  test('says recorded prompts where there are some, and has the others spoken', async () => {
    const { endpoint, face, first } = open('voice');
    expect(face.paging).toBe('voice');
    face.showAll(first.send);
    await face.ready();
    const files = endpoint.playbacks[0]?.source.files ?? [];
    expect(files).toHaveLength(5);
    expect(files[0]).toBe(path.join(folder, 'prompts', 'en/main.start.wav'));
    expect(files[3]).toBe(path.join(folder, 'prompts', 'en/main.start.9.wav'));
    expect(path.dirname(files[1] as string)).toBe(path.join(folder, 'cache'));
    face.close();
  });

  test('makes ready what each key leads to', async () => {
    const { endpoint, face, first } = open();
    face.showAll(first.send);
    await face.ready();
    expect(endpoint.prepared.map(({ pictures }) => pictures)).toEqual([1, 1]);
    expect(endpoint.prepared.every(({ files }) => files.length > 0)).toBe(true);
    face.close();
  });

  test('plays the music of the queue that the person waits in', async () => {
    const { endpoint, face, where } = open('voice');
    const facts = { label: both('Help'), position: 1, waiting: 1, estimate: [0, 60], actions: [] } as const;
    const shown = showQueue(where.state, facts);
    where.state = shown.state;
    where.queue = 'support';
    face.showAll(shown.send);
    while (endpoint.playbacks.length === 0) await new Promise((resolve) => setImmediate(resolve));
    endpoint.finish();
    while (endpoint.playbacks.length === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(endpoint.playing).toBe(`${path.join(folder, 'assets', 'music.ogg')} again and again`);
    face.close();
  });

  test.each([
    ['https://example.org/assets/map%201.svg?v=2', true],
    ['https://example.org/assets/../secret.svg', false],
    ['https://example.org/assets/%2e%2e/secret.svg', false],
    ['https://example.org/assets/', false],
    ['https://elsewhere.example/map.svg', false],
  ])('shows a push of %s: %s', async (url, isShown) => {
    const { face } = open();
    const receipt = new Promise((resolve) => face.on('receipt', resolve));
    face.show(pushMessage({ ref: 'a', kind: 'image', url }));
    await expect(receipt).resolves.toMatchObject({ ref: 'a', shown: isShown });
    face.close();
  });
});
