import { SightlineError } from '../lib/errors';
import type { Reply } from '../store/scripts';
import { HANDLING_GUESS } from './board';
import type { Engine } from './engine';
import type { Outbox } from './outbox';
import { scripts } from './scripts';
import type { AcdSnapshot, QueueStats, SeatState, SeatView } from './types';
import { joined, seatView } from './views';

/** Seats and queues as agents and operators see them. */
export class Seats {
  /** What this node was told last of each seat; told to the store again after a break. */
  private readonly known = new Map<string, { up?: boolean; paused?: boolean }>();

  constructor(
    private readonly engine: Engine,
    private readonly outbox: Outbox,
  ) {}

  async up(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { up: true });

    return this.outbox.do('seatUp', () => this.upNow(seatId));
  }

  async down(seatId: string): Promise<SeatState | undefined> {
    this.note(seatId, { up: false });

    return this.outbox.do('seatDown', () => this.downNow(seatId));
  }

  async pause(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { paused: true });

    return this.outbox.do('pause', () => this.mark('pauseSeat', seatId));
  }

  async unpause(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { paused: false });

    return this.outbox.do('unpause', () => this.mark('unpauseSeat', seatId));
  }

  /** Tells the store again what this node knows of seats: it may have lost its last moments. Changes nothing else. */
  async assert(): Promise<void> {
    for (const [seatId, { up, paused }] of this.known) {
      if (paused === true) await this.mark('pauseSeat', seatId);
      if (up === true && this.engine.config.seat(seatId)) await this.upNow(seatId);
    }
  }

  async view(seatId: string): Promise<SeatView | undefined> {
    return seatView(await this.engine.store.redis.hgetall(this.engine.keys.seat(seatId)));
  }

  async stats(queue: string): Promise<QueueStats> {
    const { keys } = this.engine;
    const reply = await this.engine.read(
      scripts.readStats,
      { queue: keys.queue(queue), line: keys.line(queue), staff: keys.staff(queue), idle: keys.idle(queue) },
      {},
    );

    return readStats(queue, reply as Reply[]);
  }

  async snapshot(): Promise<AcdSnapshot> {
    const { keys, store, config } = this.engine;
    const [used, seatIds] = await Promise.all([store.redis.smembers(keys.queues), store.redis.smembers(keys.seats)]);
    const queues = new Set([...[...config.queues()].map((queue) => queue.id), ...used]);
    const [stats, seats] = await Promise.all([
      Promise.all([...queues].sort().map((queue) => this.stats(queue))),
      Promise.all(seatIds.sort().map((seat) => this.view(seat))),
    ]);

    return { queues: stats, seats: seats.filter((seat) => seat !== undefined) };
  }

  private async upNow(seatId: string): Promise<SeatState> {
    const config = this.check(seatId);
    const state = await this.engine.change(
      scripts.seatUp,
      { seat: this.engine.keys.seat(seatId) },
      { seatId, queues: joined(config.queues), skills: joined(config.skills) },
    );

    return state as SeatState;
  }

  private async downNow(seatId: string): Promise<SeatState> {
    return (await this.engine.change(scripts.seatDown, { seat: this.engine.keys.seat(seatId) }, {})) as SeatState;
  }

  private async mark(name: 'pauseSeat' | 'unpauseSeat', seatId: string): Promise<SeatState> {
    return (await this.engine.change(scripts[name], { seat: this.engine.keys.seat(seatId) }, { seatId })) as SeatState;
  }

  private check(seatId: string) {
    const config = this.engine.config.seat(seatId);
    if (!config) throw new SightlineError('SEAT_UNKNOWN', `There is no seat '${seatId}'`);

    return config;
  }

  private note(seatId: string, what: { up?: boolean; paused?: boolean }): void {
    this.known.set(seatId, { ...this.known.get(seatId), ...what });
  }
}

function readStats(queue: string, reply: readonly Reply[]): QueueStats {
  const [offered, answered, abandoned, overflowed, refused, calledBack, handling, waiting, staffed, idle] = reply;

  return {
    queue,
    offered: Number(offered),
    answered: Number(answered),
    abandoned: Number(abandoned),
    overflowed: Number(overflowed),
    refused: Number(refused),
    calledBack: Number(calledBack),
    waiting: Number(waiting),
    staffed: Number(staffed),
    idle: Number(idle),
    handling: handling === null ? HANDLING_GUESS : Number(handling) / 1_000,
  };
}
