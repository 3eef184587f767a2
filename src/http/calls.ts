import { Type, type Static, type TOptional, type TString } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { SightlineError } from '../lib/errors';
import { apiOnly, problem, problems, requireApi } from './guard';

const time = Type.Optional(Type.String({ format: 'date-time' }));
const text = (description: string): TOptional<TString> => Type.Optional(Type.String({ description }));

const CallView = Type.Object(
  {
    id: Type.String(),
    state: Type.String({ description: 'arriving, menu, queued, offered, joining, talking or ended' }),
    number: Type.String({ description: 'What was dialled' }),
    site: text("The name of the site's folder"),
    node: text('The node that has, or had, the call'),
    flow: text('The flow of the dialplan that it is in'),
    planVersion: text('The dialplan that it began with'),
    locale: text('The language of the screen'),
    face: text('screen, video or voice: how pages reach the person; ring: they do not'),
    media: Type.Optional(
      Type.Object({
        mode: Type.String({ description: 'none, direct (end to end) or anchored (through the server)' }),
        why: Type.Optional(Type.Array(Type.String(), { description: 'What needs them at the server' })),
      }),
    ),
    queue: text('The queue that it waits in, or came from'),
    ticketId: text('Its ticket there'),
    ringing: Type.Optional(Type.Array(Type.String(), { description: 'The seats that ring for it' })),
    callback: Type.Optional(
      Type.Object(
        {
          of: Type.String({ description: 'The call that asked for it' }),
          order: Type.String({ description: 'agent-first or caller-first' }),
          attempt: Type.Integer({ description: 'From 1' }),
        },
        { description: 'Of a call to somebody who is called back' },
      ),
    ),
    startedAt: time,
    answeredAt: time,
    queuedAt: time,
    connectedAt: time,
    endedAt: time,
    end: Type.Optional(
      Type.Object({
        by: Type.String({ description: 'caller, seat or server' }),
        cause: Type.String({ description: 'Such as bye, cancelled, queue-full, session-expired' }),
        detail: text('More about it in words'),
      }),
    ),
    history: Type.Optional(
      Type.Array(
        Type.Object({ at: Type.String({ format: 'date-time' }), event: Type.String(), detail: text('More about it') }),
        { description: 'The last events, oldest first' },
      ),
    ),
  },
  { additionalProperties: true, description: 'The record of a call' },
);
const CallParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

export interface CallPort {
  /** The record of a call, live or ended; undefined when it is not, or no longer, kept. */
  find(id: string): Promise<object | undefined>;
  /** The calls of this node that are under way. */
  live(): object[];
}

export function addCallRoutes(server: FastifyInstance, port: CallPort): void {
  server.get(
    '/v1/calls/:id',
    {
      schema: {
        tags: ['calls'],
        summary: 'One call, with its history',
        security: apiOnly,
        params: CallParams,
        response: { 200: CallView, ...problems, 404: problem('There is no such call') },
      },
    },
    async (request) => {
      requireApi(request);
      const { id } = request.params as Static<typeof CallParams>;
      const call = await port.find(id);
      if (!call) throw new SightlineError('NOT_FOUND', `There is no call ${id}, or its record is no longer kept`);

      return call;
    },
  );
  server.get(
    '/v1/calls',
    {
      schema: {
        tags: ['calls'],
        summary: 'The calls under way on this node',
        security: apiOnly,
        response: { 200: Type.Object({ calls: Type.Array(CallView) }), ...problems },
      },
    },
    (request) => {
      requireApi(request);

      return Promise.resolve({ calls: port.live() });
    },
  );
}
