import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis } from '../../support/redis';
import { wipe } from './model/picture';
import { Site, caller } from './support';
import type { Node } from './support';

let site: Site;
let node: Node;

beforeEach(async () => {
  site = new Site();
  site.config.addQueue('q').addQueue('other').addSeat('s1', ['q']).addSeat('s2', ['q']);
  node = await site.node();
});

afterEach(() => site.close());
afterAll(closeSharedRedis);

const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await node.acd.snapshot()).seats.map((seat) => [seat.seatId, seat.state]));

async function talking(): Promise<string> {
  await node.acd.seatUp('s1');
  const ticket = await node.acd.enqueue(caller());
  await site.settled();
  await node.acd.accept(node.offers.at(-1)!);

  return ticket.ticketId;
}

describe('the way of a ticket', () => {
  it('is offered to the free seat, talks, and ends; the seat wraps up and is free again', async () => {
    expect(await node.acd.seatUp('s1')).toBe('available');
    const request = caller();
    const ticket = await node.acd.enqueue(request);
    expect(ticket).toMatchObject({ ...request, state: 'waiting', priority: 0, skills: [], node: node.acd.node });
    const [offer] = await node.next('offer');
    expect(offer).toMatchObject({ ticketId: ticket.ticketId, callId: request.callId, seatId: 's1', queue: 'q' });
    expect(offer.expiresAt).toBe(site.clock.now() + 25_000);
    expect(await states()).toEqual({ s1: 'reserved' });

    await node.acd.accept(offer);
    await node.acd.accept(offer);
    expect(await node.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'talking', offer });
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'talking', ticketId: ticket.ticketId });

    await site.pass(30);
    await node.acd.complete(ticket.ticketId);
    await node.acd.complete(ticket.ticketId);
    expect(node.all('ended')).toEqual([[ticket.ticketId, 'completed']]);
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'wrap-up', until: site.clock.now() + 10_000 });
    await site.pass(10);
    expect(await states()).toEqual({ s1: 'available' });
    expect(await node.acd.stats('q')).toMatchObject({ offered: 1, answered: 1, waiting: 0, staffed: 1, idle: 1 });
    const what = (await node.acd.history(ticket.ticketId)).map((line) => line.what);
    expect(what).toEqual(['enqueued', 'offered', 'answered', 'ended']);
  });

  it('waits for a seat, and is offered when one comes up', async () => {
    const ticket = await node.acd.enqueue(caller());
    await site.settled();
    expect(node.offers).toEqual([]);
    await node.acd.seatUp('s1');
    await site.settled();
    expect(node.offers.map((offer) => offer.ticketId)).toEqual([ticket.ticketId]);
  });

  it('goes from seat to seat when they do not answer, reject, are busy or cannot be reached', async () => {
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue(caller());
    for (const [cause, rest] of [
      ['no-answer', 5],
      ['rejected', 7],
      ['busy', 9],
      ['unreachable', 9],
    ] as const) {
      await site.settled();
      const offer = node.offers.at(-1)!;
      await node.acd.decline(offer, cause);
      await node.acd.decline(offer, cause);
      expect(await node.acd.seat('s1')).toMatchObject({ state: 'resting', until: site.clock.now() + rest * 1_000 });
      expect(await node.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'waiting', offer: undefined });
      await expect(node.acd.accept(offer)).rejects.toMatchObject({ code: 'OFFER_GONE' });
      await site.pass(rest);
    }
    expect(node.offers).toHaveLength(5);
    expect(node.all('withdrawn')).toEqual([]);
  });

  it('is offered to the next seat at once when the first rejects', async () => {
    await node.acd.seatUp('s1');
    await node.acd.seatUp('s2');
    await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.decline(node.offers[0]!, 'rejected');
    await site.settled();
    expect(node.offers.map((offer) => offer.seatId)).toEqual(['s1', 's2']);
  });

  it('comes back to its place when the lease ends unanswered, and the late answer is refused', async () => {
    await node.acd.seatUp('s1');
    const first = await node.acd.enqueue(caller());
    const second = await node.acd.enqueue(caller());
    await site.settled();
    const [offer] = node.offers;
    await site.pass(25);
    expect(node.all('withdrawn')).toEqual([[offer, 'expired']]);
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'resting' });
    await expect(node.acd.accept(offer!)).rejects.toMatchObject({ code: 'OFFER_GONE' });
    expect(await node.acd.position(first.ticketId)).toMatchObject({ position: 1, waiting: 2 });
    await site.pass(5);
    expect(node.offers.at(-1)!.ticketId).toBe(first.ticketId);
    expect(await node.acd.position(second.ticketId)).toMatchObject({ position: 2 });
  });

  it('refuses an answer with a token that is not that of the live offer', async () => {
    await node.acd.seatUp('s1');
    await node.acd.enqueue(caller());
    await site.settled();
    const offer = { ...node.offers[0]!, token: 'forged' };
    await expect(node.acd.accept(offer)).rejects.toMatchObject({ code: 'OFFER_GONE' });
    await node.acd.decline(offer, 'rejected');
    expect(await states()).toEqual({ s1: 'reserved' });
  });
});

