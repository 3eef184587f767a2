import { makeKeys } from '../../../src/store/keys';
import { Others } from '../../../src/acd/others';
import type { Match } from '../../../src/acd/match';
import { closeSharedRedis, sharedRedis, startRedis } from '../../support/redis';
import type { TestRedis } from '../../support/redis';
import { Site, caller } from './support';
import type { Node } from './support';

let site: Site;
let one: Node;
let two: Node;

beforeEach(async () => {
  site = new Site();
  site.config.addQueue('q').addSeat('s1', ['q']).addSeat('s2', ['q']).addSeat('s3', ['other']);
  one = await site.node('one');
  two = await site.node('two');
});

afterEach(() => site.close());
afterAll(closeSharedRedis);

/** A ticket of `node` that talks at seat s1. */
async function talkOf(node: Node): Promise<string> {
  await node.acd.seatUp('s1');
  const ticket = await node.acd.enqueue(caller());
  await site.settled();
  await node.acd.accept(node.offers.at(-1)!);

  return ticket.ticketId;
}

describe('two nodes', () => {
  it('tell the owner of a ticket of its offer, whichever of them claims', async () => {
    const ticket = await one.acd.enqueue(caller());
    await two.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toMatchObject([{ ticketId: ticket.ticketId, seatId: 's1' }]);
    expect(two.offers).toEqual([]);
    await one.acd.accept(one.offers[0]!);
    await one.acd.complete(ticket.ticketId);
    expect(one.all('ended')).toEqual([[ticket.ticketId, 'completed']]);
  });

  it('tell of a change although the lease of who made it was ended', async () => {
    const { redis } = one.store;
    await redis.zrem(makeKeys(site.name).nodes, one.acd.node);
    await one.acd.seatUp('s1');
    await one.acd.enqueue(caller());
    await site.settled();
    const { floor } = two.acd['parts'].mirror;
    expect([floor.seats.get('s1')?.state, floor.tickets.size]).toEqual(['reserved', 1]);
  });

  it('tell the owner when the other sweeps', async () => {
    await one.acd.seatUp('s1');
    await one.acd.enqueue(caller());
    await site.settled();
    site.clock.advance(0);
    const [offer] = one.offers;
    site.clock.advance(25_000);
    await two.acd.sweep();
    await site.settled();
    expect(one.all('withdrawn')).toEqual([[offer, 'expired']]);
  });

  it('tell the owner that somebody has its person called back, who keeps his turn when his call is lost', async () => {
    const ticket = await one.acd.enqueue(caller());
    await two.acd.askCallback(ticket.ticketId);
    await site.settled();
    expect(one.all('callback')).toEqual([[ticket.ticketId]]);
    expect(two.all('callback')).toEqual([]);
    expect(await one.acd.drop(ticket.ticketId)).toBeUndefined();
    expect(await two.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'waiting', callback: true });
  });

  it('end the wait of a ticket of the other, but no talk', async () => {
    const waiting = await one.acd.enqueue(caller());
    await two.acd.endWait(waiting.ticketId);
    await site.settled();
    expect(one.all('ended')).toEqual([[waiting.ticketId, 'abandoned']]);
    await expect(two.acd.endWait(waiting.ticketId)).rejects.toMatchObject({ code: 'TICKET_GONE' });
    const talk = await talkOf(one);
    await expect(two.acd.endWait(talk)).rejects.toMatchObject({ code: 'WRONG_STATE' });
    expect(await one.acd.ticket(talk)).toMatchObject({ state: 'talking' });
  });

  it('tell each other that places have moved', async () => {
    const first = await one.acd.enqueue(caller());
    const second = await two.acd.enqueue(caller());
    // Twice: what one tells after its quarter of a second starts a quarter of a second at the other.
    await site.pass(1);
    await site.pass(1);
    expect(await two.acd.position(second.ticketId)).toMatchObject({ position: 2 });
    await one.acd.leave(first.ticketId);
    await site.settled();
    expect(two.all('moved')).toEqual([[[second.ticketId]]]);
    expect(await two.acd.position(second.ticketId)).toMatchObject({ position: 1 });
  });

  it('never give two tickets one seat, nor one ticket two seats, when both dispatch', async () => {
    for (let index = 0; index < 20; index++) site.config.addSeat(`m${index}`, ['q']);
    const tickets = await Promise.all(
      Array.from({ length: 30 }, (_, index) => (index % 2 ? one : two).acd.enqueue(caller())),
    );
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).acd.seatUp(`m${index}`)));
    await site.settled();
    const offers = [...one.offers, ...two.offers];
    expect(new Set(offers.map((offer) => offer.seatId)).size).toBe(20);
    expect(new Set(offers.map((offer) => offer.ticketId)).size).toBe(20);
    expect(offers).toHaveLength(20);
    expect(tickets).toHaveLength(30);
  });

  it('hand a ticket over when its caller redials at the other', async () => {
    const ticket = await one.acd.enqueue(caller('q', { terminal: '1001' }));
    await two.acd.resume({ terminal: '1001', callId: 'new' });
    await site.settled();
    expect(one.all('replaced')).toEqual([[ticket.ticketId, ticket.callId]]);
    await one.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toEqual([]);
    expect(two.offers).toMatchObject([{ ticketId: ticket.ticketId, callId: 'new' }]);
  });

  it('do not ring for an offer whose withdrawal is known before the news of the offer comes', async () => {
    const ticket = await one.acd.enqueue(caller());
    // Slow for a moment: the offer is on its way while the caller leaves.
    one.store.subscriber.removeAllListeners('message');
    await two.acd.seatUp('s1');
    await two.acd.settled();
    const offer = await one.acd.leave(ticket.ticketId);
    expect(offer).toMatchObject({ seatId: 's1' });
    await one.acd['parts'].channels.open();
    await one.store.redis.publish(`sl:{${site.name}}:node:${one.acd.node}`, JSON.stringify({ t: 'offer', offer }));
    await site.settled();
    expect(one.offers).toEqual([]);
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'available' });
  });
});

