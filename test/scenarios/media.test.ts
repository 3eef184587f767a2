import { film, tone, untilHears, untilSeesColour } from '../support/rtp-peer';
import { dial, MediaWorld, offerAnew, takeNext, type TalkingPhone } from './media-world';
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

interface Live {
  id: string;
  state: string;
  face: string;
  media: { mode: string; why?: string[] };
}

async function onlyCall(): Promise<Live> {
  const { calls } = await world.get<{ calls: Live[] }>('/v1/calls');
  expect(calls).toHaveLength(1);

  return calls[0]!;
}

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
    const { id, media } = await onlyCall();
    expect(media).toEqual({ mode: 'direct' });

    expect((await world.post(`/v1/calls/${id}/recording`, { action: 'start' })).status).toBeLessThan(300);
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

  test('goes on end to end when the engine that it went through dies', async () => {
    const terminal = await world.terminal('1001');
    const seat = await world.seat('2001');
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    await taken;
    await call.untilEstablished();
    await speakUp(terminal, seat);
    const { id } = await onlyCall();
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
    const { id } = await onlyCall();
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
});
