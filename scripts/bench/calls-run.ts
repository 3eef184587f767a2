import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { Closer } from '../../src/lib/closer';
import { inProject } from '../../src/lib/paths';
import { monotonic, type Address } from '../phone';
import { Child } from '../phone/child';
import { startServer } from '../phone/server-process';
import { UsageError, type BenchOptions } from './options';
import { processTree, receiveBufferErrors } from './proc';
import type { GeneratorMessage, GeneratorResult } from './protocol';
import { makeReport, type Report, type Sample } from './report';

/** A server that takes the calls. */
export interface Target {
  address: Address;
  /** Whose CPU and memory are measured, with all processes below them. */
  pids: number[];
}

/** The generator is to be on time even where other work goes on. */
const urgentNice = -10;

/** Starts the server of this project; `opened` ends it. @throws Error when it does not come up. */
export async function startTarget(
  options: BenchOptions,
  opened: Closer,
  env: Record<string, string | undefined> = {},
): Promise<Target> {
  const server = await startServer({ site: options.site, env: { LOG_LEVEL: options.logLevel, ...env } });
  opened.add('server', () => server.stop());
  process.stderr.write(`server ready: SIP ${server.sip.host}:${server.sip.port}, pid ${server.pid}\n`);
  if (options.pin) for (const pid of processTree([server.pid]).keys()) pinTo(0, pid);

  return { address: server.sip, pids: [server.pid] };
}

/** Reads a server that runs already; `flag` names the option in errors. @throws UsageError */
export function givenTarget(flag: string, place: string, pids: string): Target {
  const [host, port] = place.split(':');
  const numbers = pids === '' ? [] : pids.split(',').map(Number);
  if (!host || !Number(port)) throw new UsageError(`${flag}: host:port, not '${place}'`);
  if (numbers.some((pid) => !Number.isInteger(pid))) throw new UsageError('pids: numbers with commas');

  return { address: { host, port: Number(port) }, pids: numbers };
}

/** One run of the generator against one server. @throws Error when it ends without a result, or takes too long. */
export async function runCalls(options: BenchOptions, target: Target, opened: Closer): Promise<Report> {
  const generator = await Child.start({
    name: 'the generator',
    command: process.execPath,
    args: [inProject('dist', 'scripts', 'bench', 'generator.js'), JSON.stringify({ options, server: target.address })],
  });
  opened.add('generator', async () => {
    await generator.stop('SIGTERM', 1000);
  });
  if (options.pin) pinTo(1, generator.pid);
  if (options.urgent) os.setPriority(generator.pid, urgentNice);
  const samples: Sample[] = [];
  generator.onLine((line) => follow(readMessage(line), target, samples));
  const result = await generator.waitForLine('its result', readResult, timeLimit(options));
  await generator.exited;

  return makeReport(options, result, samples);
}

/** Ends a run that hangs: what it should take, and a minute. */
function timeLimit(options: BenchOptions): number {
  const { warmup, duration, hold, answer, patience, held, rate } = options;

  return (warmup + duration + 2 * (hold + answer) + patience + (2 * held) / rate + 60) * 1000;
}

function follow(message: GeneratorMessage | undefined, target: Target, samples: Sample[]): void {
  if (message?.kind === 'progress') {
    const { started, ended, talking, failed, violations } = message;
    process.stderr.write(
      `begun ${started}, ended ${ended}, talking ${talking}, failed ${failed}, violations ${violations}\n`,
    );
  }
  if (message?.kind !== 'phase') return;
  const { phase, started } = message;
  process.stderr.write(`${phase}\n`);
  samples.push({
    phase,
    started,
    at: monotonic(),
    tree: processTree(target.pids),
    bufferErrors: receiveBufferErrors(),
  });
}

function readMessage(line: string): GeneratorMessage | undefined {
  return line.startsWith('{"kind"') ? (JSON.parse(line) as GeneratorMessage) : undefined;
}

function readResult(line: string): GeneratorResult | undefined {
  const message = readMessage(line);

  return message?.kind === 'result' ? message.result : undefined;
}

/** Keeps a process and all its threads on one core, or on a range of them like `0-1`. */
export function pinTo(cores: number | string, pid: number): void {
  execFileSync('taskset', ['-apc', String(cores), String(pid)], { stdio: 'ignore' });
}
