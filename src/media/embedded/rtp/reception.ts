import type { ReportBlock } from './rtcp';
import { sequenceAhead, type RtpView } from './packet';

/** A jump farther than this is a new start of the sender, not a loss (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3000;
/** Packets of another source that must come before it is taken for the new one, while the present one still sends. */
const PROBATION = 3;
/** Milliseconds of silence after which another source is taken at once. */
const SILENCE = 100;

let sources = 0;

/** A number that no other source of packets in this thread has had. */
export function newSource(): number {
  return ++sources;
}

/**
 * What is known of the packets of one sender: loss and jitter after RFC 3550 appendix A. Follows the sender when it changes its SSRC;
 * packets of a second SSRC beside the first are not taken.
 */
export class Reception {
  ssrc = 0;
  /** Names the present run of packets; a new one each time the SSRC or the count of the sender begins anew. */
  source = 0;
  packets = 0;
  bytes = 0;
  jitter = 0;
  lastAt = -Infinity;

  private cycles = 0;
  private highest = 0;
  private first = 0;
  private counted = 0;
  private lostBefore = 0;
  private transit = NaN;
  private candidate = 0;
  private candidateCount = 0;
  private reported = { expected: 0, received: 0 };

  constructor(private readonly clock: number) {}

  /**
   * Takes in a packet that arrived at `now` (milliseconds of a steady clock). False when it is not of the source that counts.
   * `timed` is false for RTP events, whose timestamps stand still.
   */
  take(view: RtpView, now: number, timed: boolean): boolean {
    if (this.source === 0 || view.ssrc !== this.ssrc) {
      if (!this.turnTo(view, now)) return false;
    } else {
      this.candidateCount = 0;
    }
    this.count(view.sequence);
    this.packets++;
    this.bytes += view.end - view.start;
    this.lastAt = now;
    if (timed) this.time(view.timestamp, now);

    return true;
  }

  /** What follows is passed on as if it came from somebody else: some of it was held back. */
  renew(): void {
    if (this.source !== 0) this.source = newSource();
  }

  /** Packets lost since the beginning. */
  get lost(): number {
    return this.lostBefore + (this.source === 0 ? 0 : this.expected - this.counted);
  }

  /** Milliseconds. */
  get jitterMs(): number {
    return (this.jitter * 1000) / this.clock;
  }

  /** The block of our next report about this sender; undefined when it sent nothing since the last one. */
  report(): Pick<ReportBlock, 'ssrc' | 'fraction' | 'lost' | 'highest' | 'jitter'> | undefined {
    if (this.source === 0) return undefined;
    const expected = this.expected - this.reported.expected;
    const received = this.counted - this.reported.received;
    if (expected <= 0 && received <= 0) return undefined;
    this.reported = { expected: this.expected, received: this.counted };
    const fraction = expected <= 0 ? 0 : Math.floor((Math.max(0, expected - received) * 256) / expected);

    return {
      ssrc: this.ssrc,
      fraction: Math.min(255, fraction),
      lost: this.expected - this.counted,
      highest: (this.cycles + this.highest) >>> 0,
      jitter: Math.floor(this.jitter),
    };
  }

  private get expected(): number {
    return this.cycles + this.highest - this.first + 1;
  }

  private turnTo(view: RtpView, now: number): boolean {
    if (this.source !== 0 && now - this.lastAt < SILENCE) {
      this.candidateCount = this.candidate === view.ssrc ? this.candidateCount + 1 : 1;
      this.candidate = view.ssrc;
      if (this.candidateCount < PROBATION) return false;
    }
    this.restart(view.ssrc, view.sequence);

    return true;
  }

  private restart(ssrc: number, sequence: number): void {
    if (this.source !== 0) this.lostBefore += Math.max(0, this.expected - this.counted);
    this.source = newSource();
    this.ssrc = ssrc;
    this.cycles = 0;
    this.first = sequence;
    this.highest = sequence;
    this.counted = 0;
    this.jitter = 0;
    this.transit = NaN;
    this.candidateCount = 0;
    this.reported = { expected: 0, received: 0 };
  }

  private count(sequence: number): void {
    const ahead = sequenceAhead(sequence, this.highest);
    if (ahead > MAX_DROPOUT || ahead < -MAX_DROPOUT) {
      this.restart(this.ssrc, sequence);
    } else if (ahead > 0) {
      if (sequence < this.highest) this.cycles += 65_536;
      this.highest = sequence;
    }
    this.counted++;
  }

  /** RFC 3550 appendix A.8. */
  private time(timestamp: number, now: number): void {
    const transit = ((now * this.clock) / 1000 - timestamp) % 2 ** 32;
    const change = Math.abs(transit - this.transit);
    this.transit = transit;
    // The first packet, and the moment when the timestamp starts again from zero, tell nothing.
    if (!(change < this.clock * 10)) return;
    this.jitter += (change - this.jitter) / 16;
  }
}
