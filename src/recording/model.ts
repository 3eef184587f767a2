import { Type, type Static } from '@sinclair/typebox';
import { checkOf } from '../lib/schema';

/** The sides of a call whose people can be recorded. */
export const sides = ['terminal', 'seat'] as const;
export type Side = (typeof sides)[number];

const time = (description: string): ReturnType<typeof Type.Integer> =>
  Type.Integer({ minimum: 0, description: `${description}, ms since the epoch` });
const size = Type.Integer({ minimum: 0 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the whole file' });
/** A name within the day's folder: it can lead nowhere else. */
const fileName = Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$' });
const name = Type.String({ maxLength: 256 });

/** Who asked: an agent by a key, another system by REST, the queue's policy, or the server itself. */
const Asker = Type.Object({
  kind: Type.Union([Type.Literal('agent'), Type.Literal('rest'), Type.Literal('policy'), Type.Literal('server')]),
  who: Type.Optional(name),
});

const Track = Type.Object({
  kind: Type.Union([Type.Literal('audio'), Type.Literal('video')]),
  codec: name,
  side: Type.Optional(Type.Union([Type.Literal('terminal'), Type.Literal('seat')])),
});

const Part = Type.Object({
  file: fileName,
  bytes: size,
  sha256,
  startedAt: time('Its first moment'),
  duration: Type.Number({ minimum: 0, description: 'ms' }),
  tracks: Type.Array(Track),
});

const Rendition = Type.Object({ file: fileName, bytes: size, sha256, madeAt: time('When it was made') });

const common = {
  v: Type.Literal(1),
  id: Type.String({ pattern: '^(rec|snap)_[A-Za-z0-9_-]{16}$' }),
  site: name,
  /** The node whose data folder holds the files. */
  node: name,
  call: name,
  queue: Type.Optional(name),
  seat: Type.Optional(name),
  terminal: Type.Optional(name),
  by: Asker,
  why: Type.Optional(Type.String({ maxLength: 1000 })),
  retainUntil: time('When retention deletes it'),
};

const RecordingSchema = Type.Object({
  ...common,
  kind: Type.Literal('recording'),
  startedAt: time('Its beginning'),
  endedAt: Type.Optional(time('Its end; absent while it runs')),
  parts: Type.Array(Part),
  masked: Type.Array(Type.Object({ from: time('From'), to: Type.Optional(time('To; absent while it is masked')) })),
  /** What was done to it, by whom, oldest first. */
  events: Type.Array(
    Type.Object({ at: time('When'), what: name, by: Asker, why: Type.Optional(Type.String({ maxLength: 1000 })) }),
  ),
  /** It ended by a crash: what was written until then is there. */
  cut: Type.Boolean(),
  /** Why it ended before it was meant to. */
  failure: Type.Optional(Type.String({ maxLength: 1000 })),
  rendition: Type.Optional(Rendition),
});

const SnapshotSchema = Type.Object({
  ...common,
  kind: Type.Literal('snapshot'),
  side: Type.Union([Type.Literal('terminal'), Type.Literal('seat')]),
  startedAt: time('When it was taken'),
  file: fileName,
  bytes: size,
  sha256,
});

export type Asker = Static<typeof Asker>;
export type StoredTrack = Static<typeof Track>;
export type StoredPart = Static<typeof Part>;
/** A file of the engine: as `StoredPart`, with its whole path and without what the store measures. */
export type WrittenPart = Omit<StoredPart, 'bytes' | 'sha256'>;
export type RecordingRecord = Static<typeof RecordingSchema>;
export type SnapshotRecord = Static<typeof SnapshotSchema>;
/** What stands in a sidecar, and in the index. */
export type Entry = RecordingRecord | SnapshotRecord;
export type EntryKind = Entry['kind'];

/** Of what call it is, who wanted it and for how long it is kept; `retention` in days. */
export type About = Pick<Entry, 'call' | 'queue' | 'seat' | 'terminal' | 'by' | 'why'> & { retention: number };

const isRecording = checkOf(RecordingSchema);
const isSnapshot = checkOf(SnapshotSchema);

/** Reads a sidecar or an entry of the index; undefined when it is neither. */
export function readEntry(text: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }

  return isRecording(value) || isSnapshot(value) ? value : undefined;
}

/** How long the retention of a queue is in ms. */
export function daysMs(days: number): number {
  return days * 24 * 3600 * 1000;
}

/** Whether it is being recorded, as far as its sidecar knows. */
export function isOpen(entry: Entry): boolean {
  return entry.kind === 'recording' && entry.endedAt === undefined;
}
