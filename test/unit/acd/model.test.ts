import fc from 'fast-check';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { Redis } from 'ioredis';
import { World } from './model/world';
import type { Step } from './model/world';

/**
 * Whatever callers, seats and two nodes do, in any order and at the same time, the invariants hold.
 * `ACD_MODEL_STEPS=1000000` runs longer, `ACD_MODEL_SEED` repeats a run.
 */
const steps = Number(process.env.ACD_MODEL_STEPS ?? 3_000);
const seed = process.env.ACD_MODEL_SEED === undefined ? undefined : Number(process.env.ACD_MODEL_SEED);
const LENGTH = 60;

const which = fc.nat(1_000);
const node = fc.nat(1);
const causes = ['no-answer', 'rejected', 'busy', 'unreachable', 'caller-left'] as const;

const kinds: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      node,
      queue: fc.nat(1),
      terminal: fc.nat(9),
      priority: fc.constantFrom(0, 0, 0, 5, -5),
      skills: fc.constantFrom([], [], ['x'], ['x', 'y']),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('accept' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acceptOld' as const), which }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('complete' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'hold' as const, 'unhold' as const), which }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('decline' as const), which, cause: fc.constantFrom(...causes) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('leave' as const),
      which,
      reason: fc.constantFrom('abandoned' as const, 'called-back' as const, 'overflowed' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const), node, terminal: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('seatUp' as const), node, seat: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('seatDown' as const, 'pause' as const, 'unpause' as const, 'unpause' as const),
      node,
      seat: fc.nat(4),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'blip' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), node, adopt: fc.boolean() }) },
];

afterAll(closeSharedRedis);

test(
  'the invariants hold',
  async () => {
    const { url } = await sharedRedis();
    const admin = new Redis(url);
    const batch = fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: LENGTH, size: 'max' }),
      async (batches) => {
        const world = new World(url);
        await world.open();
        try {
          for (const one of batches) await world.batch(one);
        } finally {
          await world.close();
          await admin.flushall();
        }
      },
    );
    try {
      await fc.assert(property, { numRuns: Math.ceil(steps / LENGTH), seed });
    } finally {
      admin.disconnect();
    }
  },
  Math.max(120_000, steps * 20),
);