it('a node that did not hear that an alarm took its seat learns it from the store', async () => {
  const talk = await talkOf(one);
  await one.store.subscriber.unsubscribe();
  await two.acd.enqueue({ ...caller(), class: 'alarm' });
  await site.settled();
  expect(two.offers).toMatchObject([{ seatId: 's1' }]);
  expect(one.all('preempted')).toEqual([]);
  const up = new Promise<void>((resolve) => one.store.once('up', resolve));
  one.store.redis.stream.destroy();
  await up;
  await site.settled();
  expect(one.all('preempted')).toEqual([[talk, 's1']]);
  expect(one.all('ended')).toEqual([]);
  expect(await two.acd.ticket(talk)).toMatchObject({ state: 'waiting' });
});

describe('a node that does not listen while its lease runs', () => {
  /** Resolves when Redis has noticed. */
  async function isGone(node: Node): Promise<void> {
    const channel = makeKeys(site.name).nodeChannel(node.acd.node);
    const listeners = async (): Promise<unknown> => (await two.store.redis.pubsub('NUMSUB', channel))[1];
    while ((await listeners()) !== 0);
  }

  async function dies(node: Node): Promise<void> {
    await node.close();
    await isGone(node);
  }

  it('gets no seats that nobody would ring: those behind are served, and its caller keeps his place', async () => {
    const theirs = await one.acd.enqueue(caller('q', { terminal: '1001' }));
    const ours = await two.acd.enqueue(caller());
    await site.settled();
    await dies(one);
    await two.acd.seatUp('s1');
    await site.settled();
    expect(two.offers).toMatchObject([{ ticketId: ours.ticketId, seatId: 's1' }]);
    expect(await two.acd.position(theirs.ticketId)).toMatchObject({ position: 1 });
    await two.acd.seatUp('s2');
    const { candidates } = (await two.acd.explain(theirs.ticketId))!;
    expect(candidates).toContainEqual({ seatId: 's2', state: 'available', reject: 'node', detail: one.acd.node });
    const back = await two.acd.resume({ terminal: '1001', callId: 'new' });
    expect(back).toMatchObject({ ticketId: theirs.ticketId, enqueuedAt: theirs.enqueuedAt });
    await site.settled();
    expect(two.offers.at(-1)).toMatchObject({ ticketId: theirs.ticketId, seatId: 's2' });
  });

  it('takes no seat from others for its alarm', async () => {
    const alarm = await one.acd.enqueue({ ...caller(), class: 'alarm' });
    await site.settled();
    await dies(one);
    const talk = await talkOf(two);
    await two.acd.sweep();
    await site.settled();
    expect(two.all('preempted')).toEqual([]);
    expect(await two.acd.ticket(talk)).toMatchObject({ state: 'talking' });
    expect(await two.acd.ticket(alarm.ticketId)).toMatchObject({ state: 'waiting' });
  });

  describe('and listens again', () => {
    let first: string;

    beforeEach(async () => {
      first = (await one.acd.enqueue(caller())).ticketId;
      const second = await two.acd.enqueue(caller());
      await two.acd.enqueue(caller());
      await site.settled();
      await one.store.subscriber.unsubscribe();
      await isGone(one);
      await two.acd.seatUp('s1');
      await site.settled();
      expect(two.offers).toMatchObject([{ ticketId: second.ticketId, seatId: 's1' }]);
      await one.acd['parts'].channels.open();
    });

    afterEach(async () => {
      await two.acd.seatUp('s2');
      await site.settled();
      expect(one.offers).toMatchObject([{ ticketId: first, seatId: 's2' }]);
      expect(two.offers).toHaveLength(1);
    });

    it('is tried again when a moment is over', () => site.pass(1));

    it('is tried again at once when it gives a sign of life', async () => {
      await one.acd['parts'].keeper.storeIsBack();
      await site.settled();
    });

    it('is tried again at once when it changes something', async () => {
      await one.acd.seatUp('s3');
      await site.settled();
    });
  });

  it('is not thought to be gone by one that is not heard itself', async () => {
    const ticket = await one.acd.enqueue(caller());
    await site.settled();
    for (const node of [one, two]) await node.store.subscriber.unsubscribe();
    await two.acd.seatUp('s1');
    await two.acd.settled();
    expect(await two.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'offered' });
  });

  it('does not keep a living caller waiting, however many there are of them', async () => {
    const dead = await Promise.all(Array.from({ length: 9 }, (_, index) => site.node(`dead${index}`)));
    for (const node of dead) await node.acd.enqueue(caller());
    const ours = await two.acd.enqueue(caller());
    await site.settled();
    for (const node of dead) {
      await dies(node);
      site.forget(node);
    }
    await two.acd.seatUp('s1');
    await site.settled();
    expect(two.offers).toMatchObject([{ ticketId: ours.ticketId }]);
  });

  it('gets no seat either that is foreseen to be free', async () => {
    site.config.addQueue('q', { wrapUp: 0 });
    const talk = await talkOf(two);
    await one.acd.enqueue(caller());
    const ours = await two.acd.enqueue(caller());
    await site.settled();
    await dies(one);
    await two.acd.complete(talk);
    await site.settled();
    expect(two.offers.at(-1)).toMatchObject({ ticketId: ours.ticketId, seatId: 's1' });
  });

  it('is offered seats until its lease ends where Redis does not tell who listens', async () => {
    const { redis } = one.store;
    await redis.acl('SETUSER', 'untold', 'on', '>secret', '~*', '&*', '+@all', '-pubsub');
    const url = (await sharedRedis()).url.replace('//', '//untold:secret@');
    const three = await site.node('three', {}, url);
    const ticket = await one.acd.enqueue(caller());
    await site.settled();
    await dies(one);
    await three.acd.seatUp('s1');
    await three.acd.settled();
    expect(await two.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'offered' });
  });
});

