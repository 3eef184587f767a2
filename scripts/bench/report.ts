import os from 'node:os';
import type { ProcessUse } from './proc';
import { sum } from './proc';
import { round, type Percentiles } from './numbers';
import type { BenchOptions } from './options';
import type { GeneratorResult, Phase } from './protocol';

/** The server's processes and the kernel's counters at one moment. */
export interface Sample {
  phase: Phase;
  /** Measured calls begun so far. */
  started: number;
  at: number;
  tree: Map<number, ProcessUse>;
  bufferErrors: number;
}

export interface Report {
  when: string;
  machine: { cpus: number; model: string; node: string };
  options: BenchOptions;
  /** Every call went as it should, nothing forbidden was seen, and the figures can be relied on. */
  clean: boolean;
  /** Why the figures cannot be relied on. */
  voidBecause: string[];
  successPercent: number;
  calls: GeneratorResult;
  callsPerSecond: number;
  server: ServerFigures | undefined;
  rcvbufErrors: number;
}

export interface ServerFigures {
  /** µs of CPU for each call begun in the window: in all and by program. */
  cpuMicrosPerCall: Record<string, number>;
  /** Share of one core. */
  cpuPercent: Record<string, number>;
  rssKb: Record<Phase, Record<string, number>>;
  /** Held calls only: growth of RSS for each. */
  kbPerHeldCall: Record<string, number> | undefined;
}

export function makeReport(options: BenchOptions, calls: GeneratorResult, samples: readonly Sample[]): Report {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const rcvbufErrors = first && last ? last.bufferErrors - first.bufferErrors : 0;
  const voidBecause = faultsOfTheRun(calls, rcvbufErrors);
  const { done = 0, abandoned = 0, waited = 0 } = calls.outcomes;
  const good = done + abandoned + waited;
  const failed = calls.attempts - good;
  const forbidden = Object.keys(calls.violations).length + Object.keys(calls.unexpected).length;

  return {
    when: new Date().toISOString(),
    machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model ?? '', node: process.version },
    options,
    clean: failed === 0 && forbidden === 0 && retransmissionShare(calls) <= 0.0001 && voidBecause.length === 0,
    voidBecause,
    successPercent: round((good / Math.max(1, calls.attempts)) * 100, 3),
    calls,
    callsPerSecond: round(calls.attempts / Math.max(0.001, calls.seconds), 1),
    server: serverFigures(options, samples),
    rcvbufErrors,
  };
}

function retransmissionShare({ messages: { callers, seats } }: GeneratorResult): number {
  const again = callers.retransmitted + seats.retransmitted + callers.repeated + seats.repeated;

  return again / Math.max(1, callers.sent + seats.sent + callers.received + seats.received);
}

function faultsOfTheRun({ generator }: GeneratorResult, rcvbufErrors: number): string[] {
  const faults: string[] = [];
  if (generator.cpuPercent > 90) faults.push(`the generator used ${generator.cpuPercent} % of a core`);
  if ((generator.lateMs?.p99 ?? 0) > 20) faults.push(`calls were begun late: p99 ${generator.lateMs?.p99} ms`);
  if (generator.loopDelayMs.p99 > 50)
    faults.push(`the generator's clock ran late: p99 ${generator.loopDelayMs.p99} ms`);
  if (rcvbufErrors > 0) faults.push(`the kernel dropped ${rcvbufErrors} datagrams for want of buffer`);

  return faults;
}

function serverFigures(options: BenchOptions, samples: readonly Sample[]): ServerFigures | undefined {
  const at = (phase: Phase): Sample | undefined => samples.find((sample) => sample.phase === phase);
  const [start, stop] = [at('started'), at('stopped')];
  if (!start || !stop || start.tree.size === 0) return undefined;
  const spent = subtract(sum(stop.tree, 'cpuMicros'), sum(start.tree, 'cpuMicros'));
  const begun = Math.max(1, stop.started - start.started);
  const ms = stop.at - start.at;
  const rss = samples.map((sample) => [sample.phase, sum(sample.tree, 'rssKb')] as const);

  return {
    cpuMicrosPerCall: map(spent, (micros) => round(micros / begun, 1)),
    cpuPercent: map(spent, (micros) => round((micros / 1000 / ms) * 100, 1)),
    rssKb: Object.fromEntries(rss) as ServerFigures['rssKb'],
    kbPerHeldCall: options.held > 0 ? perHeldCall(options.held, start, samples) : undefined,
  };
}

/** Garbage not yet collected is no memory of calls, so the lowest sample of the holding time counts. */
function perHeldCall(held: number, before: Sample, samples: readonly Sample[]): Record<string, number> {
  const base = sum(before.tree, 'rssKb');
  const growths = samples
    .filter(({ phase }) => phase === 'held' || phase === 'holding' || phase === 'stopped')
    .map(({ tree }) => subtract(sum(tree, 'rssKb'), base));
  const lowest = growths.reduce((low, one) => (one.all! < low.all! ? one : low), growths[0] ?? { all: 0 });

  return map(lowest, (kb) => round(kb / held, 1));
}

function subtract(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, value - (b[name] ?? 0)]));
}

function map(values: Record<string, number>, change: (value: number) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** The report as a table for people. */
export function table(report: Report): string {
  const { calls, server } = report;
  const verdict = report.clean ? 'clean' : report.voidBecause.length > 0 ? 'VOID' : 'NOT CLEAN';
  const lines = [
    `${verdict}: ${calls.attempts} calls at ${report.callsPerSecond}/s, ${report.successPercent} % good ` +
      `(${words(calls.outcomes)}), peak ${calls.peakConnected} connected`,
    ...report.voidBecause.map((why) => `  void because ${why}`),
    ...section('failures', calls.failures),
    ...section('violations', calls.violations),
    ...section('unexpected', calls.unexpected),
    '',
    `  ${'ms'.padEnd(14)}${['count', 'p50', 'p95', 'p99', 'max'].map((name) => name.padStart(9)).join('')}`,
    ...Object.entries(calls.latency).flatMap(([name, one]) => (one ? [row(name, one)] : [])),
    '',
  ];
  if (server) {
    lines.push(
      `  server CPU per call, us: ${words(server.cpuMicrosPerCall)}; of a core, %: ${words(server.cpuPercent)}`,
    );
    for (const [phase, kb] of Object.entries(server.rssKb)) lines.push(`  server RSS ${phase}, kB: ${words(kb)}`);
    if (server.kbPerHeldCall) lines.push(`  server memory per held call, kB: ${words(server.kbPerHeldCall)}`);
  }
  const { callers, seats } = calls.messages;
  lines.push(
    `  generator: ${calls.generator.cpuPercent} % of a core, calls late p99 ${calls.generator.lateMs?.p99 ?? 0} ms; ` +
      `sent again: callers ${callers.retransmitted}, seats ${seats.retransmitted}; ` +
      `got again: callers ${callers.repeated}, seats ${seats.repeated}; dropped by the kernel ${report.rcvbufErrors}`,
  );

  return `${lines.join('\n')}\n`;
}

function section(title: string, counts: Record<string, number>): string[] {
  return Object.entries(counts).map(([name, count]) => `  ${title}: ${count} x ${name}`);
}

function words(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function row(name: string, p: Percentiles): string {
  return `  ${name.padEnd(14)}${[p.count, p.p50, p.p95, p.p99, p.max].map((value) => String(value).padStart(9)).join('')}`;
}
