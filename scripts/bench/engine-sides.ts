import { Queue, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { Redis } from 'ioredis';
import { Acd } from '../../src/acd/acd';
import type { AcdConfig, QueueConfig, SeatConfig } from '../../src/acd/config';
import type { Offer } from '../../src/acd/types';
import { ChurnMap } from '../../src/lib/churn';
import { silentLogger } from '../../src/lib/logger';
import { openStore } from '../../src/store/connection';
import type { Store } from '../../src/store/connection';

/** What a client process is asked to be. */
export interface SideOptions {
  side: 'sightline' | 'bullmq';
  /** Path of Redis's socket. */
  socket: string;
  /** Number of this client, from nought. */
  client: number;
  clients: number;
  /** Seats, or the concurrency of the worker, of this client. */
  width: number;
  /** How arrivals are handed to BullMQ: one by one, those of one turn of the event loop together, or by ioredis's own pipelines. */
  adding: Adding;
}

export const addings = ['one', 'bulk', 'pipeline'] as const;
export type Adding = (typeof addings)[number];

/** What a side tells of each assignment. */
export interface SideEvents {
  /** A seat or worker has it: ms from when it was put in. */
  assigned(ms: number): void;
  /** It was acknowledged as done, and the store has confirmed that. */
  done(): void;
}

/** One engine under measurement. */
export interface Side {
  /** Puts one in. */
  put(): void;
  close(): Promise<void>;
}

export function openSide(options: SideOptions, events: SideEvents): Promise<Side> {
  return options.side === 'bullmq' ? BullSide.open(options, events) : SightlineSide.open(options, events);
}

/** ms of the clock that all processes of a machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

const queue: QueueConfig = {
  ...{ id: 'q', strategy: 'longest-idle', skills: [], ringTimeout: 20, wrapUp: 0, grace: 60 },
  ...{ noAnswerDelay: 5, rejectDelay: 5, busyDelay: 5 },
};

/** Enqueue -> offer -> accept -> complete. Every client is a node with seats of its own; all share one queue. */
class SightlineSide implements Side {
  private readonly putAt = new ChurnMap<string, number>();
  private calls = 0;

  private constructor(
    private readonly acd: Acd,
    private readonly store: Store,
    private readonly events: SideEvents,
    private readonly client: number,
  ) {
    acd.on('offer', (offer) => void this.serve(offer).catch(fail));
  }

  static async open({ socket, client, clients, width }: SideOptions, events: SideEvents): Promise<Side> {
    const store = await openStore({ url: `unix:${socket}`, log: silentLogger });
    const ids = Array.from({ length: clients * width }, (_, index) => `s${index}`);
    const all = ids.map((id): SeatConfig => ({ id, queues: [queue.id], skills: [] }));
    const byId = new Map(all.map((seat) => [seat.id, seat]));
    const config: AcdConfig = {
      queue: (id) => (id === queue.id ? queue : undefined),
      queues: () => [queue],
      seat: (id) => byId.get(id),
      seats: () => all,
    };
    const acd = await Acd.open({ store, site: 'bench', node: `node${client}`, config, log: silentLogger });
    await Promise.all(ids.slice(client * width, (client + 1) * width).map((id) => acd.login(id)));
    await Promise.all(ids.slice(client * width, (client + 1) * width).map((id) => acd.seatUp(id)));

    return new SightlineSide(acd, store, events, client);
  }

  put(): void {
    const callId = `c${this.client}-${this.calls++}`;
    this.putAt.set(callId, machineTime());
    this.acd.enqueue({ queue: queue.id, callId, terminal: callId }).catch(fail);
  }

  async close(): Promise<void> {
    await this.acd.close();
    await this.store.close();
  }

  private async serve(offer: Offer): Promise<void> {
    this.events.assigned(machineTime() - (this.putAt.get(offer.callId) ?? NaN));
    this.putAt.delete(offer.callId);
    await this.acd.accept(offer);
    await this.acd.complete(offer.ticketId);
    this.events.done();
  }
}

interface BenchJob {
  at: number;
}

/** Add -> the processor gets the job -> it returns. */
class BullSide implements Side {
  private together: BenchJob[] = [];

  private constructor(
    private readonly queue: Queue<BenchJob>,
    private readonly worker: Worker<BenchJob>,
    private readonly connections: Redis[],
    private readonly adding: Adding,
  ) {}

  static async open({ socket, width, adding }: SideOptions, events: SideEvents): Promise<Side> {
    const connect = (): Redis =>
      new Redis({ path: socket, maxRetriesPerRequest: null, enableAutoPipelining: adding === 'pipeline' });
    const connections = [connect(), connect()] as const;
    const jobs = new Queue<BenchJob>('bench', {
      connection: connections[0],
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    const processor = (job: Job<BenchJob>): Promise<void> => {
      events.assigned(machineTime() - job.data.at);

      return Promise.resolve();
    };
    const worker = new Worker<BenchJob>('bench', processor, { connection: connections[1], concurrency: width });
    worker.on('completed', () => events.done());
    worker.on('error', fail);
    await Promise.all([jobs.waitUntilReady(), worker.waitUntilReady()]);

    return new BullSide(jobs, worker, [...connections], adding);
  }

  put(): void {
    const data = { at: machineTime() };
    if (this.adding !== 'bulk') {
      this.queue.add('j', data).catch(fail);

      return;
    }
    this.together.push(data);
    if (this.together.length === 1) setImmediate(() => this.addBulk());
  }

  async close(): Promise<void> {
    await this.worker.close(true);
    await this.queue.close();
    for (const connection of this.connections) connection.disconnect();
  }

  private addBulk(): void {
    const jobs = this.together.map((data) => ({ name: 'j', data }));
    this.together = [];
    this.queue.addBulk(jobs).catch(fail);
  }
}
