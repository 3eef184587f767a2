import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Closer } from '../../src/lib/closer';
import { silentLogger } from '../../src/lib/logger';
import { startEmbeddedMedia, type EmbeddedServer } from '../../src/media/embedded';
import type { Endpoint } from '../../src/media/port';
import { BrowserPhone } from '../support/browser';
import { lookAt, pngOf, toneFile, type Colour } from '../support/rtp-peer';
import { eventually } from './world';

/** The embedded engine and a browser alone, in both roles of offer and answer. */

const opened = new Closer();
let media: EmbeddedServer;
let browser: BrowserPhone;
let sound: string;
const endpoints: Endpoint[] = [];

beforeAll(async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'sightline-browser-'));
  opened.add('folder', () => rm(dir, { recursive: true, force: true }));
  sound = await toneFile(path.join(dir, 'tone.wav'), 440, 5);
  const ports = { from: 42_000, to: 42_999 };
  media = await startEmbeddedMedia({ host: '127.0.0.1', ports, cacheDir: path.join(dir, 'cache'), log: silentLogger });
  opened.add('media', () => media.close());
  browser = await BrowserPhone.start();
  opened.add('browser', () => browser.close());
}, 60_000);

afterAll(() => opened.close(), 30_000);

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  expect(media.load()).toMatchObject({ endpoints: 0, ports: 0 });
});

async function endpointFor(offer?: string): Promise<Endpoint> {
  const endpoint = await media.createEndpoint({
    label: 'browser',
    ...(offer === undefined ? { security: 'dtls' } : { offer }),
  });
  endpoints.push(endpoint);

  return endpoint;
}

function untilBrowserSees(colour: Colour): Promise<boolean> {
  const sees = async (): Promise<boolean> => {
    const picture = await browser.picture();

    return picture !== undefined && (await lookAt(picture)).centre === colour;
  };

  return eventually(sees, Boolean, 8000);
}

async function serves(endpoint: Endpoint): Promise<void> {
  await endpoint.show({ png: await pngOf('blue') });
  await untilBrowserSees('blue');
  await endpoint.show({ png: await pngOf('yellow') });
  await untilBrowserSees('yellow');
  const playback = endpoint.play({ files: [sound] });
  await eventually(
    () => browser.received(),
    ({ audio }) => audio.energy > 0.01,
    8000,
  );
  playback.stop();
  expect((await lookAt(await endpoint.snapshot())).at(0.15, 0.5)).toBe('green');
  expect(await browser.received()).toMatchObject({ transports: 1, dtls: 'connected', video: { codec: 'video/VP8' } });
}

test('the browser offers: it is shown pictures, hears sound, and is seen', async () => {
  const endpoint = await endpointFor(await browser.offer());
  await browser.accept(endpoint.localDescription);
  await serves(endpoint);
}, 40_000);

test('the engine offers: the same, and a second offer in the same connection changes nothing', async () => {
  const endpoint = await endpointFor();
  await endpoint.accept(await browser.answer(endpoint.localDescription));
  await serves(endpoint);
  await endpoint.accept(await browser.answer(await endpoint.offer(), false));
  await serves(endpoint);
}, 40_000);
