import type { AudioClip, VideoClip } from '../clip';
import { encodeG711, newSource, packetizeH264, packetizeVp8, keyPackets, type EventPacket } from '../rtp';
import { steadyNow, type Paced, type Pacer } from './pacer';
import type { Feeder, MediaStream } from './stream';

/** Most bytes of a video payload: with all headers, also those of SRTP and IPv6, below what Ethernet and most tunnels carry. */
export const VIDEO_PAYLOAD = 1180;

/** Times between two new starts of a clip for a peer that asks for key frames, in milliseconds. */
const RESTART = 300;

/** Bytes of a clip up to which its packets are kept for the next round. Others are divided anew: it takes little, and films are large. */
const KEPT = 256 * 1024;

/** More than this behind its time (a busy machine), a player goes on from now instead of hurrying after. */
const BEHIND = 200;

/** Plays a clip to a peer as its video. */
export class VideoPlayer implements Paced, Feeder {
  readonly source = newSource();
  private readonly payloads = new Map<number, readonly Buffer[]>();
  private sequence = 0;
  private index = 0;
  /** Milliseconds when the present round began, and its timestamp. */
  private roundAt = 0;
  private roundTimestamp = 0;
  private startedAt = -Infinity;
  private started = false;
  private readonly isKept: boolean;

  constructor(
    private readonly stream: MediaStream,
    private readonly pacer: Pacer,
    private readonly clip: VideoClip,
    private readonly options: { loop: boolean; onStarted(): void; onDone(): void },
  ) {
    this.isKept = options.loop && clip.frames.reduce((sum, { data }) => sum + data.length, 0) <= KEPT;
  }

  start(): void {
    this.stream.feed(this);
    this.stream.wire.onReady(() => {
      if (this.stream.feeding !== this) return;
      this.startedAt = this.roundAt = steadyNow();
      this.pacer.start(this);
    });
  }

  stop(): void {
    this.pacer.stop(this);
    if (this.stream.feeding === this) this.stream.feed(undefined);
    this.begun();
  }

  askKey(): void {
    const now = steadyNow();
    if (!this.started || now - this.startedAt < RESTART) return;
    this.startedAt = now;
    this.roundTimestamp += Math.round((now - this.roundAt) * 90);
    this.roundAt = now;
    this.index = 0;
    this.pacer.start(this, now);
  }

  run(now: number): number | undefined {
    for (;;) {
      const frame = this.clip.frames[this.index];
      if (!frame) {
        if (!this.nextRound()) return undefined;
        continue;
      }
      const due = this.roundAt + frame.at / 90;
      if (due > now) return due;
      if (now - due > BEHIND) this.shift(now - due);
      this.send(this.index, frame.at);
      this.index++;
      this.begun();
    }
  }

  private begun(): void {
    if (this.started) return;
    this.started = true;
    this.options.onStarted();
  }

  /** Time that was lost is not made up for: everything moves. */
  private shift(ms: number): void {
    this.roundAt += ms;
    this.roundTimestamp += Math.round(ms * 90);
  }

  private nextRound(): boolean {
    if (!this.options.loop || this.clip.frames.length === 0) {
      this.stop();
      this.options.onDone();

      return false;
    }
    // A clip that says nothing of its length would go around without end in one moment.
    const length = Math.max(this.clip.duration, (this.clip.frames.at(-1)?.at ?? 0) + 3000);
    this.index = 0;
    this.roundAt += length / 90;
    this.roundTimestamp += length;

    return true;
  }

  private send(index: number, at: number): void {
    const timestamp = (this.roundTimestamp + at) >>> 0;
    const payloads = this.payloadsOf(index);
    payloads.forEach((payload, place) => {
      const marker = place === payloads.length - 1;
      this.stream.emit(this, { sequence: this.sequence++ & 0xffff, timestamp, marker }, payload);
    });
  }

  private payloadsOf(index: number): readonly Buffer[] {
    const known = this.payloads.get(index);
    if (known) return known;
    const { data } = this.clip.frames[index]!;
    const mode = this.stream.agreed.codec.mode ?? 1;
    const made =
      this.clip.codec === 'vp8' ? packetizeVp8(data, VIDEO_PAYLOAD) : packetizeH264(data, VIDEO_PAYLOAD, mode);
    if (this.isKept) this.payloads.set(index, made);

    return made;
  }
}

