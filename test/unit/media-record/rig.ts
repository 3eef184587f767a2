import { ManualClock } from '../../../src/lib/clock';
import {
  openRecording,
  type RecordedSide,
  type RecordingOptions,
  type RecordingWriter,
} from '../../../src/media/embedded/record';
import type { MediaKind, RecordedPart } from '../../../src/media/port';
import type { Sent } from './streams';

export const pcmu = { codec: 'pcmu', payloadType: 0 };
export const pcma = { codec: 'pcma', payloadType: 8 };
export const vp8 = { codec: 'vp8', payloadType: 96 };
export const h264 = { codec: 'h264', payloadType: 97 };

export interface Rig {
  clock: ManualClock;
  writer: RecordingWriter;
  failures: string[];
  keysWanted: number[];
  /** Sends packets at their times, moving the clock. */
  play: (...streams: { side: number; kind: MediaKind; packets: readonly Sent[]; from?: number }[]) => void;
}

/** A recording whose clock is moved by the packets that are played to it. */
export async function openRig(
  sides: RecordedSide[],
  options: Partial<RecordingOptions> & { base: string; startedAt?: number },
): Promise<Rig> {
  const clock = new ManualClock(options.startedAt);
  const failures: string[] = [];
  const keysWanted: number[] = [];
  const begin = clock.now();
  const writer = await openRecording({
    sides,
    clock,
    onFailed: (reason) => failures.push(reason),
    onKeyWanted: (side) => keysWanted.push(side),
    ...options,
  });
  const play: Rig['play'] = (...streams) => {
    const all = streams.flatMap(({ side, kind, packets, from = 0 }) =>
      packets.map(({ at, packet }) => ({ at: from + at, packet, side, kind })),
    );
    all.sort((a, b) => a.at - b.at);
    for (const { at, packet, side, kind } of all) {
      if (begin + at > clock.now()) clock.advance(begin + at - clock.now());
      // The bytes are used again at once, as a socket's are.
      const bytes = Buffer.from(packet);
      writer.rtp(side, kind, bytes, clock.now());
      bytes.fill(0xee);
    }
  };

  return { clock, writer, failures, keysWanted, play };
}

export async function onlyPart(writer: RecordingWriter): Promise<RecordedPart> {
  const parts = await writer.stop();
  expect(parts).toHaveLength(1);

  return parts[0] as RecordedPart;
}
