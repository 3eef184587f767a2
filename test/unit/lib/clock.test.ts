import { ManualClock, pause, systemClock } from '../../../src/lib/clock';

describe('ManualClock', () => {
  test('stands still until it is moved', () => {
    const clock = new ManualClock(1000);
    const calls: number[] = [];
    clock.after(10, () => calls.push(clock.now()));
    expect(clock.now()).toBe(1000);
    clock.advance(9);
    expect(calls).toEqual([]);
    clock.advance(1);
    expect(calls).toEqual([1010]);
    expect(clock.pendingCount).toBe(0);
  });

  test('runs what falls due in order of time, then of coming, each at its own time', () => {
    const clock = new ManualClock(0);
    const calls: string[] = [];
    for (const [ms, name] of [
      [30, 'c'],
      [10, 'a'],
      [30, 'd'],
      [20, 'b'],
    ] as const) {
      clock.after(ms, () => calls.push(`${name}@${clock.now()}`));
    }
    clock.advance(100);
    expect(calls).toEqual(['a@10', 'b@20', 'c@30', 'd@30']);
    expect(clock.now()).toBe(100);
  });

  test('what is set while it moves runs in the same move when it falls due', () => {
    const clock = new ManualClock(0);
    const calls: number[] = [];
    const again = (): void => {
      calls.push(clock.now());
      clock.after(40, again);
    };
    clock.after(40, again);
    clock.advance(100);
    expect(calls).toEqual([40, 80]);
    expect(clock.pendingCount).toBe(1);
  });

  test('what is cancelled does not run, also when it is cancelled by what ran before it', () => {
    const clock = new ManualClock(0);
    const calls: string[] = [];
    const cancel = clock.after(20, () => calls.push('cancelled'));
    clock.after(10, () => {
      cancel();
      cancel();
    });
    clock.advance(30);
    expect(calls).toEqual([]);
  });

  test('`pause` waits on the given clock', async () => {
    const clock = new ManualClock(0);
    let over = false;
    const waiting = pause(clock, 500).then(() => (over = true));
    await Promise.resolve();
    expect(over).toBe(false);
    clock.advance(500);
    await waiting;
    expect(over).toBe(true);
  });
});

describe('systemClock', () => {
  test('tells the time of the machine and calls back once', async () => {
    const before = Date.now();
    const at = await new Promise<number>((resolve) => {
      systemClock.after(1, () => resolve(systemClock.now()));
      // The clock's timers do not keep the process alive; this one does for the test.
      const hold = setInterval(() => clearInterval(hold), 1);
    });
    expect(at).toBeGreaterThanOrEqual(before);
  });

  test('a cancelled timer does not call back; cancelling twice is harmless', async () => {
    const calls: string[] = [];
    const cancel = systemClock.after(0, () => calls.push('cancelled'));
    cancel();
    cancel();
    await new Promise<void>((resolve) => systemClock.after(2, resolve));
    expect(calls).toEqual([]);
  });
});
