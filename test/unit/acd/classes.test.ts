import fc from 'fast-check';
import { defaultCurves, overtakeBound, worth } from '../../../src/acd/classes';
import type { ClassCurve, ClassCurves } from '../../../src/acd/config';

function withCurves(normal: ClassCurve, vip: ClassCurve): ClassCurves {
  return { ...defaultCurves, normal, vip };
}

const straight: ClassCurve = { points: [[0, 0]], after: 1 };

describe('the worth of a ticket', () => {
  it.each([
    ['normal', 90, 90],
    ['vip', 90, 210],
    ['low', 90, 45],
    ['vip', -200, -80],
    ['alarm', 0, Infinity],
  ] as const)('of class %s after %d s is %d by default', (ticketClass, waited, expected) => {
    expect(worth(defaultCurves, ticketClass, waited)).toBe(expected);
  });

  it('lies on the lines between the points, and goes on beyond both ends', () => {
    const curves = withCurves(straight, { points: [[0, 100], [100, 300], [200, 350]], after: 0.25 }); // prettier-ignore
    const at = (waited: number): number => worth(curves, 'vip', waited);
    expect([-50, 0, 50, 100, 150, 200, 240].map(at)).toEqual([0, 100, 200, 300, 325, 350, 360]);
  });
});

describe('how long a VIP that comes later may overtake', () => {
  it.each<[string, ClassCurve, ClassCurve, number]>([
    ['is the head start of curves that run side by side', straight, { points: [[0, 120]], after: 1 }, 120],
    ['is nothing when VIPs are worth no more', straight, { points: [[0, -5]], after: 1 }, 0],
    ['has no end when VIPs age faster for ever', straight, { points: [[0, 0]], after: 1.1 }, Infinity],
    ['is told at the corner of the curve of VIPs', straight, { points: [[0, 0], [100, 400]], after: 0.5 }, 300],
    [
      'is told at the corner of the curve of others',
      { points: [[0, 0], [100, 50], [150, 200]], after: 1 },
      { points: [[0, 0]], after: 1 },
      50,
    ],
    [
      'counts a flat piece whole',
      { points: [[0, 0], [10, 10], [60, 10], [61, 100]], after: 1 },
      { points: [[0, 5]], after: 1 },
      55,
    ],
    ['has no end when others stop to age below VIPs', { points: [[0, 0], [50, 50]], after: 0 }, { points: [[0, 60]], after: 0 }, Infinity],
    ['ends when others stop to age above VIPs', { points: [[0, 0], [50, 50]], after: 0 }, { points: [[0, 20]], after: 0 }, 20],
  ])('%s', (_, normal, vip, expected) => {
    expect(overtakeBound(withCurves(normal, vip))).toBeCloseTo(expected, 9);
  }); // prettier-ignore

  const step = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 600 }));
  const curve = fc
    .record({
      start: fc.integer({ min: -200, max: 200 }),
      first: fc.integer({ min: 0, max: 60 }),
      steps: fc.array(step, { maxLength: 5 }),
      after: fc.integer({ min: 1, max: 20 }).map((tenth) => tenth / 10),
    })
    .map(({ start, first, steps, after }): ClassCurve => {
      let [x, y] = [first, start];
      const points: [number, number][] = [[x, y]];
      for (const [dx, dy] of steps) points.push([(x += dx), (y += dy)]);

      return { points, after };
    });

  it('is long enough: who comes later never goes before somebody who was there', () => {
    const arrivals = fc.array(fc.double({ min: 0, max: 3_000, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(curve, curve, arrivals, arrivals, (normal, vip, later, looks) => {
        const curves = withCurves(normal, vip);
        const bound = overtakeBound(curves);
        if (bound === Infinity) return;
        for (const wait of later) {
          for (const look of looks) {
            // The normal ticket comes at 0, the VIP after the bound, and both are looked at when both are there.
            const [came, now] = [bound + wait, bound + wait + look];
            expect(worth(curves, 'normal', now)).toBeGreaterThanOrEqual(worth(curves, 'vip', now - came) - 1e-6);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is no longer than it must be: who comes a little sooner does go before, sooner or later', () => {
    fc.assert(
      fc.property(curve, curve, (normal, vip) => {
        const curves = withCurves(normal, vip);
        const bound = overtakeBound(curves);
        if (bound === 0) return;
        const came = bound === Infinity ? 10_000 : bound * 0.99 - 0.001;
        const overtakes = (now: number): boolean =>
          now >= came && worth(curves, 'vip', now - came) > worth(curves, 'normal', now);
        // Looked at every half second, and long after when one curve is steeper for ever.
        const looks = Array.from({ length: 20_000 }, (_, index) => Math.max(0, came) + index / 2);
        expect([...looks, 1e9].some(overtakes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
