import type { MediaKind } from '../../port';
import { H264Depacketizer, RtpView, Vp8Depacketizer, type Depacketizer, type ReceivedFrame } from '../rtp';
import { h264Track, isOf, recordedCodecs, sizedUnits, unitsOf, vp8Track, type RecordedCodec } from './codecs';
import type { Block, TrackEntry } from './matroska';
import { ParameterSets } from './parameter-sets';
import { Reorder, type Arrived } from './reorder';
import { Timeline } from './timeline';

/** One stream of a recording: packets in, blocks out. No files, no timers, no clock of its own. */

/** A codec by the port's name, and the payload types that stand for it in the packets that are handed over. */
export interface RecordedFormat {
  codec: string;
  payloadTypes: readonly number[];
}

export interface TrackSink {
  /** A track begins: gives its number, or undefined when there is no room for another. */
  begin(entry: Omit<TrackEntry, 'number'>): number | undefined;
  block(block: Block, duration: number): void;
  /** Nothing can be kept before the next key frame. */
  wantKey(): void;
}

export interface TrackPlace {
  kind: MediaKind;
  name: string;
  /** Milliseconds since the epoch at time 0 of the file. */
  origin: number;
}

interface Packet extends Arrived {
  timestamp: number;
  marker: boolean;
  payload: Uint8Array;
}

/** Milliseconds that a picture counts for where nothing follows it. */
const pictureTime = 33;

export abstract class TrackRecorder {
  private readonly view = new RtpView();
  private readonly reorder = new Reorder<Packet>();
  private readonly timeline: Timeline;
  private source: number | undefined;
  private lastAt = -1;
  private notBefore = -Infinity;
  private number: number | undefined;

  constructor(
    private format: RecordedFormat,
    protected readonly place: TrackPlace,
    protected readonly sink: TrackSink,
    rate: number,
  ) {
    this.timeline = new Timeline(rate);
  }

  get codec(): string {
    return this.format.codec;
  }

  /** The same codec goes by other payload types from now on. */
  rename(payloadTypes: readonly number[]): void {
    this.format = { ...this.format, payloadTypes };
  }

  /** Takes in a packet as it came, with its time of arrival in milliseconds since the epoch. Keeps nothing of `packet`. */
  take(packet: Uint8Array, arrival: number): void {
    const { view } = this;
    if (!view.read(packet) || !this.format.payloadTypes.includes(view.payloadType) || view.end === view.start) return;
    const { sequence, timestamp, marker, ssrc } = view;
    const payload = packet.subarray(view.start, view.end);
    const arrived: Packet = { sequence, timestamp, marker, ssrc, arrival, payload };
    this.ordered(this.reorder.push(arrived, (same) => ({ ...same, payload: new Uint8Array(same.payload) })));
  }

  /** Packets that have waited long enough for those before them. */
  tick(now: number): void {
    this.ordered(this.reorder.tick(now));
  }

  /** Nothing more comes for now: what waits is used. */
  flush(): void {
    this.ordered(this.reorder.flush());
  }

  /** Nothing that happened before this moment is kept from now on. */
  forgetUntil(moment: number): void {
    this.reorder.flush();
    this.notBefore = moment;
    this.restart();
  }

  protected abstract content(packet: Packet): void;
  /** What comes next does not go on from what was. */
  protected abstract restart(): void;

  /** Writes a block; the track begins with its first one. False when it is not to be kept. */
  protected write(
    data: Uint8Array,
    timing: { timestamp: number; arrival: number; key: boolean; duration: number },
    entry: () => Partial<TrackEntry> & Pick<TrackEntry, 'codecId'>,
  ): boolean {
    const moment = this.timeline.at(timing.timestamp, timing.arrival);
    if (moment < this.notBefore) return false;
    const { kind, name, origin } = this.place;
    this.number ??= this.sink.begin({ kind, name, ...entry() });
    if (this.number === undefined) return false;
    // Two pictures never have one time; sound that was corrected backwards waits.
    const at = Math.max(0, this.lastAt + (kind === 'video' ? 1 : 0), Math.round(moment - origin));
    this.lastAt = at;
    this.sink.block({ track: this.number, at, key: timing.key, data }, timing.duration);

    return true;
  }

