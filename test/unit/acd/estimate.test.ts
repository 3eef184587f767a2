import fc from 'fast-check';
import { makeForecast, steady } from '../../../src/acd/estimate';
import type { Estimate, EstimateFacts, Told } from '../../../src/acd/estimate';
import { makeRandom } from './model/day';
import { makeEstimator } from './estimator';

const facts = (change: Partial<EstimateFacts> = {}): EstimateFacts => ({
  staffed: 10,
  handling: 300,
  impatience: 0,
  ...change,
});

/** A wait played through: people ahead leave one by one, by a seat that frees or by giving up; others go ahead of him. */
function play(
  { staffed, handling, impatience, overtaking = 0 }: EstimateFacts,
  position: number,
  random: () => number,
) {
  let waited = 0;
  for (let ahead = position - 1; ahead >= 0;) {
    const down = staffed / handling + ahead * impatience;
    waited += -Math.log(1 - random()) / (down + overtaking);
    ahead += random() * (down + overtaking) < down ? -1 : 1;
  }

  return waited;
}

const someFacts = fc.record({
  staffed: fc.nat(500),
  handling: fc.double({ min: 0, max: 1e5, noNaN: true }),
  impatience: fc.double({ min: 0, max: 1, noNaN: true }),
  free: fc.nat(5),
  variation: fc.double({ min: 0, max: 5, noNaN: true }),
  doubt: fc.constantFrom({ handling: 0, impatience: 0 }, { handling: 1, impatience: 1 }),
  overtaking: fc.double({ min: 0, max: 10, noNaN: true }),
  front: fc.nat(10),
  ends: fc.constantFrom<[number, number]>([-1.28, 1.28], [-5, 5], [-0.2, 0.2]),
});

describe('the estimate of a wait', () => {
  it.each([
    [1, facts({ staffed: 1 })],
    [5, facts()],
    [40, facts()],
    [40, facts({ impatience: 0.002 })],
    [300, facts({ staffed: 30, impatience: 0.001 })],
    [20, facts({ overtaking: 0.01 })],
  ])('holds for about four of five waits, at place %d', (position, what) => {
    const [low, high] = makeEstimator(what)(position);
    const random = makeRandom(position);
    const waits = Array.from({ length: 4_000 }, () => play(what, position, random));
    const inside = waits.filter((wait) => wait >= low && wait <= high).length / waits.length;
    expect(inside).toBeGreaterThan(0.75);
    expect(inside).toBeLessThan(0.85);
  });

  it('has the mean and the median of such waits', () => {
    const what = facts({ impatience: 0.002 });
    const random = makeRandom(7);
    const waits = Array.from({ length: 20_000 }, () => play(what, 15, random)).sort((a, b) => a - b);
    const { middle, mean } = makeForecast(what)(15);
    expect(middle / (waits[10_000] ?? 0)).toBeCloseTo(1, 1);
    expect(mean / (waits.reduce((all, one) => all + one, 0) / waits.length)).toBeCloseTo(1, 1);
  });

  it('is worse for a worse place, fewer seats, longer talks and overtakers, better when others give up', () => {
    const base = makeEstimator(facts())(30);
    const worse = [
      makeEstimator(facts())(60),
      makeEstimator(facts({ staffed: 5 }))(30),
      makeEstimator(facts({ handling: 600 }))(30),
      makeEstimator(facts({ overtaking: 0.01 }))(30),
      makeEstimator(facts())(30, 1.5),
    ];
    for (const other of worse) {
      expect(other[0]).toBeGreaterThan(base[0]);
      expect(other[1]).toBeGreaterThan(base[1]);
    }
    const eased = makeEstimator(facts({ impatience: 0.01 }))(30);
    expect(eased[1]).toBeLessThan(base[1]);
  });

  it('is wider when handling times vary more, and when less is known', () => {
    const width = ([low, high]: Estimate): number => high - low;
    const base = width(makeEstimator(facts({ variation: 1 }))(30));
    expect(width(makeEstimator(facts({ variation: 0.5 }))(30))).toBeLessThan(base);
    expect(width(makeEstimator(facts({ variation: 1.5 }))(30))).toBeGreaterThan(base);
    expect(width(makeEstimator(facts({ doubt: { handling: 0.3, impatience: 0 } }))(30))).toBeGreaterThan(base);
  });

  it('counts the patience of those ahead by how long they have waited', () => {
    // Only who has waited for four minutes or more gives up.
    const impatienceBy = [0, 0, 0, 0, 0, 0.02, 0.02, 0.02];
    const at = (waited: number[]): number => makeForecast(facts({ impatience: 0.001, impatienceBy, waited }))(21).mean;
    const fresh = at(Array.from({ length: 20 }, () => 10));
    expect(fresh).toBeCloseTo(makeForecast(facts())(21).mean);
    expect(at(Array.from({ length: 20 }, () => 300))).toBeLessThan(fresh);
  });

  it('lets nobody overtake at the head of the line', () => {
    const forecast = makeForecast(facts({ overtaking: 0.01, front: 3 }));
    expect(forecast(3)).toEqual(makeForecast(facts())(3));
    expect(forecast(4).mean).toBeGreaterThan(makeForecast(facts())(4).mean);
  });

  it('is next to nothing for those whom a free seat can take, and counts the others from there', () => {
    const estimate = makeEstimator(facts({ free: 2 }));
    expect(estimate(2)).toEqual([0, 5]);
    expect(estimate(5)).toEqual(makeEstimator(facts())(3));
  });

  it('takes an empty staff for one seat, and is finite and in order whatever it is given', () => {
    expect(makeEstimator(facts({ staffed: 0 }))(3)).toEqual(makeEstimator(facts({ staffed: 1 }))(3));
    fc.assert(
      fc.property(fc.nat(2_000), someFacts, (position, what) => {
        const [low, high] = makeEstimator(what)(position);
        expect(Number.isFinite(high)).toBe(true);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeGreaterThanOrEqual(low);
        expect(high).toBeGreaterThan(low);
      }),
    );
  });

  it('does not get better with a worse place', () => {
    fc.assert(
      fc.property(fc.nat(300), someFacts, (position, what) => {
        const { middle } = makeForecast(what)(position);
        expect(makeForecast(what)(position + 1).middle).toBeGreaterThanOrEqual(middle);
      }),
    );
  });

  it('is told in steps that people can make something of', () => {
    for (const position of [1, 5, 20, 50, 400]) {
      for (const seconds of makeEstimator(facts())(position)) expect(seconds % 5).toBe(0);
    }
  });

  it('takes a moment for 10,000 places', () => {
    const waited = Array.from({ length: 10_000 }, (_, index) => 2_000 - index / 5);
    const impatienceBy = Array.from({ length: 8 }, () => 0.001);
    const took = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      const estimate = makeEstimator(facts({ staffed: 400, impatience: 0.001, impatienceBy, waited }));
      for (let position = 1; position <= 10_000; position++) estimate(position);

      return process.cpuUsage(before).user / 1_000;
    });
    // About 3 ms in the server; here looking up `Math` alone takes ten times as long. With work that grows with the square
    // of the places it would be seconds.
    expect(Math.min(...took)).toBeLessThan(150);
  });
});

