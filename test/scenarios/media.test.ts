import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MenuScreen, menuHeader } from '../../scripts/phone';
import { inProject } from '../../src/lib/paths';
import type { MediaLoad } from '../../src/media/port';
import { film, formats, tone, untilHears, untilSeesColour } from '../support/rtp-peer';
import {
  dial,
  embeddedOnly,
  MediaWorld,
  type LiveCall,
  offerAnew,
  takeNext,
  untilShown,
  untilSpokenTo,
  type TalkingPhone,
} from './media-world';
import { eventually } from './world';

let world: MediaWorld;

afterEach(() => world.close());

const ofTerminal = 440;
const ofSeat = 1000;

async function speakUp(terminal: TalkingPhone, seat: TalkingPhone): Promise<void> {
  terminal.peer.audio.say(tone(ofTerminal));
  seat.peer.audio.say(tone(ofSeat));
  terminal.peer.video.show(await film('vp8', 'red'));
  seat.peer.video.show(await film('vp8', 'blue'));
}

async function understandEachOther(terminal: TalkingPhone, seat: TalkingPhone): Promise<void> {
  await Promise.all([
    untilHears(terminal.peer, [ofSeat]),
    untilHears(seat.peer, [ofTerminal]),
    untilSeesColour(terminal.peer, 'blue'),
    untilSeesColour(seat.peer, 'red'),
  ]);
}

const onlyCall = (): Promise<LiveCall> => world.onlyCall();

/** Every port was given back within a second of its use; the engine tells at once of those that it closed. */
const nothingHeld = (): Promise<unknown> =>
  eventually(
    () => new Promise<MediaLoad>((resolve) => setImmediate(() => resolve(world.media.load()))),
    ({ endpoints, ports }) => endpoints === 0 && ports === 0,
    1000,
  );

