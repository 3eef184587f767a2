#!/usr/bin/env node
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inProject } from '../../src/lib/paths';
import { objectsAlive } from './heap';
import { runFuzz } from './run';
import type { Finding } from './run';

const help = `Feeds a SIP server with mutated messages and looks whether it lives, answers and lets go of its memory.

  --datagrams <n>   over UDP (1000000)
  --streams <n>     connections of TCP: split, merged, slow, oversized (100000)
  --frames <n>      connections of WebSocket and of applications, each as many (20000)
  --bodies <n>      SDP, JSON and Authorization headers, each as many (100000)
  --seed <n>        another run; the same seed sends the same (1)

Findings are written to test/data/sip/fuzz, where a test replays them.
`;

/**
 * Octets that the objects may hold more at the end than after a tenth: tables that grow by doubling and caches come and go by one MiB. The
 * smallest object left by each datagram of a whole run would be 14 MiB, a hundred octets left by each stream 9.
 */
const mostGrowth = 2 * 1024 * 1024;
/** The most findings that are kept: one fault shows itself in many. */
const mostKept = 200;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { datagrams: text, streams: text, bodies: text, frames: text, seed: text, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(help);

    return 0;
  }
  const options = {
    datagrams: Number(values.datagrams ?? 1_000_000),
    streams: Number(values.streams ?? 100_000),
    bodies: Number(values.bodies ?? 100_000),
    frames: Number(values.frames ?? 20_000),
    seed: Number(values.seed ?? 1),
    weigh: objectsAlive,
  };
  const began = Date.now();
  const report = await runFuzz({ ...options, progress: (line) => process.stdout.write(`${line}\n`) });
  const { findings, memory, left } = report;
  const { before, after } = memory;
  for (const finding of findings.slice(0, mostKept)) keep(finding);
  const growth = after.alive - before.alive;
  process.stdout.write(
    `${options.datagrams} datagrams, ${options.streams} streams, 2 x ${options.frames} connections of frames and 3 x ${options.bodies} bodies in ` +
      `${Math.round((Date.now() - began) / 1000)} s (seed ${options.seed}): ${findings.length} findings; ` +
      `objects hold ${mebibytes(before.alive)} MiB after a tenth and ${mebibytes(after.alive)} at the end, ` +
      `resident ${mebibytes(before.resident)} and ${mebibytes(after.resident)} MiB; ${left} transactions and dialogs left\n`,
  );

  return findings.length === 0 && left === 0 && growth <= mostGrowth ? 0 : 1;
}

function mebibytes(octets: number): string {
  return (octets / 1024 / 1024).toFixed(1);
}

function keep({ kind, what, bytes }: Finding): void {
  const folder = inProject('test/data/sip/fuzz');
  mkdirSync(folder, { recursive: true });
  const name = `${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`;
  writeFileSync(path.join(folder, name), bytes);
  process.stdout.write(`${name}: ${what.split('\n').slice(0, 3).join(' ').slice(0, 400)}\n`);
}

void main().then((code) => process.exit(code));
