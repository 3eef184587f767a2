import { reasonCallerLeft, reasonElsewhere } from '../../../src/calls/leg';
import { TypedEmitter } from '../../../src/lib/emitter';
import type { MediaServer } from '../../../src/media/port';
import { CallWorld, TestEndpoint, settled, talk, until, type TestCaller, type TestDial } from './call-world';

let world: CallWorld;
let caller: TestCaller;

beforeEach(async () => {
  world = await CallWorld.open();
  caller = world.dial();
  await until(() => caller.call.record.ticketId);
});

async function ring(...seats: string[]): Promise<TestDial[]> {
  const dials: TestDial[] = [];
  for (const seat of seats) {
    world.acd.offer(caller.call, seat);
    dials.push(await world.rung(seat));
  }

  return dials;
}

test('several seats ring at once, each is told to the queue once, and the record names them', async () => {
  const [first, second] = await ring('2001', '2002');
  first!.rings();
  first!.rings();
  second!.rings();
  expect(world.acd.asked.filter((asked) => asked.startsWith('ringing'))).toEqual(['ringing 2001', 'ringing 2002']);
  expect(caller.call.state).toBe('offered');
  expect(caller.call.record.ringing).toEqual([
    { id: '2001', invites: ['invite-2001'] },
    { id: '2002', invites: ['invite-2002'] },
  ]);
});

test('each seat is described to under an origin of its own', async () => {
  const [first, second] = await ring('2001', '2002');
  const origin = ({ request }: TestDial): string => /^o=.*$/m.exec(request.sdp ?? '')?.[0] ?? '';
  expect(origin(first!)).not.toBe(origin(second!));
});

test('the first to answer is claimed and joined, the others are cancelled as completed elsewhere', async () => {
  const [first, second, third] = await ring('2001', '2002', '2003');
  second!.answers();
  await caller.reaches('talking');
  expect(first!.cancelled).toBe(reasonElsewhere);
  expect(third!.cancelled).toBe(reasonElsewhere);
  expect(caller.call.record).toMatchObject({ seat: { id: '2002', media: { remote: talk } } });
  expect(caller.call.record).not.toHaveProperty('ringing');
  expect(caller.call.record.seat).not.toHaveProperty('invites');
  expect(caller.call.seat).toBe(second!.leg);
  // The queue has taken their offers back by the claim; they have done nothing wrong.
  expect(world.acd.asked.filter((asked) => asked.startsWith('decline'))).toEqual([]);
});

test('offers that the queue takes back at the claim are cancelled before it has answered', async () => {
  const [first, second] = [world.acd.offer(caller.call, '2001'), world.acd.offer(caller.call, '2002')];
  const dials = [await world.rung('2001'), await world.rung('2002')];
  let claimed: () => void = () => undefined;
  world.acd.claim = new Promise<void>((resolve) => (claimed = resolve));
  dials[0]!.answers();
  await caller.reaches('joining');
  world.acd.emit('withdrawn', second, 'elsewhere');
  expect(dials[1]!.cancelled).toBe(reasonElsewhere);
  expect(caller.call.state).toBe('joining');
  claimed();
  await caller.reaches('talking');
  expect(caller.call.offer).toBe(first);
});

test('two seats that answer at the same moment: the second is taken leave of as completed elsewhere', async () => {
  const [first, second] = await ring('2001', '2002');
  first!.answers();
  second!.answers();
  await caller.reaches('talking');
  await settled();
  expect(caller.call.record.seat?.id).toBe('2001');
  expect(second!.leg.byes).toEqual([reasonElsewhere]);
  expect(first!.leg.byes).toEqual([]);
  expect(world.acd.asked.filter((asked) => asked.startsWith('accept'))).toEqual(['accept 2001']);
});

test('a seat whose claim fails is taken leave of; one that has answered meanwhile takes its place', async () => {
  const [first, second, third] = await ring('2001', '2002', '2003');
  world.acd.refusals.accept = 'OFFER_GONE';
  first!.answers();
  second!.answers();
  await caller.reaches('talking');
  expect(first!.leg.byes).toEqual([reasonElsewhere]);
  expect(caller.call.record.seat?.id).toBe('2002');
  expect(third!.cancelled).toBe(reasonElsewhere);
});

test('a seat whose claim fails leaves the others ringing', async () => {
  const [first, second] = await ring('2001', '2002');
  world.acd.refusals.accept = 'OFFER_GONE';
  first!.answers();
  await until(() => first!.leg.byes.length);
  expect(caller.call.state).toBe('offered');
  expect(second!.cancelled).toBeUndefined();
  expect(caller.call.record).not.toHaveProperty('seat');
  second!.answers();
  await caller.reaches('talking');
});

