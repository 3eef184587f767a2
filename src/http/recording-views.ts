import { Type, type Static } from '@sinclair/typebox';
import type { Asker, RecordingRecord, SnapshotRecord } from '../recording/model';

const time = (description: string): ReturnType<typeof Type.String> => Type.String({ format: 'date-time', description });
const hash = Type.String({ description: 'SHA-256 of the whole file, in hexadecimal' });
const bytes = Type.Integer({ description: 'Length of the file' });

const By = Type.Object({
  kind: Type.String({ description: 'agent (by a key), rest, policy (of the queue) or server' }),
  who: Type.Optional(Type.String({ description: 'The seat, or for whom REST asked' })),
});

const common = {
  id: Type.String(),
  call: Type.String({ description: 'Its call' }),
  queue: Type.Optional(Type.String()),
  seat: Type.Optional(Type.String()),
  terminal: Type.Optional(Type.String()),
  node: Type.String({ description: 'The node that has the files' }),
  by: By,
  why: Type.Optional(Type.String()),
  retainUntil: time('When it is deleted'),
};

export const RecordingView = Type.Object(
  {
    ...common,
    state: Type.String({ description: 'recording, masked or ended' }),
    startedAt: time('Its beginning'),
    endedAt: Type.Optional(time('Its end')),
    cut: Type.Boolean({ description: 'A crash ended it; what was written until then is there' }),
    failure: Type.Optional(Type.String({ description: 'Why it ended before it was meant to' })),
    masked: Type.Array(Type.Object({ from: time('From'), to: Type.Optional(time('To')) }), {
      description: 'When nothing was kept of what was said and shown',
    }),
    events: Type.Array(
      Type.Object({ at: time('When'), what: Type.String(), by: By, why: Type.Optional(Type.String()) }),
      { description: 'What was done to it, oldest first' },
    ),
    parts: Type.Array(
      Type.Object({
        url: Type.String(),
        bytes,
        sha256: hash,
        startedAt: time('Its first moment'),
        duration: Type.Number({ description: 'ms' }),
        tracks: Type.Array(
          Type.Object({
            kind: Type.String({ description: 'audio or video' }),
            codec: Type.String(),
            side: Type.Optional(Type.String({ description: 'terminal or seat: who is heard or seen' })),
          }),
        ),
      }),
      { description: 'The files as they were recorded' },
    ),
    video: Type.Optional(Type.String({ description: 'URL of both sides in one MP4' })),
    rendition: Type.Optional(
      Type.Object({ bytes, sha256: hash, madeAt: time('When it was made') }, { description: 'That MP4, once made' }),
    ),
  },
  { description: 'A recording' },
);

export const SnapshotView = Type.Object(
  {
    ...common,
    url: Type.String({ description: 'Of the PNG' }),
    side: Type.String({ description: 'terminal or seat: who is seen' }),
    takenAt: time('When it was taken'),
    bytes,
    sha256: hash,
  },
  { description: 'A picture of what one side showed' },
);

export function recordingView(record: RecordingRecord): Static<typeof RecordingView> {
  const { id, endedAt, cut, failure, masked, events, parts, rendition } = record;
  const base = `/v1/recordings/${id}`;

  return {
    ...head(record),
    state: stateOf(record),
    startedAt: iso(record.startedAt),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    cut,
    ...(failure === undefined ? {} : { failure }),
    masked: masked.map(({ from, to }) => ({ from: iso(from), ...(to === undefined ? {} : { to: iso(to) }) })),
    events: events.map(({ at, ...event }) => ({ at: iso(at), ...event })),
    parts: parts.map(({ file: _file, startedAt, ...part }, index) => ({
      url: `${base}/parts/${index}`,
      startedAt: iso(startedAt),
      ...part,
    })),
    ...(endedAt !== undefined && parts.length > 0 ? { video: `${base}/video` } : {}),
    ...(rendition ? { rendition: { ...madeOf(rendition), madeAt: iso(rendition.madeAt) } } : {}),
  };
}

export function snapshotView(record: SnapshotRecord): Static<typeof SnapshotView> {
  const { id, side, startedAt } = record;

  return { ...head(record), ...madeOf(record), url: `/v1/snapshots/${id}`, side, takenAt: iso(startedAt) };
}

function stateOf({ endedAt, masked }: RecordingRecord): string {
  if (endedAt !== undefined) return 'ended';
  const last = masked.at(-1);

  return last && last.to === undefined ? 'masked' : 'recording';
}

interface Head {
  id: string;
  call: string;
  node: string;
  by: Asker;
  retainUntil: string;
  queue?: string;
  seat?: string;
  terminal?: string;
  why?: string;
}

function head({ id, call, node, by, retainUntil, queue, seat, terminal, why }: RecordingRecord | SnapshotRecord): Head {
  return {
    ...{ id, call, node, by, retainUntil: iso(retainUntil) },
    ...(queue === undefined ? {} : { queue }),
    ...(seat === undefined ? {} : { seat }),
    ...(terminal === undefined ? {} : { terminal }),
    ...(why === undefined ? {} : { why }),
  };
}

function madeOf({ bytes, sha256 }: { bytes: number; sha256: string }): { bytes: number; sha256: string } {
  return { bytes, sha256 };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