describe('a talk that needs nothing of the server', () => {
  beforeEach(async () => {
    world = await MediaWorld.open();
  }, 30_000);

  test('goes end to end, through the server while it is recorded, and end to end again', async () => {
    const terminal = await world.terminal('1001');
    const seat = await world.seat('2001');
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    const seatCall = await taken;
    await call.untilEstablished();
    await speakUp(terminal, seat);
    await understandEachOther(terminal, seat);
    expect(terminal.peer.agreed('audio')!.to.port).toBe(seat.peer.audio.session.port);
    expect(world.media.load().endpoints).toBe(0);
    const { id, media } = await world.onlyTalk();
    expect(media).toEqual({ mode: 'direct' });

    // A recording begins with a whole picture of each.
    const asked = Promise.all([call.next('info'), seatCall.next('info')]);
    expect((await world.post(`/v1/calls/${id}/recording`, { action: 'start' })).status).toBeLessThan(300);
    for (const [{ body }] of await asked) expect(body).toContain('picture_fast_update');
    expect((await onlyCall()).media).toMatchObject({ mode: 'anchored' });
    expect(world.media.load().endpoints).toBe(2);
    expect(terminal.peer.agreed('audio')!.to.port).not.toBe(seat.peer.audio.session.port);
    await understandEachOther(terminal, seat);

    expect((await world.post(`/v1/calls/${id}/recording`, { action: 'stop' })).status).toBeLessThan(300);
    expect((await onlyCall()).media).toEqual({ mode: 'direct' });
    expect(world.media.load()).toMatchObject({ endpoints: 0, ports: 0 });
    expect(terminal.peer.agreed('audio')!.to.port).toBe(seat.peer.audio.session.port);
    await understandEachOther(terminal, seat);
    call.hangup();
    await seatCall.untilEnded();
  });

  embeddedOnly('goes on end to end when the engine that it went through dies', async () => {
    const terminal = await world.terminal('1001');
    const seat = await world.seat('2001');
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    await taken;
    await call.untilEstablished();
    await speakUp(terminal, seat);
    const { id } = await world.onlyTalk();
    await world.post(`/v1/calls/${id}/recording`, { action: 'start' });
    await understandEachOther(terminal, seat);
    await world.media.loseWorker();
    await eventually(onlyCall, ({ media }) => media.mode === 'direct');
    await understandEachOther(terminal, seat);
    call.hangup();
  });

  test('hold, resume and the picture are settled with the server while it is in the middle', async () => {
    const terminal = await world.terminal('1001');
    const seat = await world.seat('2001');
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    const seatCall = await taken;
    await call.untilEstablished();
    await speakUp(terminal, seat);
    const { id } = await world.onlyTalk();
    await world.post(`/v1/calls/${id}/recording`, { action: 'start' });
    await understandEachOther(terminal, seat);
    let troubled = 0;
    call.on('media', () => troubled++);
    seat.peer.direct('audio', 'sendonly');
    expect(await offerAnew(seatCall, seat.peer)).toBe(200);
    seat.peer.direct('audio', 'sendrecv');
    expect(await offerAnew(seatCall, seat.peer)).toBe(200);
    await understandEachOther(terminal, seat);
    expect(troubled).toBe(0);
    call.hangup();
  });

  test('a lost picture is asked for by RTCP, or by INFO where a phone does not know that', async () => {
    const terminal = await world.terminal('1001');
    const seat = await world.seat('2001');
    const taken = takeNext(seat);
    const call = dial(terminal, '6100', { knowsFeedback: false });
    const seatCall = await taken;
    await call.untilEstablished();
    await speakUp(terminal, seat);
    const { id } = await world.onlyTalk();
    const asked = call.next('info');
    await world.post(`/v1/calls/${id}/recording`, { action: 'start' });
    expect((await asked)[0].body).toContain('picture_fast_update');
    await understandEachOther(terminal, seat);
    const again = call.next('info');
    expect((await seatCall.info('application/media_control+xml', '<media_control/>')).status).toBe(200);
    await again;
    const byRtcp = seat.peer.video.session.next('rtcp', { where: ({ type }) => type === 'pli' || type === 'fir' });
    expect((await call.info('application/media_control+xml', '<media_control/>')).status).toBe(200);
    await byRtcp;
    call.hangup();
  });
});

