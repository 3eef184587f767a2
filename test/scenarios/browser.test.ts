import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Closer } from '../../src/lib/closer';
import { Baresip } from '../support/baresip';
import { BrowserPhone } from '../support/browser';
import { keepPicture } from '../support/eyes';
import { readPicture } from '../support/ocr';
import { startServer, type ServerProcess } from '../support/processes';
import { lookAt } from '../support/rtp-peer';
import { eventually } from './world';

/** A web phone in a real browser, and a SIP phone that knows nothing of browsers: the server stands between. */

const domain = 'sightline.test';
const opened = new Closer();
let server: ServerProcess;
let seat: Baresip;
let browser: BrowserPhone;

beforeAll(async () => {
  server = await startServer({ site: 'demo' });
  opened.add('server', () => server.stop());
  seat = await Baresip.start({ user: '2001', password: 'demo-seat', domain, server: server.sip, answer: 'auto' });
  opened.add('seat', () => seat.stop());
  await seat.untilRegistered();
  const ws = `ws://${server.ws!.host}:${server.ws!.port}`;
  browser = await BrowserPhone.start({ server: ws, domain, user: '1001', password: 'demo-terminal' });
  opened.add('browser', () => browser.close());
  await browser.register();
}, 60_000);

afterAll(() => opened.close(), 30_000);

/** The camera of the browser shows a dark green field in which something turns, and a clock above. */
async function phoneSeesCamera(phone: Baresip): Promise<boolean> {
  const seen = await lookAt(await readFile(await phone.snapshot()));

  return seen.at(0.15, 0.5) === 'green' && seen.at(0.85, 0.8) === 'green';
}

/** The camera of the seat shows three bars: red, green, blue. */
async function browserSeesBars(phone: BrowserPhone): Promise<boolean> {
  const picture = await phone.picture();
  if (!picture) return false;
  const seen = await lookAt(picture);

  return seen.at(0.15, 0.5) === 'red' && seen.at(0.85, 0.5) === 'blue';
}

async function talk(): Promise<void> {
  await browser.call(`sip:6100@${domain}`);
  await seat.waitFor('CALL_ESTABLISHED');
  await seat.untilMediaFlows();
  await eventually(() => browserSeesBars(browser), Boolean, 10_000);
  await eventually(() => phoneSeesCamera(seat), Boolean, 10_000);
}

async function liveCalls(): Promise<{ media: { mode: string; why?: string[] } }[]> {
  const response = await fetch(`${server.url}/v1/calls`, { headers: { authorization: `Bearer ${server.apiToken}` } });

  return ((await response.json()) as { calls: { media: { mode: string; why?: string[] } }[] }).calls;
}

test('a browser calls the queue and is bridged to a phone: both hear and see each other', async () => {
  await talk();
  const heard = await eventually(
    () => browser.received(),
    ({ audio, video }) => audio.energy > 0.01 && video.frames > 20,
    10_000,
  );
  expect(heard).toMatchObject({
    audio: { codec: 'audio/PCMU' },
    video: { codec: 'video/VP8' },
    transports: 1,
    dtls: 'connected',
    srtp: 'SRTP_AES128_CM_HMAC_SHA1_80',
  });
  for (const kind of ['audio', 'video'] as const) {
    const { sent, received } = await seat.packets(kind);
    expect(sent).toBeGreaterThan(20);
    expect(received).toBeGreaterThan(20);
  }
  expect(await liveCalls()).toMatchObject([{ media: { mode: 'anchored', why: ['webrtc'] } }]);
  await browser.hangup();
  await seat.waitFor('CALL_CLOSED');
  await eventually(liveCalls, (calls) => calls.length === 0);
}, 60_000);

test('a browser sees the menu of phones without a screen program, chooses by a key, and is joined', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'sightline-browser-'));
  opened.add('pictures', () => rm(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'picture.png');
  const read = async (): Promise<string> => {
    const picture = await browser.picture();
    if (!picture) return '';
    await writeFile(file, picture);

    return readPicture(file);
  };
  await browser.call(`sip:6200@${domain}`);
  const home = (words: string): boolean => /Trains and platforms/.test(words) && /Lost property/.test(words);
  await eventually(read, home, 15_000);
  await keepPicture(file, 'browser the menu');
  await browser.press('1');
  await eventually(read, (words) => /train is late/i.test(words), 15_000);
  await keepPicture(file, 'browser the trains');
  await browser.press('*');
  await eventually(read, home, 15_000);
  await browser.press('0');
  await seat.waitFor('CALL_ESTABLISHED', undefined, 20_000);
  await seat.untilMediaFlows();
  await eventually(() => browserSeesBars(browser), Boolean, 10_000);
  await eventually(() => phoneSeesCamera(seat), Boolean, 10_000);
  await browser.hangup();
  await seat.waitFor('CALL_CLOSED');
}, 90_000);

test('the phone hangs up, and the browser is told', async () => {
  await talk();
  await seat.hangup();
  await eventually(
    () => browser.state(),
    (state) => state === 'Terminated',
  );
}, 60_000);

test('a browser is the seat, and a plain phone calls it', async () => {
  await seat.stop();
  const ws = `ws://${server.ws!.host}:${server.ws!.port}`;
  const desk = await BrowserPhone.start({ server: ws, domain, user: '2002', password: 'demo-seat' });
  opened.add('desk', () => desk.close());
  await desk.register();
  const terminal = await Baresip.start({ user: '1002', password: 'demo-terminal', domain, server: server.sip });
  opened.add('terminal', () => terminal.stop());
  await terminal.untilRegistered();
  await terminal.dial(`sip:6100@${domain}`);
  await terminal.waitFor('CALL_ESTABLISHED');
  await terminal.untilMediaFlows();
  await eventually(() => browserSeesBars(desk), Boolean, 10_000);
  await eventually(() => phoneSeesCamera(terminal), Boolean, 10_000);
  await terminal.hangup();
  await eventually(
    () => desk.state(),
    (state) => state === 'Terminated',
  );
}, 60_000);
