import { decodeG711, encodeG711, newSource, type G711, type RtpView } from '../rtp';
import { isG711 } from '../negotiate';
import { steadyNow, type Paced, type Pacer } from './pacer';
import type { Feeder, MediaStream, Sink } from './stream';

const PACKET_MS = 20;
/** Samples of 20 ms at 8 kHz. */
const SAMPLES = 160;
/** What is kept of a member before it is heard, against packets that come unevenly: 40 ms. */
const AHEAD = SAMPLES * 2;
/** More than this is not kept: 120 ms. A clock that runs faster than ours would make a delay that grows. */
const MOST = SAMPLES * 6;

/** One who hears all others, and is heard by them. */
class Member implements Sink, Feeder {
  readonly source = newSource();
  /** What this one said in the present 20 ms. */
  readonly said = new Int16Array(SAMPLES);
  private readonly queue = new Int16Array(MOST);
  private filled = 0;
  private flowing = false;
  private readonly decoded = new Int16Array(MOST);
  private sequence = 0;
  private timestamp = 0;

  constructor(readonly stream: MediaStream) {
    stream.base = this;
    stream.sinks = [...stream.sinks, this];
  }

  take(from: MediaStream, packet: Buffer, view: RtpView): void {
    const codec = from.codecOf(view)?.name;
    if (!codec || !isG711(codec)) return;
    const count = decodeG711(codec as G711, packet.subarray(view.start, view.end), this.decoded);
    const over = this.filled + count - MOST;
    if (over > 0) {
      this.queue.copyWithin(0, over, this.filled);
      this.filled -= over;
    }
    this.queue.set(this.decoded.subarray(0, count), this.filled);
    this.filled += count;
    if (this.filled >= AHEAD) this.flowing = true;
  }

  askKey(): void {}

  /** Takes the next 20 ms into `said`; silence while there is nothing. */
  advance(): void {
    if (!this.flowing || this.filled < SAMPLES) {
      this.flowing = false;
      this.said.fill(0);

      return;
    }
    this.said.set(this.queue.subarray(0, SAMPLES));
    this.queue.copyWithin(0, SAMPLES, this.filled);
    this.filled -= SAMPLES;
  }

  hear(sum: Int32Array, scratch: Int16Array): void {
    for (let index = 0; index < SAMPLES; index++) {
      const value = sum[index]! - this.said[index]!;
      scratch[index] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
    }
    const payload = Buffer.allocUnsafe(SAMPLES);
    const { name } = this.stream.agreed.codec;
    encodeG711(name as G711, scratch, 0, payload);
    const marker = this.sequence === 0;
    this.stream.emit(this, { sequence: this.sequence++ & 0xffff, timestamp: this.timestamp >>> 0, marker }, payload);
    this.timestamp += SAMPLES;
  }

  close(): void {
    if (this.stream.base === this) this.stream.base = undefined;
    this.stream.sinks = this.stream.sinks.filter((sink) => sink !== this);
  }
}

/** Mixes the sound of several peers, each without its own, every 20 ms. G.711 alone. */
export class Mixer implements Paced {
  private readonly members = new Map<MediaStream, Member>();
  private readonly sum = new Int32Array(SAMPLES);
  private readonly scratch = new Int16Array(SAMPLES);
  private dueAt = 0;

  constructor(private readonly pacer: Pacer) {}

  add(stream: MediaStream): void {
    if (this.members.has(stream)) return;
    this.members.set(stream, new Member(stream));
    if (this.members.size > 1) return;
    this.dueAt = steadyNow();
    this.pacer.start(this);
  }

  remove(stream: MediaStream): void {
    this.members.get(stream)?.close();
    this.members.delete(stream);
    if (this.members.size === 0) this.pacer.stop(this);
  }

  get streams(): MediaStream[] {
    return [...this.members.keys()];
  }

  run(now: number): number {
    // After a stall, the time that passed is not made up for.
    if (now - this.dueAt > 200) this.dueAt = now;
    for (; this.dueAt <= now; this.dueAt += PACKET_MS) this.mix();

    return this.dueAt;
  }

  private mix(): void {
    const { sum } = this;
    sum.fill(0);
    for (const member of this.members.values()) {
      member.advance();
      for (let index = 0; index < SAMPLES; index++) sum[index]! += member.said[index]!;
    }
    for (const member of this.members.values()) member.hear(sum, this.scratch);
  }
}
