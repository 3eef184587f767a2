import { execFileSync } from 'node:child_process';
import { inProject } from '../../src/lib/paths';
import { Child } from '../phone/child';
import type { MediaBenchOptions } from './media-options';
import { readMessage, type MediaMessage, type MediaPhase, type RelayResult, type RelayTask } from './media-protocol';
import { round } from './numbers';
import { processTree, sum, udpDrops } from './proc';

export interface RelayReport extends Omit<RelayResult, 'ports'> {
  engine: string;
  calls: number;
  /** Of one core, by program; the engine with everything that belongs to it. */
  cpuPercent: Record<string, number>;
  /** Calls that one core would carry at this cost. */
  callsPerCore: number;
  /** µs of CPU for each packet that was passed on. */
  cpuMicrosPerPacket: number;
  /** Datagrams that the kernel dropped for want of room: at the generator's ports, and at all others. */
  dropped: { generator: number; others: number };
  voidBecause: string[];
}

interface Sample {
  at: number;
  cpu: Record<string, number>;
  drops: Map<number, number>;
}

/** The relay of so many calls through one engine; `freeswitch` is its URL, or empty for the embedded one. */
export async function measureRelay(options: MediaBenchOptions, freeswitch: string): Promise<RelayReport> {
  const engine = await startChild('the engine', 'media-engine.js', freeswitch === '' ? [] : [freeswitch]);
  try {
    const name = await engine.waitForLine('being ready', (line) => ofKind(line, 'ready')?.name, 30_000);
    const { calls, duration, warmup, direct } = options;
    const task: RelayTask = { calls, duration, warmup, direct };
    const generator = await startChild('the generator', 'media-generator.js', [JSON.stringify(task)]);
    try {
      if (options.pin) pin(engine.pid, generator.pid);
      const pids = [engine.pid, ...(freeswitch === '' ? [] : options.freeswitchPids)];
      const samples = new Map<MediaPhase, Sample>();
      generator.onLine((line) => {
        const phase = ofKind(line, 'phase')?.phase;
        if (phase === undefined) return;
        process.stderr.write(`${name}: ${phase}\n`);
        samples.set(phase, takeSample(pids));
      });
      const offers = await generator.waitForLine('its offers', (line) => keep(line, 'offers'), (direct + 60) * 1000);
      engine.write(`${offers}\n`);
      const answers = await engine.waitForLine('its answers', (line) => keep(line, 'answers'), 120_000);
      generator.write(`${answers}\n`);
      const limit = (warmup + duration + 60) * 1000;
      const result = await generator.waitForLine('its result', (line) => ofKind(line, 'result')?.result, limit);

      return makeReport(name, options, result, samples);
    } finally {
      await generator.stop('SIGTERM', 1000);
    }
  } finally {
    await engine.stop();
  }
}

function startChild(name: string, file: string, args: string[]): Promise<Child> {
  return Child.start({ name, command: process.execPath, args: [inProject('dist', 'scripts', 'bench', file), ...args] });
}

function ofKind<K extends MediaMessage['kind']>(line: string, kind: K): Extract<MediaMessage, { kind: K }> | undefined {
  const message = readMessage(line);

  return message?.kind === kind ? (message as Extract<MediaMessage, { kind: K }>) : undefined;
}

/** The line itself, to be handed on. */
function keep(line: string, kind: MediaMessage['kind']): string | undefined {
  return ofKind(line, kind) ? line : undefined;
}

function takeSample(pids: readonly number[]): Sample {
  return { at: performance.now(), cpu: sum(processTree(pids), 'cpuMicros'), drops: udpDrops() };
}

function makeReport(
  engine: string,
  { calls }: MediaBenchOptions,
  result: RelayResult,
  samples: Map<MediaPhase, Sample>,
): RelayReport {
  const [start, stop] = [samples.get('started'), samples.get('stopped')];
  if (!start || !stop) throw new Error('the generator told no phases');
  const ms = stop.at - start.at;
  const spent = Object.entries(stop.cpu).map(([name, micros]) => [name, micros - (start.cpu[name] ?? 0)] as const);
  const all = spent.find(([name]) => name === 'all')?.[1] ?? 0;
  const dropped = dropsBetween(start.drops, stop.drops, new Set(result.ports));

  const { ports: _ports, ...measured } = result;

  return {
    ...measured,
    engine,
    calls,
    cpuPercent: Object.fromEntries(spent.map(([name, micros]) => [name, round(micros / 10 / ms, 1)])),
    callsPerCore: all > 0 ? Math.floor((calls * ms * 1000) / all) : 0,
    cpuMicrosPerPacket: round(all / Math.max(1, result.relayed.received), 1),
    dropped,
    voidBecause: faultsOf(result, dropped),
  };
}

function dropsBetween(
  before: Map<number, number>,
  after: Map<number, number>,
  own: Set<number>,
): RelayReport['dropped'] {
  const dropped = { generator: 0, others: 0 };
  for (const [port, count] of after) dropped[own.has(port) ? 'generator' : 'others'] += count - (before.get(port) ?? 0);

  return dropped;
}

function faultsOf({ generator, direct }: RelayResult, dropped: RelayReport['dropped']): string[] {
  const faults: string[] = [];
  if (generator.cpuPercent > 90) faults.push(`the generator used ${generator.cpuPercent} % of a core`);
  if ((generator.lateMs?.p99 ?? 0) > 20) faults.push(`packets were sent late: p99 ${generator.lateMs?.p99} ms`);
  if (dropped.generator > 0) faults.push(`the kernel dropped ${dropped.generator} datagrams at the generator`);
  if (direct.lost > 0) faults.push(`${direct.lost} packets were lost with nothing between`);

  return faults;
}

function pin(engine: number, generator: number): void {
  for (const [core, pid] of [engine, generator].entries()) {
    execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
  }
}
