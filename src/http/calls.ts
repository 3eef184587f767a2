import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { SightlineError } from '../lib/errors';
import { apiOnly, problem, problems, requireApi } from './guard';

const CallView = Type.Object(
  { id: Type.String(), state: Type.String(), number: Type.String() },
  { additionalProperties: true, description: 'The record of a call with its history' },
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
