import type { Offer } from '../../../src/acd/types';
import { makeKeys } from '../../../src/store/keys';
import { startRedis } from '../../support/redis';
import type { TestRedis } from '../../support/redis';
import { checkFloor } from './model/floors';
import { checkPicture } from './model/invariants';
import { takePicture } from './model/picture';
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

/** How long it takes until what both nodes believe is what the store holds, and it holds together; in ms. */
async function reconciled(): Promise<number> {
  const began = Date.now();
  for (;;) {
    await site.settled();
    const picture = await takePicture(two.store.redis, makeKeys(site.name));
    try {
      checkPicture(picture);
      const living = new Set([one, two].map(({ acd }) => acd.node));
      for (const { acd } of [one, two]) checkFloor(acd, picture, living, site.clock.now());

      return Date.now() - began;
    } catch (error) {
      if (Date.now() - began > 5_000) throw error;
    }
    // A second of theirs: time for a beat.
    await site.pass(1);
  }
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

  it('is told again of an answer that it has lost, also when it does not even know of the offer', async () => {
    const { redis: store } = one.store;
    const { root } = makeKeys(site.name);
    const save = async (): Promise<[string, Buffer][]> => {
      const keys = await store.keys(`${root.replace(/[[\]]/g, '?')}*`);

      return Promise.all(keys.map(async (key): Promise<[string, Buffer]> => [key, (await store.dumpBuffer(key))!]));
    };
    await one.acd.enqueue(caller());
    const waiting = await save();
    await one.acd.seatUp('s1');
    await site.settled();
    const [offer] = one.offers;
    const ringing = await save();
    await one.acd.accept(offer!);
    for (const past of [ringing, waiting]) {
      await store.flushall();
      for (const [key, value] of past) await store.restore(key, 0, value);
      await lose();
      await comeBack();
      await site.passSlowly(4);
      expect(await two.acd.ticket(offer!.ticketId)).toMatchObject({ state: 'talking', offer: { seatId: 's1' } });
      expect(await seatOf('s1')).toBe('talking');
    }
    expect([one.all('preempted'), one.all('ended'), one.all('withdrawn')]).toEqual([[], [], []]);
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

/** Seconds for which Redis is away; 30 are looked at now and then, a test has not that long. */
const cutOff = Number(process.env.ACD_CUT_OFF ?? 3);

describe.each([
  ['is killed, and started again on its log', { away: () => lose(), back: () => redis.start() }],
  [
    'is cut off: it takes connections and answers nothing',
    { away: () => Promise.resolve(redis.freeze()), back: () => Promise.resolve(redis.thaw()) },
  ],
])('a Redis that %s for a while', (_how, { away, back }) => {
  it('costs no talk and no place, gives no seat twice, and all is one again within two seconds', async () => {
    const talks = [await talk('s1'), await talk('s2')];
    const ringing = [await offered('s3'), await offered('s4')];
    await two.acd.seatUp('s5');
    await two.acd.engaged('s5', 'own', true);
    const waiting = [await one.acd.enqueue(caller()), await two.acd.enqueue(caller()), await two.acd.enqueue(caller())];
    const places = await Promise.all(waiting.map(({ ticketId }) => two.acd.position(ticketId)));
    await away();

    // Calls go on: one ends, one begins, one caller gives up, a seat comes.
    const done = one.acd.complete(talks[0]!.ticketId);
    const accepted = one.acd.accept(ringing[0]!);
    const left = one.acd.leave(ringing[1]!.ticketId);
    await expect(one.acd.enqueue(caller())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const came = two.acd.seatUp('s6');
    for (let second = 0; second < cutOff; second++) await new Promise((resolve) => setTimeout(resolve, 1_000));
    site.clock.advance(30_000);

    await back();
    await Promise.all([one, two].map((node) => node.store.whenAvailable(10_000)));
    expect(await reconciled()).toBeLessThan(2_000);
    await Promise.all([done, accepted, left, came]);
    const states = await Promise.all(['s1', 's2', 's3', 's4', 's5', 's6'].map(seatOf));
    // Those that came free, or came, serve who waits; nobody else was let go.
    expect(states).toEqual(['reserved', 'talking', 'talking', 'reserved', 'engaged', 'reserved']);
    const offers = [...one.offers, ...two.offers].slice(-3);
    expect(offers.map(({ ticketId }) => ticketId).sort()).toEqual(waiting.map(({ ticketId }) => ticketId).sort());
    expect(places.map(({ position }) => position)).toEqual([3, 4, 5]);
    for (const { ticketId, enqueuedAt } of waiting)
      expect(await two.acd.ticket(ticketId)).toMatchObject({ enqueuedAt });
    expect([...one.all('ended'), ...two.all('ended')].map(([, how]) => how).sort()).toEqual(['abandoned', 'completed']);
    const stats = await two.acd.stats('q');
    expect(stats).toMatchObject({ answered: 3, waiting: 3 });
    // The caller who was refused may have been let in before, and has left again.
    expect(stats.offered).toBe(stats.abandoned + 6);
  }, 60_000);
});
