import { goesOn, type CallsSide, type ComparedRun } from '../../../scripts/bench/calls-compare';
import { cleanRate, comparedTable } from '../../../scripts/bench/calls-compare-report';
import { givenTarget } from '../../../scripts/bench/calls-run';
import { UsageError } from '../../../scripts/bench/options';
import type { Report } from '../../../scripts/bench/report';

interface Seen {
  cpuMs: number;
  failures?: Record<string, number>;
  voidBecause?: string[];
}

function run(side: CallsSide, rate: number, { cpuMs, failures = {}, voidBecause = [] }: Seen): ComparedRun {
  const failed = Object.values(failures).reduce((all, count) => all + count, 0);
  const report = {
    clean: failed === 0 && voidBecause.length === 0,
    voidBecause,
    server: { cpuMicrosPerCall: { all: cpuMs * 1000 }, cpuPercent: { all: cpuMs * rate * 0.1 } },
    calls: {
      ...{ outcomes: { failed }, failures, violations: {}, unexpected: {} },
      latency: { dispatchFree: { p50: 3, p99: 9 } },
      messages: { callers: { retransmitted: 0 }, seats: { retransmitted: 0 } },
    },
  } as unknown as Report;

  return { side, rate, round: 0, report };
}

test('a side that was not clean in most rounds is not tried at the next rate; void rounds do not count', () => {
  const good = run('mod_callcenter', 20, { cpuMs: 20 });
  const bad = run('mod_callcenter', 20, { cpuMs: 20, failures: { '480': 2 } });
  const nothing = run('mod_callcenter', 20, { cpuMs: 20, voidBecause: ['late'] });
  expect(goesOn([], 'mod_callcenter')).toBe(true);
  expect(goesOn([good, good, bad], 'mod_callcenter')).toBe(true);
  expect(goesOn([good, bad], 'mod_callcenter')).toBe(false);
  expect(goesOn([good, nothing, nothing], 'mod_callcenter')).toBe(true);
  expect(goesOn([nothing], 'mod_callcenter')).toBe(true);
  expect(goesOn([nothing, bad], 'mod_callcenter')).toBe(false);
  expect(cleanRate([nothing], 'mod_callcenter')).toBe(0);
  expect(goesOn([bad], 'Sightline')).toBe(true);
  expect(goesOn([bad, run('mod_callcenter', 40, { cpuMs: 20 })], 'mod_callcenter')).toBe(true);
});

test('the table has medians, the ratio of both, and why a run was not clean', () => {
  const runs = [
    ...[run('Sightline', 20, { cpuMs: 4 }), run('Sightline', 20, { cpuMs: 5 }), run('Sightline', 20, { cpuMs: 9 })],
    ...[run('mod_callcenter', 20, { cpuMs: 20 }), run('mod_callcenter', 20, { cpuMs: 20, failures: { '480': 2 } })],
    run('Sightline', 40, { cpuMs: 3 }),
  ];
  const text = comparedTable(runs);
  expect(text).toContain('| 20 | Sightline | 5 (4 - 9); 10 % | 3 of 3 | 0 | 3 / 9 | 0.25 |');
  expect(text).toContain('| 20 | mod_callcenter | 20 (20 - 20); 40 % | 1 of 2 | 2 | 3 / 9 |  |');
  expect(text).not.toContain('| 40 | mod_callcenter');
  expect(text).toContain('mod_callcenter, 20/s, round 1: 2 x 480');
  expect(cleanRate(runs, 'Sightline')).toBe(40);
  expect(cleanRate(runs, 'mod_callcenter')).toBe(0);
});

test('a server that runs already is named by its place and its pids', () => {
  expect(givenTarget('--x', '127.0.0.1:5080', '1,2')).toEqual({
    address: { host: '127.0.0.1', port: 5080 },
    pids: [1, 2],
  });
  expect(() => givenTarget('--x', '127.0.0.1', '')).toThrow(UsageError);
  expect(() => givenTarget('--x', '127.0.0.1:1', 'a')).toThrow(/numbers/);
});
