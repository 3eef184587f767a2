#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { inProject } from '../../src/lib/paths';
import { Child } from '../phone/child';
import type { ClientMessage, ClientOptions } from './engine-client';
import { engineHelp, readEngineOptions } from './engine-options';
import type { EngineOptions } from './engine-options';
import { BenchRedis } from './engine-redis';
import { engineTable, ratioOf } from './engine-report';
import type { Compared, EngineReport, Measured, SideName } from './engine-report';
import { addings } from './engine-sides';
import type { Adding } from './engine-sides';
import { round } from './numbers';
import { processTree, sum } from './proc';
import { runTool } from './tool';

/** The conditions of one measurement. */
interface Setup {
  side: SideName;
  fsync: string;
  clients: number;
  width: number;
  adding: Adding;
  inFlight: number;
  rate: number;
  warmup: number;
  seconds: number;
}

type Tuned = Pick<Setup, 'width' | 'adding'>;

/** Compares the queue's engine with BullMQ; `npm run bench:engine -- --help` tells how. */
async function main(): Promise<number> {
  const options = readEngineOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(engineHelp());

    return 0;
  }
  const server = await BenchRedis.start();
  try {
    const compared: Compared[] = [];
    for (const fsync of options.fsync) {
      for (const clients of options.clients) compared.push(...(await compare(server, options, fsync, clients)));
    }
    const report: EngineReport = { when: new Date().toISOString(), machine: await machine(server), options, compared };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    if (options.human) process.stderr.write(`\n${engineTable(report)}`);
  } finally {
    await server.close();
  }

  return 0;
}

async function compare(
  server: BenchRedis,
  options: EngineOptions,
  fsync: string,
  clients: number,
): Promise<Compared[]> {
  const common = { fsync, clients, warmup: options.warmup, seconds: options.seconds };
  const loop = { ...common, inFlight: options.inFlight, rate: 0 };
  const tuned = {
    bullmq: await tune(server, options, loop, 'bullmq'),
    sightline: await tune(server, options, loop, 'sightline'),
  };
  const kinds = [loop, ...(options.rate > 0 ? [{ ...common, inFlight: 0, rate: options.rate }] : [])];
  const compared: Compared[] = [];
  for (const kind of kinds) {
    const one: Compared = { fsync, clients, rate: kind.rate, rounds: [] };
    for (let count = 0; count < options.rounds; count++) {
      // Each goes first in turns.
      const sides: SideName[] = count % 2 === 0 ? ['sightline', 'bullmq'] : ['bullmq', 'sightline'];
      for (const side of sides) one.rounds.push(await measure(server, { ...kind, side, ...tuned[side] }));
    }
    if (kind.rate === 0) process.stderr.write(`${fsync}, ${clients} clients: ${round(ratioOf(one))} times as many\n`);
    compared.push(one);
  }

  return compared;
}

/** The best width, and for BullMQ the best way to add. */
async function tune(
  server: BenchRedis,
  { widths }: EngineOptions,
  loop: Omit<Setup, 'side' | 'width' | 'adding'>,
  side: SideName,
): Promise<Tuned> {
  const ways: readonly Adding[] = side === 'bullmq' ? addings : ['one'];
  const all = widths.flatMap((width) => ways.map((adding) => ({ width, adding })));
  let best: { tuned: Tuned; perSecond: number } | undefined;
  for (const tuned of all) {
    const { perSecond } = await measure(server, { ...loop, ...tuned, side, warmup: 1, seconds: 2 });
    if (!best || perSecond > best.perSecond) best = { tuned, perSecond };
  }

  return best?.tuned ?? { width: loop.inFlight, adding: 'one' };
}

