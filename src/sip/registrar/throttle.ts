/** What the throttle allows before it blocks, per window. */
export interface ThrottleLimits {
  /** Milliseconds in which failures are counted, and for which a block holds. */
  window: number;
  /** Failures of one user from one source. */
  perUser: number;
  /** Failures of one source with whatever users: many terminals may stand behind one address. */
  perSource: number;
  /** How many sources and users are remembered; beyond it the oldest are forgotten. */
  capacity: number;
}

export const defaultLimits: ThrottleLimits = { window: 60_000, perUser: 10, perSource: 100, capacity: 50_000 };

interface Bucket {
  failures: number;
  since: number;
  blockedUntil: number;
}

/**
 * Slows down password guessing. A user is blocked from one source only, never everywhere: else anybody could lock a
 * terminal out. Users who have lately succeeded from a source are not stopped by the failures of their neighbours.
 */
export class Throttle {
  private readonly buckets = new Map<string, Bucket>();
  private readonly proven = new Map<string, true>();
  private readonly limits: ThrottleLimits;

  constructor(limits: Partial<ThrottleLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  get size(): number {
    return this.buckets.size + this.proven.size;
  }

  /** Milliseconds for which this user is still blocked from this source; 0 when he is not. */
  blockedFor(source: string, user: string, now: number): number {
    const own = this.remaining(userKey(source, user), now);
    const shared = this.proven.has(userKey(source, user)) ? 0 : this.remaining(source, now);

    return Math.max(own, shared);
  }

  /** Notes a failure; true when it is the one that begins a block. */
  failed(source: string, user: string, now: number): boolean {
    const own = this.count(userKey(source, user), this.limits.perUser, now);
    const shared = this.count(source, this.limits.perSource, now);

    return own || shared;
  }

  succeeded(source: string, user: string): void {
    const key = userKey(source, user);
    this.buckets.delete(key);
    this.proven.delete(key);
    this.proven.set(key, true);
    trim(this.proven, this.limits.capacity);
  }

  private remaining(key: string, now: number): number {
    return Math.max(0, (this.buckets.get(key)?.blockedUntil ?? 0) - now);
  }

  private count(key: string, limit: number, now: number): boolean {
    const known = this.buckets.get(key);
    const fresh = !known || now - known.since > this.limits.window;
    const bucket = fresh ? { failures: 0, since: now, blockedUntil: 0 } : known;
    bucket.failures += 1;
    if (fresh) {
      this.buckets.delete(key);
      this.buckets.set(key, bucket);
      trim(this.buckets, this.limits.capacity);
    }
    if (bucket.failures < limit || bucket.blockedUntil > now) return false;
    bucket.blockedUntil = now + this.limits.window;
    bucket.failures = 0;
    bucket.since = bucket.blockedUntil;

    return true;
  }
}

/** No source contains a space, so no two pairs share a key. */
function userKey(source: string, user: string): string {
  return `${source} ${user}`;
}

function trim(map: Map<string, unknown>, capacity: number): void {
  for (const key of map.keys()) {
    if (map.size <= capacity) return;
    map.delete(key);
  }
}
