import type { RecordingPolicy } from '../dialplan/model';
import { recoverPart } from '../media/inspect';
import type { RecordedPart } from '../media/port';
import { compose } from '../media/rendition';
import type { RecordingRecord, Side, StoredPart, WrittenPart } from '../recording/model';
import { defaultRetention } from '../recording/store';
import type { Call } from './call';

/** The sides of a talk in the order in which the engine is given their endpoints. */
export const recordedSides: readonly Side[] = ['terminal', 'seat'];

/** The engine counts sides; people know them by name. */
export function named(part: RecordedPart): WrittenPart;
export function named(part: RecordedPart | undefined): WrittenPart | undefined;
export function named(part: RecordedPart | undefined): WrittenPart | undefined {
  if (!part) return undefined;
  const tracks = part.tracks.map(({ kind, codec, side }) => {
    const name = side === undefined ? undefined : recordedSides[side];

    return { kind, codec, ...(name === undefined ? {} : { side: name }) };
  });

  return { ...part, tracks };
}

/**
 * What a file of the engine tells of itself, for recordings that were cut off. An engine that writes a file a side has the side in its
 * name: `<base>.<side>.<ext>`.
 */
export async function recover(file: string): Promise<WrittenPart | undefined> {
  const part = await recoverPart(file);
  const side = /\.(\d)\.\w+$/.exec(file)?.[1];
  const tracks = part?.tracks.map((track) => ({ ...track, side: track.side ?? (side ? Number(side) : undefined) }));

  return named(part && tracks && { ...part, tracks });
}

/** Both sides in one MP4, black and silent where it was masked. `parts` have whole paths. */
export async function composeSides(
  parts: readonly StoredPart[],
  target: string,
  { masked }: Readonly<RecordingRecord>,
  signal: AbortSignal,
): Promise<void> {
  const engineParts = parts.map(({ tracks, ...part }): RecordedPart => {
    const counted = tracks.map(({ kind, codec, side }) => {
      return { kind, codec, side: side === undefined ? undefined : recordedSides.indexOf(side) };
    });

    return { ...part, tracks: counted };
  });
  await compose(engineParts, target, { signal, masked: masked.map(({ from, to = Infinity }) => ({ from, to })) });
}

/** What the queue that a call came from says of recording; `retention` in days. */
export function rulesOf({ record, plan }: Call): { policy: RecordingPolicy; retention: number } {
  const queue = plan.queues.get(record.queue ?? plan.flows.get(record.flow)?.queue ?? '');

  return { policy: queue?.recording ?? 'never', retention: queue?.retention ?? defaultRetention };
}
