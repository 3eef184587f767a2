import { randomInt } from 'node:crypto';
import { sequenceAhead, timestampAhead } from './packet';

/** Packets after a change of source during which a late one of before that change must be told apart. */
const LATE = 1000;

/**
 * Numbers the packets that go to one peer. Whatever they come from (a clip, the other side of a bridge, a mixer, keys), the peer sees one
 * SSRC, whose sequence numbers and timestamps go on without a break when the source changes (RFC 3550 section 5.1).
 */
export class Outflow {
  readonly ssrc = randomInt(1, 2 ** 32 - 1);
  /** The numbers of the packet that `place` was asked about last. */
  sequence = randomInt(0, 2 ** 16);
  timestamp = randomInt(0, 2 ** 32 - 1);
  packets = 0;
  bytes = 0;
  /** When the last packet went, in milliseconds of a steady clock. */
  lastAt = 0;

  private source = 0;
  private base = 0;
  private since = 0;
  private sequenceOffset = 0;
  private timestampOffset = 0;
  private lastSequence = this.sequence;
  private lastTimestamp = this.timestamp;
  /** When the packet went that brought the last timestamp; the packets of a picture, or of a key, share one. */
  private timestampSince = 0;

  constructor(private readonly clock: number) {}

  /**
   * Finds the numbers for a packet of a source, and counts it as sent. False for one that was overtaken by a change of source: it must
   * not be sent.
   */
  place(source: number, sequence: number, timestamp: number, bytes: number, now: number): boolean {
    if (source !== this.source) this.turnTo(source, sequence, timestamp, now);
    else if (this.since < LATE && sequenceAhead(sequence, this.base) < 0) return false;
    this.since++;
    this.sequence = (sequence + this.sequenceOffset) & 0xffff;
    this.timestamp = (timestamp + this.timestampOffset) >>> 0;
    if (sequenceAhead(this.sequence, this.lastSequence) > 0) this.lastSequence = this.sequence;
    if (this.packets === 0 || timestampAhead(this.timestamp, this.lastTimestamp) > 0) {
      this.lastTimestamp = this.timestamp;
      this.timestampSince = now;
    }
    this.packets++;
    this.bytes += bytes;
    this.lastAt = now;

    return true;
  }

  /** Whether the next packet of this source is the first after others. */
  isNew(source: number): boolean {
    return source !== this.source;
  }

  /** A packet of the source was held back: the next one follows without a hole. */
  interrupt(): void {
    this.source = 0;
  }

  /** The timestamp of this very moment, for sender reports. */
  timestampAt(now: number): number {
    return (this.lastTimestamp + this.ticks(now)) >>> 0;
  }

  private turnTo(source: number, sequence: number, timestamp: number, now: number): void {
    this.source = source;
    this.base = sequence;
    this.since = 0;
    this.sequenceOffset = this.lastSequence + 1 - sequence;
    const step = this.packets === 0 ? 0 : Math.max(Math.round(this.clock / 50), this.ticks(now));
    this.timestampOffset = this.lastTimestamp + step - timestamp;
  }

  private ticks(now: number): number {
    return this.packets === 0 ? 0 : Math.round(((now - this.timestampSince) * this.clock) / 1000);
  }
}
