import { Ledger, type SeatRecord } from '../../../scripts/bench/ledger';
import { Samples } from '../../../scripts/bench/numbers';
import { helpText, readOptions, UsageError, type BenchOptions } from '../../../scripts/bench/options';
import { processTree, receiveBufferErrors, sum } from '../../../scripts/bench/proc';
import { makeReport, table, type Sample } from '../../../scripts/bench/report';
import type { GeneratorResult } from '../../../scripts/bench/protocol';
import type { Call } from '../../../scripts/phone';

const callAt = (startedAt: number): Call => ({ startedAt }) as Call;

function freeSeat(id: string, freeAt = 0): SeatRecord {
  return { id, state: 'free', freeAt, declined: false, caller: undefined };
}

describe('options', () => {
  test('defaults, numbers and words are read', () => {
    expect(readOptions([])).toMatchObject({ rate: 60, seats: 500, hold: 5, site: 'bench', human: false });
    expect(readOptions(['--rate', '200', '--arrivals', 'constant', '--human'])).toMatchObject({
      rate: 200,
      human: true,
    });
    expect(readOptions(['--held', '1200'])).toMatchObject({ seats: 1000 });
    expect(readOptions(['--held', '50', '--seats', '20'])).toMatchObject({ seats: 20 });
  });

  test('every fault is told at once', () => {
    const faults = (): unknown => readOptions(['--rate', 'x', '--seats', '0', '--media', 'smell']);
    expect(faults).toThrow(UsageError);
    expect(faults).toThrow(/--rate.*\n.*--seats.*\n.*--media/);
    expect(() => readOptions(['--what'])).toThrow(UsageError);
  });

  test('help names every option and the exit codes', () => {
    expect(readOptions(['--help'])).toBe('help');
    expect(helpText()).toMatch(/--rate[\s\S]*--held[\s\S]*Exit code/);
  });
});

describe('ledger', () => {
  test('dispatch is timed from the INVITE when a seat was free, from the free seat when the caller waited', () => {
    const ledger = new Ledger();
    const first = ledger.begin('c1', callAt(100), true);
    ledger.offered(freeSeat('a1', 50), first, 104);
    const second = ledger.begin('c2', callAt(100), true);
    ledger.offered(freeSeat('a2', 300), second, 303);
    expect(ledger.dispatchFree.percentiles()).toMatchObject({ count: 1, max: 4 });
    expect(ledger.dispatchWait.percentiles()).toMatchObject({ count: 1, max: 3 });
  });

  test('what must never be is noticed', () => {
    const ledger = new Ledger();
    const record = ledger.begin('c1', callAt(0), true);
    const [one, two] = [freeSeat('a1'), freeSeat('a2')];
    expect(ledger.offered(one, record, 1)).toBe(true);
    expect(ledger.offered(one, record, 2)).toBe(false);
    expect(ledger.offered(two, record, 3)).toBe(true);
    record.leftAt = 10;
    ledger.freed(one, 50);
    ledger.freed(two, 500);
    ledger.offered(one, record, 600);
    expect(ledger.violations.toJSON()).toEqual({
      'seat invited while busy': 1,
      'two seats for one call': 1,
      'seat ringing more than 200 ms after the caller left': 1,
      'seat rung after the caller left': 1,
    });
    expect(ledger.withdraw.count).toBe(2);
  });

  test('a call is closed once, and the warm-up is not counted', () => {
    const ledger = new Ledger();
    const record = ledger.begin('c1', callAt(0), true);
    ledger.joined(record, 5);
    ledger.close(record, 'done');
    ledger.close(record, 'failed', 'again');
    ledger.close(ledger.begin('c2', callAt(0), false), 'done');
    expect(ledger.outcomes.toJSON()).toEqual({ done: 1 });
    expect(ledger).toMatchObject({ attempts: 1, connected: 0, peak: 1 });
    expect(ledger.failures.total).toBe(0);
  });
});

describe('figures', () => {
  test('percentiles are nearest ranks', () => {
    const samples = new Samples();
    expect(samples.percentiles()).toBeUndefined();
    for (let ms = 1; ms <= 200; ms++) samples.add(ms);
    expect(samples.percentiles()).toEqual({ count: 200, p50: 100, p95: 190, p99: 198, max: 200, mean: 100.5 });
  });

  test('CPU and memory of a process tree are read from /proc', () => {
    const tree = processTree([process.ppid]);
    expect(tree.get(process.pid)?.rssKb).toBeGreaterThan(1000);
    expect(sum(tree, 'cpuMicros').all).toBeGreaterThan(0);
    expect(processTree([0x7fffffff]).size).toBe(0);
    expect(receiveBufferErrors()).toBeGreaterThanOrEqual(0);
  });
});

describe('report', () => {
  const options = readOptions(['--held', '100']) as BenchOptions;
  const wire = { sent: 1000, received: 1000, retransmitted: 0, repeated: 0, malformed: 0, stray: 0, kinds: {} };
  const result: GeneratorResult = {
    ...{ attempts: 100, outcomes: { done: 100 }, failures: {}, violations: {}, unexpected: {}, peakConnected: 100 },
    ...{ seconds: 10, registerMs: 5, messages: { callers: wire, seats: wire } },
    latency: {
      ...{ postDial: undefined, answer: undefined, dispatchFree: undefined, dispatchWait: undefined },
      ...{ withdraw: undefined, release: undefined, midCall: undefined },
    },
    generator: { cpuPercent: 20, lateMs: undefined, loopDelayMs: { p50: 5, p99: 6, max: 9 }, rssKb: 1 },
  };
  const sample = (phase: Sample['phase'], cpuMicros: number, rssKb: number, bufferErrors = 0): Sample => ({
    ...{ phase, bufferErrors, started: phase === 'started' ? 0 : 100, at: cpuMicros },
    tree: new Map([[1, { name: 'node', cpuMicros, rssKb }]]),
  });

  test('CPU per call comes from the window, memory from the lowest sample while held', () => {
    const samples = [
      sample('started', 1000, 100_000),
      sample('held', 2000, 109_000),
      sample('holding', 3000, 102_000),
      sample('stopped', 101_000, 103_000),
      sample('drained', 102_000, 100_000),
    ];
    const report = makeReport(options, result, samples);
    expect(report).toMatchObject({ clean: true, voidBecause: [], successPercent: 100, callsPerSecond: 10 });
    expect(report.server).toMatchObject({ cpuMicrosPerCall: { all: 1000 }, kbPerHeldCall: { all: 20 } });
    expect(table(report)).toMatch(/^clean: 100 calls/);
  });

  test('dropped datagrams or a busy generator make a run void; a failure makes it unclean', () => {
    const dropped = makeReport(options, result, [sample('started', 0, 0), sample('stopped', 1, 0, 3)]);
    expect(dropped.voidBecause).toEqual(['the kernel dropped 3 datagrams for want of buffer']);
    const busy = makeReport(options, { ...result, generator: { ...result.generator, cpuPercent: 97 } }, []);
    expect(busy).toMatchObject({ clean: false, server: undefined });
    const failed = makeReport(options, { ...result, outcomes: { done: 99, failed: 1 }, failures: { '480': 1 } }, []);
    expect(failed).toMatchObject({ clean: false, voidBecause: [], successPercent: 99 });
    expect(table(failed)).toContain('failures: 1 x 480');
  });
});
