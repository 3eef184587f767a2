import type { MediaKind, StreamStats } from '../../port';
import { isG711, type MediaCodec } from '../negotiate/codecs';
import type { AgreedStream } from '../negotiate';
import {
  KeyListener,
  makeRtp,
  Outflow,
  Reception,
  RTP_HEADER,
  RtpView,
  transcodeG711,
  writeHeader,
  type KeyPress,
} from '../rtp';
import { KeyWatch, beginsKey } from './key-watch';
import type { MediaWire } from './media-wire';
import { steadyNow } from './pacer';
import { Rate } from './rate';
import { Reports } from './reports';

/** What becomes of packets that came from a peer. They may be changed by the last sink of a stream; others copy what they keep. */
export interface Sink {
  take(from: MediaStream, packet: Buffer, view: RtpView): void;
}

/** A clip that plays, or a mixer: it has the way to the peer for itself as long as it is there. */
export interface Feeder {
  /** Names its packets among those of others. */
  readonly source: number;
  /** The peer asks for a key frame. */
  askKey(): void;
}

export interface StreamContext {
  /** CNAME of the endpoint (RFC 7022). */
  name: string;
  onMedia(): void;
  onKey(press: KeyPress): void;
  onFault(error: unknown): void;
}

const NO_CODEC = 0;
const EVENTS = 255;

/** How long video of a new source is held back for its key frame, in milliseconds. */
const KEY_PATIENCE = 2000;

/** One RTP session with the peer of an endpoint: sound, or video. Both ways. */
export class MediaStream implements Sink {
  readonly kind: MediaKind;
  reception: Reception;
  outflow: Outflow;
  readonly reports: Reports;
  /** Where packets of the peer go on to: the other side of a bridge, a mixer. */
  sinks: readonly Sink[] = [];
  /** Who only looks at them: recordings, snapshots. */
  taps: readonly Sink[] = [];
  /** Whose packets come to us through `take`: it is asked for key frames. */
  source: MediaStream | undefined;
  /** A mixer that speaks to the peer whenever no clip does. */
  base: Feeder | undefined;

  private feeder: Feeder | undefined;
  private urgent: Feeder | undefined;
  private mutedFrom = false;
  private mutedTo = false;
  private keys: KeyListener | undefined;
  private keyClock: number | undefined;
  private readonly keyWatch: KeyWatch;
  private readonly view = new RtpView();
  /** By payload type: 0 for none, the place in `accepts` + 1, or EVENTS. */
  private readonly types = new Uint8Array(128);
  private heardMedia = false;
  private heldUntil = 0;
  private heldSource = 0;
  private readonly received = new Rate();
  private readonly sent = new Rate();

  constructor(
    readonly wire: MediaWire,
    private current: AgreedStream,
    private readonly context: StreamContext,
  ) {
    this.kind = current.kind;
    this.reception = new Reception(current.codec.clock);
    this.outflow = new Outflow(current.codec.clock);
    this.reports = new Reports(
      context.name,
      this,
      (packet) => wire.sendRtcp(packet),
      (full) => this.onKeyAsked(full),
    );
    this.keyWatch = new KeyWatch((isNew, now) => this.reports.askKey(this.current.feedback, isNew, now));
    this.adopt(current);
    // What one peer sends must not end the calls of all others, whatever it does to this code.
    wire.onRtp((packet) => {
      try {
        this.onRtp(packet);
      } catch (error) {
        context.onFault(error);
      }
    });
    wire.onRtcp((packet) => {
      try {
        this.reports.take(packet, steadyNow());
      } catch (error) {
        context.onFault(error);
      }
    });
  }

  get agreed(): AgreedStream {
    return this.current;
  }