describe('what was told before', () => {
  const told = { position: 4, staffed: 2, estimate: [60, 120] as [number, number] };

  it('does not rise when neither the place nor the staff got worse', () => {
    expect(steady({ position: 4, staffed: 2, estimate: [90, 300] }, told)).toEqual([60, 120]);
    expect(steady({ position: 3, staffed: 3, estimate: [90, 100] }, told)).toEqual([60, 100]);
  });

  it('may rise when somebody more urgent came or seats went', () => {
    expect(steady({ position: 5, staffed: 2, estimate: [90, 300] }, told)).toEqual([90, 300]);
    expect(steady({ position: 4, staffed: 1, estimate: [90, 300] }, told)).toEqual([90, 300]);
    expect(steady({ position: 9, staffed: 1, estimate: [9, 30] }, undefined)).toEqual([9, 30]);
  });

  it('never rises on a way on which places only improve and seats only come, whatever is learnt meanwhile', () => {
    const way = fc.array(fc.record({ nearer: fc.nat(2), more: fc.nat(1), what: someFacts }), { minLength: 2 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), way, (start, steps) => {
        let position = start;
        let staffed = 5;
        let last: Told | undefined;
        for (const { nearer, more, what } of steps) {
          position = Math.max(1, position - nearer);
          staffed += more;
          const next = { position, staffed, estimate: makeEstimator({ ...what, staffed })(position) };
          const estimate = steady(next, last);
          expect(estimate[0]).toBeLessThanOrEqual(estimate[1]);
          if (last) {
            expect(estimate[0]).toBeLessThanOrEqual(last.estimate[0]);
            expect(estimate[1]).toBeLessThanOrEqual(last.estimate[1]);
          }
          last = { ...next, estimate };
        }
      }),
    );
  });
});
