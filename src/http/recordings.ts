import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Filter, Page } from '../recording/catalogue';
import type { Asker, RecordingRecord, Side, SnapshotRecord } from '../recording/model';
import { SightlineError } from '../lib/errors';
import { apiOnly, bodyProblems, problem, problems, requireApi } from './guard';
import { RecordingView, recordingView, SnapshotView, snapshotView } from './recording-views';
import { sendFile, type SentFile } from './send-file';

export type RecordingAction = 'start' | 'stop' | 'mask' | 'unmask';

export interface RecordingPort {
  /** @throws CALL_GONE, WRONG_STATE, RECORDING_FORBIDDEN, STORAGE_FULL, MEDIA_UNAVAILABLE, MEDIA_MISMATCH */
  command(call: string, action: RecordingAction, by: Asker, why?: string): Promise<RecordingRecord>;
  /** @throws as `command`; MEDIA_GONE when the side sends no picture */
  snapshot(call: string, side: Side, by: Asker, why?: string): Promise<SnapshotRecord>;
  recordings(filter: Filter): Promise<Page<RecordingRecord>>;
  snapshots(filter: Filter): Promise<Page<SnapshotRecord>>;
  /** @throws RECORDING_UNKNOWN */
  find(id: string): Promise<RecordingRecord>;
  /** @throws RECORDING_UNKNOWN, NOT_FOUND, WRONG_STATE, MEDIA_GONE */
  part(id: string, index: number): Promise<SentFile>;
  /** May take long at the first time. @throws RECORDING_UNKNOWN, WRONG_STATE, MEDIA_GONE, MEDIA_UNAVAILABLE, STORAGE_FULL */
  rendition(id: string): Promise<SentFile>;
  /** @throws RECORDING_UNKNOWN, MEDIA_GONE */
  picture(id: string): Promise<SentFile>;
  /** A recording or a snapshot. @throws RECORDING_UNKNOWN, WRONG_STATE, MEDIA_GONE */
  remove(id: string, by: Asker): Promise<void>;
}

/** How long somebody who asks for a rendition is kept waiting while it is made, in ms; then he is asked to come again. */
const renditionPatienceMs = 10_000;
const renditionRetrySeconds = 5;
/** Whoever looks at a recording may take his time: the connection is slow, or the player has stopped reading. */
const sendingTimeout = 6 * 3600 * 1000;
const pageLimit = 100;

const CallParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const RecordingParams = Type.Object({ id: Type.String({ pattern: '^rec_[A-Za-z0-9_-]{16}$' }) });
const SnapshotParams = Type.Object({ id: Type.String({ pattern: '^snap_[A-Za-z0-9_-]{16}$' }) });
const PartParams = Type.Object({
  id: Type.String({ pattern: '^rec_[A-Za-z0-9_-]{16}$' }),
  part: Type.String({ pattern: '^\\d{1,3}$', description: 'From 0' }),
});

const asking = {
  reason: Type.Optional(Type.String({ maxLength: 200, description: 'Why; kept with it' })),
  who: Type.Optional(Type.String({ maxLength: 64, description: 'For whom you ask; kept with it' })),
};
const Command = Type.Object(
  {
    action: Type.Union([Type.Literal('start'), Type.Literal('stop'), Type.Literal('mask'), Type.Literal('unmask')]),
    ...asking,
  },
  { additionalProperties: false },
);
const SnapshotWish = Type.Object(
  { side: Type.Union([Type.Literal('terminal'), Type.Literal('seat')], { description: 'Whose picture' }), ...asking },
  { additionalProperties: false },
);

const Question = Type.Object(
  {
    call: Type.Optional(Type.String({ maxLength: 64 })),
    queue: Type.Optional(Type.String({ maxLength: 64 })),
    seat: Type.Optional(Type.String({ maxLength: 64 })),
    from: Type.Optional(Type.String({ format: 'date-time', description: 'Begun then or later' })),
    to: Type.Optional(Type.String({ format: 'date-time', description: 'Begun then or before' })),
    limit: Type.Optional(
      Type.String({ pattern: '^\\d{1,3}$', description: `1 to ${pageLimit}; default ${pageLimit}` }),
    ),
    after: Type.Optional(
      Type.String({
        pattern: '^\\d{1,16}\\.(rec|snap)_[A-Za-z0-9_-]{16}$',
        description: "The 'next' of the answer before",
      }),
    ),
  },
  { additionalProperties: false },
);

const next = Type.Optional(Type.String({ description: "There are more: ask again with 'after' set to this" }));
const file = (description: string): object => ({
  description,
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
});
const unknown = problem('There is no such recording');
const commanding = {
  ...problems,
  ...bodyProblems,
  403: problem('These credentials may not do that, or calls of this queue are not recorded'),
  404: problem('There is no such call under way on this node'),
  409: problem('The call, or its recording, is not in a state for that'),
  410: problem('The media of the call are gone'),
  488: problem('The media of the call cannot go through the server'),
  507: problem('The disk is full'),
};
const fetching = {
  200: file('The whole file'),
  206: file('The range of it that was asked for'),
  304: { description: 'It is what you have', type: 'null' },
  ...problems,
  404: unknown,
  409: problem('It is still being recorded'),
  410: problem('The file is not there any more, or on another node'),
  416: problem('The range lies outside the file'),
};

/** Recording and snapshots of calls, and what was kept of them; everything here needs the API token. */
export function addRecordingRoutes(server: FastifyInstance, port: RecordingPort): void {
  addCommandRoutes(server, port);
  addListRoutes(server, port);
  addFileRoutes(server, port);
  addDeleteRoutes(server, port);
}