test('one that declines does not stop the others; with the last one the caller is back at its place', async () => {
  const [first, second] = await ring('2001', '2002');
  first!.fails('rejected', 603);
  await until(() => world.acd.asked.includes('decline 2001 rejected'));
  expect(caller.call.state).toBe('offered');
  expect(caller.call.record.ringing?.map(({ id }) => id)).toEqual(['2002']);
  second!.fails('busy');
  await caller.reaches('queued');
  expect(world.acd.asked).toContain('decline 2002 busy');
  expect(caller.call.record).not.toHaveProperty('ringing');
});

test('a caller who leaves stops every phone in the same moment', async () => {
  const dials = await ring('2001', '2002', '2003');
  caller.cancel();
  expect(dials.map(({ cancelled }) => cancelled)).toEqual([reasonCallerLeft, reasonCallerLeft, reasonCallerLeft]);
  expect(caller.call.record).not.toHaveProperty('ringing');
});

test('a caller who leaves while a seat is claimed stops those that ring', async () => {
  const [first, second] = await ring('2001', '2002');
  world.acd.claim = new Promise(() => undefined);
  first!.answers();
  await caller.reaches('joining');
  caller.cancel();
  expect(second!.cancelled).toBe(reasonCallerLeft);
  expect(first!.leg.byes).toHaveLength(1);
});

test('an offer that comes while another seat is claimed rings when that claim fails', async () => {
  const [first] = await ring('2001');
  world.acd.refusals.accept = 'OFFER_GONE';
  let refuse: () => void = () => undefined;
  world.acd.claim = new Promise<void>((resolve) => (refuse = resolve));
  first!.answers();
  await caller.reaches('joining');
  world.acd.offer(caller.call, '2002');
  await settled();
  expect(world.dials).toHaveLength(1);
  refuse();
  (await world.rung('2002')).answers();
  await caller.reaches('talking');
  expect(caller.call.record.seat?.id).toBe('2002');
});

test('an offer that crosses the answer of another seat costs neither the talk nor the seat', async () => {
  const [first] = await ring('2001');
  first!.answers();
  await caller.reaches('talking');
  world.acd.offer(caller.call, '2002');
  await until(() => world.acd.asked.includes('decline 2002 node-lost'));
  expect(world.dials).toHaveLength(1);
  expect(caller.call.state).toBe('talking');
});

test('each seat has its own time to ring', async () => {
  const [first] = await ring('2001');
  world.clock.advance(10_000);
  const [second] = await ring('2002');
  world.clock.advance(10_000);
  await until(() => world.acd.asked.includes('decline 2001 no-answer'));
  expect(first!.cancelled).toContain('No answer');
  expect(second!.cancelled).toBeUndefined();
  world.clock.advance(10_000);
  await caller.reaches('queued');
});

test('an alarm that needs a seat that rings does not stop the others', async () => {
  const offer = world.acd.offer(caller.call, '2001');
  const first = await world.rung('2001');
  const [second] = await ring('2002');
  world.acd.emit('withdrawn', offer, 'pre-empted');
  expect(first.cancelled).toBe(reasonElsewhere);
  expect(second!.cancelled).toBeUndefined();
  expect(caller.call.state).toBe('offered');
});

test('the loss of the SIP edge lets go of all that ring, without a fault of theirs', async () => {
  await ring('2001', '2002');
  world.manager.edgeLost();
  await caller.reaches('queued');
  await until(() => world.acd.asked.filter((asked) => asked.endsWith('node-lost')).length === 2);
});

describe('where the media go through the server', () => {
  let ends: TestEndpoint[];

  beforeEach(async () => {
    ends = [];
    const createEndpoint = (): Promise<TestEndpoint> => {
      const end = new TestEndpoint();
      ends.push(end);

      return Promise.resolve(end);
    };
    const media = { available: true, createEndpoint, events: new TypedEmitter() } as unknown as MediaServer;
    const { plan } = world;
    const support = { ...plan.queues.get('support')!, recording: 'always' as const };
    world = await CallWorld.open({
      plan: { queues: new Map([['support', support]]) },
      ports: { media: () => media },
    });
    caller = world.dial();
    await until(() => caller.call.record.ticketId);
  });

  test('each seat has an end of its own, which goes with its ring', async () => {
    const [first] = await ring('2001', '2002', '2003');
    expect(ends.map(({ closed }) => closed)).toEqual([false, false, false]);
    first!.fails('busy');
    await until(() => ends[0]!.closed);
    expect(ends.map(({ closed }) => closed)).toEqual([true, false, false]);
    caller.cancel();
    expect(ends.map(({ closed }) => closed)).toEqual([true, true, true]);
  });

  test('the end of the seat that answers is kept, those of the others are given back', async () => {
    const [, second] = await ring('2001', '2002');
    world.acd.claim = new Promise(() => undefined);
    second!.answers();
    await caller.reaches('joining');
    expect(caller.call.endpoints.seat).toBe(ends[1]);
    caller.cancel();
    await until(() => ends.every(({ closed }) => closed));
  });
});
