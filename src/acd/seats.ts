import { SightlineError } from '../lib/errors';
import type { Reply } from '../store/scripts';
import type { Engine } from './engine';
import { factsOf } from './estimate';
import type { Mirror } from './mirror';
import type { Outbox } from './outbox';
import { checkName } from './tickets';
import type { SeatConfig } from './config';
import type { AcdSnapshot, QueueStats, SeatState, SeatView } from './types';
import { seatView } from './views';

interface Known {
  up?: boolean;
  login?: boolean;
  /** The reason of a break, false when there is none. */
  paused?: string | false;
  at: number;
}

/** What an agent may choose during a call for afterwards. */
export type NextState = 'available' | 'break' | 'offline';

const reasonText = /^[^",;\\\u0000-\u001f\u007f]{0,64}$/;

/** Seats and queues as agents and operators see them. */
export class Seats {
  /** What this node was told last of each seat, and when. */
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly engine: Engine,
    private readonly outbox: Outbox,
    private readonly mirror: Mirror,
  ) {}

  async up(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.mirror.usePlan();
    this.note(seatId, { up: true });

    return this.outbox.do('seatUp', () => this.upNow(seatId));
  }

  async down(seatId: string): Promise<SeatState | undefined> {
    this.note(seatId, { up: false });

    return this.outbox.do('seatDown', () => this.downNow(seatId));
  }

  async login(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { login: true, paused: false });

    return this.outbox.do('login', () => this.loginNow(seatId, true));
  }

  async logout(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { login: false });

    return this.outbox.do('logout', () => this.loginNow(seatId, false));
  }

  async pause(seatId: string, reason = ''): Promise<SeatState | undefined> {
    this.check(seatId);
    if (!reasonText.test(reason)) {
      throw new SightlineError(
        'BAD_REQUEST',
        'A reason has at most 64 characters, none of them a quote, comma or semicolon',
      );
    }
    this.note(seatId, { paused: reason });

    return this.outbox.do('pause', () => this.pauseNow(seatId, reason));
  }

  async unpause(seatId: string): Promise<SeatState | undefined> {
    this.check(seatId);
    this.note(seatId, { paused: false });

    return this.outbox.do('unpause', () => this.unpauseNow(seatId));
  }

  /** @throws SightlineError WRONG_STATE when the seat is in no call. */
  async setNext(seatId: string, next: NextState, reason?: string): Promise<SeatState | undefined> {
    const view = await this.view(seatId);
    this.check(seatId);
    if (!view || !['reserved', 'ringing', 'talking'].includes(view.state)) {
      throw new SightlineError(
        'WRONG_STATE',
        `The seat '${seatId}' is ${view?.state ?? 'offline'}, in no call or offer`,
      );
    }
    if (next === 'break') return this.pause(seatId, reason);
    if (next === 'offline') return this.logout(seatId);
    await this.login(seatId);

    return this.unpause(seatId);
  }

  /** `ms` more of wrap-up; 0 ends it. @throws SightlineError WRONG_STATE, SEAT_UNKNOWN */
  async wrapUp(seatId: string, more: number): Promise<SeatState> {
    this.check(seatId);
    await this.outbox.ready();

    return (await this.engine.run('wrapUpSeat', { seatId, more })) as SeatState;
  }

  async engaged(seatId: string, callId: string, on: boolean): Promise<SeatState | undefined> {
    this.check(seatId);
    checkName('call', callId);

    return this.outbox.do(
      'engaged',
      async () => (await this.engine.run('engageSeat', { seatId, callId, on: on ? 1 : 0 })) as SeatState,
    );
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
    const hash = await this.engine.readRecord('seat', seatId);

    return seatView(hash, this.engine.config.seat(seatId), this.engine.now());
  }

  async stats(queue: string): Promise<QueueStats> {
    const reply = await this.engine.run('readStats', { queueId: queue });
    const { staffed, free } = this.mirror.floor.queue(queue);

    return readStats(queue, reply as Reply[], {
      staffed: staffed.size,
      idle: free.size,
      handling: this.handling(queue),
    });
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

  private handling(queue: string): number {
    return factsOf(this.mirror.learner.counters(queue), { staffed: 0 }).handling;
  }

  /** @param loggedOut its agent has gone although the phone is there. */
  private async upNow(seatId: string, loggedOut = false): Promise<SeatState> {
    const login = loggedOut || this.check(seatId).login === 'code' ? 0 : 1;

    return (await this.engine.run('seatUp', { seatId, login })) as SeatState;
  }

  private async downNow(seatId: string): Promise<SeatState> {
    return (await this.engine.run('seatDown', { seatId })) as SeatState;
  }

  private async loginNow(seatId: string, on: boolean): Promise<SeatState> {
    return (await this.engine.run('loginSeat', { seatId, on: on ? 1 : 0 })) as SeatState;
  }

  private async pauseNow(seatId: string, reason: string): Promise<SeatState> {
    return (await this.engine.run('pauseSeat', { seatId, reason })) as SeatState;
  }

  private async unpauseNow(seatId: string): Promise<SeatState> {
    return (await this.engine.run('unpauseSeat', { seatId })) as SeatState;
  }

  private async tell(seatId: string, { up, login, paused }: Known): Promise<void> {
    if (!this.engine.config.seat(seatId)) return;
    if (login !== undefined) await this.loginNow(seatId, login);
    if (paused !== undefined) await (paused === false ? this.unpauseNow(seatId) : this.pauseNow(seatId, paused));
    if (up !== undefined) await (up ? this.upNow(seatId, login === false) : this.downNow(seatId));
  }

  private check(seatId: string): SeatConfig {
    const config = this.engine.config.seat(seatId);
    if (!config) throw new SightlineError('SEAT_UNKNOWN', `There is no seat '${seatId}'`);

    return config;
  }

  private note(seatId: string, what: Omit<Known, 'at'>): void {
    this.known.set(seatId, { ...this.known.get(seatId), ...what, at: this.engine.now() });
  }
}

function readStats(
  queue: string,
  reply: readonly Reply[],
  now: Pick<QueueStats, 'staffed' | 'idle' | 'handling'>,
): QueueStats {
  const [offered, answered, abandoned, overflowed, refused, calledBack, waiting] = reply;

  return {
    queue,
    offered: Number(offered),
    answered: Number(answered),
    abandoned: Number(abandoned),
    overflowed: Number(overflowed),
    refused: Number(refused),
    calledBack: Number(calledBack),
    waiting: Number(waiting),
    ...now,
  };
}
