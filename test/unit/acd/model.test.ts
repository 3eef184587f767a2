import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { SightlineError } from '../../../src/lib/errors';
import { inProject } from '../../../src/lib/paths';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { histories } from './model/steps';
import { World } from './model/world';
import type { Step } from './model/world';

/**
 * Whatever callers, seats and three nodes do, in any order and at the same time, the invariants hold. docs/testing.md tells how
 * to run it for longer: `ACD_MODEL_STEPS` in all, over `ACD_MODEL_SEEDS` seeds from `ACD_MODEL_SEED` on. What fails is kept, as
 * short as it could be made, in test/data/acd, and done again at every run.
 */
const steps = Number(process.env.ACD_MODEL_STEPS ?? 3_000);
const count = Number(process.env.ACD_MODEL_SEEDS ?? 1);
/** A run of all tests is the same each time; a longer one looks elsewhere each time. */
const usual = process.env.ACD_MODEL_STEPS === undefined ? 20_261_128 : Math.floor(Math.random() * 2 ** 31);
const first = Number(process.env.ACD_MODEL_SEED ?? usual);
const seeds = Array.from({ length: count }, (_, index) => first + index);
const LENGTH = 60;
/** How long a batch may take, and how long a failure is made shorter, in ms. */
const LATEST = 15_000;
const SHRINK = Number(process.env.ACD_MODEL_SHRINK ?? 60_000);
const folder = inProject('test', 'data', 'acd');
const kept = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];

let redis: Redis;
let url: string;

beforeAll(async () => {
  ({ url } = await sharedRedis());
  redis = new Redis(url);
});

afterAll(async () => {
  redis.disconnect();
  await closeSharedRedis();
});

async function live(batches: readonly Step[][]): Promise<void> {
  const world = new World(url, redis);
  await world.open();
  try {
    for (const one of batches) await inTime(world.batch(one));
    await inTime(world.end());
  } finally {
    await world.close();
  }
}

/** A machine with too much to do lets Redis wait until its clients give up: such a story is told once more. */
function isStall(error: unknown): boolean {
  return error instanceof SightlineError && error.code === 'STORE_UNAVAILABLE';
}

/** What takes so long has come to a stop. */
async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a batch takes longer than ${LATEST} ms`)), LATEST);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

test.each(seeds)(
  'the invariants hold, seed %i',
  async (seed) => {
    const began = Date.now();
    const wanted = steps / count;
    let done = 0;
    let failedAt = 0;
    let stalls = 0;
    const property = fc.asyncProperty(histories(LENGTH), async (batches) => {
      if (failedAt === 0 ? done >= wanted : Date.now() > failedAt + SHRINK) return;
      done += batches.flat().length;
      try {
        await live(batches).catch((error: unknown) => {
          if (!isStall(error)) throw error;
          stalls++;

          return live(batches);
        });
      } catch (error) {
        if (failedAt === 0) process.stderr.write(`seed ${seed}, after ${done} steps: ${String(error)}\n`);
        failedAt ||= Date.now();
        throw error;
      }
    });
    // More runs than are needed: the steps that were done are counted.
    const result = await fc.check(property, {
      numRuns: Math.ceil(wanted),
      seed,
      interruptAfterTimeLimit: 24 * 3_600_000,
    });
    const took = Math.round((Date.now() - began) / 1_000);
    if (steps > 10_000)
      process.stderr.write(`seed ${seed}: ${done} steps in ${took} s, told again after a stall: ${stalls}\n`);
    if (result.failed) {
      keep(seed, result.counterexample?.[0] ?? []);
      throw result.errorInstance;
    }
    expect(done).toBeGreaterThanOrEqual(wanted);
  },
  Math.max(120_000, steps * 100),
);

function keep(seed: number, batches: readonly Step[][]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(inProject('test', 'data', 'acd', `seed-${seed}.json`), `${JSON.stringify(batches, null, 1)}\n`);
}

if (kept.length > 0) {
  test.each(kept)('what failed once does not fail again: %s', async (file) => {
    await live(JSON.parse(readFileSync(inProject('test', 'data', 'acd', file), 'utf8')) as Step[][]);
  });
}