async function measure(server: BenchRedis, setup: Setup): Promise<Measured> {
  await server.reset(setup.fsync);
  const clients: Child[] = [];
  try {
    for (let client = 0; client < setup.clients; client++) clients.push(await startClient(server, setup, client));
    await Promise.all(clients.map((client) => hear(client, 'ready')));
    for (const client of clients) client.write('go\n');
    const measured = await measureRun(server, setup, clients);
    for (const client of clients) client.write('end\n');
    await Promise.all(clients.map((client) => client.exited));
    process.stderr.write(`${line(setup, measured)}\n`);

    return measured;
  } finally {
    for (const client of clients) await client.stop('SIGKILL');
  }
}

async function measureRun(server: BenchRedis, setup: Setup, clients: readonly Child[]): Promise<Measured> {
  const pids = clients.map(({ pid }) => pid);
  const used = async () => ({
    clients: sum(processTree(pids), 'cpuMicros').all ?? 0,
    redis: processTree([server.pid]).get(server.pid)?.cpuMicros ?? 0,
    redisOwn: await server.cpuMicros(),
  });
  await Promise.all(clients.map((client) => hear(client, 'begin', setup.warmup + 20)));
  const before = await used();
  const limit = setup.seconds + 20;
  const ends = await Promise.all(clients.map((client) => hear(client, 'end', limit)));
  const after = await used();
  const done = ends.reduce((total, end) => total + end.done, 0);
  const mean = (of: (end: (typeof ends)[number]) => number): number =>
    ends.reduce((total, end) => total + of(end), 0) / ends.length;

  return {
    ...{ side: setup.side, width: setup.width, adding: setup.adding },
    perSecond: round(
      ends.reduce((total, end) => total + end.done / end.seconds, 0),
      1,
    ),
    clientMicros: round((after.clients - before.clients) / done, 1),
    redisMicros: round((after.redis - before.redis) / done, 1),
    redisOwnMicros: round((after.redisOwn - before.redisOwn) / done, 1),
    p50: round(mean((end) => end.latencyMs?.p50 ?? NaN)),
    p99: round(mean((end) => end.latencyMs?.p99 ?? NaN)),
  };
}

function startClient(server: BenchRedis, setup: Setup, client: number): Promise<Child> {
  const { side, clients, adding, warmup, seconds } = setup;
  const share = (total: number): number => Math.ceil(total / clients);
  const options: ClientOptions = {
    ...{ side, socket: server.socket, client, clients, adding, warmup, seconds },
    ...{ width: share(setup.width), inFlight: share(setup.inFlight), rate: setup.rate / clients },
  };

  return Child.start({
    name: `client ${client}`,
    command: process.execPath,
    args: [inProject('dist', 'scripts', 'bench', 'engine-client.js'), JSON.stringify(options)],
  });
}

function hear<K extends ClientMessage['kind']>(
  client: Child,
  kind: K,
  seconds = 20,
): Promise<Extract<ClientMessage, { kind: K }>> {
  const read = (text: string) => {
    if (!text.startsWith('{')) return undefined;
    const message = JSON.parse(text) as ClientMessage;

    return message.kind === kind ? (message as Extract<ClientMessage, { kind: K }>) : undefined;
  };

  return client.waitForLine(kind, read, seconds * 1_000);
}

function line({ side, fsync, clients, width, rate, inFlight, adding }: Setup, measured: Measured): string {
  const how = rate > 0 ? `${rate}/s` : `${inFlight} in flight`;
  const { perSecond, clientMicros, redisMicros, p50, p99 } = measured;

  return (
    `  ${side.padEnd(9)} AOF ${fsync}, ${clients} clients, width ${width} (${adding}), ${how}: ${perSecond}/s, ` +
    `CPU ${clientMicros} + ${redisMicros} µs, ${p50} / ${p99} ms`
  );
}

async function machine(server: BenchRedis): Promise<EngineReport['machine']> {
  const redis = /redis_version:(\S+)/.exec(await server.redis.info('server'))?.[1] ?? '';
  const text = readFileSync(inProject('node_modules', 'bullmq', 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };

  return { cpus: os.cpus().length, model: os.cpus()[0]?.model ?? '', node: process.version, redis, bullmq: version };
}

runTool(main);
