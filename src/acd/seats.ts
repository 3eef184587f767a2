import { SightlineError } from '../lib/errors';
import type { Reply } from '../store/scripts';
import { HANDLING_GUESS } from './board';
import type { Engine } from './engine';
import type { Outbox } from './outbox';
import { scripts } from './scripts';
import type { AcdSnapshot, QueueStats, SeatState, SeatView } from './types';
import { joined, seatView } from './views';

interface Known {
  up?: boolean;
  paused?: boolean;
  at: number;
}

/** Seats and queues as agents and operators see them. */
export class Seats {
  /** What this node was told last of each seat, and when. */
  private readonly known = new Map<string, Known>();

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

  /**
   * After a break: tells the store again what it may have lost. What this node heard before `since` (ms since the epoch)
   * is only told for seats that the store does not know at all, since another node may have heard better meanwhile.
   */
  async assert(since: number): Promise<void> {
    const { keys, store } = this.engine;
    const seats = [...this.known];
    const there = await Promise.all(seats.map(([seatId]) => store.redis.exists(keys.seat(seatId))));
    for (const [index, [seatId, known]] of seats.entries()) {
      if (there[index] === 0 || known.at >= since) await this.tell(seatId, known);
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

  private async tell(seatId: string, { up, paused }: Known): Promise<void> {
    if (!this.engine.config.seat(seatId)) return;
    if (paused !== undefined) await this.mark(paused ? 'pauseSeat' : 'unpauseSeat', seatId);
    if (up !== undefined) await (up ? this.upNow(seatId) : this.downNow(seatId));
  }

  private check(seatId: string) {
    const config = this.engine.config.seat(seatId);
    if (!config) throw new SightlineError('SEAT_UNKNOWN', `There is no seat '${seatId}'`);

    return config;
  }

  private note(seatId: string, what: { up?: boolean; paused?: boolean }): void {
    this.known.set(seatId, { ...this.known.get(seatId), ...what, at: this.engine.now() });
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
