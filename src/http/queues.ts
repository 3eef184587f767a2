import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { apiOnly, problems, requireApi } from './guard';

const QueueView = Type.Object({ queues: Type.Array(Type.Unknown()), seats: Type.Array(Type.Unknown()) });
const SiteView = Type.Object({
  site: Type.String(),
  version: Type.String({ description: 'Hash of the dialplan in force' }),
  faults: Type.Array(Type.Unknown(), { description: 'Of the last edit, when it was refused' }),
});

export interface QueuePort {
  /** Queues with their waiting tickets and counters, and seats with their states. */
  snapshot(): Promise<{ queues: unknown[]; seats: unknown[] }>;
  site(): { site: string; version: string; faults: unknown[] };
}

export function addQueueRoutes(server: FastifyInstance, port: QueuePort): void {
  server.get(
    '/v1/queues',
    {
      schema: {
        tags: ['queues'],
        summary: 'Queues and seats as they are now',
        security: apiOnly,
        response: { 200: QueueView, ...problems },
      },
    },
    (request) => {
      requireApi(request);

      return port.snapshot();
    },
  );
  server.get(
    '/v1/site',
    {
      schema: {
        tags: ['queues'],
        summary: 'The dialplan in force, and why the last edit was refused if it was',
        security: apiOnly,
        response: { 200: SiteView, ...problems },
      },
    },
    (request) => {
      requireApi(request);

      return Promise.resolve(port.site());
    },
  );
}