it('learns the floor anew from a store that was emptied under it', async () => {
  await talking();
  await node.acd.seatUp('s2');
  expect(await node.acd.facts('q')).toMatchObject({ staffed: 2 });
  await wipe(node.store.redis, makeKeys(site.name));
  await node.acd.seatUp('s2');
  // What this node has is put back: the talk of the other seat.
  await site.pass(2);
  expect(await states()).toEqual({ s1: 'talking', s2: 'available' });
  expect(await node.acd.facts('q')).toMatchObject({ free: 1 });
});

describe('a person who is called back', () => {
  const callback = { order: 'agent-first' as const, attempts: 3, retryDelay: 60, ringTimeout: 30 };

  it('has a seat held for as long as both of them may ring', async () => {
    site.config.addQueue('q', { ringTimeout: 20, callback });
    const ticket = await node.acd.enqueue(caller());
    await node.acd.askCallback(ticket.ticketId);
    await node.acd.seatUp('s1');
    await site.settled();
    expect(node.offers[0]?.expiresAt).toBe(site.clock.now() + 55_000);
  });

  it('waits longer than others may', async () => {
    site.config.addQueue('q', { maxWait: 60, callback });
    const ticket = await node.acd.enqueue(caller());
    const other = await node.acd.enqueue(caller());
    await node.acd.askCallback(ticket.ticketId);
    await site.pass(61);
    expect(node.all('ended')).toEqual([[other.ticketId, 'overflowed']]);
  });

  it('and cannot be after all has his call again', async () => {
    const request = caller();
    const { ticketId } = await node.acd.enqueue(request);
    await node.acd.askCallback(ticketId);
    const { terminal, callId } = request;
    expect(await node.acd.resume({ terminal, callId })).toMatchObject({ ticketId });
    expect(await node.acd.ticket(ticketId)).not.toHaveProperty('callback');
    expect(node.all('replaced')).toEqual([]);
    await node.acd.drop(ticketId);
    expect(await node.acd.ticket(ticketId)).toMatchObject({ state: 'dropped' });
  });
});