  /** Goes on under a new agreement. Another clock makes it a new stream to the peer (RFC 7160). */
  adopt(agreed: AgreedStream): void {
    if (agreed.codec.clock !== this.current.codec.clock) {
      this.reception = new Reception(agreed.codec.clock);
      this.outflow = new Outflow(agreed.codec.clock);
    }
    this.outflow.interrupt();
    this.current = agreed;
    const { events } = agreed;
    if (!events || events.clock !== this.keyClock) this.keys = events && new KeyListener(events.clock);
    this.keyClock = events?.clock;
    this.types.fill(NO_CODEC);
    agreed.accepts.forEach(({ type }, index) => (this.types[type] = index + 1));
    if (events) this.types[events.receive] = EVENTS;
    // Whoever is behind the description now has seen nothing so far.
    this.onKeyAsked();
  }

  /** Whether packets may go to the peer now. */
  get isOpen(): boolean {
    return this.current.send && !this.mutedTo && this.wire.ready;
  }

  get feeding(): Feeder | undefined {
    return this.feeder;
  }

  /** Takes the way to the peer; `undefined` gives it back to the source. */
  feed(feeder: Feeder | undefined): void {
    this.feeder = feeder;
    if (!feeder) this.source?.askKey();
  }

  /** Takes the way to the peer from whoever has it, for a short while. */
  interrupt(feeder: Feeder | undefined): void {
    this.urgent = feeder;
  }

  get interrupting(): Feeder | undefined {
    return this.urgent;
  }

  /** What the peer sends is thrown away; keys are heard on. */
  muteFrom(on: boolean): void {
    if (on === this.mutedFrom) return;
    this.mutedFrom = on;
    this.reception.renew();
    if (!on) this.askKey();
  }

  muteTo(on: boolean): void {
    this.mutedTo = on;
    if (!on) this.onKeyAsked();
  }

  /** Asks the peer for a key frame, and again until one comes. */
  askKey(full = false): void {
    if (this.kind === 'video' && this.current.receive) this.keyWatch.ask(steadyNow(), full);
  }

  /** A packet of ours to the peer, numbered as the feeder counts. Silent when the feeder has not got the way. */
  emit(
    feeder: Feeder,
    fields: { sequence: number; timestamp: number; marker: boolean; type?: number },
    payload: Uint8Array,
  ): void {
    if ((this.urgent ?? this.feeder ?? this.base) !== feeder) return;
    if (!this.isOpen) {
      this.outflow.interrupt();

      return;
    }
    const { outflow } = this;
    if (!outflow.place(feeder.source, fields.sequence, fields.timestamp, payload.length, steadyNow())) return;
    const payloadType = fields.type ?? this.current.codec.type;
    const { sequence, timestamp, ssrc } = outflow;
    this.wire.sendRtp(makeRtp({ payloadType, marker: fields.marker, sequence, timestamp, ssrc }, payload));
  }

  /** A packet of another peer, to be passed on to ours. */
  take(from: MediaStream, packet: Buffer, view: RtpView): void {
    const type = this.passedType(from, packet, view);
    if (type < 0 || this.urgent || this.feeder || !this.isOpen) {
      this.outflow.interrupt();

      return;
    }
    const { outflow } = this;
    const now = steadyNow();
    const source = from.reception.source;
    if (this.kind === 'video' && outflow.isNew(source) && !this.begins(from, packet, view, now)) return;
    if (!outflow.place(source, view.sequence, view.timestamp, view.end - view.start, now)) return;
    this.wire.sendRtp(this.renumbered(packet, view, type));
  }

  tick(now: number): void {
    this.reports.tick(now);
    this.keyWatch.tick(now);
    if (this.keys?.isOpen) for (const press of this.keys.tick(now)) this.context.onKey(press);
    this.received.tick(this.reception.bytes, now);
    this.sent.tick(this.outflow.bytes, now);
  }

  stats(): { received: StreamStats; sent: StreamStats } {
    const { reception, outflow } = this;
    const { heard } = this.reports;
    const { clock } = this.current.codec;

    return {
      received: {
        packets: reception.packets,
        bytes: reception.bytes,
        lost: Math.max(0, reception.lost),
        jitter: reception.jitterMs,
        bitRate: this.received.bitRate,
      },
      sent: {
        packets: outflow.packets,
        bytes: outflow.bytes,
        lost: Math.max(0, heard.lost),
        jitter: (heard.jitter * 1000) / clock,
        bitRate: this.sent.bitRate,
      },
    };
  }

