import type { Phone } from '../../scripts/phone';
import { film, RtpPeer, tone, untilHears, untilSeesColour } from '../support/rtp-peer';
import { startRedis, type TestRedis } from '../support/redis';
import { dial, takeNext, untilShown, untilSpokenTo, type TalkingPhone } from './media-world';
import { Outage } from './outage';
import { eventually, World } from './world';

jest.setTimeout(60_000);

let world: World | undefined;
let redis: TestRedis | undefined;
const peers: RtpPeer[] = [];

afterEach(async () => {
  await world?.close();
  await redis?.close();
  for (const peer of peers.splice(0)) await peer.close();
  world = redis = undefined;
});

async function talking(phone: Phone): Promise<TalkingPhone> {
  const peer = await RtpPeer.open();
  peers.push(peer);

  return { phone, peer };
}

interface Live {
  id: string;
  state: string;
  face: string;
  media: { mode: string; why?: string[] };
}

async function onlyCall(): Promise<Live> {
  const { body } = await world!.get('/v1/calls');

  return (body.calls as Live[])[0]!;
}

async function understandEachOther(terminal: TalkingPhone, seat: TalkingPhone): Promise<void> {
  terminal.peer.audio.say(tone(440));
  seat.peer.audio.say(tone(1000));
  await Promise.all([untilHears(terminal.peer, [1000]), untilHears(seat.peer, [440])]);
}

test('without ffmpeg and espeak-ng there are no pages, and the call reaches the queue and a person all the same', async () => {
  redis = await startRedis();
  world = await World.open({ env: { PATH: '/var/empty', REDIS_URL: redis.url } });
  const terminal = await talking(await world.terminal('1001'));
  const call = dial(terminal, '6200');
  await call.untilEstablished();
  await eventually(onlyCall, ({ state, face }) => state === 'queued' && face === 'ring');
  const seat = await talking(await world.seat('2001'));
  await takeNext(seat);
  await understandEachOther(terminal, seat);
  call.hangup();
});

describe('after a restart of the application, beside a SIP edge of its own', () => {
  test('a page that was shown as video is there again, and keys lead on from it', async () => {
    const outage = await Outage.begin({ ownEdge: true });
    world = outage;
    const terminal = await talking(await outage.terminal('1001'));
    const call = dial(terminal, '6200');
    await call.untilEstablished();
    await untilShown(terminal.peer);
    await terminal.peer.audio.press('1');
    await outage.untilStored('1001', ({ menu }) => JSON.stringify(menu ?? {}).includes('trains'));
    await outage.stopServer('SIGKILL');
    const moved = call.next('media', { timeout: 20_000 });
    await outage.startAgain();
    await moved;
    await Promise.all([untilShown(terminal.peer), untilSpokenTo(terminal.peer)]);
    await terminal.peer.audio.press('*');
    await terminal.peer.audio.press('0');
    await eventually(onlyCall, ({ state }) => state === 'queued');
    call.hangup();
  });

  test.each([
    ['talked through the server', false],
    ['were being brought to the server', true],
  ])('two who %s hear and see each other again', async (_name, isMoving) => {
    const outage = await Outage.begin({ ownEdge: true });
    world = outage;
    const terminal = await talking(await outage.terminal('1001'));
    const seat = await talking(await outage.seat('2001'));
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    await taken;
    await call.untilEstablished();
    // The phones may know of each other a moment before the call is written down as a talk.
    const { id } = await eventually(onlyCall, ({ state }) => state === 'talking');
    const asked = await fetch(`${outage.server.url}/v1/calls/${id}/recording`, {
      method: 'POST',
      headers: { authorization: `Bearer ${outage.server.apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'start' }),
    });
    expect(asked.status).toBeLessThan(300);
    await understandEachOther(terminal, seat);
    const record = await outage.untilStored('1001', ({ media }) => media?.mode === 'anchored');
    await outage.stopServer('SIGKILL');
    // In the middle of a move both phones may have left each other, and the record does not say so yet.
    if (isMoving) await outage.rewrite({ ...record, media: { mode: 'direct', moving: true } });
    await outage.startAgain();
    await eventually(onlyCall, ({ media }) => media.mode === 'direct');
    terminal.peer.video.show(await film('vp8', 'red'));
    await Promise.all([understandEachOther(terminal, seat), untilSeesColour(seat.peer, 'red')]);
    call.hangup();
  });
});
