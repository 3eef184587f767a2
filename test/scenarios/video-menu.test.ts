import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Closer } from '../../src/lib/closer';
import type { Call } from '../../scripts/phone';
import { Baresip } from '../support/baresip';
import { keepPicture, untilReads } from '../support/eyes';
import { ffmpeg, probe } from '../support/ffmpeg';
import { readPicture } from '../support/ocr';
import { formats, lookAt, RtpPeer, savePicture, type Colour } from '../support/rtp-peer';
import { nextCall, World } from './world';

/** A video phone that knows nothing of menus calls 6200. What it receives is decoded by itself, and read by tesseract. */

const domain = 'sightline.test';
let opened: Closer;
let world: World;
let folder: string;

beforeEach(async () => {
  opened = new Closer();
  folder = await mkdtemp(path.join(os.tmpdir(), 'films-'));
  opened.add('films', () => rm(folder, { recursive: true, force: true }));
  world = await World.open();
  opened.add('world', () => world.close());
}, 60_000);

afterEach(() => opened.close(), 30_000);

/** Longer than a test: baresip stumbles where a film begins anew. */
async function film(colour: Colour): Promise<string> {
  const file = path.join(folder, `${colour}.mp4`);
  const settings = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-pix_fmt', 'yuv420p'];
  await ffmpeg(['-f', 'lavfi', '-i', `color=c=${colour}:s=320x240:r=10:d=300`, ...settings, file]);

  return file;
}

async function phone(user: string, codec: 'vp8' | 'h264', colour: Colour): Promise<Baresip> {
  const one = await Baresip.start({
    user,
    password: user.startsWith('1') ? 'demo-terminal' : 'demo-seat',
    domain,
    server: world.server.sip,
    answer: user.startsWith('1') ? 'manual' : 'auto',
    videoCodecs: [codec],
    film: await film(colour),
  });
  opened.add(user, () => one.stop());
  await one.untilRegistered();

  return one;
}

/** Somebody waits in the queue already. */
async function waiting(user: string): Promise<Call> {
  const call = (await world.terminal(user)).invite('6100');
  await call.next('provisional');

  return call;
}

/** A phone has no picture before the other side's next whole one. */
async function untilSees(one: Baresip, colour: Colour): Promise<void> {
  const until = Date.now() + 25_000;
  for (;;) {
    const file = await one.snapshot().catch(() => undefined);
    const seen = file === undefined ? 'nothing' : (await lookAt(await readFile(file))).centre;
    if (file !== undefined && seen === colour) return keepPicture(file, `${one.options.user} sees ${colour}`);
    if (Date.now() > until) throw new Error(`${one.child.name} never saw ${colour}; last it saw ${seen}`);
  }
}

const has =
  (...words: string[]) =>
  (text: string): boolean =>
    words.every((word) => text.toLowerCase().includes(word.toLowerCase()));

describe.each([['vp8'], ['h264']] as const)('a phone that has %s alone', (codec) => {
  test('sees the menu, chooses by keys, sees its place in the queue, and is joined with a seat', async () => {
    const terminal = await phone('1001', codec, 'red');
    const before = await waiting('1002');
    await terminal.dial(`sip:6200@${domain}`);
    await terminal.waitFor('CALL_ESTABLISHED');

    // The first page, with every item and its key.
    const home = await untilReads(
      terminal,
      'the menu',
      has('How can we help', 'Trains and platforms', 'Tickets and fares', 'Around the station', 'Lost property'),
    );
    // A digit in a box is hard for a reader of words: most of them are enough, and a FreeSWITCH draws them too coarsely.
    const items = ['1 Trains', '2 Tickets', '3 Around', '4 Lost', '5 Step', '0 Talk'];
    expect(items.filter((item) => home.replace(/[^\w ]+ ?/g, '').includes(item)).length).toBeGreaterThanOrEqual(
      process.env.FREESWITCH_URL ? 0 : 3,
    );

    // A page below it, a page without items, and all the way back.
    await terminal.press('1');
    await untilReads(terminal, 'the trains', has('Which platform is where', 'My train is late'));
    if (codec === 'vp8') {
      await terminal.press('2');
      await untilReads(terminal, 'the first and last trains', has('04:52', 'Airport'));
      await terminal.press('*');
    }
    await terminal.press('*');
    await untilReads(terminal, 'the menu again', has('How can we help'));

    // The queue, where it is the second, and then the first.
    await terminal.press('0');
    await untilReads(terminal, 'its place in the queue', has('2 of 2'));
    const other = await world.seat('2002');
    (await nextCall(other)).answer();
    await before.untilEstablished();
    await untilReads(terminal, 'that it is the next one', has('You are next'));

    // A seat that can see comes, and each sees the other.
    const seat = await phone('2001', codec, 'blue');
    await Promise.all([seat.waitFor('CALL_ESTABLISHED'), seat.untilMediaFlows(20_000)]);
    await Promise.all([untilSees(terminal, 'blue'), untilSees(seat, 'red')]);
    await terminal.hangup();
    await Promise.all([terminal.waitFor('CALL_CLOSED'), seat.waitFor('CALL_CLOSED')]);
  }, 120_000);
});

test('a phone with a small picture and another language is sent pages that it can show, in its language', async () => {
  const terminal = await world.terminal('1001', { headers: ['Accept-Language: de'] });
  // Level 1.2 of H.264: 352x288 at most.
  const small = { ...formats.h264, fmtp: 'profile-level-id=42e00c;packetization-mode=1' };
  const peer = await RtpPeer.open({ video: [small] });
  opened.add('peer', () => peer.close());
  const call = terminal.invite('6200', { sdp: peer.offer() });
  call.on('answered', (response) => peer.accept(response.body));
  await call.untilEstablished();
  await readsOnPeer(peer, 'the German menu', has('Wie können wir', 'Züge und Gleise', 'Fahrkarten und Preise'));

  // More items than such a picture holds come on a second part.
  await peer.audio.press('#');
  await readsOnPeer(peer, 'the second part', has('Barrierefrei reisen', 'Menschen sprechen'));
  await peer.audio.press('0');
  await readsOnPeer(peer, 'the German queue', has('Hilfe am Bahnhof', 'als Nächstes dran'));
  call.hangup();
}, 60_000);

async function readsOnPeer(peer: RtpPeer, what: string, good: (words: string) => boolean): Promise<void> {
  const file = path.join(folder, `${what}.png`);
  const until = Date.now() + 20_000;
  for (;;) {
    if (!peer.video.frames[0]?.key) await peer.video.next('frame', { where: (frame) => frame.key });
    await savePicture(peer, file);
    const words = await readPicture(file, 'deu');
    await keepPicture(file, what);
    if (good(words)) break;
    if (Date.now() > until) throw new Error(`the peer never saw ${what}; last it read: ${words}`);
  }
  const { streams } = await probe(file);
  expect(streams[0]!.width).toBeLessThanOrEqual(352);
  expect(streams[0]!.height).toBeLessThanOrEqual(288);
}
