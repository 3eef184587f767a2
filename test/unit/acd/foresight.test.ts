import { closeSharedRedis } from '../../support/redis';
import { Site, caller } from './support';
import type { Node } from './support';

let site: Site;
let node: Node;

beforeEach(() => {
  site = new Site();
});
afterEach(() => site.close());
afterAll(closeSharedRedis);

/** How many batches the store has run for this test's Redis. */
async function batches(): Promise<number> {
  const text = await node.store.redis.info('commandstats');

  return [...text.matchAll(/^cmdstat_(?:fcall|evalsha):calls=(\d+)/gm)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

/** Batches from now until the next offer, which must follow. */
async function batchesToOffer(deed: () => Promise<unknown>): Promise<number> {
  const before = await batches();
  const offered = node.next('offer');
  await deed();
  await offered;

  return (await batches()) - before;
}

async function talking(): Promise<string> {
  await node.acd.seatUp('s1');
  const { ticketId } = await node.acd.enqueue(caller());
  await site.settled();
  await node.acd.accept(node.offers.at(-1)!);

  return ticketId;
}

describe('a claim goes with what makes it possible', () => {
  it('of a caller who comes while a seat is free', async () => {
    site.config.addQueue('q').addSeat('s1', ['q']);
    node = await site.node();
    await node.acd.seatUp('s1');
    await site.settled();
    expect(await batchesToOffer(() => node.acd.enqueue(caller()))).toBe(1);
  });

  it('of a seat that has no wrap-up, when its talk is over', async () => {
    site.config.addQueue('q', { wrapUp: 0 }).addSeat('s1', ['q']);
    node = await site.node();
    const ticketId = await talking();
    const next = await node.acd.enqueue(caller());
    await site.settled();
    expect(await batchesToOffer(() => node.acd.complete(ticketId))).toBe(1);
    expect(node.offers.at(-1)).toMatchObject({ ticketId: next.ticketId, seatId: 's1' });
    expect((await node.acd.facts('q')).staffed).toBe(1);
  });

  it('of a seat whose wrap-up ends', async () => {
    site.config.addQueue('q', { wrapUp: 10 }).addSeat('s1', ['q']);
    // Nothing else happens in these ten seconds.
    node = await site.node('n1', { sweepEvery: 3_600_000 });
    const ticketId = await talking();
    await node.acd.enqueue(caller());
    await node.acd.complete(ticketId);
    await site.settled();
    expect(await batchesToOffer(() => site.pass(10))).toBe(1);
  });
});

describe('a claim that was foreseen wrongly', () => {
  it('is refused for a seat that takes a break after its talk', async () => {
    site.config.addQueue('q', { wrapUp: 0 }).addSeat('s1', ['q']);
    node = await site.node();
    const ticketId = await talking();
    const next = await node.acd.enqueue(caller());
    await site.settled();
    const offers = node.offers.length;
    await Promise.all([node.acd.pause('s1', 'lunch'), node.acd.complete(ticketId)]);
    await site.settled();
    expect(node.offers).toHaveLength(offers);
    expect(await node.acd.seat('s1')).toMatchObject({ state: 'break' });
    expect(await node.acd.ticket(next.ticketId)).toMatchObject({ state: 'waiting' });
  });

  it('is not made for somebody who is sought by who served him before', async () => {
    const ring = { strategy: 'longest-idle' as const };
    const rings = [
      { ...ring, after: 0, seats: { kind: 'last-agent' as const } },
      { ...ring, after: 5, seats: { kind: 'all' as const } },
    ];
    site.config.addQueue('q', { wrapUp: 0, rings }).addSeat('s1', ['q']).addSeat('s2', ['q']);
    node = await site.node();
    const first = caller();
    await node.acd.seatUp('s2');
    const { ticketId } = await node.acd.enqueue(first);
    await site.settled();
    await node.acd.accept(node.offers.at(-1)!);
    await node.acd.complete(ticketId);
    await node.acd.seatUp('s1');
    await node.acd.enqueue({ ...first, callId: 'again' });
    await site.settled();
    expect(node.offers.at(-1)).toMatchObject({ callId: 'again', seatId: 's2' });
  });

  it('leaves the floor as it was', async () => {
    site.config.addQueue('q', { wrapUp: 0 }).addSeat('s1', ['q']);
    node = await site.node();
    const ticketId = await talking();
    await node.acd.enqueue(caller());
    await site.settled();
    await node.acd.complete(ticketId);
    await site.settled();
    const { waiting, free } = await node.acd.facts('q');
    expect({ waiting, free }).toEqual({ waiting: 1, free: 0 });
    await expect(node.acd.explain(node.offers.at(-1)!.ticketId)).resolves.toMatchObject({ state: 'offered' });
  });
});

it('a talk is learnt from although its seat was free for no moment after it', async () => {
  site.config.addQueue('q', { wrapUp: 0 }).addSeat('s1', ['q']);
  node = await site.node();
  const first = await talking();
  await node.acd.enqueue(caller());
  await site.pass(40);
  await node.acd.complete(first);
  await site.settled();
  // The mean of 40 s and of the 180 s that are assumed before anything is known.
  expect((await node.acd.stats('q')).handling).toBeCloseTo(110, 5);
});
