import type { Redis } from 'ioredis';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { asSightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import type { Keys } from '../../store/keys';
import { defineScript } from '../../store/scripts';
import type { Reply } from '../../store/scripts';
import { byPreference } from './binding';
import type { Binding, BindingUpdateParts } from './binding';

const updateBindings = defineScript({
  file: 'sip/registrar/lua/updateBindings.lua',
  keys: ['bindings', 'expiries'],
  args: ['user', 'now', 'callId', 'cseq', 'most', 'clear', 'changes'],
});
const removeBinding = defineScript({
  file: 'sip/registrar/lua/removeBinding.lua',
  keys: ['bindings', 'expiries'],
  args: ['user', 'contact', 'updatedAt'],
});
const sweepBindings = defineScript({
  file: 'sip/registrar/lua/sweepBindings.lua',
  keys: ['expiries'],
  args: ['root', 'now', 'most'],
});

const SWEEP_INTERVAL = 1_000;
/** Small, so that a script never holds Redis up for more than a few ms. */
const SWEEP_BATCH = 100;

/** Why a user has no device any more. */
export type UnregisterCause = 'removed' | 'expired' | 'unreachable';

export type BindingEvents = {
  /** A device was added or has refreshed; repeated with every refresh, so that listeners may rely on the last one. */
  registered: [user: string, binding: Binding];
  /** The last device of the user is gone. Emitted on the node that removed it. */
  unregistered: [user: string, cause: UnregisterCause];
};

/** What one REGISTER asks for. */
export interface BindingUpdate extends BindingUpdateParts {
  user: string;
  callId: string;
  cseq: number;
  /** `Contact: *`: every device goes. */
  clear: boolean;
  /** Contacts that the user may have. */
  most: number;
}

export interface BindingsPorts {
  redis: Redis;
  keys: Keys;
  clock: Clock;
  log: Logger;
}

/** Where the users' devices are: the location service of the registrar, kept in Redis. */
export class Bindings extends TypedEmitter<BindingEvents> {
  private stopTimer: (() => void) | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private readonly ports: BindingsPorts) {
    super((error, event) => ports.log.error({ err: error, event }, 'a listener of the bindings threw'));
  }

  /** Begins to remove expired contacts once a second. */
  start(): void {
    this.stopTimer ??= this.ports.clock.after(SWEEP_INTERVAL, () => this.tick());
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stopTimer?.();
    await this.sweeping;
    this.removeAllListeners();
  }

  /**
   * Carries out one REGISTER, all of it or nothing, and returns the live contacts after it.
   * @throws SightlineError STALE_REGISTRATION, TOO_MANY_CONTACTS, STORE_UNAVAILABLE.
   */
  async update(update: BindingUpdate): Promise<Binding[]> {
    const { user, callId, cseq, most } = update;
    const changes = [
      ...update.remove.map((contact) => ({ contact })),
      ...update.add.map((binding) => ({ contact: binding.key, binding: JSON.stringify(binding) })),
    ];
    const reply = await updateBindings.run(this.ports.redis, this.keysOf(user), {
      user,
      callId,
      cseq,
      most,
      now: this.ports.clock.now(),
      clear: update.clear ? 1 : 0,
      changes: JSON.stringify(changes),
    });
    const [before, ...records] = reply as [number, ...string[]];
    for (const binding of update.add) this.emit('registered', user, binding);
    if (before > 0 && records.length === 0) this.emit('unregistered', user, 'removed');

    return records.map(parseBinding).sort(byPreference);
  }

  /** The live devices of a user, best first. */
  async lookup(user: string): Promise<Binding[]> {
    const now = this.ports.clock.now();
    const records = await this.ports.redis.hvals(this.ports.keys.bindings(user));

    return records
      .map(parseBinding)
      .filter((binding) => binding.expiresAt > now)
      .sort(byPreference);
  }

  /** Everybody who has a live device. For the start: listeners of a new process have missed the events before it. */
  async users(): Promise<string[]> {
    const { redis, keys, clock } = this.ports;
    const members = await redis.zrangebyscore(keys.bindingExpiry, `(${clock.now()}`, '+inf');

    return [...new Set(members.map((member) => member.slice(0, member.indexOf(' '))))];
  }

  /**
   * Forgets a device that was found dead, e.g. because its connection is closed. Does nothing when it has registered
   * again since `binding` was looked up.
   */
  async forget(binding: Binding): Promise<boolean> {
    const reply = await removeBinding.run(this.ports.redis, this.keysOf(binding.user), {
      user: binding.user,
      contact: binding.key,
      updatedAt: binding.updatedAt,
    });
    const [removed, left] = reply as [number, number];
    if (removed && left === 0) this.emit('unregistered', binding.user, 'unreachable');

    return removed === 1;
  }

  /** Removes what has expired; the timer does so once a second. */
  async sweep(): Promise<void> {
    const { redis, keys, clock } = this.ports;
    for (let removed = SWEEP_BATCH; removed === SWEEP_BATCH && !this.closed;) {
      const reply: Reply = await sweepBindings.run(
        redis,
        { expiries: keys.bindingExpiry },
        { root: keys.root, now: clock.now(), most: SWEEP_BATCH },
      );
      const [count, ...users] = reply as [number, ...string[]];
      for (const user of users) this.emit('unregistered', user, 'expired');
      removed = count;
    }
  }

  private tick(): void {
    this.sweeping = this.sweep()
      .catch((error: unknown) => {
        // The store itself tells, once, that it is away.
        const level = asSightlineError(error).code === 'STORE_UNAVAILABLE' ? 'debug' : 'warn';
        this.ports.log[level]({ err: error }, 'expired bindings could not be removed');
      })
      .then(() => {
        if (!this.closed) this.stopTimer = this.ports.clock.after(SWEEP_INTERVAL, () => this.tick());
      });
  }

  private keysOf(user: string): { bindings: string; expiries: string } {
    return { bindings: this.ports.keys.bindings(user), expiries: this.ports.keys.bindingExpiry };
  }
}

function parseBinding(record: string): Binding {
  return JSON.parse(record) as Binding;
}
