import { systemClock, type Clock } from '../../../lib/clock';
import type { MediaKind, RecordedPart } from '../../port';
import { MatroskaFile } from './file';
import { trackRecorder, type RecordedMedia, type TrackRecorder, type TrackSink } from './track';

export type { RecordedMedia } from './track';

export interface RecordedSide {
  audio?: RecordedMedia;
  video?: RecordedMedia;
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
  private readonly tracks: Partial<Record<MediaKind, TrackRecorder>>[] = [];
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

  /** What a side's peer sends from now on. A codec that is another than before gets a track of its own. */
  describe(side: number, media: RecordedSide): void {
    const tracks = (this.tracks[side] ??= {});
    for (const kind of kinds) {
      const [before, now] = [tracks[kind], media[kind]];
      if (before?.media.codec === now?.codec && before?.media.payloadType === now?.payloadType) continue;
      before?.flush();
      tracks[kind] =
        now && trackRecorder(now, { kind, name: `${side}.${kind}`, origin: this.startedAt }, this.sink(side, now));
    }
  }

  /** An RTP packet as it came from a peer; `arrival` in milliseconds since the epoch. Nothing of `packet` is kept. */
  rtp(side: number, kind: MediaKind, packet: Uint8Array, arrival: number): void {
    if (this.masked || this.stopped || this.isFailed()) return;
    this.tracks[side]?.[kind]?.take(packet, arrival);
    if (this.gathered > mostGathered) this.flush();
  }

  /** While it is on, nothing is kept; afterwards sound goes on at once, and video from its next key frame. */
  mask(on: boolean): void {
    if (on === this.masked || this.stopped) return;
    this.each((track) => (on ? track.flush() : track.forgetUntil(this.clock.now())));
    this.masked = on;
    if (!on) this.tracks.forEach((tracks, side) => tracks.video && this.wantKey(side));
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

  private sink(side: number, media: RecordedMedia): TrackSink {
    return {
      begin: (entry) => {
        const track = this.file.addTrack(entry);
        if (!track) return undefined;
        this.sideOf.set(track.number, side);
        this.codecOf.set(track.number, media.codec);

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
    for (const tracks of this.tracks) for (const kind of kinds) if (tracks?.[kind]) act(tracks[kind]);
  }
}
