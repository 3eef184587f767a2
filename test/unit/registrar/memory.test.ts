import { MemoryReplayGuard } from '../../../src/sip/registrar/replay';
import { Throttle } from '../../../src/sip/registrar/throttle';

describe('MemoryReplayGuard', () => {
  it('lets counts rise, with gaps, and never repeat', () => {
    const guard = new MemoryReplayGuard(1_000);
    const take = (nonceCount: number): boolean => guard.take({ nonce: 'n', nonceCount, issuedAt: 0, now: 1 });
    expect([1, 1, 2, 5, 4, 5, 6].map(take)).toEqual([true, false, true, true, false, false, true]);
  });

  it('forgets expired nonces', () => {
    const guard = new MemoryReplayGuard(1_000);
    guard.take({ nonce: 'a', nonceCount: 1, issuedAt: 0, now: 0 });
    guard.take({ nonce: 'b', nonceCount: 1, issuedAt: 900, now: 1_500 });
    expect(guard.size).toBe(1);
  });

  it('is bounded, and never takes for new what it had to forget', () => {
    const guard = new MemoryReplayGuard(1_000, 3);
    const take = (nonce: string, issuedAt: number): boolean => guard.take({ nonce, nonceCount: 1, issuedAt, now: 10 });
    expect(['a', 'b', 'c', 'd'].map((nonce, i) => take(nonce, i))).toEqual([true, true, true, true]);
    expect(guard.size).toBe(3);
    expect(take('a', 0)).toBe(false);
    expect(take('e', 5)).toBe(true);
  });
});

describe('Throttle', () => {
  const limits = { window: 1_000, perUser: 3, perSource: 5, capacity: 100 };

  it('blocks a user from one source after his failures in the window', () => {
    const throttle = new Throttle(limits);
    expect([0, 1, 2].map((now) => throttle.failed('s', 'u', now))).toEqual([false, false, true]);
    expect(throttle.blockedFor('s', 'u', 2)).toBe(1_000);
    expect(throttle.blockedFor('s', 'u', 1_002)).toBe(0);
    expect(throttle.blockedFor('s', 'v', 2)).toBe(0);
    expect(throttle.blockedFor('t', 'u', 2)).toBe(0);
  });

  it('begins anew when the window is over or he succeeds', () => {
    const throttle = new Throttle(limits);
    throttle.failed('s', 'u', 0);
    throttle.failed('s', 'u', 1);
    expect(throttle.failed('s', 'u', 1_500)).toBe(false);
    throttle.failed('s', 'u', 1_501);
    throttle.succeeded('s', 'u');
    expect(throttle.failed('s', 'u', 1_502)).toBe(false);
  });

  it('blocks a source that tries many users, but not those who were right before', () => {
    const throttle = new Throttle(limits);
    throttle.succeeded('s', 'honest');
    for (let i = 0; i < 5; i += 1) throttle.failed('s', `u${i}`, i);
    expect(throttle.blockedFor('s', 'anybody', 5)).toBeGreaterThan(0);
    expect(throttle.blockedFor('s', 'honest', 5)).toBe(0);
  });

  it('has a bounded memory', () => {
    const throttle = new Throttle(limits);
    for (let i = 0; i < 1_000; i += 1) {
      throttle.failed(`s${i}`, 'u', 0);
      throttle.succeeded(`s${i}`, 'v');
    }
    expect(throttle.size).toBeLessThanOrEqual(200);
  });
});
