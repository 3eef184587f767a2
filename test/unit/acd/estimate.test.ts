import fc from 'fast-check';
import { makeEstimator, steady } from '../../../src/acd/estimate';
import type { QueueFacts } from '../../../src/acd/estimate';

const facts = (change: Partial<QueueFacts> = {}): QueueFacts => ({
  staffed: 10,
  handling: 300,
  impatience: 0,
  ...change,
});

/** A wait played through: i people ahead leave one by one, by a seat that frees or by giving up. */
function play({ staffed, handling, impatience }: QueueFacts, position: number, random: () => number): number {
  let waited = 0;
  for (let ahead = position - 1; ahead >= 0; ahead--) {
    waited += -Math.log(1 - random()) / (staffed / handling + ahead * impatience);
  }

  return waited;
}

function generator(seed: number): () => number {
  let state = seed;

  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;

    return state / 4_294_967_296;
  };
}

describe('the estimate of a wait', () => {
  it.each([
    [1, facts({ staffed: 1 })],
    [5, facts()],
    [40, facts()],
    [40, facts({ impatience: 0.002 })],
    [300, facts({ staffed: 30, impatience: 0.001 })],
  ])('holds for about four of five waits (a little more by rounding), at place %d', (position, what) => {
    const [low, high] = makeEstimator(what)(position);
    const random = generator(position);
    const waits = Array.from({ length: 4_000 }, () => play(what, position, random));
    const inside = waits.filter((wait) => wait >= low && wait <= high).length / waits.length;
    expect(inside).toBeGreaterThan(0.75);
    expect(inside).toBeLessThan(0.93);
  });

  it('is worse for a worse place, fewer seats and longer talks, better when others give up', () => {
    const base = makeEstimator(facts())(30);
    const worse = [
      makeEstimator(facts())(60),
      makeEstimator(facts({ staffed: 5 }))(30),
      makeEstimator(facts({ handling: 600 }))(30),
    ];
    for (const other of worse) {
      expect(other[0]).toBeGreaterThan(base[0]);
      expect(other[1]).toBeGreaterThan(base[1]);
    }
    const eased = makeEstimator(facts({ impatience: 0.01 }))(30);
    expect(eased[1]).toBeLessThan(base[1]);
  });

  it('takes an empty staff for one seat and is finite whatever it is given', () => {
    expect(makeEstimator(facts({ staffed: 0 }))(3)).toEqual(makeEstimator(facts({ staffed: 1 }))(3));
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.nat(500),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        (position, staffed, handling) => {
          const [low, high] = makeEstimator({ staffed, handling, impatience: 0 })(position);
          expect(Number.isFinite(high)).toBe(true);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeGreaterThanOrEqual(low);
        },
      ),
    );
  });

  it('is told in steps that people can make something of', () => {
    for (const position of [1, 5, 20, 50, 400]) {
      for (const seconds of makeEstimator(facts())(position)) expect(seconds % 5).toBe(0);
    }
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
});