describe('a caller who goes', () => {
  it('frees the seat that is rung at once, without a rest', async () => {
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue(caller());
    await site.settled();
    const [offer] = node.offers;
    const left = node.acd.leave(ticket.ticketId);
    // Told before the store has answered: the seat must not ring on.
    expect(node.all('withdrawn')).toEqual([[offer, 'caller-left']]);
    expect(await left).toEqual(offer);
    expect(await states()).toEqual({ s1: 'available' });
    expect(await node.acd.leave(ticket.ticketId)).toBeUndefined();
    expect(node.all('ended')).toEqual([[ticket.ticketId, 'abandoned']]);
    expect(node.all('withdrawn')).toHaveLength(1);
    await expect(node.acd.accept(offer!)).rejects.toMatchObject({ code: 'OFFER_GONE' });
  });

  it('keeps the place for the grace period, and is back in it after a redial', async () => {
    const first = await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.pass(1);
    const second = await node.acd.enqueue(caller());
    await node.acd.drop(first.ticketId);
    await node.acd.drop(first.ticketId);
    await node.acd.seatUp('s1');
    await site.settled();
    expect(node.offers.map((offer) => offer.ticketId)).toEqual([second.ticketId]);
    expect(await node.acd.resume({ terminal: '1002', callId: 'c' })).toBeUndefined();
    expect(await node.acd.resume({ terminal: '1001', resumeKey: 'x', callId: 'c' })).toBeUndefined();
    const resumed = await node.acd.resume({ terminal: '1001', callId: 'c' });
    expect(resumed).toMatchObject({ ticketId: first.ticketId, callId: 'c', enqueuedAt: first.enqueuedAt });
    expect(await node.acd.position(first.ticketId)).toMatchObject({ position: 1, waiting: 2 });
    expect(node.all('replaced')).toEqual([]);
  });

  it('ends as abandoned when the grace is over', async () => {
    const ticket = await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await node.acd.drop(ticket.ticketId);
    await site.pass(59);
    expect(node.all('ended')).toEqual([]);
    await site.pass(1);
    expect(node.all('ended')).toEqual([[ticket.ticketId, 'abandoned']]);
    expect(await node.acd.resume({ terminal: '1001', callId: 'c' })).toBeUndefined();
  });

  it('frees the seat when the call drops while it is rung, and the old offer stays dead after the redial', async () => {
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.settled();
    const offer = await node.acd.drop(ticket.ticketId);
    expect(offer).toEqual(node.offers[0]);
    expect(node.all('withdrawn')).toEqual([[offer, 'caller-dropped']]);
    expect(await states()).toEqual({ s1: 'available' });
    await node.acd.resume({ terminal: '1001', callId: 'new' });
    await site.settled();
    await expect(node.acd.accept(offer!)).rejects.toMatchObject({ code: 'OFFER_GONE' });
    expect(node.offers).toHaveLength(2);
    expect(node.offers[1]).toMatchObject({ callId: 'new', ticketId: ticket.ticketId });
    await node.acd.accept(node.offers[1]!);
  });

  it('is taken over by a second call of the terminal although the loss of the first was not noticed', async () => {
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue({ ...caller('q', { terminal: '1001' }), resumeKey: '7001' });
    await site.settled();
    await node.acd.resume({ terminal: '1001', resumeKey: '7001', callId: 'new' });
    await site.settled();
    expect(node.all('replaced')).toEqual([[ticket.ticketId, ticket.callId]]);
    expect(node.all('withdrawn')).toEqual([[node.offers[0], 'resumed']]);
    expect(node.offers[1]).toMatchObject({ callId: 'new' });
  });

  it('cannot resume what talks; leaving a talk completes it', async () => {
    const id = await talking();
    const { terminal } = (await node.acd.ticket(id))!;
    expect(await node.acd.resume({ terminal, callId: 'c' })).toBeUndefined();
    expect(await node.acd.drop(id)).toBeUndefined();
    expect(await states()).toEqual({ s1: 'talking' });
    await node.acd.leave(id);
    expect(await states()).toEqual({ s1: 'wrap-up' });
    expect(node.all('ended')).toEqual([[id, 'completed']]);
    expect(await node.acd.stats('q')).toMatchObject({ offered: 1, answered: 1, abandoned: 0 });
  });

  it('treats a decline because the caller left as a drop', async () => {
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.decline(node.offers[0]!, 'caller-left');
    expect(await states()).toEqual({ s1: 'available' });
    expect(await node.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'dropped' });
  });

  it('may look at the menu and come back to the old place', async () => {
    const first = await node.acd.enqueue(caller());
    await site.pass(1);
    const second = await node.acd.enqueue(caller());
    await node.acd.hold(first.ticketId);
    await site.pass(600);
    expect(await node.acd.position(first.ticketId)).toMatchObject({ position: 1, waiting: 2 });
    await node.acd.unhold(first.ticketId);
    await node.acd.unhold(second.ticketId);
    await node.acd.seatUp('s1');
    await site.settled();
    expect(node.offers.map((offer) => offer.ticketId)).toEqual([first.ticketId]);
    await node.acd.hold(first.ticketId);
    await site.settled();
    expect(node.all('withdrawn')).toEqual([[node.offers[0], 'caller-left']]);
    expect(node.offers[1]).toMatchObject({ ticketId: second.ticketId });
  });
});

