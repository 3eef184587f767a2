/**
 * Measures the queue alone, on a real Redis, without SIP: how long it takes from the moment when a match is possible to
 * the offer on the node that owns the ticket, and what an offer costs.
 *
 *   node dist/scripts/bench/acd.js --rate 200 --seats 500 --waiting 1200 --seconds 20 [--redis redis://...] [--positions]
 *
 * With nobody waiting (`--waiting 0`) it puts callers in at the rate and measures enqueue -> offer; with a line it frees
 * seats at the rate and measures complete -> offer, keeping the line as long as it is. `--positions` asks for every
 * place that has moved, as screens do. Without `--redis` a redis-server of its own is started. Prints one line of JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Acd } from '../../src/acd/acd';
import type { Offer, QueueConfig, SeatConfig } from '../../src/acd/types';
import { silentLogger } from '../../src/lib/logger';
import { openStore } from '../../src/store/connection';

interface Options {
  rate: number;
  seats: number;
  waiting: number;
  seconds: number;
  positions: boolean;
  redis?: string;
}

const queue: QueueConfig = {
  id: 'support',
  strategy: 'longest-idle',
  skills: [],
  ringTimeout: 20,
  wrapUp: 0,
  grace: 60,
  noAnswerDelay: 5,
  rejectDelay: 5,
  busyDelay: 5,
};

/** Everything under measurement, and what was measured. */
class Bench {
  private readonly started = new Map<string, number>();
  private readonly talks: string[] = [];
  private readonly latencies: number[] = [];
  private calls = 0;
  private asked = 0;
  private offers = 0;

  constructor(
    private readonly acd: Acd,
    private readonly options: Options,
  ) {
    acd.on('offer', (offer) => void this.onOffer(offer));
    if (options.positions) acd.on('moved', (ids) => void this.askPlaces(ids));
  }

  /** Brings the site to the state in which it is measured. */
  async prepare(): Promise<void> {
    const { seats, waiting } = this.options;
    await Promise.all(Array.from({ length: seats }, (_, index) => this.acd.seatUp(`s${index}`)));
    if (waiting === 0) return;
    for (let count = 0; count < seats + waiting; count += 100) {
      const some = Math.min(100, seats + waiting - count);
      await Promise.all(Array.from({ length: some }, () => this.enqueue()));
    }
    await this.acd.settled();
    while (this.talks.length < seats) await pause(10);
    this.latencies.length = 0;
    this.offers = 0;
  }

  async run(): Promise<object> {
    const { rate, seconds, waiting, seats } = this.options;
    const cpu = process.cpuUsage();
    const begin = performance.now();
    for (let done = 0; performance.now() - begin < seconds * 1_000;) {
      const due = Math.floor(((performance.now() - begin) / 1_000) * rate);
      for (; done < due; done++) void (waiting > 0 ? this.free() : this.arrive());
      // Sleeps until the next is due: a loop that polls would be measured too.
      await pause(Math.max(1, ((done + 1) / rate) * 1_000 - (performance.now() - begin)));
    }
    await this.acd.settled();
    const elapsed = (performance.now() - begin) / 1_000;
    const used = process.cpuUsage(cpu);
    const sorted = this.latencies.sort((a, b) => a - b);
    const at = (share: number): number => round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);

    return {
      measured: waiting > 0 ? 'complete -> offer' : 'enqueue -> offer',
      ...{ rate, seats, waiting, seconds, positionsAsked: this.asked },
      offers: this.offers,
      offersPerSecond: round(this.offers / elapsed),
      latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
      nodeCpuMsPerOffer: round((used.user + used.system) / 1_000 / Math.max(1, this.offers)),
    };
  }

  /** A seat is freed while somebody waits; somebody new takes the last place. */
  private async free(): Promise<void> {
    const ticketId = this.talks.shift();
    if (ticketId === undefined) return;
    const [, seatId = ''] = ticketId.split(' ');
    this.started.set(seatId, performance.now());
    await Promise.all([this.acd.complete(ticketId.split(' ')[0] ?? ''), this.enqueue()]);
  }

  /** Somebody comes while seats are free; the seat is given back a little later. */
  private async arrive(): Promise<void> {
    this.started.set(`call-${this.calls}`, performance.now());
    await this.enqueue();
    const oldest = this.talks.length > this.options.seats / 2 ? this.talks.shift() : undefined;
    if (oldest) await this.acd.complete(oldest.split(' ')[0] ?? '');
  }

  private async enqueue(): Promise<void> {
    const call = this.calls++;
    const { ticketId } = await this.acd.enqueue({ queue: queue.id, callId: `call-${call}`, terminal: `t${call}` });
    if (this.options.positions) await this.acd.position(ticketId).catch(() => undefined);
  }

  private async onOffer(offer: Offer): Promise<void> {
    const key = this.options.waiting > 0 ? offer.seatId : offer.callId;
    const started = this.started.get(key);
    this.started.delete(key);
    if (started !== undefined) this.latencies.push(performance.now() - started);
    this.offers++;
    await this.acd.accept(offer);
    this.talks.push(`${offer.ticketId} ${offer.seatId}`);
  }

  private async askPlaces(ids: string[]): Promise<void> {
    this.asked += ids.length;
    await Promise.all(ids.map((id) => this.acd.position(id).catch(() => undefined)));
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '200' },
      seats: { type: 'string', default: '500' },
      waiting: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '10' },
      positions: { type: 'boolean', default: false },
      redis: { type: 'string' },
    },
  });
  const numbers = { rate: values.rate, seats: values.seats, waiting: values.waiting, seconds: values.seconds };
  for (const [name, value] of Object.entries(numbers)) {
    if (!/^\d+$/.test(value)) throw new Error(`--${name} takes a whole number, not '${value}'`);
  }
  const { rate, seats, waiting, seconds } = numbers;

  return {
    ...{ rate: Number(rate), seats: Number(seats), waiting: Number(waiting), seconds: Number(seconds) },
    positions: values.positions,
    redis: values.redis,
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'sightline-bench-'));
  const store = await openStore({ url: options.redis, log: silentLogger, dataDir });
  const seat = (id: string): SeatConfig => ({ id, queues: [queue.id], skills: [] });
  const config = { queue: (id: string) => (id === queue.id ? queue : undefined), seat, queues: () => [queue] };
  const site = `bench-${process.pid}`;
  const acd = await Acd.open({ store, site, node: 'bench', config, log: silentLogger });
  try {
    const bench = new Bench(acd, options);
    await bench.prepare();
    console.log(JSON.stringify(await bench.run()));
  } finally {
    await acd.close();
    const keys = await store.redis.keys(`sl:{${site}}:*`);
    for (let index = 0; index < keys.length; index += 500) await store.redis.del(...keys.slice(index, index + 500));
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
