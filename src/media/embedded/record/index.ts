import { systemClock, type Clock } from '../../../lib/clock';
import type { MediaKind, RecordedPart } from '../../port';
import { MatroskaFile } from './file';
import { trackRecorder, type RecordedFormat, type TrackRecorder, type TrackSink } from './track';

/** The port's name of a codec, and its payload type in the packets that are handed over. */
export interface RecordedMedia {
  codec: string;
  payloadType: number;
}

/** What a peer may send: where several codecs were agreed, it may change between them at any moment. */
export interface RecordedSide {
  audio?: RecordedMedia | readonly RecordedMedia[];
  video?: RecordedMedia | readonly RecordedMedia[];
}

export interface RecordingOptions {
  /** Path without extension; its folder exists. The file is `<base>.mkv`. */
  base: string;
  /** What each peer sends, as agreed now; `describe` tells when that changes. */
  sides: readonly RecordedSide[];
  /** Nothing is recorded any more; at most once. What was written stays, and `stop` gives it. */
  onFailed: (reason: string) => void;
  /** The video of this side cannot be kept before a key frame: to be asked for. At most once a second and side. */
  onKeyWanted?: (side: number) => void;
  clock?: Clock;
}

/** What is lost at most when the process is killed. Milliseconds. */
const flushEvery = 1_000;
const mostGathered = 1024 * 1024;
const keyEvery = 1_000;
const kinds = ['audio', 'video'] as const;

/**
 * Writes what peers send into one Matroska file, without encoding it again: up to one sound and one picture a side. A track appears when
 * its first packet (its first key frame) comes. Runs where the packets are, and never keeps them waiting.
 * @throws STORAGE_FULL, or MEDIA_UNAVAILABLE when the file cannot be made.
 */
export async function openRecording(options: RecordingOptions): Promise<RecordingWriter> {
  const clock = options.clock ?? systemClock;
  const startedAt = clock.now();
  let failed = false;
  const file = await MatroskaFile.create(`${options.base}.mkv`, startedAt, (reason) => {
    failed = true;
    options.onFailed(reason);
  });

  return new RecordingWriter(options, clock, startedAt, file, () => failed);
}

export class RecordingWriter {
  private readonly tracks: Record<MediaKind, TrackRecorder[]>[] = [];
  private readonly sideOf = new Map<number, number>();
  private readonly codecOf = new Map<number, string>();
  private readonly keyWantedAt = new Map<number, number>();
  private masked = false;
  private gathered = 0;
  private stopped: Promise<RecordedPart[]> | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly options: RecordingOptions,
    private readonly clock: Clock,
    private readonly startedAt: number,
    private readonly file: MatroskaFile,
    private readonly isFailed: () => boolean,
  ) {
    options.sides.forEach((media, side) => this.describe(side, media));
    this.arm();
  }

  /** What a side's peer may send from now on. Each codec that comes gets a track of its own. */
  describe(side: number, media: RecordedSide): void {
    const tracks = (this.tracks[side] ??= { audio: [], video: [] });
    for (const kind of kinds) {
      const before = tracks[kind];
      tracks[kind] = [...byCodec(media[kind])].flatMap(([codec, payloadTypes]) => {
        const known = before.find((track) => track.codec === codec);
        known?.rename(payloadTypes);

        return known ?? this.track({ codec, payloadTypes }, side, kind) ?? [];
      });
      for (const track of before) if (!tracks[kind].includes(track)) track.flush();
    }
  }

  /** An RTP packet as it came from a peer; `arrival` in milliseconds since the epoch. Nothing of `packet` is kept. */
  rtp(side: number, kind: MediaKind, packet: Uint8Array, arrival: number): void {
    if (this.masked || this.stopped || this.isFailed()) return;
    for (const track of this.tracks[side]?.[kind] ?? []) track.take(packet, arrival);
    if (this.gathered > mostGathered) this.flush();
  }

  /** While it is on, nothing is kept; afterwards sound goes on at once, and video from its next key frame. */
  mask(on: boolean): void {
    if (on === this.masked || this.stopped) return;
    this.each((track) => (on ? track.flush() : track.forgetUntil(this.clock.now())));
    this.masked = on;
    if (!on) this.tracks.forEach((tracks, side) => tracks.video.length > 0 && this.wantKey(side));
  }

  /** Ends it. The parts that were written: one, or none where nothing came. */
  stop(): Promise<RecordedPart[]> {
    this.stopped ??= this.end();

    return this.stopped;
  }

  private async end(): Promise<RecordedPart[]> {
    this.cancelTimer();
    if (!this.masked) this.each((track) => track.flush());
    const duration = await this.file.finish(this.clock.now() - this.startedAt);
    if (duration === 0) return [];
    const tracks = this.file.trackList.map(({ kind, number }) => ({
      kind,
      codec: this.codecOf.get(number) ?? '',
      side: this.sideOf.get(number),
    }));

    return [{ file: this.file.path, startedAt: this.startedAt, duration: Math.round(duration), tracks }];
  }

  private track(format: RecordedFormat, side: number, kind: MediaKind): TrackRecorder | undefined {
    return trackRecorder(
      format,
      { kind, name: `${side}.${kind}`, origin: this.startedAt },
      this.sink(side, format.codec),
    );
  }

  private sink(side: number, codec: string): TrackSink {
    return {
      begin: (entry) => {
        const track = this.file.addTrack(entry);
        if (!track) return undefined;
        this.sideOf.set(track.number, side);
        this.codecOf.set(track.number, codec);

        return track.number;
      },
      block: (block, duration) => {
        this.gathered += block.data.length;
        this.file.add(block, duration);
      },
      wantKey: () => this.wantKey(side),
    };
  }

  private wantKey(side: number): void {
    const now = this.clock.now();
    if (now - (this.keyWantedAt.get(side) ?? -Infinity) < keyEvery) return;
    this.keyWantedAt.set(side, now);
    this.options.onKeyWanted?.(side);
  }

  private arm(): void {
    this.cancelTimer = this.clock.after(flushEvery, () => {
      const now = this.clock.now();
      if (!this.masked) this.each((track) => track.tick(now));
      this.flush();
      this.arm();
    });
  }

  private flush(): void {
    this.gathered = 0;
    this.file.flush();
  }

  private each(act: (track: TrackRecorder) => void): void {
    for (const tracks of this.tracks) for (const kind of kinds) for (const track of tracks?.[kind] ?? []) act(track);
  }
}

/** Payload types by codec: one codec may go by several, e.g. H.264 in two packetization modes. */
function byCodec(media: RecordedMedia | readonly RecordedMedia[] = []): Map<string, number[]> {
  const types = new Map<string, number[]>();
  for (const { codec, payloadType } of [media].flat() as readonly RecordedMedia[]) {
    types.set(codec, [...(types.get(codec) ?? []), payloadType]);
  }

  return types;
}