describe('limits', () => {
  it('refuses a caller when the queue is full', async () => {
    site.config.addQueue('q', { maxWaiting: 1 });
    await node.acd.enqueue(caller());
    await expect(node.acd.enqueue(caller())).rejects.toMatchObject({ code: 'QUEUE_FULL', sip: 503 });
    expect(await node.acd.stats('q')).toMatchObject({ offered: 2, overflowed: 1, refused: 1, waiting: 1 });
  });

  it('ends a ticket that waited too long, but lets a seat that rings have its chance', async () => {
    site.config.addQueue('q', { maxWait: 10 });
    const first = await node.acd.enqueue(caller());
    await site.pass(9);
    await node.acd.seatUp('s1');
    const second = await node.acd.enqueue(caller());
    await site.settled();
    await site.pass(1);
    expect(node.all('ended')).toEqual([]);
    await site.pass(9);
    expect(node.all('ended')).toEqual([[second.ticketId, 'overflowed']]);
    await node.acd.decline(node.offers[0]!, 'no-answer');
    await site.pass(1);
    expect(node.all('ended')).toContainEqual([first.ticketId, 'overflowed']);
    expect(await node.acd.stats('q')).toMatchObject({ offered: 2, overflowed: 2, waiting: 0 });
  });

  it('refuses what it does not know or cannot read', async () => {
    await expect(node.acd.enqueue(caller('nowhere'))).rejects.toMatchObject({ code: 'QUEUE_UNKNOWN' });
    await expect(node.acd.seatUp('nobody')).rejects.toMatchObject({ code: 'SEAT_UNKNOWN' });
    await expect(node.acd.pause('nobody')).rejects.toMatchObject({ code: 'SEAT_UNKNOWN' });
    await expect(node.acd.enqueue(caller('q', { priority: 0.5 }))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(node.acd.enqueue(caller('q', { priority: 1001 }))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(node.acd.enqueue(caller('q', { skills: ['a,b'] }))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    // Names stand in JSON that is written without escapes.
    for (const designated of ['s"1', 's\\1', 's\u00011'])
      await expect(node.acd.enqueue({ ...caller('q'), designated })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(node.acd.position('nothing')).rejects.toMatchObject({ code: 'TICKET_GONE' });
    expect(await node.acd.leave('nothing')).toBeUndefined();
    await node.acd.complete('nothing');
    expect(await node.acd.seatDown('nobody')).toBe('offline');
  });
});

describe('seats', () => {
  it('go offline or take a break only after the talk', async () => {
    const id = await talking();
    await node.acd.pause('s1');
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'talking', next: 'break' });
    await node.acd.seatDown('s1');
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'talking', next: 'offline' });
    await node.acd.complete(id);
    expect(await states()).toEqual({ s1: 'offline' });
    await node.acd.seatUp('s1');
    expect(await states()).toEqual({ s1: 'break' });
    // What is left of the wrap-up still counts.
    expect(await node.acd.unpause('s1')).toBe('wrap-up');
    await site.pass(10);
    expect(await states()).toEqual({ s1: 'available' });
  });

  it('may be paused before they come up', async () => {
    await node.acd.pause('s1');
    expect(await node.acd.seatUp('s1')).toBe('break');
    expect(await node.acd.stats('q')).toMatchObject({ staffed: 0, idle: 0 });
    expect(await node.acd.unpause('s1')).toBe('available');
    expect(await node.acd.stats('q')).toMatchObject({ staffed: 1, idle: 1 });
  });

  it('take up new queues and skills when told again', async () => {
    await node.acd.seatUp('s1');
    await node.acd.enqueue(caller('other', { skills: ['fr'] }));
    site.config.addSeat('s1', ['other'], ['fr']);
    await site.settled();
    expect(node.offers).toHaveLength(0);
    await node.acd.seatUp('s1');
    await site.settled();
    expect(node.offers).toHaveLength(1);
    expect((await node.acd.stats('q')).staffed).toBe(0);
    expect((await node.acd.stats('other')).staffed).toBe(1);
  });

  it('take turns: the one that is idle longest is rung first, and who was cancelled keeps the turn', async () => {
    await node.acd.seatUp('s2');
    await site.pass(1);
    await node.acd.seatUp('s1');
    const ticket = await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.leave(ticket.ticketId);
    await site.pass(1);
    await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.decline(node.offers[1]!, 'no-answer');
    await site.settled();
    expect(node.offers.map((offer) => offer.seatId)).toEqual(['s2', 's2', 's1']);
  });
});

describe('a seat that lets it ring', () => {
  it('goes to the end, also when it does not rest', async () => {
    site.config.addQueue('q', { noAnswerDelay: 0 });
    await node.acd.seatUp('s1');
    await site.pass(1);
    await node.acd.seatUp('s2');
    await node.acd.enqueue(caller());
    await site.pass(20);
    await node.acd.decline(node.offers[0]!, 'no-answer');
    await site.settled();
    expect(node.offers.map((offer) => offer.seatId)).toEqual(['s1', 's2']);
  });
});

