import { WaitableEmitter } from '../wait';
import { monotonic } from '../time';
import type { Agreed } from './description';
import { decodeG711, encodeG711, type Law } from './g711';
import type { RtpPacket } from './packet';
import type { RtpSession } from './session';
import { readEvent, writeEvent } from './telephone-event';

export type AudioEvents = {
  /** 20 ms of decoded sound, or of a codec that is not decoded here. */
  sound: [piece: SoundPiece];
  /** A key has been pressed and let go. */
  key: [digit: string, durationMs: number];
};

export interface SoundPiece {
  /** Monotonic ms. */
  at: number;
  codec: string;
  payload: Buffer;
  /** At 8 kHz; empty where the codec is neither PCMU nor PCMA. */
  samples: Int16Array;
}

/** Where the next 20 ms to say come from: samples for PCMU and PCMA, packets for other codecs. */
export type Voice = { samples: (start: number, count: number) => Int16Array } | { packets: readonly Buffer[] };

interface Press {
  digit: string;
  ticks: number;
  timestamp: number;
  elapsed: number;
  /** Packets with the end bit that have gone out. */
  ends: number;
}

const tickMs = 20;
const kept = 3000;

/** The sound of a phone: says a voice in packets of 20 ms, presses keys, keeps what it hears. */
export class AudioSide extends WaitableEmitter<AudioEvents> {
  /** What was heard, up to the last minute. */
  readonly pieces: SoundPiece[] = [];
  /** Pieces heard since the beginning, those no longer kept included. */
  count = 0;
  readonly keys: string[] = [];
  agreed: Agreed | undefined;
  private voice: Voice | undefined;
  private presses: Press[] = [];
  private timer: NodeJS.Timeout | undefined;
  private startedAt = 0;
  private ticks = 0;
  private timestamp = Math.floor(Math.random() * 2 ** 32);
  private marker = true;
  private lastKeyAt: number | undefined;
  private onIdle: (() => void)[] = [];

  constructor(readonly session: RtpSession) {
    super();
    session.on('packet', (packet, at) => this.take(packet, at));
  }

  /** Speaks until another voice, or none, is given. */
  say(voice: Voice | undefined): void {
    if (voice && !this.voice) this.marker = true;
    this.voice = voice;
    this.run();
  }

  /** Presses keys one after another, and resolves when the last one has been let go. */
  press(digits: string, durationMs = 100): Promise<void> {
    const ticks = Math.max(1, Math.round(durationMs / tickMs));
    for (const digit of digits) this.presses.push({ digit, ticks, timestamp: 0, elapsed: 0, ends: 0 });
    this.run();

    return new Promise((resolve) => this.onIdle.push(resolve));
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private run(): void {
    if (this.timer) return;
    this.startedAt = monotonic();
    this.ticks = 0;
    this.timer = setInterval(() => this.catchUp(), tickMs / 2);
  }

  private catchUp(): void {
    const due = Math.floor((monotonic() - this.startedAt) / tickMs);
    for (; this.ticks < due; this.ticks++) this.tick();
    if (this.voice || this.presses.length > 0) return;
    this.close();
  }

  private tick(): void {
    const { agreed } = this;
    this.timestamp += this.samplesPerTick;
    if (!agreed?.sends) return;
    const press = this.presses[0];
    if (press && agreed.eventType !== undefined) this.sendPress(press, agreed.eventType);
    else this.sendVoice(agreed);
  }

  private get samplesPerTick(): number {
    return this.agreed?.codec === 'opus' ? 960 : 160;
  }

  private sendPress(press: Press, eventType: number): void {
    if (press.elapsed === 0) press.timestamp = this.timestamp;
    const marker = press.elapsed === 0;
    if (press.elapsed < press.ticks) press.elapsed++;
    else press.ends++;
    const payload = writeEvent(press.digit, press.ends > 0, press.elapsed * this.samplesPerTick);
    this.session.send(eventType, press.timestamp, payload, marker);
    // The last packet is sent three times (RFC 4733 section 2.5.1.4).
    if (press.ends < 3) return;
    this.presses.shift();
    if (this.presses.length > 0) return;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private sendVoice(agreed: Agreed): void {
    if (!this.voice) return;
    const payload = this.nextPayload(this.voice, agreed.codec);
    this.session.send(agreed.payloadType, this.timestamp, payload, this.marker);
    this.marker = false;
  }

  private nextPayload(voice: Voice, codec: string): Buffer {
    if ('packets' in voice) return voice.packets[this.ticks % voice.packets.length]!;

    return encodeG711(codec as Law, voice.samples(this.ticks * 160, 160));
  }

  private take(packet: RtpPacket, at: number): void {
    const codec = this.agreed?.incoming.get(packet.payloadType);
    if (codec === undefined) return;
    if (codec === 'telephone-event') return this.takeKey(packet);
    const decoded = codec === 'pcmu' || codec === 'pcma';
    const samples = decoded ? decodeG711(codec, packet.payload) : new Int16Array();
    const piece: SoundPiece = { at, codec, payload: packet.payload, samples };
    this.pieces.push(piece);
    this.count++;
    if (this.pieces.length > kept) this.pieces.shift();
    this.emit('sound', piece);
  }

  private takeKey(packet: RtpPacket): void {
    const event = readEvent(packet.payload);
    if (!event?.end || packet.timestamp === this.lastKeyAt) return;
    this.lastKeyAt = packet.timestamp;
    this.keys.push(event.digit);
    this.emit('key', event.digit, (event.duration / this.session.clock) * 1000);
  }
}
