import type { Clock } from '../../lib/clock';

/** Milliseconds between two looks while requests come. */
const interval = 20;
/** A look that is late counts once, one that is twice as late counts twice, and no more: a single stall is no overload. */
const mostStrikes = 2;
const strikesToShed = 6;
/** Looks in a row that must be in time before new work is taken again: half a second. */
const looksToRelax = 25;

/**
 * Tells when the event loop cannot keep up, by how late a timer fires. It looks only while requests come, or while new
 * work is being refused: an idle server has no timer of it.
 */
export class Lateness {
  private stop: (() => void) | undefined;
  private heard = false;
  private strikes = 0;
  private calm = 0;
  private shedding = false;
  /** Milliseconds that the last look was late. */
  last = 0;

  /**
   * @param limit milliseconds that are late
   * @param changed called when new work is to be refused, and when it may be taken again
   */
  constructor(
    private readonly clock: Clock,
    private readonly limit: number,
    private readonly changed: (shedding: boolean, late: number) => void,
  ) {}

  get isShedding(): boolean {
    return this.shedding;
  }

  /** To be called with each new request. */
  note(): void {
    this.heard = true;
    if (!this.stop) this.arm();
  }

  close(): void {
    this.stop?.();
    this.stop = undefined;
  }

  private arm(): void {
    const due = this.clock.now() + interval;
    this.heard = false;
    this.stop = this.clock.after(interval, () => {
      this.stop = undefined;
      this.look(Math.max(0, this.clock.now() - due));
      if (this.heard || this.shedding || this.strikes > 0) this.arm();
    });
  }

  private look(late: number): void {
    this.last = late;
    this.strikes = late < this.limit ? 0 : this.strikes + Math.min(mostStrikes, Math.floor(late / this.limit));
    // Well below the limit, so that it does not swing to and fro.
    this.calm = late < this.limit / 4 ? this.calm + 1 : 0;
    if (!this.shedding && this.strikes >= strikesToShed) this.turn(true, late);
    else if (this.shedding && this.calm >= looksToRelax) this.turn(false, late);
  }

  private turn(shedding: boolean, late: number): void {
    this.shedding = shedding;
    this.calm = 0;
    this.changed(shedding, late);
  }
}
