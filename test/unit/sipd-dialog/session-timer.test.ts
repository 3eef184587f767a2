import { ManualClock } from '../../../src/lib/clock';
import { formatSessionExpires, parseSessionExpires, SessionTimer } from '../../../src/sipd/dialog/session-timer';

describe('Session-Expires', () => {
  test.each([
    ['1800', { interval: 1800, refresher: undefined }],
    ['90;refresher=uac', { interval: 90, refresher: 'uac' }],
    ['90 ; x=1 ; REFRESHER=UAS', { interval: 90, refresher: 'uas' }],
    ['90;refresher=them', { interval: 90, refresher: undefined }],
    ['x', undefined],
    ['', undefined],
  ])('%s', (text, wanted) => expect(parseSessionExpires(text)).toEqual(wanted));

  test('as text', () => {
    expect(formatSessionExpires({ interval: 90, refresher: 'uas' })).toBe('90;refresher=uas');
    expect(formatSessionExpires({ interval: 90 })).toBe('90');
  });
});

describe('the session timer', () => {
  function timer(interval: number, weRefresh: boolean): { clock: ManualClock; log: string[]; timer: SessionTimer } {
    const clock = new ManualClock();
    const log: string[] = [];
    const begun = new SessionTimer(
      clock,
      interval,
      weRefresh,
      () => log.push('refresh'),
      () => log.push('expiry'),
    );

    return { clock, log, timer: begun };
  }

  test('we refresh at half the interval', () => {
    const { clock, log } = timer(90, true);
    clock.advance(44_999);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual(['refresh']);
  });

  test('the session ends a third of a short interval before its end', () => {
    const { clock, log } = timer(90, false);
    clock.advance(59_999);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual(['expiry']);
  });

  test('the session ends 32 s before the end of a long interval', () => {
    const { clock, log } = timer(1800, false);
    clock.advance(1_767_999);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual(['expiry']);
  });

  test('a refresh may be tried again; nothing comes after stop', () => {
    const { clock, log, timer: running } = timer(90, true);
    clock.advance(45_000);
    running.retryRefresh(2_000);
    clock.advance(2_000);
    expect(log).toEqual(['refresh', 'refresh']);
    running.stop();
    running.retryRefresh(1);
    clock.advance(100_000);
    expect(log).toHaveLength(2);
    expect(clock.pendingCount).toBe(0);
  });

  test('an interval beyond what timers take does not end the session at once', () => {
    const { clock, log } = timer(999_999_999, true);
    clock.advance(1_000_000);
    expect(log).toEqual([]);
  });
});
