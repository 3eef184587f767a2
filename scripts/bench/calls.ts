#!/usr/bin/env node
import { Closer } from '../../src/lib/closer';
import { compareCalls } from './calls-compare';
import { comparedTable } from './calls-compare-report';
import { givenTarget, runCalls, startTarget } from './calls-run';
import { helpText, readOptions, type BenchOptions } from './options';
import { table } from './report';
import { runTool } from './tool';

const opened = new Closer((name, error) => console.error(`${name} could not be closed: ${String(error)}`));

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(helpText());

    return 0;
  }

  return options.freeswitchSip === '' ? measure(options) : compare(options);
}

async function measure(options: BenchOptions): Promise<number> {
  const target =
    options.target === ''
      ? await startTarget(options, opened)
      : givenTarget('--target', options.target, options.serverPid);
  const report = await runCalls(options, target, opened);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (options.human) process.stderr.write(`\n${table(report)}`);

  return report.voidBecause.length > 0 ? 3 : report.clean ? 0 : 1;
}

async function compare(options: BenchOptions): Promise<number> {
  const compared = await compareCalls(options, process.env.FREESWITCH_URL ?? '', opened);
  process.stdout.write(`${JSON.stringify({ when: new Date().toISOString(), options, compared }, null, 2)}\n`);
  if (options.human) process.stderr.write(`\n${comparedTable(compared)}`);

  return 0;
}

runTool(main, () => opened.close());