describe('a menu on a phone without a screen program', () => {
  async function open(env: Record<string, string> = {}): Promise<void> {
    world = await MediaWorld.open(env);
  }

  test('is shown as video, answered by keys, and gives way to the person at the seat, media end to end', async () => {
    await open();
    const terminal = await world.terminal('1001');
    const call = dial(terminal, '6200');
    await call.untilEstablished();
    await Promise.all([untilShown(terminal.peer), untilSpokenTo(terminal.peer)]);
    expect(await onlyCall()).toMatchObject({
      face: 'video',
      state: 'menu',
      media: { mode: 'anchored', why: ['menu'] },
    });
    await terminal.peer.audio.press('0');
    await eventually(onlyCall, ({ state }) => state === 'queued');
    await untilShown(terminal.peer);
    const seat = await world.seat('2001');
    await takeNext(seat);
    await speakUp(terminal, seat);
    await understandEachOther(terminal, seat);
    expect((await world.onlyTalk()).media).toEqual({ mode: 'direct' });
    await nothingHeld();
    call.hangup();
  });

  test('is said where there is no video; a key by INFO counts, and the same key by RTP after it does not', async () => {
    await open();
    const terminal = await world.terminal('1001', { video: [] });
    const call = dial(terminal, '6200');
    await call.untilEstablished();
    await untilSpokenTo(terminal.peer);
    expect(await onlyCall()).toMatchObject({ face: 'voice', state: 'menu' });
    const pressed = await call.info('application/dtmf-relay', 'Signal=0\r\nDuration=160\r\n');
    expect(pressed.status).toBe(200);
    await eventually(onlyCall, ({ state }) => state === 'queued');
    // The star leads back to the menu; it does not count by the way that was not the first.
    await terminal.peer.audio.press('*');
    await call.info('application/dtmf-relay', 'Signal=9\r\nDuration=160\r\n');
    expect(await onlyCall()).toMatchObject({ state: 'queued' });
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });

  test('is offered by the server to a phone that leaves the offer to it', async () => {
    await open();
    const { phone, peer } = await world.terminal('1001');
    const media = { audioPort: peer.audio.session.port, videoPort: peer.video.session.port };
    const call = phone.invite('6200', { sdp: '', media });
    call.on('answered', ({ body }) => peer.answer(body));
    await call.untilEstablished();
    await Promise.all([untilShown(peer), untilSpokenTo(peer)]);
    expect(await onlyCall()).toMatchObject({ face: 'video', state: 'menu' });
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });

  embeddedOnly('outlives its engine: another endpoint shows the same page', async () => {
    await open();
    const terminal = await world.terminal('1001');
    const call = dial(terminal, '6200');
    await call.untilEstablished();
    await untilShown(terminal.peer);
    await terminal.peer.audio.press('1');
    await untilSpokenTo(terminal.peer);
    const moved = call.next('media');
    await world.media.loseWorker();
    await moved;
    await Promise.all([untilShown(terminal.peer), untilSpokenTo(terminal.peer)]);
    expect(await onlyCall()).toMatchObject({ face: 'video', state: 'menu' });
    // On the page of the trains there is nothing behind the 0; from the first page it would lead to the queue.
    await terminal.peer.audio.press('*');
    await terminal.peer.audio.press('0');
    await eventually(onlyCall, ({ state }) => state === 'queued');
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });

  embeddedOnly(
    'comes back for one who waits when there is an engine again, however long it was away',
    async () => {
      await open();
      const { events } = world.media;
      // A worker that dies again and again is started later each time.
      for (let times = 0; times < 3; times++) {
        const up = new Promise<void>((resolve) => events.once('up', resolve));
        await world.media.loseWorker();
        await up;
      }
      const terminal = await world.terminal('1001');
      const call = dial(terminal, '6200');
      await call.untilEstablished();
      await untilShown(terminal.peer);
      await world.media.loseWorker();
      await eventually(onlyCall, ({ state, face }) => state === 'queued' && face === 'ring');
      expect((await onlyCall()).media).toEqual({ mode: 'none' });
      await eventually(onlyCall, ({ face, media }) => face === 'video' && media.mode === 'anchored', 10_000);
      await Promise.all([untilShown(terminal.peer), untilSpokenTo(terminal.peer)]);
      expect(await onlyCall()).toMatchObject({ state: 'queued' });
      call.hangup();
      await call.byeResponse;
      await nothingHeld();
    },
    30_000,
  );

  test('takes the place of a screen program that fails, on the page where it was', async () => {
    await open();
    const terminal = await world.terminal('1001', { headers: [menuHeader] });
    const call = dial(terminal, '6001');
    const screen = new MenuScreen(call);
    await call.untilEstablished();
    await screen.waitFor('page');
    await screen.choose('1');
    await screen.waitFor('page', ({ id }) => id === 'trains');
    call.onInfo = () => ({ status: 501 });
    await screen.choose('1');
    await Promise.all([untilShown(terminal.peer), untilSpokenTo(terminal.peer)]);
    expect(await onlyCall()).toMatchObject({ face: 'video', state: 'menu' });
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });
});

