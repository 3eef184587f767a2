import type { Redis } from 'ioredis';
import { Engine } from '../../../src/acd/engine';
import { Mirror } from '../../../src/acd/mirror';
import { readRow, recordFields } from '../../../src/acd/rows';
import type { Row } from '../../../src/acd/rows';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { openStore } from '../../../src/store/connection';
import type { Store } from '../../../src/store/connection';
import { FIELD_END } from '../../../src/store/separators';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';
import { TestConfig } from './support';

let store: Store;
let engine: Engine;
let mirror: Mirror;

beforeEach(async () => {
  const { url } = await sharedRedis();
  store = await openStore({ url, log: silentLogger });
  const config = new TestConfig().addQueue('q').addSeat('s1', ['q']).addSeat('s2', ['q']);
  const options = { store, site: randomSite(), node: 'one', config, clock: new ManualClock(), log: silentLogger };
  engine = new Engine({ ...options, patience: 300 }, { ...nothing, seen: () => mirror.seen });
  mirror = new Mirror(engine, { changed: () => undefined, moved: () => undefined, firstTold: () => undefined });
});

afterEach(() => store.close());
afterAll(closeSharedRedis);

const nothing = {
  onEffect: () => undefined,
  onRows: () => undefined,
  onAnew: () => undefined,
  onDue: () => undefined,
  onBatch: () => undefined,
};

function rowOf(kind: 'ticket' | 'seat', record: Record<string, string>): Row {
  return readRow(kind[0] + recordFields[kind].map((name) => record[name] ?? '').join(FIELD_END));
}

const ticket = (state: string): Row => rowOf('ticket', { id: 't1', queue: 'q', state, enqueuedAt: '1' });
const seat = (id: string): Row => rowOf('seat', { id, state: 'available' });

test('what was gone when the floor was learnt anew is not brought back by late news', async () => {
  mirror.take(5, [ticket('waiting')], false);
  mirror.take(6, [seat('s1')], false);
  await store.redis.set(engine.keys.revision, 10);
  await mirror.load();
  expect([mirror.floor.tickets.size, mirror.floor.seats.size]).toEqual([0, 0]);
  mirror.take(7, [ticket('offered'), seat('s1')], false);
  expect([mirror.floor.tickets.size, mirror.floor.seats.size]).toEqual([0, 0]);
  // It has come again since.
  mirror.take(12, [ticket('waiting'), seat('s1')], false);
  expect([mirror.floor.tickets.size, mirror.floor.seats.size]).toEqual([1, 1]);
});

/** Does something in the store after the load has read the revision, and before it reads what is there. */
function inTheMidst(redis: Redis, work: () => Promise<void>): void {
  const smembers = redis.smembers.bind(redis);
  jest.spyOn(redis, 'smembers').mockImplementationOnce(async (key) => {
    await work();

    return smembers(key);
  });
}

test('a store that is emptied while the floor is learnt is learnt as it is then', async () => {
  mirror.take(900, [seat('s1'), ticket('waiting')], true);
  await store.redis.set(engine.keys.revision, 1_000);
  let again: Promise<void> | undefined;
  inTheMidst(store.redis, async () => {
    await store.redis.del(engine.keys.revision);
    mirror.reset();
    again = mirror.load();
  });
  await mirror.load();
  await again;
  expect(mirror.seen).toBe(0);
  mirror.take(1, [seat('s1')], true);
  mirror.take(2, [seat('s2'), ticket('waiting')], true);
  expect([[...mirror.floor.seats.keys()], mirror.floor.tickets.size, mirror.seen]).toEqual([['s1', 's2'], 1, 2]);
});
