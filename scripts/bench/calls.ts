#!/usr/bin/env node
import { execFileSync } from 'node:child_process';
import { Closer } from '../../src/lib/closer';
import { inProject } from '../../src/lib/paths';
import { monotonic, type Address } from '../phone';
import { Child } from '../phone/child';
import { startServer } from '../phone/server-process';
import { helpText, readOptions, UsageError, type BenchOptions } from './options';
import { processTree, receiveBufferErrors } from './proc';
import type { GeneratorMessage, GeneratorResult } from './protocol';
import { makeReport, table, type Report, type Sample } from './report';

interface Target {
  address: Address;
  pids: number[];
}

const opened = new Closer((name, error) => console.error(`${name} could not be closed: ${String(error)}`));

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(helpText());

    return 0;
  }
  const target = options.target === '' ? await startTarget(options) : givenTarget(options);
  const report = await run(options, target);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (options.human) process.stderr.write(`\n${table(report)}`);

  return report.voidBecause.length > 0 ? 3 : report.clean ? 0 : 1;
}

async function startTarget(options: BenchOptions): Promise<Target> {
  const server = await startServer({ site: options.site, env: { LOG_LEVEL: options.logLevel } });
  opened.add('server', () => server.stop());
  process.stderr.write(`server ready: SIP ${server.sip.host}:${server.sip.port}, pid ${server.pid}\n`);
  if (options.pin) for (const pid of processTree([server.pid]).keys()) pinTo(0, pid);

  return { address: server.sip, pids: [server.pid] };
}

function givenTarget(options: BenchOptions): Target {
  const [host, port] = options.target.split(':');
  const pids = options.serverPid === '' ? [] : options.serverPid.split(',').map(Number);
  if (!host || !Number(port)) throw new UsageError(`--target: host:port, not '${options.target}'`);
  if (pids.some((pid) => !Number.isInteger(pid))) throw new UsageError('--server-pid: numbers with commas');

  return { address: { host, port: Number(port) }, pids };
}

async function run(options: BenchOptions, target: Target): Promise<Report> {
  const generator = await Child.start({
    name: 'the generator',
    command: process.execPath,
    args: [inProject('dist', 'scripts', 'bench', 'generator.js'), JSON.stringify({ options, server: target.address })],
  });
  opened.add('generator', async () => {
    await generator.stop('SIGTERM', 1000);
  });
  if (options.pin) pinTo(1, generator.pid);
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

function pinTo(core: number, pid: number): void {
  execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void opened.close().then(() => process.exit(130)));
}

main()
  .then((code) => {
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  })
  .finally(() => opened.close());