describe('a queue that wants every talk recorded', () => {
  let site: string;

  beforeEach(async () => {
    site = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
    await cp(inProject('dialplans', 'demo'), site, { recursive: true });
    const queues = path.join(site, 'queues.yaml');
    await writeFile(queues, (await readFile(queues, 'utf8')).replace('recording: by-request', 'recording: always'));
    world = await MediaWorld.open({ SIGHTLINE_SITE: site });
  }, 30_000);

  afterEach(() => rm(site, { recursive: true, force: true }));

  const anchored = { mode: 'anchored', why: expect.arrayContaining(['recording']) as unknown };

  test('joins a phone that was shown its menu without troubling it: its endpoint stays', async () => {
    const terminal = await world.terminal('1001');
    const call = dial(terminal, '6200');
    await call.untilEstablished();
    await untilShown(terminal.peer);
    let troubled = 0;
    call.on('media', () => troubled++);
    await terminal.peer.audio.press('0');
    await eventually(onlyCall, ({ state }) => state === 'queued');
    const seat = await world.seat('2001');
    const seatCall = await takeNext(seat);
    await speakUp(terminal, seat);
    await understandEachOther(terminal, seat);
    expect(await world.onlyTalk()).toMatchObject({ media: anchored });
    expect(troubled).toBe(0);
    seatCall.hangup();
    await call.untilEnded();
    await nothingHeld();
  });

  test('brings a terminal with a screen to the engine at the join; its pages go on', async () => {
    const terminal = await world.terminal('1001', { headers: [menuHeader] });
    const call = dial(terminal, '6100');
    const screen = new MenuScreen(call);
    await call.untilEstablished();
    await screen.waitFor('queue');
    expect(world.media.load().endpoints).toBe(0);
    const seat = await world.seat('2001');
    await takeNext(seat);
    await screen.waitFor('connected', ({ video }) => video === true);
    await speakUp(terminal, seat);
    await understandEachOther(terminal, seat);
    expect(await world.onlyTalk()).toMatchObject({ face: 'screen', media: anchored });
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });

  /** A plain offer as that of a phone with keys in its description (RFC 4568). */
  const withKeys = (sdp: string): string =>
    sdp
      .replace(/RTP\/AVPF?/g, 'RTP/SAVP')
      .replace(
        /^(m=.*\r\n)/gm,
        `$1a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 7).toString('base64')}\r\n`,
      );

  embeddedOnly.each([
    ['two plain phones', (sdp: string) => sdp],
    ['a phone with keys and a plain seat', withKeys],
  ])('joins %s whose engine dies while the seat rings', async (_who, said) => {
    const terminal = await world.terminal('1001', { video: [] });
    const seat = await world.seat('2001', { video: [] });
    const incoming = seat.phone.next('incoming');
    const call = terminal.phone.invite('6100', { sdp: said(terminal.peer.offer()) });
    const [seatCall] = await incoming;
    const answer = seat.peer.answer(seatCall.request?.body ?? '');
    seatCall.onOffer = (offer) => seat.peer.answer(offer);
    call.onOffer = (offer) => said(terminal.peer.answer(offer));
    await world.media.loseWorker();
    await eventually(onlyCall, ({ history }) => history.some(({ event }) => event === 'media-lost'));
    seatCall.answer({ sdp: answer });
    await call.untilEstablished();
    await eventually(onlyCall, ({ state, media }) => state === 'talking' && media.mode === 'anchored');
    expect(seat.peer.agreed('audio')!.to.port).not.toBe(terminal.peer.audio.session.port);
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });

  test('joins two without a video codec in common by sound alone, and says so', async () => {
    const terminal = await world.terminal('1001', { video: [formats.vp8] });
    const seat = await world.seat('2001', { video: [formats.h264] });
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    await taken;
    await call.untilEstablished();
    terminal.peer.audio.say(tone(ofTerminal));
    seat.peer.audio.say(tone(ofSeat));
    await Promise.all([untilHears(terminal.peer, [ofSeat]), untilHears(seat.peer, [ofTerminal])]);
    expect(terminal.peer.agreed('video')).toBeUndefined();
    const { history } = await onlyCall();
    expect(history.map(({ event }) => event)).toContain('no-video');
    call.hangup();
    await call.byeResponse;
    await nothingHeld();
  });
});
