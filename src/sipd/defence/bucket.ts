export interface Rate {
  perSecond: number;
  /** What may come at once after a silence. */
  burst: number;
}

/** A token bucket: it fills with time, and what finds it empty is beyond the limit. */
export class Bucket {
  private tokens: number;

  constructor(
    private readonly rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.burst;
  }

  /** Takes one token; false when there is none. `now` in milliseconds; a clock that goes back gives nothing. */
  take(now: number): boolean {
    const gained = (Math.max(0, now - this.at) * this.rate.perSecond) / 1_000;
    this.tokens = Math.min(this.rate.burst, this.tokens + gained);
    this.at = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;

    return true;
  }
}
