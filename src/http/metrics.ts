import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { apiOnly, problems, requireApi } from './guard';

/** The text format of Prometheus. */
const textFormat = 'text/plain; version=0.0.4; charset=utf-8';

/** The counters of the embedded SIP server, as Prometheus reads them. */
export function addMetricsRoute(v1: FastifyInstance, metrics: () => string): void {
  const answer = {
    description: 'Samples in the text format of Prometheus',
    content: { 'text/plain': { schema: Type.String() } },
  };
  const schema = { tags: ['health'], summary: 'Counters of the embedded SIP server', security: apiOnly };
  v1.get('/v1/metrics', { schema: { ...schema, response: { 200: answer, ...problems } } }, async (request, reply) => {
    requireApi(request);

    return reply.type(textFormat).send(metrics());
  });
}
