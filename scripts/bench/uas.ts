#!/usr/bin/env node
import { setTimeout as pause } from 'node:timers/promises';
import { Closer } from '../../src/lib/closer';
import { round } from './numbers';
import { processTree, sum } from './proc';
import { measureStep, type Step } from './uas-load';
import { readUasOptions, uasHelp, type UasOptions } from './uas-options';
import { uasTable } from './uas-report';
import { openDrachtio, openSightline, type Side, type SightlineSide } from './uas-sides';
import { runTool } from './tool';

/** After that no transaction of a call is left (RFC 3261: 64*T1), in ms. */
const lingerMs = 34_000;
const idleMs = 5_000;

const opened = new Closer((name, error) => console.error(`${name} could not be closed: ${String(error)}`));

/** What a call costs the SIP server alone; `npm run bench:uas -- --help` tells how. */
async function main(): Promise<number> {
  const options = readUasOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(uasHelp());

    return 0;
  }
  const sightline = await openSightline();
  opened.add('Sightline', () => sightline.close());
  const sides: Side[] = [sightline];
  if (options.drachtio) {
    const drachtio = await openDrachtio(options.drachtio);
    opened.add('drachtio', () => drachtio.close());
    sides.push(drachtio);
  }
  const idleCorePercent = await idleCore(sides);
  const { heapKb } = await sightline.stats();
  const steps = await measureAll(sides, options);
  const after = options.linger ? await afterwards(sightline, heapKb) : undefined;
  const report = { when: new Date().toISOString(), node: process.version, idleCorePercent, steps, after };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (options.human) process.stderr.write(`\n${uasTable(steps)}`);

  return steps.every(({ failed }) => failed === 0) ? 0 : 1;
}

async function measureAll(sides: readonly Side[], { rates, seconds, warmup, rounds }: UasOptions): Promise<Step[]> {
  const steps: Step[] = [];
  if (warmup > 0) for (const side of sides) await measureStep(side, rates[0] ?? 1, warmup);
  for (const rate of rates) {
    for (let count = 0; count < rounds; count++) {
      // Each goes first in turns.
      for (const side of count % 2 === 0 ? sides : sides.toReversed()) {
        const step = await measureStep(side, rate, seconds);
        process.stderr.write(`${JSON.stringify(step)}\n`);
        steps.push(step);
      }
    }
  }

  return steps;
}

/** Of each server while nothing happens. */
async function idleCore(sides: readonly Side[]): Promise<Record<string, number>> {
  const cpu = (): number[] => sides.map(({ pids }) => sum(processTree(pids), 'cpuMicros').all ?? 0);
  const before = cpu();
  await pause(idleMs);
  const after = cpu();

  return Object.fromEntries(
    sides.map(({ name }, index) => [name, round(((after[index] ?? 0) - (before[index] ?? 0)) / idleMs / 10, 2)]),
  );
}

/** What is left when every timer of the last call has run out. */
async function afterwards(sightline: SightlineSide, heapBefore: number): Promise<object> {
  await pause(lingerMs);
  const { stats, heapKb } = await sightline.stats();
  const { client, server, timers } = stats.transactions;

  return { transactions: { client, server, timers }, dialogs: stats.dialogs, heapBefore, heapKb };
}

runTool(main, () => opened.close());
