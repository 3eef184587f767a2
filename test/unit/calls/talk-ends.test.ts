import { reasonPreempted } from '../../../src/calls/stage-preempted';
import { directionOf } from '../../../src/media/sdp';
import { CallWorld, settled, until, type TestCaller, type TestDial } from './call-world';

let world: CallWorld;

beforeEach(async () => {
  world = await CallWorld.open();
});

async function talk(screen = true, seatId = '2001'): Promise<{ caller: TestCaller; seat: TestDial }> {
  const caller = world.dial({ screen });
  await until(() => caller.call.record.ticketId);
  world.acd.offer(caller.call, seatId);
  const seat = await world.rung(seatId);
  seat.answers();
  await caller.reaches('talking');

  return { caller, seat };
}

describe('a talk whose seat is taken for an alarm', () => {
  test('ends for the seat with the reason of RFC 4411, and the person is back at his place', async () => {
    const { caller, seat } = await talk();
    caller.leg.messages.length = 0;
    const offers = caller.leg.offered.length;
    world.acd.emit('preempted', 't1', '2001');
    await caller.reaches('queued');
    expect(seat.leg.byes).toEqual([reasonPreempted]);
    expect(await caller.shown('queue')).toMatchObject({ queue: 'Station help', position: 1 });
    await until(() => caller.leg.offered.length > offers);
    expect(directionOf(caller.leg.offered.at(-1)!, 'audio')).toBe('inactive');
    expect(caller.call.record).toMatchObject({ ticketId: 't1', queue: 'support', media: { mode: 'none' } });
    expect(caller.call.record).not.toHaveProperty('seat');
    expect(caller.call.record).not.toHaveProperty('connectedAt');
    expect(world.acd.asked.some((asked) => /complete|breakOff|drop|leave/.test(asked))).toBe(false);
  });

  test('goes on with the next seat that answers', async () => {
    const { caller } = await talk();
    world.acd.emit('preempted', 't1', '2001');
    world.acd.offer(caller.call, '2002');
    (await world.rung('2002')).answers();
    await until(() => caller.call.record.seat?.id === '2002' && caller.call.state === 'talking');
    await settled();
    expect(caller.call.record.seat?.id).toBe('2002');
    expect(caller.leg.alive).toBe(true);
  });

  test('a phone without a face is told that nobody sends to it, and rings on for others', async () => {
    const { caller, seat } = await talk(false);
    world.acd.emit('preempted', 't1', '2001');
    await until(() => caller.leg.offered.length > 0);
    expect(directionOf(caller.leg.offered.at(-1)!, 'video')).toBe('inactive');
    expect(seat.leg.byes).toEqual([reasonPreempted]);
  });

  test('one that is over by then stays over', async () => {
    const { caller } = await talk();
    caller.leg.ends();
    world.acd.emit('preempted', 't1', '2001');
    await settled();
    expect(caller.call.state).toBe('ended');
  });
});

describe('what the queue is told of the end of a talk', () => {
  test.each(['gone', 'session-expired', 'no-ack'])('of a terminal that is lost (%s): it broke off', async (cause) => {
    const { caller } = await talk();
    caller.leg.ends(cause);
    await until(() => world.acd.asked.includes('breakOff t1'));
    expect(world.acd.asked).not.toContain('complete t1');
  });

  test('a BYE of either side is meant', async () => {
    const first = await talk();
    first.caller.leg.ends();
    await until(() => world.acd.asked.includes('complete t1'));
    const second = await talk(true, '2002');
    second.seat.leg.ends();
    await until(() => world.acd.asked.includes('complete t2'));
    expect(world.acd.asked.some((asked) => asked.startsWith('breakOff'))).toBe(false);
  });

  test('who is lost while he waits keeps his place', async () => {
    const caller = world.dial({ screen: true });
    await until(() => caller.call.record.ticketId);
    caller.leg.ends('gone');
    await until(() => world.acd.asked.includes('drop t1'));
  });
});

test('a seat that calls by itself is engaged as long as the call lasts', async () => {
  const caller = world.dial({ screen: true, flow: 'main', caller: { user: '2001', kind: 'seat', source: '' } });
  await caller.reaches('menu');
  expect(world.acd.asked).toEqual([`engaged 2001 ${caller.call.id} true`]);
  caller.leg.ends();
  await until(() => world.acd.asked.at(-1) === `engaged 2001 ${caller.call.id} false`);
  const other = world.dial({ screen: true, flow: 'main' });
  await other.reaches('menu');
  expect(world.acd.asked).toHaveLength(2);
});