function askerOf(request: FastifyRequest, who: string | undefined): Asker {
  return { kind: 'rest', who: who === undefined ? request.ip : `${who} (${request.ip})` };
}

function addCommandRoutes(server: FastifyInstance, port: RecordingPort): void {
  server.post(
    '/v1/calls/:id/recording',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Begin or end the recording of a talk, or let it keep nothing for a while',
        security: apiOnly,
        params: CallParams,
        body: Command,
        response: { 200: RecordingView, ...commanding },
      },
    },
    async (request) => {
      requireApi(request);
      const { id } = request.params as Static<typeof CallParams>;
      const { action, reason, who } = request.body as Static<typeof Command>;

      return recordingView(await port.command(id, action, askerOf(request, who), reason));
    },
  );
  server.post(
    '/v1/calls/:id/snapshots',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Take a picture of what one side shows',
        security: apiOnly,
        params: CallParams,
        body: SnapshotWish,
        response: { 201: SnapshotView, ...commanding },
      },
    },
    async (request, reply) => {
      requireApi(request);
      const { id } = request.params as Static<typeof CallParams>;
      const { side, reason, who } = request.body as Static<typeof SnapshotWish>;
      const view = snapshotView(await port.snapshot(id, side, askerOf(request, who), reason));

      return reply.code(201).header('location', view.url).send(view);
    },
  );
}

function addListRoutes(server: FastifyInstance, port: RecordingPort): void {
  const schema = { tags: ['recordings'], security: apiOnly, querystring: Question };
  server.get(
    '/v1/recordings',
    {
      schema: {
        ...schema,
        summary: 'Recordings, newest first',
        response: { 200: Type.Object({ recordings: Type.Array(RecordingView), next }), ...problems },
      },
    },
    async (request) => {
      requireApi(request);
      const { entries, ...more } = await port.recordings(filterOf(request.query as Static<typeof Question>));

      return { recordings: entries.map(recordingView), ...more };
    },
  );
  server.get(
    '/v1/snapshots',
    {
      schema: {
        ...schema,
        summary: 'Snapshots, newest first',
        response: { 200: Type.Object({ snapshots: Type.Array(SnapshotView), next }), ...problems },
      },
    },
    async (request) => {
      requireApi(request);
      const { entries, ...more } = await port.snapshots(filterOf(request.query as Static<typeof Question>));

      return { snapshots: entries.map(snapshotView), ...more };
    },
  );
  server.get(
    '/v1/recordings/:id',
    {
      schema: {
        tags: ['recordings'],
        summary: 'One recording: who, when, why, and its files with their hashes',
        security: apiOnly,
        params: RecordingParams,
        response: { 200: RecordingView, ...problems, 404: unknown },
      },
    },
    async (request) => {
      requireApi(request);

      return recordingView(await port.find((request.params as Static<typeof RecordingParams>).id));
    },
  );
}

function filterOf({ from, to, limit, ...question }: Static<typeof Question>): Filter {
  return {
    ...question,
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
    limit: Math.min(pageLimit, Math.max(1, Number(limit ?? pageLimit))),
  };
}

function addFileRoutes(server: FastifyInstance, port: RecordingPort): void {
  const serve = <T extends object>(
    url: string,
    summary: string,
    params: T,
    find: (params: { id: string; part?: string }) => Promise<SentFile>,
  ): void => {
    server.get(
      url,
      {
        handlerTimeout: sendingTimeout,
        schema: { tags: ['recordings'], summary, security: apiOnly, params, response: fetching },
      },
      async (request, reply): Promise<FastifyReply> => {
        requireApi(request);

        return sendFile(request, reply, await find(request.params as { id: string; part?: string }));
      },
    );
  };
  serve('/v1/recordings/:id/video', 'Both sides in one MP4, with ranges', RecordingParams, ({ id }) =>
    soon(port.rendition(id)),
  );
  serve('/v1/recordings/:id/parts/:part', 'A file as it was recorded, with ranges', PartParams, ({ id, part }) =>
    port.part(id, Number(part)),
  );
  serve('/v1/snapshots/:id', 'The picture of a snapshot, a PNG', SnapshotParams, ({ id }) => port.picture(id));
}

/** What takes longer goes on being made; whoever asked is told to come again. */
async function soon(file: Promise<SentFile>): Promise<SentFile> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const extras = { retryAfter: renditionRetrySeconds };
      reject(new SightlineError('OVERLOADED', 'It is being made; ask again in a moment', extras));
    }, renditionPatienceMs);
  });
  try {
    return await Promise.race([file, late]);
  } finally {
    clearTimeout(timer);
  }
}

function addDeleteRoutes(server: FastifyInstance, port: RecordingPort): void {
  const routes = [
    { url: '/v1/recordings/:id', what: 'a recording', params: RecordingParams },
    { url: '/v1/snapshots/:id', what: 'a snapshot', params: SnapshotParams },
  ];
  for (const { url, what, params } of routes) {
    server.delete(
      url,
      {
        schema: {
          tags: ['recordings'],
          summary: `Delete ${what} with all its files`,
          security: apiOnly,
          params,
          response: {
            204: { description: 'It is gone', type: 'null' },
            ...problems,
            404: unknown,
            409: problem('It is still being recorded'),
            410: problem('Its files are on another node'),
          },
        },
      },
      async (request, reply) => {
        requireApi(request);
        await port.remove((request.params as { id: string }).id, askerOf(request, undefined));

        return reply.code(204).send();
      },
    );
  }
}
