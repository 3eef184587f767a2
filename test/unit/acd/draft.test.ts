import { S, T } from '../../../src/acd/draft/records';
import type { Verb, VerbArgs } from '../../../src/acd/scripts';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { openStore } from '../../../src/store/connection';
import type { Store } from '../../../src/store/connection';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { accept, complete, enqueue, nameOf, offer, seats, Side, Steps } from './draft-sides';
import type { Batch, Step } from './draft-sides';
import { makeRandom } from './model/day';

afterAll(closeSharedRedis);

const ROUNDS = 40;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Holds back what goes to Redis, in its order, until it is let go. */
class SlowWay {
  private readonly held: (() => Promise<void>)[] = [];

  constructor(private readonly store: Store) {
    const { redis } = store;
    const real = redis.fcall.bind(redis) as (...words: unknown[]) => Promise<unknown>;
    const fcall = (...words: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => this.held.push(() => real(...words).then(resolve, reject)));
    Object.assign(redis, { fcall });
  }

  async next(): Promise<void> {
    await this.held.shift()?.();
    await turn();
  }

  /** Lets all go, and what follows from it. */
  async clear(): Promise<void> {
    while (this.held.length > 0) await this.next();
    Reflect.deleteProperty(this.store.redis, 'fcall');
  }
}

