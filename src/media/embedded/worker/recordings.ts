import { SightlineError } from '../../../lib/errors';
import type { Logger } from '../../../lib/logger';
import type { MediaKind, RecordedPart } from '../../port';
import { openRecording, type RecordedSide, type RecordingWriter } from '../record';
import type { RtpView } from '../rtp';
import type { MediaEnd } from './media-end';
import type { MediaStream, Sink } from './stream';

interface Running {
  writer: RecordingWriter;
  sides: { end: MediaEnd; taps: SideTap[] }[];
}

/** Hands the packets of one stream to a recording. */
class SideTap implements Sink {
  constructor(
    readonly stream: MediaStream,
    private readonly side: number,
    private readonly writer: RecordingWriter,
  ) {
    stream.taps = [...stream.taps, this];
    stream.askKey();
  }

  take(from: MediaStream, packet: Buffer, view: RtpView): void {
    if (from.codecOf(view)) this.writer.rtp(this.side, from.kind, packet, Date.now());
  }

  close(): void {
    this.stream.taps = this.stream.taps.filter((tap) => tap !== this);
  }
}

/** What is being recorded. */
export class Recordings {
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly log: Logger,
    private readonly onFailed: (recording: string, reason: string) => void,
  ) {}

  async start(id: string, ends: readonly MediaEnd[], base: string): Promise<void> {
    const writer = await openRecording({
      base,
      sides: ends.map(sideOf),
      onFailed: (reason) => this.fail(id, reason),
      onKeyWanted: (side) => ends[side]?.refresh(),
    });
    const sides = ends.map((end, side) => ({ end, taps: tapsOf(end, side, writer) }));
    this.running.set(id, { writer, sides });
  }

  mask(id: string, on: boolean): void {
    this.get(id).writer.mask(on);
  }

  /** Ends it, and gives what was written; also what was before a failure. */
  async stop(id: string): Promise<RecordedPart[]> {
    const running = this.get(id);
    untap(running);
    try {
      return await running.writer.stop();
    } finally {
      this.running.delete(id);
    }
  }

  /** The streams of an endpoint came, went or changed. */
  changed(end: MediaEnd): void {
    for (const { writer, sides } of this.running.values()) {
      sides.forEach((one, side) => {
        if (one.end !== end) return;
        for (const tap of one.taps) tap.close();
        writer.describe(side, sideOf(end));
        one.taps = tapsOf(end, side, writer);
      });
    }
  }

  /** The endpoint is closed: what others send is recorded on. */
  forget(end: MediaEnd): void {
    for (const { sides } of this.running.values()) {
      for (const one of sides) if (one.end === end) for (const tap of one.taps.splice(0)) tap.close();
    }
  }

  async close(): Promise<void> {
    for (const [id, running] of this.running) {
      untap(running);
      await running.writer
        .stop()
        .catch((error: unknown) => this.log.warn({ err: error, recording: id }, 'a recording did not end well'));
    }
    this.running.clear();
  }

  private get(id: string): Running {
    const running = this.running.get(id);
    if (!running) throw new SightlineError('MEDIA_GONE');

    return running;
  }

  private fail(id: string, reason: string): void {
    const running = this.running.get(id);
    if (running) untap(running);
    this.onFailed(id, reason);
  }
}

function untap({ sides }: Running): void {
  for (const { taps } of sides) for (const tap of taps.splice(0)) tap.close();
}

function tapsOf(end: MediaEnd, side: number, writer: RecordingWriter): SideTap[] {
  return [...end.streams.values()].map((stream) => new SideTap(stream, side, writer));
}

function sideOf(end: MediaEnd): RecordedSide {
  const media = [...end.streams.values()].map(({ kind, agreed }) => {
    const [first] = agreed.accepts;

    return [kind, { codec: first?.name, payloadType: first?.type }] as const;
  });

  return Object.fromEntries(media) as Partial<Record<MediaKind, never>>;
}