describe('who is next', () => {
  it('is decided by time and head start, then by arrival in one millisecond', async () => {
    const low = await node.acd.enqueue(caller('q', { priority: -1 }));
    const same = await Promise.all([1, 2, 3].map(() => node.acd.enqueue(caller())));
    await site.pass(0.001);
    const later = await node.acd.enqueue(caller());
    const high = await node.acd.enqueue(caller('q', { priority: 5 }));
    const order = [high, ...same, later, low].map((ticket) => ticket.ticketId);
    for (const [index, id] of order.entries()) {
      expect(await node.acd.position(id)).toMatchObject({ position: index + 1, waiting: 6 });
    }
    for (let seat = 10; seat < 16; seat++) {
      site.config.addSeat(`s${seat}`, ['q']);
      await node.acd.seatUp(`s${seat}`);
      await site.settled();
    }
    expect(node.offers.map((offer) => offer.ticketId)).toEqual(order);
  });

  it('is the best over all queues of the seat', async () => {
    site.config.addSeat('s3', ['q', 'other']);
    await node.acd.enqueue(caller('q'));
    await site.pass(1);
    const urgent = await node.acd.enqueue(caller('other', { priority: 2 }));
    await node.acd.enqueue(caller('other'));
    await node.acd.seatUp('s3');
    await site.settled();
    expect(node.offers.map((offer) => offer.ticketId)).toEqual([urgent.ticketId]);
  });

  it('needs a seat with all the skills of the queue and of the ticket', async () => {
    site.config.addQueue('q', { skills: ['video'] });
    site.config.addSeat('plain', ['q']).addSeat('video', ['q'], ['video']).addSeat('both', ['q'], ['fr', 'video']);
    const french = await node.acd.enqueue(caller('q', { skills: ['fr'] }));
    const plain = await node.acd.enqueue(caller());
    await node.acd.seatUp('plain');
    await site.settled();
    expect(node.offers).toEqual([]);
    await node.acd.seatUp('video');
    await site.settled();
    await node.acd.seatUp('both');
    await site.settled();
    expect(node.offers.map(({ ticketId, seatId }) => [ticketId, seatId])).toEqual([
      [plain.ticketId, 'video'],
      [french.ticketId, 'both'],
    ]);
  });

  it('is found beyond the first page of seats and tickets', async () => {
    for (let index = 0; index < 40; index++)
      site.config.addSeat(`many${index}`, ['q'], index === 39 ? ['a', 'b'] : ['a']);
    for (let index = 0; index < 40; index++) await node.acd.seatUp(`many${index}`);
    const special = await node.acd.enqueue(caller('q', { skills: ['a', 'b'] }));
    await site.settled();
    expect(node.offers).toMatchObject([{ ticketId: special.ticketId, seatId: 'many39' }]);
    const crowd = await Promise.all(Array.from({ length: 50 }, () => node.acd.enqueue(caller('q', { skills: ['a'] }))));
    await site.settled();
    expect(node.offers.slice(1).map((offer) => offer.ticketId)).toEqual(crowd.slice(0, 39).map((t) => t.ticketId));
  });
});

describe('places', () => {
  it('are told when they change, at once and then at most every quarter of a second', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 4; index++) ids.push((await node.acd.enqueue(caller())).ticketId);
    await site.pass(1);
    for (const id of ids) await node.acd.position(id);
    await node.acd.leave(ids[0]!);
    await site.settled();
    expect(node.all('moved')).toEqual([[ids.slice(1)]]);
    await node.acd.leave(ids[1]!);
    await site.settled();
    expect(node.all('moved')).toHaveLength(1);
    // Asked in between: the answer is right, and what was told is not told again.
    expect(await node.acd.position(ids[2]!)).toMatchObject({ position: 1, waiting: 2 });
    await site.pass(0.25);
    expect(node.all('moved')[1]).toEqual([[ids[3]]]);
  });

  it('cost one read for all who ask at once', async () => {
    const tickets = await Promise.all(Array.from({ length: 100 }, () => node.acd.enqueue(caller())));
    await site.settled();
    const sent = jest.spyOn(node.store.redis, 'evalsha');
    const places = await Promise.all(tickets.map((ticket) => node.acd.position(ticket.ticketId)));
    expect(places.map((place) => place.position)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(sent.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('come with an estimate that falls with the staff and never rises as time passes', async () => {
    await node.acd.seatUp('s1');
    const talkingOne = await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.accept(node.offers[0]!);
    const waiting = await node.acd.enqueue(caller());
    const before = (await node.acd.position(waiting.ticketId)).estimate;
    expect(before[0]).toBeLessThan(before[1]);
    await site.pass(3_600);
    expect((await node.acd.position(waiting.ticketId)).estimate).toEqual(before);
    site.config.addSeat('s2', ['q']);
    await node.acd.pause('s2');
    await node.acd.complete(talkingOne.ticketId);
    expect((await node.acd.position(waiting.ticketId)).estimate[1]).toBeLessThanOrEqual(before[1]);
  });
});