/** Plays clips of sound to a peer, one after another. More may come while it plays. */
export class AudioPlayer implements Paced, Feeder {
  readonly source = newSource();
  private readonly clips: AudioClip[] = [];
  private complete = false;
  private clip = 0;
  private place = 0;
  private sequence = 0;
  private timestamp = 0;
  private dueAt: number | undefined;
  private started = false;
  private over = false;

  constructor(
    private readonly stream: MediaStream,
    private readonly pacer: Pacer,
    private readonly options: { loop: boolean; onStarted(): void; onDone(): void },
  ) {}

  start(): void {
    this.stream.feed(this);
  }

  /** Adds a clip; `undefined` says that no more will come. */
  add(clip: AudioClip | undefined): void {
    if (clip) this.clips.push(clip);
    else this.complete = true;
    this.stream.wire.onReady(() => {
      if (!this.over) this.pacer.start(this, Math.max(steadyNow(), this.dueAt ?? 0));
    });
  }

  stop(): void {
    if (this.over) return;
    this.over = true;
    this.pacer.stop(this);
    if (this.stream.feeding === this) this.stream.feed(undefined);
  }

  askKey(): void {}

  run(now: number): number | undefined {
    const { codec } = this.stream.agreed;
    const step = codec.name === 'pcmu' || codec.name === 'pcma' ? this.stream.agreed.ptime : 20;
    this.dueAt ??= now;
    if (now - this.dueAt > BEHIND) this.skip(now - this.dueAt, codec.clock);
    while (this.dueAt <= now + 0.5) {
      const payload = this.nextPayload(step);
      if (!payload) return this.rest();
      const marker = !this.started;
      this.stream.emit(this, { sequence: this.sequence++ & 0xffff, timestamp: this.timestamp >>> 0, marker }, payload);
      this.begun();
      if (this.over) return undefined;
      this.timestamp += (step * codec.clock) / 1000;
      this.dueAt += step;
    }

    return this.dueAt;
  }

  private skip(ms: number, clock: number): void {
    this.dueAt! += ms;
    this.timestamp += Math.round((ms * clock) / 1000);
  }

  private begun(): void {
    if (this.started) return;
    this.started = true;
    this.options.onStarted();
  }

  /** Nothing to send at the moment: over, or the next clip is still being made. */
  private rest(): undefined {
    if (!this.complete) return undefined;
    this.stop();
    this.options.onDone();

    return undefined;
  }

  private nextPayload(ms: number): Uint8Array | undefined {
    for (let empty = 0; empty <= this.clips.length; empty++) {
      const clip = this.clips[this.clip];
      if (!clip) return undefined;
      const payload = clip.codec === 'pcm' ? this.encode(clip.samples, ms * 8) : clip.packets[this.place++];
      if (payload) return payload;
      this.place = 0;
      this.clip++;
      if (this.options.loop && this.complete) this.clip %= this.clips.length;
    }

    return undefined;
  }

  private encode(samples: Int16Array, count: number): Uint8Array | undefined {
    const { name } = this.stream.agreed.codec;
    if (this.place >= samples.length || (name !== 'pcmu' && name !== 'pcma')) return undefined;
    const payload = Buffer.allocUnsafe(count);
    encodeG711(name, samples, this.place, payload);
    this.place += count;

    return payload;
  }
}

/** Sends keys as RTP events; what else goes to the peer is silent meanwhile. */
export class KeySender implements Paced, Feeder {
  readonly source = newSource();
  private readonly packets: readonly EventPacket[];
  private index = 0;
  private beganAt: number | undefined;
  private over = false;

  constructor(
    private readonly stream: MediaStream,
    private readonly pacer: Pacer,
    digits: string,
    private readonly type: number,
    clock: number,
    private readonly onDone: () => void,
  ) {
    this.packets = keyPackets(digits, clock);
  }

  start(): void {
    this.stream.interrupt(this);
    this.stream.wire.onReady(() => {
      if (!this.over) this.pacer.start(this);
    });
  }

  stop(): void {
    if (this.over) return;
    this.over = true;
    this.pacer.stop(this);
    if (this.stream.interrupting === this) this.stream.interrupt(undefined);
    this.onDone();
  }

  askKey(): void {}

  run(now: number): number | undefined {
    this.beganAt ??= now;
    for (; this.index < this.packets.length; this.index++) {
      const { payload, marker, at, dueMs } = this.packets[this.index]!;
      const due = this.beganAt + dueMs;
      if (due > now) return due;
      this.stream.emit(this, { sequence: this.index, timestamp: at, marker, type: this.type }, payload);
    }
    this.stop();

    return undefined;
  }
}
