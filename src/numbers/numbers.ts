import type { Redis } from 'ioredis';
import type { Clock } from '../lib/clock';
import { TypedEmitter } from '../lib/emitter';
import { asSightlineError, SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { Keys } from '../store/keys';
import { dataText, routingNumberOf, waitingRequestOf } from './record';
import type { WaitingRequest } from './record';
import { scripts } from './scripts';
import type { LeaseRequest, PoolConfig, RoutingNumber } from './types';

export interface NumberLimits {
  /** Unused leases that a terminal may have at a time. */
  leasesPerTerminal: number;
  /** Requests that wait for a number of one pool. */
  waitingPerPool: number;
  /** Milliseconds that a request waits. */
  wait: number;
  /** Milliseconds for which a claim holds when its server does not renew it. */
  hold: number;
  /** Milliseconds in which a terminal may dial again when its claim was lost with the server that held it. */
  grace: number;
}

export const defaultNumberLimits: NumberLimits = {
  leasesPerTerminal: 8,
  waitingPerPool: 100,
  wait: 600_000,
  hold: 60_000,
  grace: 60_000,
};

const SWEEP_INTERVAL = 1_000;
/** Small, so that a script never holds Redis up for more than a few ms. */
const SWEEP_BATCH = 100;
/** Claims are renewed this many times within the time for which they hold. */
const RENEWALS_PER_HOLD = 4;
const RENEW_BATCH = 500;
/** Told to a terminal when every number is in a call and nobody knows when one comes back, in seconds. */
const UNKNOWN_RETRY = 60;

export type NumberEvents = {
  /** A request that had waited got its number. Emitted on the node whose sweep found the number. */
  ready: [lease: RoutingNumber];
  /** A request has waited in vain. */
  lapsed: [request: WaitingRequest];
  /** The claim of this process was lost: it did not renew it in time, and the terminal has dialled again since. */
  lost: [number: string];
};

/** No number is free: tells when to ask again, and whether the request waits for one. */
export class PoolExhausted extends SightlineError {
  constructor(
    retryAfter: number,
    readonly queued: boolean,
  ) {
    super('POOL_EXHAUSTED', undefined, { retryAfter });
  }
}

type LeaseOutcome = { lease: RoutingNumber } | { retryAfter: number; queued: boolean };

export interface NumbersPorts {
  redis: Redis;
  keys: Keys;
  clock: Clock;
  log: Logger;
  limits?: Partial<NumberLimits>;
}

/** Routing numbers: leased to terminals, used once, kept out of use for a while, and leased again. */
export class Numbers extends TypedEmitter<NumberEvents> {
  private readonly limits: NumberLimits;
  /** Numbers that calls of this process hold, with the token of the claim. */
  private readonly held = new Map<string, string>();
  /** Releases that found the store away, by number: carried out when it is back. */
  private readonly unsettled = new Map<string, { token: string; redialUntil: number }>();
  private readonly timers = new Map<string, () => void>();
  private readonly running = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly ports: NumbersPorts) {
    super((error, event) => ports.log.error({ err: error, event }, 'a listener of the numbers threw'));
    this.limits = { ...defaultNumberLimits, ...ports.limits };
  }

  /** Begins to end what is due once a second, and to renew the claims of this process. */
  start(): void {
    this.repeat('sweep', SWEEP_INTERVAL, () => this.sweep());
    this.repeat('renew', this.limits.hold / RENEWALS_PER_HOLD, () => this.renew());
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const stop of this.timers.values()) stop();
    this.timers.clear();
    await Promise.all(this.running);
    // What cannot be said now is learnt by others when the claims end.
    await this.settle().catch((error: unknown) => this.ports.log.warn({ err: error }, 'numbers were not given back'));
    this.removeAllListeners();
  }

  /** Takes over the pools of a dialplan; to be called at the start and for every dialplan that is published. */
  async usePools(pools: Iterable<PoolConfig>): Promise<void> {
    const configs = [...pools].map(({ id, from, to, lease, quarantine }) =>
      JSON.stringify({ id, from, to, lease: lease * 1000, quarantine: quarantine * 1000 }),
    );
    const { pools: key, cursors } = this.keys;
    await scripts.setPools.run(this.ports.redis, { pools: key, cursors }, { configs: JSON.stringify(configs) });
    await this.sweep();
  }

  /**
   * Leases a free number, the one that is out of use for longest. The same request of the same terminal gets the same
   * number until it is used or has expired.
   *
   * @param options.wait With no number free the request waits for one; see the events `ready` and `lapsed`.
   * @throws PoolExhausted (POOL_EXHAUSTED), SightlineError TOO_MANY_LEASES, STORE_UNAVAILABLE.
   */
  async lease(request: LeaseRequest, options: { wait?: boolean } = {}): Promise<RoutingNumber> {
    const first = await this.tryLease(request, 0);
    if ('lease' in first) return first.lease;
    // What has become due since the last sweep may be just what is needed.
    await this.sweep();
    const second = await this.tryLease(request, options.wait ? this.limits.wait : 0);
    if ('lease' in second) return second.lease;
    throw new PoolExhausted(second.retryAfter, second.queued);
  }

  /**
   * Takes a number for its one use by a call of this process, which keeps it until `release`.
   *
   * @param options.takeOver The terminal may take over its own call that seems to be under way: it has dialled again
   * before anybody noticed that it was cut off.
   * @throws SightlineError NUMBER_FOREIGN, NUMBER_EXPIRED, NUMBER_USED, NUMBER_UNKNOWN, STORE_UNAVAILABLE.
   */
  async claim(number: string, terminal: string, options: { takeOver?: boolean } = {}): Promise<RoutingNumber> {
    if (!/^\d{1,15}$/.test(number)) throw new SightlineError('NUMBER_UNKNOWN');
    await this.settle();
    const token = newToken();
    const { pools, due } = this.keys;
    const reply = await scripts.claim.run(
      this.ports.redis,
      { pools, due },
      {
        ...this.common(),
        number,
        terminal,
        token,
        hold: this.limits.hold,
        grace: this.limits.grace,
        takeOver: options.takeOver ? 1 : 0,
      },
    );
    const [again, flat] = reply as [number, string[]];
    this.held.set(number, token);

    return routingNumberOf(number, flat, again === 1);
  }

  /** Goes on holding a number for a call that another process, or this one before a restart, has claimed. */
  adopt(number: string, token: string): void {
    this.held.set(number, token);
  }

  /**
   * The call of a number has ended. With `redialUntil` (ms since the epoch) it was cut off, and its terminal may dial the
   * number again until then. Does nothing when the number was claimed again since. While the store is away this is kept
   * for later, and resolves without waiting for it.
   */
  async release(number: string, options: { redialUntil?: number } = {}): Promise<void> {
    const token = this.held.get(number);
    if (token === undefined) return;
    this.held.delete(number);
    const redialUntil = options.redialUntil ?? 0;
    try {
      await this.releaseScript(number, token, redialUntil);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.unsettled.set(number, { token, redialUntil });
    }
  }

  /** Carries out the releases that are left. Safe to repeat: one that was done before finds its token gone. */
  private async settle(): Promise<void> {
    for (const [number, release] of this.unsettled) {
      await this.releaseScript(number, release.token, release.redialUntil);
      if (this.unsettled.get(number) === release) this.unsettled.delete(number);
    }
  }

  /** Takes a number back whatever its state; true when it was out. It rests before it is leased again. */
  async giveBack(number: string): Promise<boolean> {
    this.held.delete(number);
    this.unsettled.delete(number);

    return (await this.releaseScript(number, '', 0)) === 1;
  }

  /** What is known of a number, or undefined when it was never leased. */
  async find(number: string): Promise<RoutingNumber | undefined> {
    const fields = await this.ports.redis.hgetall(this.ports.keys.number(number));
    const flat = Object.entries(fields).flat();

    return fields.terminal === undefined ? undefined : routingNumberOf(number, flat, false);
  }

  /** Ends what is due and hands free numbers to those who wait; the timer does so once a second. */
  async sweep(): Promise<void> {
    await this.settle();
    for (let done = SWEEP_BATCH; done === SWEEP_BATCH && !this.closed;) {
      const args = { ...this.common(), most: SWEEP_BATCH, grace: this.limits.grace };
      const reply = await scripts.sweep.run(this.ports.redis, this.keys, args);
      const [ended, served, lapsed] = reply as [number, [string, string[]][], string[]];
      for (const [number, flat] of served) this.emit('ready', routingNumberOf(number, flat, false));
      for (const text of lapsed) this.emit('lapsed', waitingRequestOf(text));
      done = ended;
    }
  }

  /** Renews the claims of this process; the timer does so several times within the time for which they hold. */
  async renew(): Promise<void> {
    const claims = [...this.held].map(([number, token]) => ({ number, token }));
    for (let at = 0; at < claims.length; at += RENEW_BATCH) {
      const batch = claims.slice(at, at + RENEW_BATCH);
      const args = { ...this.common(), hold: this.limits.hold, claims: JSON.stringify(batch) };
      const lost = (await scripts.renew.run(this.ports.redis, { due: this.keys.due }, args)) as string[];
      for (const { number, token } of batch) if (lost.includes(number)) this.drop(number, token);
    }
  }

  private drop(number: string, token: string): void {
    // It may have been released, or claimed anew, while the script was on its way.
    if (this.held.get(number) !== token) return;
    this.held.delete(number);
    this.ports.log.warn({ number }, 'the claim of a routing number was lost');
    this.emit('lost', number);
  }

  private async tryLease(request: LeaseRequest, wait: number): Promise<LeaseOutcome> {
    const { pool, terminal, request: id } = request;
    const reply = await scripts.lease.run(this.ports.redis, this.keys, {
      ...this.common(),
      pool,
      terminal,
      request: id,
      data: dataText(request),
      most: this.limits.leasesPerTerminal,
      wait,
      longest: this.limits.waitingPerPool,
    });
    const [number, rest, queued] = reply as [string, string[] | number, number | undefined];
    if (Array.isArray(rest)) return { lease: routingNumberOf(number, rest, false) };

    return { retryAfter: rest < 0 ? UNKNOWN_RETRY : Math.max(1, Math.ceil(rest / 1000)), queued: queued === 1 };
  }

  private async releaseScript(number: string, token: string, redial: number): Promise<unknown> {
    const { pools, due } = this.keys;
    const args = { ...this.common(), number, token, redial };

    return scripts.release.run(this.ports.redis, { pools, due }, args);
  }

  private common(): { root: string; now: number } {
    return { root: this.ports.keys.root, now: this.ports.clock.now() };
  }

  private get keys(): { pools: string; cursors: string; due: string } {
    const { pools, poolCursors, numbersDue } = this.ports.keys;

    return { pools, cursors: poolCursors, due: numbersDue };
  }

  private repeat(name: string, interval: number, work: () => Promise<unknown>): void {
    if (this.closed || this.timers.has(name)) return;
    const tick = (): void => {
      const run = work()
        .catch((error: unknown) => this.failed(name, error))
        .then(() => {
          this.running.delete(run);
          if (!this.closed) this.timers.set(name, this.ports.clock.after(interval, tick));
        });
      this.running.add(run);
    };
    this.timers.set(name, this.ports.clock.after(interval, tick));
  }

  private failed(work: string, error: unknown): void {
    // The store itself tells, once, that it is away.
    const level = isUnavailable(error) ? 'debug' : 'warn';
    this.ports.log[level]({ err: error, work }, 'routing numbers: will try again');
  }
}

function isUnavailable(error: unknown): boolean {
  return asSightlineError(error).code === 'STORE_UNAVAILABLE';
}