  private ordered(packets: readonly Packet[]): void {
    for (const packet of packets) {
      if (this.source !== undefined && this.source !== packet.ssrc) {
        this.timeline.reset();
        this.restart();
      }
      this.source = packet.ssrc;
      this.content(packet);
    }
  }
}

class AudioRecorder extends TrackRecorder {
  constructor(
    format: RecordedFormat,
    place: TrackPlace,
    sink: TrackSink,
    private readonly entry: NonNullable<RecordedCodec['audio']>,
    rate: number,
  ) {
    super(format, place, sink, rate);
  }

  protected content({ payload, timestamp, arrival }: Packet): void {
    // 64 kbit/s are 8 bytes in a millisecond; Opus comes in packets of 20 ms.
    const duration = this.codec === 'opus' ? 20 : payload.length / 8;
    this.write(new Uint8Array(payload), { timestamp, arrival, key: true, duration }, () => this.entry);
  }

  protected restart(): void {
    // Each packet of sound stands for itself.
  }
}

class VideoRecorder extends TrackRecorder {
  private depacketizer = this.fresh();
  private lastSequence: number | undefined;
  private running = false;
  private readonly sets = new ParameterSets();

  protected content(packet: Packet): void {
    const isNext = this.lastSequence === undefined || packet.sequence === ((this.lastSequence + 1) & 0xffff);
    if (!isNext) this.sink.wantKey();
    this.lastSequence = packet.sequence;
    if (this.codec === 'h264') this.sets.note(packet.payload);
    for (const frame of this.depacketizer.push(packet, packet.payload)) this.picture(frame, packet.arrival);
  }

  protected restart(): void {
    this.depacketizer = this.fresh();
    this.lastSequence = undefined;
    this.running = false;
  }

  private fresh(): Depacketizer {
    return this.codec === 'vp8' ? new Vp8Depacketizer() : new H264Depacketizer();
  }

  private picture(frame: ReceivedFrame, arrival: number): void {
    const { timestamp, key } = frame;
    const made = this.codec === 'vp8' ? vp8Picture(frame) : h264Picture(frame, this.sets);
    // A track begins, and goes on after a break, at a picture that can be decoded by itself.
    if (!this.running && (!key || !made.entry)) return this.sink.wantKey();
    const { entry = { codecId: '' } } = made;
    const kept = this.write(made.data, { timestamp, arrival, key, duration: pictureTime }, () => entry);
    this.running ||= kept;
  }
}

interface Picture {
  data: Uint8Array;
  /** The track that can begin with it. */
  entry?: Pick<TrackEntry, 'codecId' | 'codecPrivate' | 'width' | 'height'>;
}

function vp8Picture({ data }: ReceivedFrame): Picture {
  return { data, entry: vp8Track(data) };
}

function h264Picture({ data, key }: ReceivedFrame, sets: ParameterSets): Picture {
  // Access unit delimiters have no place in a container.
  const own = unitsOf(data).filter((unit) => !isOf(unit, 9));
  if (!key) return { data: sizedUnits(own) };
  const units = sets.complete(own);

  return { data: sizedUnits(units), entry: h264Track(units) };
}

/** The recorder of a stream; undefined for a codec that cannot be recorded. */
export function trackRecorder(format: RecordedFormat, place: TrackPlace, sink: TrackSink): TrackRecorder | undefined {
  const codec = recordedCodecs[format.codec];
  if (!codec || (codec.audio === undefined) !== (place.kind === 'video')) return undefined;

  return codec.audio
    ? new AudioRecorder(format, place, sink, codec.audio, codec.rate)
    : new VideoRecorder(format, place, sink, codec.rate);
}
