#!/usr/bin/env node
import os from 'node:os';
import { measureMenu } from './media-menu';
import { measureMoves } from './media-move';
import { mediaHelpText, readMediaOptions, type MediaBenchOptions } from './media-options';
import { measureRelay, type RelayReport } from './media-relay';
import { mediaTable, type MediaReport } from './media-report';
import { runTool } from './tool';

/** Measures media; `npm run bench:media -- --help` tells how. */
async function main(): Promise<number> {
  const options = readMediaOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(mediaHelpText());

    return 0;
  }
  const report: MediaReport = {
    when: new Date().toISOString(),
    machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model ?? '', node: process.version },
    options: { ...options, freeswitch: options.freeswitch.replace(/:[^:@]*@/, ':…@') },
    relays: options.parts.includes('relay') ? await measureRelays(options) : [],
    menu: options.parts.includes('menu') ? await measureMenu(options.menuCalls) : undefined,
    move: options.parts.includes('move') ? await measureMoves(options.moves) : undefined,
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (options.human) process.stderr.write(`\n${mediaTable(report)}`);

  return report.relays.some((relay) => relay.voidBecause.length > 0) ? 3 : 0;
}

async function measureRelays(options: MediaBenchOptions): Promise<RelayReport[]> {
  const reports = [await measureRelay(options, '')];
  if (options.freeswitch !== '') reports.push(await measureRelay(options, options.freeswitch));

  return reports;
}

// Its children end with the process, however that ends.
runTool(main);
