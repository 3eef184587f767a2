import { factsOf, makeForecast } from '../../../src/acd/estimate';
import * as observed from '../../../src/acd/observed';
import type { Counters } from '../../../src/acd/observed';
import { exponential, lognormal, makeRandom } from './model/day';
import type { Random } from './model/day';

function learn(times: number, step: (known: Counters, random: Random) => void): Counters {
  const random = makeRandom(times);
  const known = observed.noCounters();
  for (let count = 0; count < times; count++) step(known, random);

  return known;
}

/** Within this share of what is expected. */
function expectNear(value: number | undefined, expected: number, share: number): void {
  expect(Math.abs((value ?? NaN) / expected - 1)).toBeLessThan(share);
}

describe('what a queue learns of itself', () => {
  it('is a guess, and Erlang without giving up, before anything has happened', () => {
    expect(factsOf(observed.noCounters(), { staffed: 3 })).toMatchObject({
      staffed: 3,
      handling: 180,
      impatience: 0,
      variation: 1,
      overtaking: 0,
    });
  });

  it('is the mean and the variation of handling, the newest first', () => {
    const known = learn(2_000, (known, random) => observed.learnHandling(known, lognormal(random, 240, 0.6)));
    const { handling, variation } = factsOf(known, { staffed: 1 });
    expectNear(handling, 240, 0.12);
    expectNear(variation, 0.6, 0.25);
    for (let count = 0; count < 1_000; count++) observed.learnHandling(known, 60);
    expectNear(factsOf(known, { staffed: 1 }).handling, 60, 0.1);
  });

  it('believes how fast the line moves before how long talks take', () => {
    // Talks take 100 s, but every other turn of the ten seats goes to another queue.
    const known = learn(2_000, (known, random) => {
      observed.learnHandling(known, 100);
      observed.learnDrain(known, exponential(random, 20), 10, 1);
    });
    expectNear(factsOf(known, { staffed: 10 }).handling, 200, 0.12);
  });

  it('counts congested time in which nobody was answered, without forgetting anything', () => {
    const known = learn(50, (known) => observed.learnDrain(known, 20, 10, 1));
    const { drained, drainedTime } = known;
    observed.learnDrain(known, 30, 10, 0);
    expect([known.drained, known.drainedTime]).toEqual([drained, drainedTime + 300]);
  });

  it('is the rate at which others go ahead', () => {
    const known = learn(3_000, (known, random) => observed.learnEntry(known, exponential(random, 10), random() < 0.2));
    expectNear(factsOf(known, { staffed: 1 }).overtaking, 0.02, 0.25);
  });

  it('is impatience, and how it changes while people wait', () => {
    // Nobody gives up in the first minute; later 1 in 100 s. Who is answered is so after 200 s at most.
    const known = learn(5_000, (known, random) => {
      const patience = 60 + exponential(random, 100);
      const answered = random() * 200;

      observed.learnPatience(known, Math.min(patience, answered), patience < answered);
    });
    const { impatience, impatienceBy } = factsOf(known, { staffed: 1 });
    const left = known.gaveUp.reduce((all, one) => all + one, 0);
    expectNear(impatience, left / known.atRisk.reduce((all, one) => all + one, 0), 1e-9);
    expect(impatienceBy?.[1]).toBeLessThan(0.002);
    expectNear(impatienceBy?.[observed.band(100)], 0.01, 0.35);
  });

  it('does not reckon with patience until three have given up', () => {
    const two = learn(2, (known) => observed.learnPatience(known, 30, true));
    expect(factsOf(two, { staffed: 1 })).toMatchObject({ impatience: 0, impatienceBy: undefined });
    const four = learn(4, (known) => observed.learnPatience(known, 30, true));
    expectNear(factsOf(four, { staffed: 1 }).impatience, 1 / 30, 0.01);
  });

  it('shares a wait among the bands that it went through', () => {
    const known = learn(1, (known) => observed.learnPatience(known, 70, true));
    expect(known.atRisk).toEqual([15, 15, 30, 10, 0, 0, 0, 0]);
    expect(known.gaveUp).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
    expect([0, 14.9, 15, 120, 1e6].map(observed.band)).toEqual([0, 0, 1, 4, 7]);
  });

  it.each([0.5, 1, 2])(
    'moves the ends of the range to where one in ten is beyond, waits spread %d times as told',
    (times) => {
      const { middle, spread } = makeForecast({ staffed: 10, handling: 300, impatience: 0 })(20);
      const wait = (random: Random): number => {
        const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

        return middle * Math.max(0, 1 + times * normal * spread) ** 3;
      };
      const known = learn(20_000, (known, random) => observed.learnFit(known, wait(random), middle, spread));
      expectNear(known.lowEnd, -1.2816 * times, 0.15);
      expectNear(known.highEnd, 1.2816 * times, 0.15);
    },
  );

  it('keeps the ends of the range apart, whatever comes', () => {
    const known = learn(5_000, (known) => observed.learnFit(known, 100, 100, 0.1));
    expect(known.lowEnd).toBeLessThan(-0.2);
    expect(known.highEnd).toBeGreaterThan(0.2);
    const wild = learn(50_000, (known, random) => observed.learnFit(known, random() < 0.5 ? 0 : 1e6, 100, 0.1));
    expect(wild.lowEnd).toBeGreaterThan(-6);
    expect(wild.highEnd).toBeLessThan(6);
  });

  it('finds by what factor tickets of a kind wait longer', () => {
    const random = makeRandom(3);
    let factor = 1;
    for (let count = 0; count < 3_000; count++)
      factor = observed.learnFactor(factor, lognormal(random, 180, 0.3), factor * 100);
    // The median of that law.
    expectNear(factor, 1.8 / Math.sqrt(1.09), 0.05);
    for (let count = 0; count < 9_000; count++) factor = observed.learnFactor(factor, 1e9, factor * 100);
    expect(factor).toBeCloseTo(5);
  });
});
