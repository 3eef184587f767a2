import type { Offer } from '../../../src/acd/types';
import { startRedis } from '../../support/redis';
import type { TestRedis } from '../../support/redis';
import { Site, caller } from './support';
import type { Node } from './support';

let redis: TestRedis;
let site: Site;
let one: Node;
let two: Node;

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
});

afterAll(() => redis.close());

beforeEach(async () => {
  site = new Site();
  site.config.addQueue('q', { wrapUp: 0 });
  for (let seat = 1; seat <= 6; seat++) site.config.addSeat(`s${seat}`, ['q']);
  one = await site.node('one', {}, redis.url);
  two = await site.node('two', {}, redis.url);
});

afterEach(() => site.close());

async function lose(): Promise<void> {
  const down = [one, two].map((node) => new Promise<void>((resolve) => node.store.once('down', resolve)));
  await redis.kill();
  await Promise.all(down);
}

async function comeBack(): Promise<void> {
  await redis.start();
  await Promise.all([one, two].map((node) => node.store.whenAvailable(10_000)));
  await site.settled();
}

async function offered(seat: string, terminal?: string): Promise<Offer> {
  await one.acd.seatUp(seat);
  await one.acd.enqueue(caller('q', { terminal }));
  await site.settled();

  return one.offers.at(-1)!;
}

async function talk(seat: string): Promise<Offer> {
  const offer = await offered(seat);
  await one.acd.accept(offer);

  return offer;
}

const stateOf = async (ticketId: string) => (await two.acd.ticket(ticketId))?.state;
const seatOf = async (seatId: string) => (await two.acd.seat(seatId))?.state;

