import { setTimeout as pause } from 'node:timers/promises';
import type { Acd } from '../../src/acd/acd';
import type { AcdConfig, QueueConfig, SeatConfig } from '../../src/acd/config';
import type { Offer } from '../../src/acd/types';
import { round, Samples } from './numbers';
import type { Percentiles } from './numbers';

/** One measurement of the queue alone. */
export interface AcdLoad {
  /** Events a second. */
  rate: number;
  seats: number;
  /** Who waits all the time; 0: callers come while seats are free. */
  waiting: number;
  /** How many skills there are; tickets ask for one each, seats have five, and more where seats are few. */
  skills: number;
  seconds: number;
  /** Asks for every place that has moved, as screens do. */
  positions: boolean;
}

export interface AcdFigures extends AcdLoad {
  measured: 'complete -> offer' | 'enqueue -> offer' | 'nothing happens';
  offers: number;
  positionsAsked: number;
  latencyMs: Percentiles | undefined;
  /** µs of CPU of this process for each offer; when nothing happens for each second. */
  nodeMicros: number;
  redisMicros: number;
}

const queue: QueueConfig = {
  ...{ id: 'support', strategy: 'longest-idle', skills: [], ringTimeout: 20, wrapUp: 0, grace: 60 },
  ...{ noAnswerDelay: 5, rejectDelay: 5, busyDelay: 5 },
};

const SKILLS_OF_SEAT = 5;

/** A queue with seats of which at least five have each skill, as far as there are so many. */
export function acdConfig({ seats, skills }: Pick<AcdLoad, 'seats' | 'skills'>): AcdConfig {
  const each = Math.min(skills, Math.max(SKILLS_OF_SEAT, Math.ceil((SKILLS_OF_SEAT * skills) / seats)));
  const skillsOf = (index: number): string[] =>
    Array.from({ length: each }, (_, next) => skill((index * each + next) % skills));
  const all = Array.from({ length: seats }, (_, index): SeatConfig => ({
    id: seatId(index),
    queues: [queue.id],
    skills: skillsOf(index),
    order: index,
  }));
  const byId = new Map(all.map((seat) => [seat.id, seat]));

  return {
    queue: (id) => (id === queue.id ? queue : undefined),
    queues: () => [queue],
    seat: (id) => byId.get(id),
    seats: () => all,
  };
}

/** Brings a queue into a state, loads it, and measures. */
export class AcdBench {
  /** When what is to be followed by an offer was asked for, by seat or call. */
  private readonly started = new Map<string, number>();
  private talks: Offer[] = [];
  private latencies = new Samples();
  private calls = 0;
  private asked = 0;
  private offers = 0;

  constructor(
    private readonly acd: Acd,
    private readonly load: AcdLoad,
    /** µs of CPU that Redis has used. */
    private readonly redisCpu: () => Promise<number>,
  ) {
    acd.on('offer', (offer) => void this.onOffer(offer));
    if (load.positions) acd.on('moved', (ids) => void this.askPlaces(ids));
  }

  /** Every seat talks, and as many wait as are to. */
  async prepare(): Promise<void> {
    const { seats, waiting } = this.load;
    await Promise.all(Array.from({ length: seats }, (_, index) => this.acd.seatUp(seatId(index))));
    if (waiting === 0) return;
    await this.enqueueMany(seats, false);
    while (this.talks.length < seats) await pause(10);
    await this.enqueueMany(waiting, true);
    await this.acd.settled();
  }

  async run(): Promise<AcdFigures> {
    const { rate, seconds, waiting } = this.load;
    await this.drive(Math.min(2, seconds));
    [this.latencies, this.offers, this.asked] = [new Samples(), 0, 0];
    const [node, redis] = [process.cpuUsage(), await this.redisCpu()];
    await this.drive(seconds);
    const used = process.cpuUsage(node);
    const redisUsed = (await this.redisCpu()) - redis;
    const units = rate === 0 ? seconds : Math.max(1, this.offers);
    const busy = waiting > 0 ? 'complete -> offer' : 'enqueue -> offer';

    return {
      ...this.load,
      measured: rate === 0 ? 'nothing happens' : busy,
      offers: this.offers,
      positionsAsked: this.asked,
      latencyMs: this.latencies.percentiles(),
      nodeMicros: round((used.user + used.system) / units, 1),
      redisMicros: round(redisUsed / units, 1),
    };
  }

  private async drive(seconds: number): Promise<void> {
    const { rate, waiting } = this.load;
    const begin = performance.now();
    const end = seconds * 1_000;
    for (let done = 0; performance.now() - begin < end;) {
      const due = Math.floor(((performance.now() - begin) / 1_000) * rate);
      for (; done < due; done++) void (waiting > 0 ? this.free() : this.arrive());
      // Sleeps until the next is due: a loop that polls would be measured too.
      const next = rate === 0 ? end : ((done + 1) / rate) * 1_000;
      await pause(Math.max(1, Math.min(next, end) - (performance.now() - begin)));
    }
    await this.acd.settled();
  }

  /** A seat is freed while somebody waits; somebody new takes the last place. */
  private async free(): Promise<void> {
    const talk = this.talks.shift();
    if (!talk) return;
    this.started.set(talk.seatId, performance.now());
    await Promise.all([this.acd.complete(talk.ticketId), this.enqueue()]);
  }

  /** Somebody comes while seats are free; the seat that talked longest is given back. */
  private async arrive(): Promise<void> {
    this.started.set(`call-${this.calls}`, performance.now());
    await this.enqueue();
    const oldest = this.talks.length > this.load.seats / 2 ? this.talks.shift() : undefined;
    if (oldest) await this.acd.complete(oldest.ticketId);
  }

  private async enqueueMany(count: number, isSkilled: boolean): Promise<void> {
    for (let done = 0; done < count; done += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - done) }, () => this.enqueue(isSkilled)));
    }
  }

  private async enqueue(isSkilled = true): Promise<void> {
    const call = this.calls++;
    const { ticketId } = await this.acd.enqueue({
      ...{ queue: queue.id, callId: `call-${call}`, terminal: `t${call}` },
      skills: isSkilled && this.load.skills > 0 ? [skill(call % this.load.skills)] : [],
    });
    if (this.load.positions) await this.acd.position(ticketId).catch(() => undefined);
  }

  private async onOffer(offer: Offer): Promise<void> {
    const key = this.load.waiting > 0 ? offer.seatId : offer.callId;
    const started = this.started.get(key);
    this.started.delete(key);
    if (started !== undefined) this.latencies.add(performance.now() - started);
    this.offers++;
    await this.acd.accept(offer);
    this.talks.push(offer);
  }

  private async askPlaces(ids: string[]): Promise<void> {
    this.asked += ids.length;
    await Promise.all(ids.map((id) => this.acd.position(id).catch(() => undefined)));
  }
}

function seatId(index: number): string {
  return `s${index}`;
}

function skill(index: number): string {
  return `k${index}`;
}
