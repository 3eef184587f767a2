import { Redis } from 'ioredis';
import { makeKeys } from '../../../src/store/keys';
import { startCluster } from '../../support/redis-cluster';
import type { TestCluster } from '../../support/redis-cluster';
import { Site, caller } from './support';

/** The queue in a Redis Cluster: all keys of a site are in one slot, so that the verbs reach them all on its master. */

let cluster: TestCluster;
let masters: Redis[];
let opened: Site[] = [];

function makeSite(): Site {
  const site = new Site();
  opened.push(site);

  return site;
}

beforeAll(async () => {
  cluster = await startCluster();
  masters = cluster.ports.map((port) => new Redis(port, '127.0.0.1'));
}, 30_000);

afterEach(async () => {
  for (const site of opened) await site.close();
  opened = [];
});

afterAll(async () => {
  for (const master of masters) master.disconnect();
  await cluster.close();
});

/** All keys of a site, on whichever master, with their slots. */
async function keysOf(root: string): Promise<{ keys: string[]; slots: Set<number>; holders: number }> {
  const found = await Promise.all(
    masters.map((master) => master.keys('*').then((keys) => keys.filter((key) => key.startsWith(root)))),
  );
  const keys = found.flat();
  const slots = await Promise.all(keys.map((key) => masters[0]!.cluster('KEYSLOT', key)));

  return { keys, slots: new Set(slots), holders: found.filter((some) => some.length > 0).length };
}

/** Sites of different slots, so that they are on different masters. */
async function sites(): Promise<Site[]> {
  const found = new Map<number, Site>();
  while (found.size < cluster.ports.length) {
    const site = makeSite();
    found.set(await cluster.ownerOf(makeKeys(site.name).root), site);
  }

  return [...found.values()];
}

it('serves sites on each of its masters, by nodes that find the master of the site', async () => {
  for (const site of await sites()) {
    site.config
      .addQueue('q', {
        maxWait: 600,
        returnWithin: 60,
        rings: [
          { seats: { kind: 'last-agent' }, strategy: 'random', after: 0 },
          { seats: { kind: 'all' }, strategy: 'ring-all', after: 5 },
        ],
      })
      .addQueue('other')
      .addSeat('s1', ['q', 'other'])
      .addSeat('s2', ['q']);
    const one = await site.node('one', {}, cluster.url);
    const two = await site.node('two', {}, cluster.url);
    const ticket = await one.acd.enqueue(caller());
    const dropped = await one.acd.enqueue(caller('other', { terminal: '1001' }));
    const held = await two.acd.enqueue(caller('other'));
    await two.acd.hold(held.ticketId);
    await one.acd.drop(dropped.ticketId);
    await two.acd.seatUp('s1');
    await two.acd.seatUp('s2');
    await site.settled();
    expect(one.offers.map(({ seatId }) => seatId).sort()).toEqual(['s1', 's2']);
    await one.acd.accept(one.offers[0]!);
    await one.acd.breakOff(ticket.ticketId);
    expect(one.all('ended')).toEqual([[ticket.ticketId, 'completed']]);
    await one.close();
    await site.passSlowly(12);
    expect((await two.acd.ticket(dropped.ticketId))?.state).toBe('dropped');
    const { keys, slots, holders } = await keysOf(makeKeys(site.name).root);
    const kinds = new Set(keys.map((key) => key.slice(makeKeys(site.name).root.length).split(':')[0]));
    for (const kind of [
      'ticket',
      'seat',
      'queue',
      'line',
      'history',
      'regulars',
      'due',
      'entered',
      'revision',
      'resumes',
    ]) {
      expect(kinds).toContain(kind);
    }
    expect([slots.size, holders]).toEqual([1, 1]);
  }
});

it('goes on where the slot of its site has moved to another master, in the midst of a talk and with people in line', async () => {
  const site = makeSite();
  site.config.addQueue('q', { wrapUp: 0 }).addSeat('s1', ['q']);
  const { root } = makeKeys(site.name);
  const one = await site.node('one', {}, cluster.url);
  const two = await site.node('two', {}, cluster.url);
  await one.acd.seatUp('s1');
  const talks = await one.acd.enqueue(caller());
  await site.settled();
  await one.acd.accept(one.offers[0]!);
  const waits = await two.acd.enqueue(caller());
  const back = [one, two].map(({ store }) => new Promise((resolve) => store.once('up', () => resolve(store))));
  await cluster.moveSlot(root);
  // Told to each while its connection still leads to the former master.
  await Promise.all([one.acd.complete(talks.ticketId), two.acd.hold(waits.ticketId)]);
  await Promise.all(back);
  // Who is there to be told is asked of the master.
  const channels = [one, two].map(({ acd }) => makeKeys(site.name).nodeChannel(acd.node));
  expect(await one.store.redis.pubsub('NUMSUB', ...channels)).toEqual([channels[0], 1, channels[1], 1]);
  await two.acd.unhold(waits.ticketId);
  await site.settled();
  expect(two.offers).toMatchObject([{ ticketId: waits.ticketId, seatId: 's1' }]);
  await two.acd.accept(two.offers[0]!);
  expect(await two.acd.ticket(waits.ticketId)).toMatchObject({ state: 'talking', enqueuedAt: waits.enqueuedAt });
  expect(await one.acd.stats('q')).toMatchObject({ offered: 2, answered: 2, waiting: 0 });
  const { slots, holders } = await keysOf(root);
  expect([slots.size, holders]).toEqual([1, 1]);
});

it('has every key and channel of a site in the slot of the site', async () => {
  const keys = makeKeys('site');
  const made = Object.entries(keys)
    .filter(([name]) => name !== 'site')
    .map(([, key]) => (typeof key === 'function' ? key('a', 'b', 'c') : key));
  const slots = await Promise.all(made.map((key) => masters[0]!.cluster('KEYSLOT', key)));
  expect(new Set(slots).size).toBe(1);
});
