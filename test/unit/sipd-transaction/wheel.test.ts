import fc from 'fast-check';
import { ManualClock } from '../../../src/lib/clock';
import type { Clock } from '../../../src/lib/clock';
import { TimerWheel } from '../../../src/sipd/transaction/wheel';

const interval = 25;

/** A wheel with notes of what fell due, and when. */
function setUp(clock: Clock = new ManualClock()): {
  wheel: TimerWheel;
  fired: [string, number][];
  start: (ms: number, kind: string) => ReturnType<TimerWheel['start']>;
} {
  const wheel = new TimerWheel(clock, interval);
  const fired: [string, number][] = [];
  const begin = clock.now();
  const owner = { onTimer: (kind: string) => fired.push([kind, clock.now() - begin]) };

  return { wheel, fired, start: (ms, kind) => wheel.start(ms, owner, kind) };
}

test('timers fall due at the first tick at or after their time', () => {
  const clock = new ManualClock();
  const { wheel, fired, start } = setUp(clock);
  start(500, 'a');
  start(510, 'b');
  start(0, 'now');
  expect(wheel.size).toBe(3);
  clock.advance(1000);
  expect(fired).toEqual([
    ['now', 25],
    ['a', 500],
    ['b', 525],
  ]);
  expect(wheel.size).toBe(0);
  expect(clock.pendingCount).toBe(0);
});

test('timers longer than a turn of the wheel wait for their round', () => {
  const clock = new ManualClock();
  const { fired, start } = setUp(clock);
  start(185_000, 'c');
  start(185_000 - 2048 * interval, 'same slot');
  clock.advance(200_000);
  expect(fired).toEqual([
    ['same slot', 133_800],
    ['c', 185_000],
  ]);
});

test('a stopped timer does not fire; stopping twice or too late is harmless', () => {
  const clock = new ManualClock();
  const { wheel, fired, start } = setUp(clock);
  const [a, b, c] = [start(100, 'a'), start(100, 'b'), start(100, 'c')];
  wheel.stop(b);
  wheel.stop(b);
  wheel.stop(undefined);
  clock.advance(100);
  expect(fired.map(([kind]) => kind)).toEqual(['a', 'c']);
  wheel.stop(a);
  wheel.stop(c);
  expect(wheel.size).toBe(0);
});

test('an owner may stop and start timers while it is called', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, interval);
  const fired: string[] = [];
  const second = { onTimer: () => fired.push('second') };
  const timers: ReturnType<TimerWheel['start']>[] = [];
  wheel.start(
    100,
    {
      onTimer: () => {
        wheel.stop(timers[0]);
        wheel.start(0, second, 'x');
        fired.push('first');
      },
    },
    'x',
  );
  timers.push(wheel.start(100, second, 'x'));
  clock.advance(100);
  expect(fired).toEqual(['first']);
  clock.advance(25);
  expect(fired).toEqual(['first', 'second']);
});

test('close forgets all, also while a timer is called', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, interval);
  const fired: string[] = [];
  wheel.start(
    100,
    {
      onTimer: () => {
        fired.push('a');
        wheel.close();
      },
    },
    'x',
  );
  wheel.start(100, { onTimer: () => fired.push('b') }, 'x');
  clock.advance(1000);
  expect(fired).toEqual(['a']);
  expect(wheel.size).toBe(0);
  expect(clock.pendingCount).toBe(0);
});

test('what is left of a timer can be asked for', () => {
  const clock = new ManualClock();
  const { wheel, start } = setUp(clock);
  const timer = start(1000, 'a');
  clock.advance(400);
  expect(wheel.remaining(timer)).toBe(600);
});

test('a clock that is set back does not stop the wheel, and one that stands still for long fires all that is due', () => {
  const manual = new ManualClock();
  let offset = 0;
  const clock: Clock = { now: () => manual.now() + offset, after: (ms, fn) => manual.after(ms, fn) };
  const wheel = new TimerWheel(clock, interval);
  const fired: string[] = [];
  wheel.start(500, { onTimer: () => fired.push('a') }, 'x');
  wheel.start(32_000, { onTimer: () => fired.push('d') }, 'x');
  manual.advance(100);
  offset = -3_600_000;
  manual.advance(500);
  expect(fired).toEqual(['a']);
  offset = 0;
  manual.advance(50);
  expect(fired).toEqual(['a', 'd']);
});

test('property: every timer that is not stopped fires once, in time', () => {
  const plan = fc.array(fc.record({ at: fc.nat(5000), ms: fc.nat(120_000), stop: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(plan, (entries) => {
      const clock = new ManualClock(0);
      const wheel = new TimerWheel(clock, interval);
      const fired = new Map<number, number>();
      const sorted = [...entries].sort((a, b) => a.at - b.at);
      sorted.forEach(({ at, ms, stop }, index) => {
        clock.advance(at - clock.now());
        const timer = wheel.start(ms, { onTimer: () => fired.set(index, clock.now()) }, 'x');
        if (stop) wheel.stop(timer);
      });
      clock.advance(130_000);
      sorted.forEach(({ at, ms, stop }, index) => {
        if (stop) expect(fired.has(index)).toBe(false);
        else {
          expect(fired.get(index)).toBeGreaterThanOrEqual(at + ms);
          expect(fired.get(index)).toBeLessThanOrEqual(at + ms + 2 * interval);
        }
      });
      expect(wheel.size).toBe(0);
    }),
    { numRuns: 50 },
  );
});