describe('while Redis is away', () => {
  it('new work fails at once, and what ended is made good in order when it is back', async () => {
    const completed = await talk('s1');
    const left = await offered('s2');
    const declined = await offered('s3');
    const dropped = await offered('s4', '1001');
    const answered = await offered('s5');
    await lose();

    await expect(one.acd.enqueue(caller())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', http: 503 });
    await expect(one.acd.resume({ terminal: '1', callId: 'c' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    // Who waits is still told the place that is known.
    expect(await one.acd.position(left.ticketId)).toMatchObject({ position: expect.any(Number) as number });
    await expect(one.acd.snapshot()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });

    // What cannot wait does not: the seats are told to stop ringing at once.
    expect(await one.acd.leave(left.ticketId)).toEqual(left);
    expect(await one.acd.drop(dropped.ticketId)).toEqual(dropped);
    expect(one.all('withdrawn')).toEqual([
      [left, 'caller-left'],
      [dropped, 'caller-dropped'],
    ]);
    await one.acd.complete(completed.ticketId);
    await one.acd.decline(declined, 'rejected');
    expect(await one.acd.seatUp('s6')).toBeUndefined();
    expect(await one.acd.seatDown('s6')).toBeUndefined();
    expect(await one.acd.pause('s2')).toBeUndefined();
    const accepted = one.acd.accept(answered);

    await comeBack();
    await accepted;
    expect(await stateOf(answered.ticketId)).toBe('talking');
    expect(await stateOf(completed.ticketId)).toBe('ended');
    expect(await stateOf(left.ticketId)).toBe('ended');
    expect(await stateOf(dropped.ticketId)).toBe('dropped');
    expect(await seatOf('s2')).toBe('break');
    expect(await seatOf('s3')).toBe('resting');
    expect(await seatOf('s6')).toBe('offline');
    expect(one.all('withdrawn')).toHaveLength(2);
    // The declined ticket is offered again: by now other seats are free.
    expect(one.offers.at(-1)!.ticketId).toBe(declined.ticketId);
    const { offered: all, answered: yes, abandoned, waiting } = await two.acd.stats('q');
    expect({ all, yes, abandoned, waiting }).toEqual({ all: 5, yes: 2, abandoned: 1, waiting: 2 });
  });

  it('ten seconds cost no talk and no place: leases are taken again before anybody sweeps', async () => {
    const talking = await talk('s1');
    const ringing = await offered('s2');
    const waiting = await two.acd.enqueue(caller());
    await lose();
    site.clock.advance(10_000);
    await comeBack();
    await site.passSlowly(4);
    expect(await stateOf(talking.ticketId)).toBe('talking');
    expect(await stateOf(waiting.ticketId)).toBe('waiting');
    await one.acd.accept(ringing);
    expect([...one.all('ended'), ...two.all('ended')]).toEqual([]);
    expect([...one.all('fenced'), ...two.all('fenced')]).toEqual([]);
  });

  it('an answer counts although the lease ended during the break', async () => {
    const offer = await offered('s1');
    await lose();
    site.clock.advance(30_000);
    const accepted = one.acd.accept(offer);
    await comeBack();
    await accepted;
    await site.passSlowly(4);
    expect(await stateOf(offer.ticketId)).toBe('talking');
    expect(one.all('withdrawn')).toEqual([]);
  });

  it('offers and news of other nodes come again afterwards', async () => {
    const ticket = await one.acd.enqueue(caller());
    await lose();
    await comeBack();
    await two.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toMatchObject([{ ticketId: ticket.ticketId }]);
  });

  it('a change whose answer is lost is found out', async () => {
    redis.freeze();
    const refused = expect(one.acd.enqueue(caller())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await refused;
    // Redis had taken the command in, and carries it out when it goes on.
    redis.thaw();
    await site.settled();
    expect(await two.acd.stats('q')).toMatchObject({ waiting: 0 });
    await two.acd.seatUp('s1');
    await site.settled();
    expect(one.offers).toEqual([]);
  });

  it('a task that waits for the store is dropped when the node closes', async () => {
    const offer = await offered('s1');
    await lose();
    await one.acd.leave(offer.ticketId);
    const accepted = expect(one.acd.accept(offer)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await one.close();
    await accepted;
    await redis.start();
    await two.store.whenAvailable(10_000);
  });
});

describe('a Redis that has lost its last moments', () => {
  it('is told again what lives: places in their order, talks at their seats, seats', async () => {
    await one.acd.pause('s6');
    const talking = await talk('s1');
    const first = await one.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.pass(1);
    const second = await one.acd.enqueue(caller('q', { terminal: '1002' }));
    const third = await one.acd.enqueue(caller('q', { priority: 5 }));
    await one.acd.drop(first.ticketId);
    await one.acd.hold(second.ticketId);
    await one.store.redis.flushall();
    await lose();
    await comeBack();
    expect(await one.acd.position(third.ticketId)).toMatchObject({ position: 1, waiting: 3 });
    expect(await one.acd.position(first.ticketId)).toMatchObject({ position: 2 });
    expect(await one.acd.position(second.ticketId)).toMatchObject({ position: 3 });
    expect(await stateOf(first.ticketId)).toBe('dropped');
    expect(await stateOf(second.ticketId)).toBe('held');
    expect(await two.acd.ticket(talking.ticketId)).toMatchObject({ state: 'talking', offer: { seatId: 's1' } });
    expect(await seatOf('s1')).toBe('talking');
    await one.acd.complete(talking.ticketId);
    await site.settled();
    expect(one.offers.at(-1)).toMatchObject({ ticketId: third.ticketId, seatId: 's1' });
    expect((await one.acd.resume({ terminal: '1001', callId: 'new' }))?.enqueuedAt).toBe(first.enqueuedAt);
  });

  it('is not told what another node has heard better since', async () => {
    await one.acd.seatUp('s1');
    await one.acd.pause('s2');
    await site.pass(6);
    await two.acd.seatDown('s1');
    await two.acd.unpause('s2');
    await lose();
    await comeBack();
    expect(await seatOf('s1')).toBe('offline');
    expect(await seatOf('s2')).toBe('offline');
    expect(await two.acd.seatUp('s2')).toBe('available');
  });

  it('ends an offer that it does not know any more', async () => {
    const offer = await offered('s1');
    await one.store.redis.flushall();
    await lose();
    await comeBack();
    expect(one.all('withdrawn')[0]).toEqual([offer, 'node-lost']);
    await expect(one.acd.accept(offer)).rejects.toMatchObject({ code: 'OFFER_GONE' });
    expect(one.offers.at(-1)).toMatchObject({ ticketId: offer.ticketId, seatId: 's1' });
  });
});

it('keeps its books through kills in the midst of work', async () => {
  for (let seat = 1; seat <= 6; seat++) await one.acd.seatUp(`s${seat}`);
  const refused = (error: unknown): void => {
    if (!/STORE_UNAVAILABLE|OFFER_GONE/.test(String((error as { code?: string }).code))) throw error;
  };
  const work: Promise<unknown>[] = [];
  for (const node of [one, two]) {
    node.acd.on('offer', (offer) => {
      work.push(
        node.acd
          .accept(offer)
          .then(() => node.acd.complete(offer.ticketId))
          .catch(refused),
      );
    });
  }
  let entered = 0;
  const put = (node: Node): Promise<void> => node.acd.enqueue(caller()).then(() => void entered++, refused);
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 20; index++) work.push(put(index % 2 ? one : two));
    await redis.kill();
    for (let index = 0; index < 5; index++) work.push(put(one));
    await redis.start();
    await Promise.all([one, two].map((node) => node.store.whenAvailable(10_000)));
    for (let index = 0; index < 20; index++) work.push(put(index % 2 ? one : two));
    await Promise.all(work.splice(0));
    await site.passSlowly(4);
  }
  await site.passSlowly(40);
  await Promise.all(work.splice(0));
  await site.passSlowly(4);
  const stats = await two.acd.stats('q');
  expect(stats).toMatchObject({ waiting: 0, staffed: 6, idle: 6 });
  expect(stats.offered).toBe(stats.answered + stats.abandoned);
  expect(stats.answered).toBeGreaterThanOrEqual(entered);
});
