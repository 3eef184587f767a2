import { Redis } from 'ioredis';
import type { Offer } from '../../../src/acd/types';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { Desk } from './desk';
import { Site, caller } from './support';
import type { Node } from './support';

/** Faults that users of other queues complain about, one test each, named after the fault. */

let site: Site;
let node: Node;

beforeEach(async () => {
  site = new Site();
  site.config.addQueue('q').addQueue('other').addSeat('s1', ['q', 'other']).addSeat('s2', ['q']).addSeat('s3', ['q']);
  node = await site.node();
});

afterEach(() => site.close());
afterAll(closeSharedRedis);

const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await node.acd.snapshot()).seats.map((seat) => [seat.seatId, seat.state]));

async function rung(seats = ['s1'], terminal?: string): Promise<Offer> {
  for (const seat of seats) await node.acd.seatUp(seat);
  await node.acd.enqueue(caller('q', { terminal }));
  await site.settled();

  return node.offers.at(-1)!;
}

async function talk(seat = 's1'): Promise<Offer> {
  const offer = await rung([seat]);
  await node.acd.accept(offer);

  return offer;
}

test('an answer is lost because an announcement is being played', async () => {
  // The queue knows of no announcements: at every moment of a wait, whoever asks for a place or is told of one, it may be answered.
  const offer = await rung();
  const asked = [node.acd.position(offer.ticketId), node.acd.facts('q'), node.acd.explain(offer.ticketId)];
  await Promise.all([...asked, node.acd.ringing(offer), node.acd.accept(offer)]);
  expect(await node.acd.ticket(offer.ticketId)).toMatchObject({ state: 'talking', offer });
  // Also in the last moment of its lease.
  const other = await rung(['s2']);
  site.clock.advance(24_999);
  await node.acd.accept(other);
  expect(await node.acd.ticket(other.ticketId)).toMatchObject({ state: 'talking' });
});

test('a seat answers a caller who has gone: it rings on', async () => {
  const offer = await rung();
  await node.acd.ringing(offer);
  const left = node.acd.leave(offer.ticketId);
  expect(node.all('withdrawn')).toEqual([[offer, 'caller-left']]);
  await left;
  await expect(node.acd.accept(offer)).rejects.toMatchObject({ code: 'OFFER_GONE' });
  expect(await states()).toEqual({ s1: 'available' });
  expect(await node.acd.stats('q')).toMatchObject({ offered: 1, answered: 0, abandoned: 1 });
});

test('an answer and the leaving of the caller cross: the seat is stuck, or the call is counted twice', async () => {
  for (let round = 0; round < 20; round++) {
    const offer = await rung();
    const [accepted] = await Promise.allSettled([node.acd.accept(offer), node.acd.leave(offer.ticketId)]);
    await site.pass(10);
    expect(await states()).toEqual({ s1: 'available' });
    expect(accepted.status === 'fulfilled' || (accepted.reason as { code: string }).code === 'OFFER_GONE').toBe(true);
  }
  const { offered, answered, abandoned, waiting } = await node.acd.stats('q');
  expect(offered).toBe(20);
  expect(answered + abandoned).toBe(20);
  expect(waiting).toBe(0);
});

test('two seats answer one caller at once: both are connected', async () => {
  site.config.addQueue('q', { strategy: 'ring-all' });
  await rung(['s1', 's2', 's3']);
  const answers = await Promise.allSettled(node.offers.map((offer) => node.acd.accept(offer)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'OFFER_GONE' });
  }
  expect(Object.values(await states()).sort()).toEqual(['available', 'available', 'talking']);
});

test('two callers are given one seat at once', async () => {
  const two = await site.node('n2');
  await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? node : two).acd.enqueue(caller())));
  await Promise.all([node.acd.seatUp('s1'), two.acd.seatUp('s1')]);
  await site.settled();
  expect([...node.offers, ...two.offers]).toHaveLength(1);
});

test('a phone that rejects by itself is rung in a circle', async () => {
  site.config.addQueue('q', { rejectDelay: 0, busyDelay: 0 });
  await rung();
  for (const cause of ['rejected', 'busy', 'unreachable'] as const) {
    const before = node.offers.length;
    await node.acd.decline(node.offers.at(-1)!, cause);
    await site.pass(0.9);
    expect(node.offers).toHaveLength(before);
    await site.pass(0.1);
    expect(node.offers).toHaveLength(before + 1);
  }
});

test('a phone that rejects by itself is rung in a circle for an alarm', async () => {
  await node.acd.seatUp('s1');
  await node.acd.enqueue({ ...caller(), class: 'alarm' });
  await site.settled();
  await node.acd.decline(node.offers[0]!, 'rejected');
  await site.pass(6);
  expect(node.offers).toHaveLength(1);
  await site.pass(1);
  expect(node.offers).toHaveLength(2);
});