  async close(): Promise<void> {
    this.sinks = [];
    this.taps = [];
    this.source = undefined;
    try {
      this.reports.bye(steadyNow());
    } finally {
      // Whatever the peer can be told, its ports are given back.
      await this.wire.close();
    }
  }

  /** The codec of a packet that came from the peer, as its payload type tells. */
  codecOf(view: RtpView): MediaCodec | undefined {
    return this.current.accepts[this.types[view.payloadType]! - 1];
  }

  private onRtp(packet: Buffer): void {
    const { view } = this;
    if (!view.read(packet)) return;
    const type = this.types[view.payloadType]!;
    if (type === NO_CODEC) return;
    const now = steadyNow();
    if (!this.reception.take(view, now, type !== EVENTS)) return;
    if (!this.heardMedia) {
      this.heardMedia = true;
      this.context.onMedia();
    }
    if (type === EVENTS) this.hearKeys(packet, now);
    if (this.mutedFrom) return;
    if (this.keyWatch.isWaiting && type !== EVENTS) {
      this.keyWatch.look(this.codecOf(view)!, packet.subarray(view.start, view.end));
    }
    for (const tap of this.taps) tap.take(this, packet, view);
    this.passOn(packet);
  }

  private passOn(packet: Buffer): void {
    const { sinks, view } = this;
    const last = sinks.length - 1;
    for (let index = 0; index < last; index++) sinks[index]!.take(this, Buffer.from(packet), view);
    if (last >= 0) sinks[last]!.take(this, packet, view);
  }

  private hearKeys(packet: Buffer, now: number): void {
    const { view } = this;
    const presses = this.keys?.take(packet.subarray(view.start, view.end), view.timestamp, view.marker, now) ?? [];
    for (const press of presses) this.context.onKey(press);
  }

  /** The payload type under which our peer takes a packet of another; the payload is transcoded for it. -1: it cannot take it. */
  private passedType(from: MediaStream, packet: Buffer, view: RtpView): number {
    const codec = from.codecOf(view);
    const ours = this.current.codec;
    if (!codec) return this.passedEvent(from);
    if (codec.name === ours.name) return ours.type;
    if (!isG711(codec.name) || !isG711(ours.name)) return -1;
    transcodeG711(ours.name === 'pcma' ? 'pcma' : 'pcmu', packet, view.start, view.end);

    return ours.type;
  }

  private passedEvent(from: MediaStream): number {
    const [theirs, ours] = [from.agreed.events, this.current.events];

    return theirs && ours && theirs.clock === ours.clock ? ours.send : -1;
  }

  /** Whether video of a new source may begin with this packet: it should be a key frame, but nobody waits for that too long. */
  private begins(from: MediaStream, packet: Buffer, view: RtpView, now: number): boolean {
    const { source } = from.reception;
    if (this.heldSource !== source) {
      this.heldSource = source;
      this.heldUntil = now + KEY_PATIENCE;
      if (!beginsKey(this.current.codec.name, packet.subarray(view.start, view.end))) from.askKey();
    }
    if (now < this.heldUntil && !beginsKey(this.current.codec.name, packet.subarray(view.start, view.end)))
      return false;
    this.heldSource = 0;

    return true;
  }

  /** The packet with our numbers, in its own memory: what stood between the fixed header and the payload falls away. */
  private renumbered(packet: Buffer, view: RtpView, payloadType: number): Buffer {
    const { sequence, timestamp, ssrc } = this.outflow;
    const at = view.start - RTP_HEADER;
    const passed = at === 0 && view.end === packet.length ? packet : packet.subarray(at, view.end);
    writeHeader(passed, { payloadType, marker: view.marker, sequence, timestamp, ssrc });

    return passed;
  }

  private onKeyAsked(full = false): void {
    if (this.kind !== 'video') return;
    if (this.feeder) this.feeder.askKey();
    else this.source?.askKey(full);
  }
}
