/**
 * Measures the queue alone, on a real Redis, without SIP: how long it takes from the moment when a match is possible to
 * the offer on the node that owns the ticket, and what an offer costs.
 *
 *   node dist/scripts/bench/acd.js --rate 60 --seats 10,500,2000 --waiting 10,1200,10000 --skills 50 --seconds 20 [--positions]
 *
 * With nobody waiting (`--waiting 0`) it puts callers in at the rate and measures enqueue -> offer; with a line it frees
 * seats at the rate and measures complete -> offer, keeping the line as long as it is. `--rate 0` lets nothing happen and tells
 * what that costs a second. `--positions` asks for every place that has moved, as screens do. Lists are measured each with
 * each, on an empty redis-server that is started for the run. Prints a line of JSON each, and with `--human` a table.
 */
import { parseArgs } from 'node:util';
import { Acd } from '../../src/acd/acd';
import { silentLogger } from '../../src/lib/logger';
import { openStore } from '../../src/store/connection';
import { AcdBench, acdConfig } from './acd-load';
import type { AcdFigures, AcdLoad } from './acd-load';
import { BenchRedis } from './engine-redis';
import { round } from './numbers';

const numbers = { rate: '60', seats: '500', waiting: '0', skills: '0', seconds: '10' } as const;

function readLoads(): { loads: AcdLoad[]; human: boolean } {
  const texts = Object.fromEntries(
    Object.entries(numbers).map(([name, fallback]) => [name, { type: 'string', default: fallback } as const]),
  );
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { ...texts, positions: flag, human: flag } });
  const list = (name: keyof typeof numbers): number[] =>
    String((values as Record<string, unknown>)[name])
      .split(',')
      .map((text) => {
        if (!/^\d+$/.test(text)) throw new Error(`--${name} takes whole numbers, not '${text}'`);

        return Number(text);
      });
  const [rate = 0] = list('rate');
  const [seconds = 1] = list('seconds');
  const loads = list('skills').flatMap((skills) =>
    list('seats').flatMap((seats) =>
      list('waiting').map((waiting): AcdLoad => {
        return { rate, seats, waiting, skills, seconds, positions: values.positions };
      }),
    ),
  );

  return { loads, human: values.human };
}

async function measure(server: BenchRedis, load: AcdLoad): Promise<AcdFigures> {
  await server.reset('everysec');
  const store = await openStore({ url: `unix:${server.socket}`, log: silentLogger });
  const acd = await Acd.open({ store, site: 'bench', node: 'bench', config: acdConfig(load), log: silentLogger });
  try {
    const bench = new AcdBench(acd, load, () => server.cpuMicros());
    await bench.prepare();

    return await bench.run();
  } finally {
    await acd.close();
    await store.close();
  }
}

function table(all: readonly AcdFigures[]): string {
  const rows = all.map(({ seats, waiting, skills, rate, offers, latencyMs, nodeMicros, redisMicros }) => {
    const times = [latencyMs?.p50 ?? '-', latencyMs?.p99 ?? '-'];

    return [seats, waiting, skills, rate, offers, ...times, round(nodeMicros, 0), round(redisMicros, 0)];
  });
  const head = [
    'seats',
    'waiting',
    'skills',
    'events/s',
    'offers',
    'p50, ms',
    'p99, ms',
    'Node CPU, µs',
    'Redis CPU, µs',
  ];
  const lines = [head, head.map(() => '---'), ...rows];

  return `${all[0]?.measured ?? ''}\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

async function main(): Promise<void> {
  const { loads, human } = readLoads();
  const server = await BenchRedis.start();
  const all: AcdFigures[] = [];
  try {
    for (const load of loads) {
      const figures = await measure(server, load);
      process.stdout.write(`${JSON.stringify(figures)}\n`);
      all.push(figures);
    }
    if (human) process.stderr.write(`\n${table(all)}`);
  } finally {
    await server.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
