import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';

export interface Readiness {
  ready: boolean;
  /** What is missing, in words. */
  missing: string[];
}

const Alive = Type.Object({ status: Type.Literal('ok') });
const ReadyView = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
  missing: Type.Array(Type.String(), { description: 'What has to be there first, in words' }),
});

/** Without credentials: load balancers and supervisors ask these. */
export function addHealthRoutes(server: FastifyInstance, readiness: () => Readiness): void {
  server.get(
    '/healthz',
    { schema: { tags: ['health'], summary: 'The process lives', security: [], response: { 200: Alive } } },
    () => Promise.resolve({ status: 'ok' }),
  );
  server.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        summary: 'The server can take calls',
        security: [],
        response: { 200: ReadyView, 503: ReadyView },
      },
    },
    async (_request, reply) => {
      const { ready, missing } = readiness();

      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', missing });
    },
  );
}
