import type { Redis } from 'ioredis';
import type { Keys } from '../../store/keys';
import { defineScript } from '../../store/scripts';

const countNonce = defineScript({
  file: 'sip/registrar/lua/countNonce.lua',
  keys: ['count'],
  args: ['nc', 'lifetime'],
});

/** A use of a nonce: its count must be higher than any seen before with the same nonce (RFC 7616 section 3.4.5). */
export interface NonceUse {
  nonce: string;
  nonceCount: number;
  /** When the nonce was issued, ms. */
  issuedAt: number;
  now: number;
}

/** Remembers how far each nonce was counted. */
export interface ReplayGuard {
  /** True when this use is new; false when it was seen, or cannot be told any more. */
  take(use: NonceUse): boolean | Promise<boolean>;
}

/**
 * The guard of one process. Its memory is bounded: when it is full the oldest nonce is forgotten and every nonce that
 * is as old, and not remembered, counts as used; honest clients are then asked to go on with a new one.
 */
export class MemoryReplayGuard implements ReplayGuard {
  private readonly counts = new Map<string, { count: number; issuedAt: number }>();
  private forgottenUpTo = -Infinity;

  constructor(
    private readonly nonceLifetime: number,
    private readonly capacity = 100_000,
  ) {}

  get size(): number {
    return this.counts.size;
  }

  take(use: NonceUse): boolean {
    this.dropExpired(use.now);
    const known = this.counts.get(use.nonce);
    if (use.nonceCount <= (known?.count ?? 0)) return false;
    if (known) {
      known.count = use.nonceCount;

      return true;
    }
    if (use.issuedAt <= this.forgottenUpTo) return false;
    if (this.counts.size >= this.capacity) this.forgetOldest();
    this.counts.set(use.nonce, { count: use.nonceCount, issuedAt: use.issuedAt });

    return true;
  }

  /** The map is in the order of first use, which is nearly that of age: what is left behind goes a little later. */
  private dropExpired(now: number): void {
    for (const [nonce, { issuedAt }] of this.counts) {
      if (now - issuedAt <= this.nonceLifetime) return;
      this.counts.delete(nonce);
    }
  }

  private forgetOldest(): void {
    for (const [nonce, { issuedAt }] of this.counts) {
      this.counts.delete(nonce);
      this.forgottenUpTo = Math.max(this.forgottenUpTo, issuedAt);

      return;
    }
  }
}

/** The guard of several nodes that serve one site: counts are kept in Redis for as long as a nonce lives. */
export class RedisReplayGuard implements ReplayGuard {
  constructor(
    private readonly redis: Redis,
    private readonly keys: Pick<Keys, 'nonceCount'>,
    private readonly nonceLifetime: number,
  ) {}

  async take(use: NonceUse): Promise<boolean> {
    const left = Math.max(1, use.issuedAt + this.nonceLifetime - use.now);
    const keys = { count: this.keys.nonceCount(use.nonce) };

    return (await countNonce.run(this.redis, keys, { nc: use.nonceCount, lifetime: left })) === 1;
  }
}