describe('a match that another node has to make', () => {
  afterEach(() => jest.useRealTimers());

  /** Nodes that leave it to each other for no longer than this, in ms. */
  async function patient(leftAfter: number): Promise<[Node, Node]> {
    return [await site.node('three', { leftAfter }), await site.node('four', { leftAfter })];
  }

  /** Of this node: it wakes whoever looks, and makes no match itself. */
  async function leaves(node: Node, seat: string): Promise<string> {
    const { ticketId } = await node.acd.enqueue(caller());
    await site.settled();
    node.acd['parts'].dispatcher.suspend();
    await node.acd.seatUp(seat);

    return ticketId;
  }

  it('is made by any when it stays', async () => {
    const [three, four] = await patient(50);
    const offered = three.next('offer');
    const ticketId = await leaves(three, 's1');
    expect(await offered).toMatchObject([{ ticketId, seatId: 's1' }]);
    expect(four.offers).toEqual([]);
  });

  it('is not taken from it when it has come up just now, however long another one stayed', () => {
    const looks: string[] = [];
    jest.useFakeTimers();
    const others = new Others(100, () => looks.push('look'));
    const matchOf = (id: string) => [{ ticket: { id } } as Match];
    expect(others.leave(matchOf('a'))).toBe(false);
    jest.advanceTimersByTime(99);
    expect(looks).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(looks).toEqual(['look']);
    expect(others.leave(matchOf('b'))).toBe(false);
    jest.advanceTimersByTime(100);
    expect(looks).toEqual(['look', 'look']);
    expect(others.leave(matchOf('b'))).toBe(true);
    expect(others.leave(matchOf('c'))).toBe(false);
    others.close();
    others.close();
    others.leave(matchOf('d'));
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a node whose channels lead to another Redis than its commands', () => {
  let elsewhere: TestRedis;

  beforeAll(async () => {
    elsewhere = await startRedis();
  });

  afterAll(() => elsewhere.close());

  it('finds out when it renews its lease, and has its callers served again', async () => {
    const { options, stream } = one.store.subscriber;
    const { port } = options;
    options.port = elsewhere.port;
    const up = (): Promise<void> => new Promise((resolve) => one.store.once('up', resolve));
    const astray = up();
    one.store.subscriber.once('connect', () => (options.port = port));
    stream.destroy();
    await astray;
    await up();
    const ticket = await one.acd.enqueue(caller());
    await site.settled();
    await two.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toMatchObject([{ ticketId: ticket.ticketId }]);
  });
});

describe('a node that dies', () => {
  it('loses its talks when the lease ends; its waiting callers keep their place for a redial', async () => {
    const talk = await talkOf(one);
    const waiting = await one.acd.enqueue(caller('q', { terminal: '1001' }));
    const later = await two.acd.enqueue(caller());
    await one.close();
    await site.passSlowly(9);
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'talking' });
    await site.passSlowly(2);
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'wrap-up' });
    expect(await two.acd.ticket(talk)).toMatchObject({ state: 'ended' });
    expect(await two.acd.ticket(waiting.ticketId)).toMatchObject({ state: 'dropped' });
    const resumed = await two.acd.resume({ terminal: '1001', callId: 'new' });
    expect(resumed).toMatchObject({ ticketId: waiting.ticketId, enqueuedAt: waiting.enqueuedAt });
    expect(await two.acd.position(later.ticketId)).toMatchObject({ position: 2 });
    expect(await two.acd.stats('q')).toMatchObject({ offered: 3, answered: 1, waiting: 2 });
  });

  it('frees the seats that it rang', async () => {
    await one.acd.seatUp('s1');
    const ticket = await one.acd.enqueue(caller());
    await site.settled();
    await one.close();
    await site.passSlowly(12);
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'available' });
    expect(await two.acd.ticket(ticket.ticketId)).toMatchObject({ state: 'dropped' });
    await site.passSlowly(61);
    expect(await two.acd.stats('q')).toMatchObject({ abandoned: 1, waiting: 0 });
  });

  it('finds all it had when it is back before the lease ends', async () => {
    const talk = await talkOf(one);
    await one.acd.seatUp('s2');
    const rung = await one.acd.enqueue(caller());
    const waiting = await one.acd.enqueue(caller());
    const dropped = await one.acd.enqueue(caller('q', { terminal: '1001' }));
    await one.acd.drop(dropped.ticketId);
    await site.settled();
    const offer = one.offers.at(-1)!;
    await one.close();
    await site.pass(3);
    const again = await site.node('one');
    const adopted = await again.acd.adopt('one');
    expect(Object.fromEntries(adopted.map((ticket) => [ticket.ticketId, ticket.state]))).toEqual({
      [talk]: 'talking',
      [rung.ticketId]: 'offered',
      [waiting.ticketId]: 'waiting',
      [dropped.ticketId]: 'dropped',
    });
    expect(adopted.find((ticket) => ticket.state === 'offered')?.offer).toEqual(offer);
    await site.passSlowly(12);
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'talking' });
    await again.acd.accept(offer);
    await again.acd.complete(talk);
    await site.passSlowly(10);
    expect(again.offers).toMatchObject([{ ticketId: waiting.ticketId }]);
    expect(await again.acd.adopt('one')).toEqual([]);
  });

  it('lets go of a seat that only its former run has rung: the same caller is offered again, before those behind', async () => {
    await one.acd.seatUp('s1');
    const rung = await one.acd.enqueue(caller());
    await one.acd.enqueue(caller());
    await site.settled();
    await one.close();
    const again = await site.node('one');
    const adopted = await again.acd.adopt('one');
    const offer = adopted.find((ticket) => ticket.state === 'offered')?.offer;
    expect(offer).toMatchObject({ ticketId: rung.ticketId });
    await again.acd.decline(offer!, 'node-lost');
    await site.settled();
    expect(again.offers).toMatchObject([{ ticketId: rung.ticketId, seatId: 's1' }]);
    expect(again.offers[0]!.offerId).not.toBe(offer!.offerId);
  });

  it('finds its waiting callers when it is back after the lease ended; a redial was faster for one', async () => {
    const tickets = [];
    for (const terminal of ['1001', '1002']) tickets.push(await one.acd.enqueue(caller('q', { terminal })));
    await one.close();
    await site.passSlowly(12);
    await two.acd.resume({ terminal: '1002', callId: 'new' });
    const again = await site.node('one');
    const adopted = await again.acd.adopt('one');
    expect(adopted).toMatchObject([{ ticketId: tickets[0]!.ticketId, state: 'waiting' }]);
    expect(await again.acd.position(tickets[0]!.ticketId)).toMatchObject({ position: 1, waiting: 2 });
  });

  it('can be taken over by another, but not while it lives', async () => {
    const ticket = await one.acd.enqueue(caller());
    expect(await two.acd.adopt('one')).toEqual([]);
    await one.close();
    expect(await two.acd.adopt('one')).toEqual([]);
    site.clock.advance(10_000);
    const adopted = await two.acd.adopt('one');
    expect(adopted).toMatchObject([{ ticketId: ticket.ticketId, state: 'waiting', callId: ticket.callId }]);
    await two.acd.seatUp('s1');
    await site.settled();
    expect(two.offers).toMatchObject([{ ticketId: ticket.ticketId }]);
  });

  it('learns that it was taken over when it lives after all', async () => {
    const ticket = await one.acd.enqueue(caller());
    const again = await site.node('one');
    expect(await again.acd.adopt('one')).toHaveLength(1);
    const fenced = one.next('fenced');
    site.clock.advance(3_000);
    await fenced;
    expect(one.all('replaced')).toEqual([[ticket.ticketId, ticket.callId]]);
    await two.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toEqual([]);
    expect(again.offers).toHaveLength(1);
  });

  it('gets its callers and talks back when it was only cut off for longer than its lease', async () => {
    const talk = await talkOf(one);
    const waiting = await one.acd.enqueue(caller());
    const { redis } = two.store;
    await site.passSlowly(12);
    // As if it could not renew: the other finds the lease ended.
    await redis.zadd(`sl:{${site.name}}:nodes`, site.clock.now() - 1, one.acd.node);
    await two.acd.sweep();
    await site.settled();
    expect(one.all('ended')).toEqual([]);
    expect(await two.acd.ticket(talk)).toMatchObject({ state: 'ended' });
    const fenced = one.next('fenced');
    await site.passSlowly(4);
    await fenced;
    expect(await two.acd.ticket(talk)).toMatchObject({ state: 'talking' });
    expect(await two.acd.seat('s1')).toMatchObject({ state: 'talking', ticketId: talk });
    expect(await two.acd.ticket(waiting.ticketId)).toMatchObject({ state: 'waiting' });
    await one.acd.complete(talk);
    expect(await two.acd.stats('q')).toMatchObject({ offered: 2, answered: 1, waiting: 1 });
  });
});
