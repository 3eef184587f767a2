import { timestampAhead } from '../rtp';

/** Milliseconds that a packet may seem to be early or late before its stream counts as begun anew. */
const mostEarly = 200;
const mostLate = 2_000;
/** Milliseconds over which the difference of the two clocks is watched. */
const watch = 5_000;

/**
 * Turns RTP timestamps into the time of the recording. Between packets the sender's clock counts, which knows nothing of the network's
 * jitter; in the long run ours, since two clocks are never the same. The packet that was least late tells how they differ. Pure.
 */
export class Timeline {
  private last: number | undefined;
  /** Ticks since the first packet, beyond 32 bits. */
  private ticks = 0;
  private offset = 0;
  private least = Infinity;
  private watchedFrom = 0;

  /** @param rate of the RTP clock in Hz */
  constructor(private readonly rate: number) {}

  /** When the content of this packet happened, on the clock of `arrival`. Milliseconds. */
  at(timestamp: number, arrival: number): number {
    if (this.last === undefined) this.anchor(arrival);
    else this.ticks += timestampAhead(timestamp, this.last);
    this.last = timestamp;
    const late = arrival - this.now();
    if (late < -mostEarly || late > mostLate) this.anchor(arrival);
    else this.follow(late, arrival);

    return this.now();
  }

  /** The next packet is of another source: its timestamps have nothing to do with those before. */
  reset(): void {
    this.last = undefined;
    this.ticks = 0;
  }

  private now(): number {
    return (this.ticks * 1000) / this.rate + this.offset;
  }

  private anchor(arrival: number): void {
    this.offset += arrival - this.now();
    this.least = Infinity;
    this.watchedFrom = arrival;
  }

  private follow(late: number, arrival: number): void {
    this.least = Math.min(this.least, late);
    if (arrival - this.watchedFrom < watch) return;
    this.offset += this.least;
    this.least = Infinity;
    this.watchedFrom = arrival;
  }
}