test('a seat that never answers is rung for ever', async () => {
  site.config.addQueue('q', { noAnswerDelay: 0, autoBreak: { 'no-answer': 2 } });
  const first = await rung();
  await node.acd.decline(first, 'no-answer');
  await site.settled();
  await node.acd.decline(node.offers[1]!, 'no-answer');
  await site.settled();
  expect(node.offers).toHaveLength(2);
  expect(await node.acd.seat('s1')).toMatchObject({ state: 'break', reason: 'no-answer' });
});

test('a wrap-up leaks: the timer of an old one ends a new one', async () => {
  site.config.addQueue('q', { wrapUp: 30 });
  const first = await talk();
  await node.acd.complete(first.ticketId);
  await site.pass(20);
  await node.acd.endWrapUp('s1');
  const second = await talk();
  await node.acd.complete(second.ticketId);
  // The first would have ended by now.
  await site.pass(15);
  expect(await states()).toMatchObject({ s1: 'wrap-up' });
  await site.pass(15);
  expect(await states()).toMatchObject({ s1: 'available' });
});

test('a postponement leaks: its timer ends a later hold', async () => {
  const ticket = await node.acd.enqueue(caller('q', { terminal: '1001' }));
  await node.acd.postpone(ticket.ticketId, 10_000);
  await node.acd.resume({ terminal: '1001', callId: 'new' });
  await node.acd.hold(ticket.ticketId);
  await node.acd.seatUp('s1');
  await site.pass(20);
  expect(node.offers).toEqual([]);
  // And whoever goes to the menu during one is not rung for when it is over.
  await node.acd.postpone(ticket.ticketId, 10_000);
  await node.acd.hold(ticket.ticketId);
  await site.pass(20);
  expect(node.offers).toEqual([]);
  await node.acd.unhold(ticket.ticketId);
  await site.settled();
  expect(node.offers).toHaveLength(1);
});

test('a transfer loses its statistics, its time and its place', async () => {
  const ticket = await node.acd.enqueue(caller());
  await site.pass(60);
  const there = await node.acd.enqueue(caller('other'));
  await node.acd.transfer(ticket.ticketId, 'other');
  expect(await node.acd.ticket(ticket.ticketId)).toMatchObject({ queue: 'other', enqueuedAt: ticket.enqueuedAt });
  expect(await node.acd.position(ticket.ticketId)).toMatchObject({ queue: 'other', position: 1, waiting: 2 });
  expect(await node.acd.position(there.ticketId)).toMatchObject({ position: 2 });
  expect(await node.acd.stats('q')).toMatchObject({ offered: 1, overflowed: 1, waiting: 0 });
  await node.acd.seatUp('s1');
  await site.settled();
  await node.acd.accept(node.offers[0]!);
  await node.acd.complete(ticket.ticketId);
  expect(await node.acd.stats('other')).toMatchObject({ offered: 2, answered: 1, waiting: 1 });
  expect((await node.acd.history(ticket.ticketId)).map(({ what }) => what)).toEqual([
    ...['enqueued', 'transferred', 'offered', 'answered', 'ended'],
  ]);
});

test('a transfer makes a customer a stranger to his regular agent', async () => {
  const rings = [
    { seats: { kind: 'last-agent' as const }, strategy: 'longest-idle' as const, after: 0 },
    { seats: { kind: 'all' as const }, strategy: 'longest-idle' as const, after: 20 },
  ];
  site.config.addQueue('other', { rings, wrapUp: 0 }).addQueue('entrance');
  site.config.addSeat('s2', ['other']);
  await node.acd.seatUp('s1');
  await node.acd.enqueue(caller('other', { terminal: '1001' }));
  await site.settled();
  await node.acd.accept(node.offers[0]!);
  await node.acd.seatUp('s2');
  await node.acd.complete(node.offers[0]!.ticketId);
  await site.pass(1);
  // He comes by another queue; s2 is idle for longer.
  const again = await node.acd.enqueue(caller('entrance', { terminal: '1001' }));
  await node.acd.transfer(again.ticketId, 'other');
  await site.settled();
  expect(node.offers.at(-1)).toMatchObject({ ticketId: again.ticketId, queue: 'other', seatId: 's1' });
});

