import type { Ring } from '../../../src/acd/config';
import { closeSharedRedis } from '../../support/redis';
import { Site, TestConfig } from '../acd/support';
import { inSimulation, onRedis, storyByChance } from './twins';
import type { Story } from './twins';

const ring = (more: Partial<Ring>): Ring => ({ seats: { kind: 'all' }, strategy: 'longest-idle', after: 0, ...more });

/** Queues that show everything the store does: rings, regulars, several seats at a time, limits, misses that count. */
function plan(config: TestConfig): TestConfig {
  const rings = [ring({ seats: { kind: 'last-agent' } }), ring({ strategy: 'fewest-calls', after: 8 })];
  config.addQueue('regulars', { rings, returnWithin: 60, weight: 2, wrapUp: 5 });
  config.addQueue('all', { strategy: 'ring-progressively', ringStep: 4, maxWaiting: 3, maxWait: 40, grace: 9 });
  config.addQueue('plain', { strategy: 'round-robin-ordered', autoBreak: { 'no-answer': 2 }, wrapUpUntilDone: true });
  config.addSeat('s1', ['regulars', 'plain'], ['german'], { order: 1 });
  config.addSeat('s2', ['regulars', 'all'], [], { order: 2, penalties: { all: 1 } });
  config.addSeat('s3', ['plain', 'all'], ['german'], { order: 3 });

  return config.addSeat('s4', ['regulars', 'all', 'plain'], [], { order: 4 });
}

afterAll(closeSharedRedis);

describe('the simulator and the server tell the same story', () => {
  async function both(story: Story, until: number): Promise<void> {
    const site = new Site();
    plan(site.config);
    try {
      const real = await onRedis(site, story, until);
      const simulated = inSimulation(plan(new TestConfig()), story, until);
      expect(simulated).toEqual(real);
    } finally {
      await site.close();
    }
  }

  test('a day that somebody has written', async () => {
    await both(
      [
        [0, { do: 'up', seat: 's1' }],
        [1, { do: 'up', seat: 's4' }],
        [2, { do: 'call', who: 'ann', wish: { queue: 'regulars' } }],
        [4, { do: 'ring', seat: 's1' }],
        [5, { do: 'answer', seat: 's1' }],
        [6, { do: 'call', who: 'ben', wish: { queue: 'plain' } }],
        [9, { do: 'decline', seat: 's4', cause: 'no-answer' }],
        [11, { do: 'call', who: 'fire', wish: { queue: 'regulars', class: 'alarm' } }],
        [12, { do: 'call', who: 'fire2', wish: { queue: 'regulars', class: 'alarm' } }],
        [14, { do: 'answer', seat: 's1' }],
        [20, { do: 'complete', who: 'fire' }],
        [31, { do: 'answer', seat: 's4' }],
        [33, { do: 'hang-up', who: 'ben' }],
        [50, { do: 'complete', who: 'ann' }],
      ],
      120,
    );
  });

  test('a customer whose talk broke off calls again, and is transferred to a queue that knows nothing of it', async () => {
    const wish = { queue: 'regulars', customer: 'ann' };
    await both(
      [
        [0, { do: 'up', seat: 's4' }],
        [1, { do: 'call', who: 'ann', wish }],
        [3, { do: 'answer', seat: 's4' }],
        [5, { do: 'up', seat: 's1' }],
        [8, { do: 'break-off', who: 'ann' }],
        [9, { do: 'call', who: 'ann again', wish }],
        [10, { do: 'transfer', who: 'ann again', queue: 'plain' }],
        [11, { do: 'answer', seat: 's1' }],
      ],
      30,
    );
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('a day by chance, %i', async (seed) => {
    const story = storyByChance(plan(new TestConfig()), seed, 220);
    expect(story.length).toBeGreaterThan(100);
    await both(story, 300);
  });
});