describe('a batch that was made out beforehand', () => {
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ url: (await sharedRedis()).url, log: silentLogger });
  });

  afterAll(() => store.close());

  /** Two sites with the same nodes, seats at work, and a way to do the same on both and to compare. */
  async function pair(nodes: string[], clock = new ManualClock()) {
    const sides = [true, false].map((drafts) => new Side(store, clock, drafts, nodes)) as [Side, Side];
    const both = async (...batches: Batch[]): Promise<{ revision: number }> => {
      const [drafted, run] = [await sides[0].run(batches), await sides[1].run(batches)];
      expect({ batches, told: drafted }).toEqual({ batches, told: run });

      return run as { revision: number };
    };
    const lease = { expiresAt: clock.now() + 3_600_000, begin: 1 };
    for (const node of nodes.keys()) await both({ node, steps: [{ verb: 'renewNode', args: lease }] });
    const up = seats.map((seatId): Step => ({ verb: 'seatUp', args: { seatId, login: 1 } }));

    return { sides, both, ...(await both({ node: 0, steps: up })) };
  }

  async function compare(seed: number, rounds: number, nodes: string[]): Promise<Pick<Side, 'drafted' | 'refused'>> {
    const random = makeRandom(seed);
    const clock = new ManualClock();
    const { sides, both, ...start } = await pair(nodes, clock);
    const steps = new Steps(random, clock);
    let { revision } = start;
    for (let round = 0; round < rounds; round++) {
      const batches = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
        node: random() < 0.6 ? 0 : nodes.length - 1,
        steps: Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
          steps.next(revision - (random() < 0.05 ? 1 : 0), sides[1].records),
        ),
      }));
      ({ revision } = await both(...batches));
      clock.advance(Math.floor(random() * 1_500));
    }
    expect(sides[1]).toMatchObject({ drafted: 0, refused: 0 });

    return sides[0];
  }

  it('is not taken on top of one that was refused, though the store counts as many changes', async () => {
    const { sides, both, revision } = await pair(['one', 'two']);
    await both({ node: 0, steps: [enqueue('t1'), enqueue('t2')] });
    const { revision: seen } = await both({ node: 0, steps: [offer('t1', 's1', revision + 1)] });
    await both({ node: 0, steps: [offer('t2', 's2', seen)] });
    await both({ node: 0, steps: [accept('t2', 's2')] });
    for (const side of sides) side.isLate = true;
    const taken = { ticketId: 't1', offerId: 'o-t1', token: 'k-t1', cause: 'no-answer', delay: 0, missBreak: 0 };
    await both(
      {
        node: 1,
        steps: [
          { verb: 'declineOffer', args: taken },
          { verb: 'pauseSeat', args: { seatId: 's2', reason: 'tea' } },
        ],
      },
      // Refused, and the verb changes nothing either; refused, and the verb makes the very change that the last was made after.
      ...[accept('t1', 's1'), enqueue('t3'), complete('t2')].map((step) => ({ node: 0, steps: [step] })),
    );
    expect(sides[0].refused).toBe(3);
  });

  it('is not taken on top of one that had a guard against it', async () => {
    const { sides, both, revision } = await pair(['one']);
    await both({ node: 0, steps: [enqueue('t1'), enqueue('t2')] });
    const { revision: seen } = await both({ node: 0, steps: [offer('t1', 's1', revision + 1)] });
    const ring: Step = { verb: 'ringSeat', args: { ticketId: 't1', seatId: 's1', offerId: 'o-t1' } };
    await both(
      { node: 0, steps: [enqueue('t4', { maxWaiting: 1 }), ring] },
      { node: 0, steps: [offer('t4', 's3', seen)] },
    );
    expect(sides[0].refused).toBe(2);
  });

  it('comes with its verbs before what was asked for later, though nobody sent them along', async () => {
    const { sides, both } = await pair(['one']);
    await both({ node: 0, steps: [enqueue('t1'), enqueue('t2')] });
    for (const { keys } of sides) await store.redis.set(keys.by, 'somebody else');
    const leave = (ticketId: string): Step => ({
      verb: 'leaveTicket',
      args: { ticketId, how: 'abandoned', ifWaits: 0 },
    });
    await both(
      { node: 0, steps: [enqueue('t3'), enqueue('t4')] },
      // About what is refused, and no draft.
      { node: 0, steps: [leave('t3'), leave('t4')] },
      { node: 0, steps: [leave('t1'), enqueue('t5')] },
    );
    expect(sides[0]).toMatchObject({ refused: 1, again: 1 });
  });

  it('costs one trip where only the store knows whether it holds', async () => {
    const { sides, both } = await pair(['one']);
    await both({ node: 0, steps: [enqueue('t0')] });
    for (const { keys } of sides) await store.redis.hset(keys.regulars('x'), 'last', 's1', 'n:s1', 1);
    for (let call = 1; call <= 3; call++) {
      await both({ node: 0, steps: [enqueue(`t${call}`, { customer: 'x', regular: 1 })] });
    }
    expect(sides[0]).toMatchObject({ refused: 3, again: 0 });
  });

  it('is not made on top of one without verbs while other nodes come and go, or its own would be run first', async () => {
    const clock = new ManualClock();
    const side = new Side(store, clock, true, ['one']);
    const later = clock.now() + 3_600_000;
    const { revision, nodes } = side.keys;
    await side.run([{ node: 0, steps: [{ verb: 'renewNode', args: { expiresAt: later, begin: 1 } }] }]);
    await store.redis.zadd(nodes, later, 'two~1');
    await side.run([{ node: 0, steps: [{ verb: 'seatUp', args: { seatId: 's1', login: 1 } }, enqueue('t1')] }]);
    await side.run([{ node: 0, steps: [offer('t1', 's1', Number(await store.redis.get(revision)))] }]);
    await store.redis.zrem(nodes, 'two~1');
    const way = new SlowWay(store);
    const ask = async ({ verb, args }: Step): Promise<{ value: Promise<unknown> }> => {
      const value = side.engines[0]!.run<Verb>(verb, args as VerbArgs<Verb>).catch(nameOf);
      await turn();

      return { value };
    };
    await ask(enqueue('t2'));
    await ask(enqueue('t3'));
    // By the first answer the node is alone, by the second it is not.
    await way.next();
    await store.redis.zadd(nodes, later, 'three~1');
    const accepted = await ask(accept('t1', 's1'));
    await way.next();
    const completed = await ask(complete('t1'));
    await way.clear();
    expect([await accepted.value, await completed.value]).toEqual([1, 1]);
    expect(side.records.seats.get('s1')?.[S.state]).toBe('available');
  });

  it('keeps a ticket readable whatever its caller is called', async () => {
    const { sides, both } = await pair(['one']);
    await both({ node: 0, steps: [enqueue('t1')] });
    await both({ node: 0, steps: [enqueue('t2', { terminal: 'a\ud83d', customer: '\udc00"\\\x1d\x1e\x1f' })] });
    await both({ node: 0, steps: [{ verb: 'readRows', args: { kind: 'ticket', ids: 't1,t2' } }] });
    expect(sides[0].drafted).toBe(1);
    expect(sides[0].records.tickets.get('t2')?.[T.customer]).toBe('\ufffd"\\   ');
  });

  it.each([11, 12, 13, 14])('leaves the store, and tells, what the verbs would have: seed %i', async (seed) => {
    const { drafted } = await compare(seed, ROUNDS, ['one']);
    expect(drafted).toBeGreaterThan(8);
  });

  it.each([21, 22])('is not taken when another node has changed something meanwhile: seed %i', async (seed) => {
    const { drafted, refused } = await compare(seed, ROUNDS, ['one', 'two']);
    expect(drafted).toBeGreaterThan(4);
    expect(refused).toBeGreaterThan(0);
  });
});