test('a transfer takes along that the talk broke off: in the other queue its seat is rung before those who are there for it', async () => {
  site.config.addQueue('q', { wrapUp: 0, returnWithin: 60 }).addQueue('other', { wrapUp: 0 });
  site.config.addSeat('s1', ['q', 'other']).addSeat('s2', ['other']);
  await node.acd.seatUp('s1');
  await node.acd.enqueue(caller('q', { terminal: '1001' }));
  await site.settled();
  await node.acd.accept(node.offers[0]!);
  await node.acd.seatUp('s2');
  await site.pass(1);
  await node.acd.breakOff(node.offers[0]!.ticketId);
  await node.acd.pause('s1');
  const again = await node.acd.enqueue(caller('q', { terminal: '1001' }));
  await node.acd.hold(again.ticketId);
  await node.acd.transfer(again.ticketId, 'other');
  await node.acd.unpause('s1');
  await node.acd.unhold(again.ticketId);
  await site.settled();
  // s2 is idle for longer.
  expect(node.offers.at(-1)).toMatchObject({ ticketId: again.ticketId, queue: 'other', seatId: 's2' });
});

test('a transfer to a full queue loses the caller', async () => {
  site.config.addQueue('other', { maxWaiting: 0 });
  const ticket = await node.acd.enqueue(caller());
  await expect(node.acd.transfer(ticket.ticketId, 'other')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  expect(await node.acd.position(ticket.ticketId)).toMatchObject({ queue: 'q', position: 1 });
});

test('a seat is stuck after a BYE that was lost: its node is gone and nobody ends the talk', async () => {
  const two = await site.node('n2');
  await talk();
  await node.close();
  await site.passSlowly(12);
  expect(await two.acd.seat('s1')).toMatchObject({ state: 'wrap-up' });
  await site.passSlowly(10);
  expect(await two.acd.seat('s1')).toMatchObject({ state: 'available' });
});

test('a seat is stuck after an answer to its INVITE that was lost: nobody ever reports what came of it', async () => {
  const offer = await rung();
  await node.acd.ringing(offer);
  await site.pass(25);
  expect(node.all('withdrawn')).toEqual([[offer, 'expired']]);
  await site.pass(5);
  expect(node.offers).toHaveLength(2);
});

test('an estimate grows while nothing happens', async () => {
  await talk();
  const ticket = await node.acd.enqueue(caller());
  let [, before] = (await node.acd.position(ticket.ticketId)).estimate;
  for (let minute = 0; minute < 30; minute++) {
    await site.passSlowly(60);
    const [, high] = (await node.acd.position(ticket.ticketId)).estimate;
    expect(high).toBeLessThanOrEqual(before);
    before = high;
  }
});

test('seats stay reserved under ring-all after one has answered, or the caller has gone', async () => {
  site.config.addQueue('q', { strategy: 'ring-all', wrapUp: 0 });
  await rung(['s1', 's2', 's3']);
  await node.acd.accept(node.offers[1]!);
  expect(Object.values(await states()).sort()).toEqual(['available', 'available', 'talking']);
  await node.acd.complete(node.offers[0]!.ticketId);
  const ticket = await node.acd.enqueue(caller());
  await site.settled();
  expect(Object.values(await states())).toEqual(['reserved', 'reserved', 'reserved']);
  await node.acd.leave(ticket.ticketId);
  expect(Object.values(await states())).toEqual(['available', 'available', 'available']);
  expect(
    node
      .all('withdrawn')
      .map(([, cause]) => cause)
      .sort(),
  ).toEqual([...['caller-left', 'caller-left', 'caller-left', 'elsewhere', 'elsewhere']]);
});

test('a seat that missed under ring-all is rung by the same call again at once', async () => {
  site.config.addQueue('q', { strategy: 'ring-all' });
  await rung(['s1', 's2']);
  await node.acd.decline(node.offers[0]!, 'rejected');
  await site.settled();
  expect(node.offers).toHaveLength(2);
  await site.pass(7);
  // After its rest it takes part again.
  expect(node.offers.map(({ seatId }) => seatId)).toEqual(['s1', 's2', 's1']);
});

test('a member of an answered call is stale: the same ticket is offered once more', async () => {
  const offer = await rung(['s1', 's2']);
  await node.acd.accept(offer);
  await node.acd.seatUp('s3');
  await site.passSlowly(60);
  expect(node.offers).toHaveLength(1);
  expect(await states()).toEqual({ s1: 'talking', s2: 'available', s3: 'available' });
});

test('agents are skipped when one of them is not available (top-down)', async () => {
  site.config.addQueue('q', { strategy: 'top-down' });
  for (const [order, id] of ['s1', 's2', 's3'].entries()) site.config.addSeat(id, ['q'], [], { order });
  await rung(['s1', 's2', 's3']);
  await node.acd.decline(node.offers[0]!, 'unreachable');
  await site.settled();
  await node.acd.pause('s3');
  await node.acd.decline(node.offers[1]!, 'no-answer');
  await node.acd.unpause('s3');
  await site.settled();
  expect(node.offers.map(({ seatId }) => seatId)).toEqual(['s1', 's2', 's3']);
});

test('a callback jumps the line, or loses its place', async () => {
  const first = await node.acd.enqueue(caller());
  await site.pass(1);
  const second = await node.acd.enqueue(caller());
  await site.pass(1);
  const third = await node.acd.enqueue(caller());
  await node.acd.askCallback(second.ticketId);
  // The person hangs up.
  expect(await node.acd.drop(second.ticketId)).toBeUndefined();
  await site.passSlowly(120);
  const served: string[] = [];
  for (const seat of ['s1', 's2', 's3']) {
    await node.acd.seatUp(seat);
    await site.settled();
    served.push(node.offers.at(-1)!.ticketId);
    await node.acd.accept(node.offers.at(-1)!);
  }
  expect(served).toEqual([first.ticketId, second.ticketId, third.ticketId]);
  expect(await node.acd.stats('q')).toMatchObject({ offered: 3, answered: 2, calledBack: 1, abandoned: 0 });
});

test('a callback whose person cannot be had keeps the seat for the length of a lease', async () => {
  const ticket = await node.acd.enqueue(caller());
  await node.acd.askCallback(ticket.ticketId);
  await node.acd.seatUp('s1');
  await site.settled();
  const offer = node.offers[0]!;
  await node.acd.decline(offer, 'caller-left');
  await site.settled();
  // Free at once, and so the first to be rung for him again; he has kept his place.
  await expect(node.acd.accept(offer)).rejects.toMatchObject({ code: 'OFFER_GONE' });
  expect(node.offers[1]).toMatchObject({ ticketId: ticket.ticketId, seatId: 's1' });
  await node.acd.postpone(ticket.ticketId, 60_000);
  await site.settled();
  expect(await states()).toEqual({ s1: 'available' });
  await site.passSlowly(60);
  expect(node.offers).toHaveLength(3);
});

test('the place is lost on hold', async () => {
  const first = await node.acd.enqueue(caller());
  await site.pass(1);
  await node.acd.enqueue(caller());
  await node.acd.hold(first.ticketId);
  await site.passSlowly(300);
  await node.acd.unhold(first.ticketId);
  expect(await node.acd.position(first.ticketId)).toMatchObject({ position: 1, waiting: 2 });
  await node.acd.seatUp('s1');
  await site.settled();
  expect(node.offers[0]).toMatchObject({ ticketId: first.ticketId });
});

test('an agent who has logged out is rung because his phone registers again', async () => {
  await node.acd.seatUp('s1');
  await node.acd.logout('s1');
  expect(await node.acd.seatUp('s1')).toBe('offline');
  await node.acd.enqueue(caller());
  await site.settled();
  expect(node.offers).toEqual([]);
  // A phone that was gone and is there again is an agent who came back.
  await node.acd.seatDown('s1');
  expect(await node.acd.seatUp('s1')).toBe('available');
});

describe('an alarm', () => {
  let redis: Redis;
  let desk: Desk;

  beforeEach(async () => {
    redis = new Redis((await sharedRedis()).url);
    desk = new Desk(redis);
    for (const [ticketId, name] of [
      ['x', 'normal'],
      ['help', 'alarm'],
    ]) {
      await desk.run('enqueueTicket', { ticketId, class: name });
    }
    await desk.run('seatUp');
    await desk.run('offerTicket');
    await desk.run('acceptOffer');
  });

  afterEach(() => redis.disconnect());

  const take = () => desk.run('offerTicket', { ticketId: 'help', offerId: 'o2', takes: 1 });

  test.each([
    ['wants a break', () => desk.run('pauseSeat')],
    ['is in another call', () => desk.run('engageSeat')],
    ['has gone', () => desk.run('seatDown')],
  ])('breaks a talk for nothing: the agent %s', async (_why, mark) => {
    await mark();
    expect(await take()).toBe(0);
    expect(await desk.ticket('x', 'state')).toBe('talking');
  });

  test('takes no seat while a better ticket of another node is not known yet', async () => {
    for (const node of ['one~1', 'two~1']) await desk.run('renewNode', {}, node);
    await desk.run('enqueueTicket', { ticketId: 'better', class: 'alarm', priority: 60 }, 'two~1');
    expect(await desk.run('offerTicket', { ticketId: 'help', offerId: 'o2', takes: 1, seen: 0 })).toBe(0);
    expect(await desk.ticket('x', 'state')).toBe('talking');
    expect(await take()).toBe(1);
    expect(await desk.ticket('x', 'state')).toBe('waiting');
  });
});
