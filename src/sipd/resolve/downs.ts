import type { Clock } from '../../lib/clock';
import { remoteKey } from '../transport/flow';
import type { Target } from '../transport/types';

/** Beyond this many the oldest are forgotten. */
const maxEntries = 10_000;

/** The places that lately failed: others are asked before them. */
export class Downs {
  private readonly until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Notes that a place is not to be relied on for so many milliseconds. */
  add(target: Target, ms: number): void {
    const key = remoteKey(target.transport, target);
    this.until.delete(key);
    if (ms <= 0) return;
    this.until.set(key, this.clock.now() + ms);
    if (this.until.size > maxEntries) this.until.delete(this.until.keys().next().value!);
  }

  has(target: Target): boolean {
    const key = remoteKey(target.transport, target);
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.until.delete(key);

    return false;
  }

  /** The same places, those that are down at the end: one is better than none. */
  order(targets: readonly Target[]): Target[] {
    return [...targets.filter((one) => !this.has(one)), ...targets.filter((one) => this.has(one))];
  }
}
