import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Call } from '../../scripts/phone';
import { inProject } from '../../src/lib/paths';
import { tone, untilHears } from '../support/rtp-peer';
import { dial, embeddedOnly, MediaWorld, type LiveCall, takeNext, type TalkingPhone } from './media-world';
import { eventually } from './world';

let world: MediaWorld;
const folders: string[] = [];

afterEach(async () => {
  await world.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const onlyCall = (): Promise<LiveCall> => world.onlyCall();

interface Talk {
  terminal: TalkingPhone;
  seat: TalkingPhone;
  call: Call;
  seatCall: Call;
}

async function talk(): Promise<Talk> {
  const terminal = await world.terminal('1001');
  const seat = await world.seat('2001');
  const taken = takeNext(seat);
  const call = dial(terminal, '6100');
  const seatCall = await taken;
  await call.untilEstablished();
  terminal.peer.audio.say(tone(440));
  seat.peer.audio.say(tone(1000));

  return { terminal, seat, call, seatCall };
}

const hearEachOther = ({ terminal, seat }: Talk): Promise<unknown> =>
  Promise.all([untilHears(terminal.peer, [1000]), untilHears(seat.peer, [440])]);

test('a phone that wants no media of the server keeps what it has, and the other comes back to it', async () => {
  world = await MediaWorld.open();
  const talking = await talk();
  const { terminal, seat, call, seatCall } = talking;
  await hearEachOther(talking);
  let asked = 0;
  seatCall.onOffer = () => void asked++;
  const { id } = await world.onlyTalk();
  expect((await world.post(`/v1/calls/${id}/recording`, { action: 'start' })).status).toBeGreaterThanOrEqual(400);
  expect(asked).toBe(1);
  expect((await onlyCall()).media).toEqual({ mode: 'direct' });
  expect(terminal.peer.agreed('audio')!.to.port).toBe(seat.peer.audio.session.port);
  await hearEachOther(talking);
  call.hangup();
});

test('a refresh while the server is in the middle is answered, and nothing changes for anybody', async () => {
  world = await MediaWorld.open();
  const talking = await talk();
  const { seat, call, seatCall } = talking;
  const { id } = await world.onlyTalk();
  await world.post(`/v1/calls/${id}/recording`, { action: 'start' });
  await hearEachOther(talking);
  const sdp = seat.peer.offer();
  const [first, second] = [await seatCall.reinvite({ sdp }), await seatCall.reinvite({ sdp })];
  expect([first.status, second.status]).toEqual([200, 200]);
  seat.peer.accept(second.body);
  await hearEachOther(talking);
  call.hangup();
});

embeddedOnly('a talk whose agent may record it goes through the server again after its engine was lost', async () => {
  const site = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  folders.push(site);
  await cp(inProject('dialplans', 'demo'), site, { recursive: true });
  const queues = path.join(site, 'queues.yaml');
  await writeFile(queues, (await readFile(queues, 'utf8')).replace('recording: by-request', 'recording: by-agent'));
  world = await MediaWorld.open({ SIGHTLINE_SITE: site });
  const talking = await talk();
  await hearEachOther(talking);
  const modes = ({ history }: LiveCall): number => history.filter(({ event }) => event === 'media').length;
  const before = modes(await onlyCall());
  await world.media.loseWorker();
  const { media } = await eventually(onlyCall, (now) => modes(now) >= before + 2 && now.media.mode === 'anchored');
  expect(media).toEqual({ mode: 'anchored', why: ['recording'] });
  await hearEachOther(talking);
  talking.call.hangup();
});
