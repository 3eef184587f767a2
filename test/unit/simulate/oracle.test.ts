import { exponential, randomOf } from '../../../src/simulate/random';
import { dayOf, demand, erlangA, erlangC, meanOf, planOf, run } from './days';

const seeds = Array.from({ length: 8 }, (_, index) => index + 1);
/** The talks of these days are lognormal with the spread of exponential ones; that is right for one and the same moment only. */
const MODEL = 0.06;

describe('queues whose figures are known by formula', () => {
  test('the formulas themselves, by values of the tables', () => {
    expect(erlangC(10, 12)).toBeCloseTo(0.4494, 3);
    expect(erlangC(0.5, 1)).toBeCloseTo(0.5, 10);
    // Who never gives up: Erlang C again.
    const { wait } = erlangA(10 / 180, 1 / 180, 1e-12, 12);
    expect(wait).toBeCloseTo((erlangC(10, 12) * 180) / 2, 3);
  });

  test('Erlang C: who waits, and for how long, when nobody gives up', () => {
    const plan = planOf([{ strategy: 'longest-idle' }], 12);
    // 200 calls an hour of 180 s: 10 Erlang.
    const days = seeds.map((seed) => {
      const day = dayOf(plan, [demand(200)], seed);
      const exponentialTalks = day.arrivals.map((call, index) => ({ ...call, talk: exponentialTalk(seed, index) }));

      return run(plan, { ...day, arrivals: exponentialTalks }).report;
    });
    const waits = meanOf(days.map(({ all }) => all.waits.mean ?? NaN));
    const share = meanOf(days.map(({ all }) => all.estimate.told / all.offered));
    const load = meanOf(days.map(({ all }) => all.occupancy ?? NaN));
    const expected = erlangC(10, 12);
    expect(Math.abs(share.mean - expected)).toBeLessThan(share.margin);
    expect(Math.abs(waits.mean - (expected * 180) / 2)).toBeLessThan(waits.margin);
    expect(Math.abs(load.mean - 10 / 12)).toBeLessThan(load.margin + 0.01);
    // Margins that say nothing would let anything pass.
    expect(share.margin).toBeLessThan(0.12);
    expect(waits.margin).toBeLessThan(20);
  });

  test('Erlang A: who gives up', () => {
    const plan = planOf([{ strategy: 'random', grace: 1 }], 10);
    const patient = { talk: { mean: 180, cv: 1 }, patience: { mean: 120, cv: 1 } };
    const days = seeds.map((seed) => run(plan, dayOf(plan, [demand(220, patient)], seed)).report.all);
    const gaveUp = meanOf(days.map(({ abandoned, offered }) => abandoned / offered));
    const waits = meanOf(days.map((all) => all.waits.mean ?? NaN));
    const expected = erlangA(220 / 3600, 1 / 180, 1 / 120, 10);
    expect(Math.abs(gaveUp.mean - expected.abandoned)).toBeLessThan(gaveUp.margin + expected.abandoned * MODEL);
    expect(Math.abs(waits.mean - expected.wait)).toBeLessThan(waits.margin + expected.wait * MODEL);
    expect(gaveUp.margin).toBeLessThan(expected.abandoned / 5);
  });
});

/** In ms, without memory. */
function exponentialTalk(seed: number, index: number): number {
  const random = randomOf(seed, 'talk', index);

  return Math.round(exponential(random, 180) * 1_000);
}
