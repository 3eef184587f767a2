import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { QueueTicket } from '../acd/queue-tickets';
import type { QueueFacts, QueueStats } from '../acd/types';
import { IdParams } from './acd-deeds';
import { count, range } from './acd-views';
import { apiOnly, problem, problems, requireApi } from './guard';
import { QueueCounters } from './queues';

/** Each throws QUEUE_UNKNOWN. */
export interface QueueDetailPort {
  stats(queue: string): Promise<QueueStats>;
  facts(queue: string): Promise<QueueFacts>;
  /** Those who stand in it, in the order in which they will be served; the first `limit` suffice. */
  queueTickets(queue: string, limit: number): Promise<QueueTicket[]>;
}

const mostTickets = 1_000;
const usualTickets = 100;

const Question = Type.Object(
  {
    limit: Type.Optional(
      Type.String({
        pattern: '^\\d{1,4}$',
        description: `How many tickets are shown, 0 to ${mostTickets}; default ${usualTickets}`,
      }),
    ),
  },
  { additionalProperties: false },
);

const Row = Type.Object({
  position: count('1 is next'),
  ticketId: Type.String(),
  callId: Type.String(),
  terminal: Type.String(),
  state: Type.String({ description: 'waiting, offered, held or dropped' }),
  class: Type.String({ description: 'alarm, vip, normal or low' }),
  priority: Type.Integer({ description: 'Seconds of head start' }),
  worth: Type.Optional(Type.Number({ description: 'By what it is ranked; an alarm has none' })),
  callback: Type.Optional(Type.Boolean({ description: 'Its person is called back in his turn' })),
  waited: Type.Number({ description: 'Seconds' }),
  estimate: range('Seconds still to wait, from and to'),
});

const QueueDetail = Type.Object({
  ...QueueCounters.properties,
  facts: Type.Object(
    {
      waiting: count('Tickets that stand in the queue'),
      staffed: count('Seats that work for it'),
      free: count('Of those, how many are free'),
      occupancy: Type.Number({ description: 'Share of the seats at work that are engaged, 0 to 1; 1 without seats' }),
      estimate: range('Seconds that whoever came now would wait, from and to'),
    },
    { description: 'What decisions about a caller look at' },
  ),
  tickets: Type.Array(Row, { description: 'Those who stand in it, the next first' }),
});

export function addQueueDetailRoutes(server: FastifyInstance, port: QueueDetailPort): void {
  server.get(
    '/v1/queues/:id',
    {
      schema: {
        tags: ['queues'],
        summary: 'One queue, and who stands in it in which order',
        security: apiOnly,
        params: IdParams,
        querystring: Question,
        response: { 200: QueueDetail, ...problems, 404: problem('The site has no such queue') },
      },
    },
    async (request): Promise<Static<typeof QueueDetail>> => {
      requireApi(request);
      const { id } = request.params as Static<typeof IdParams>;
      const limit = Math.min(mostTickets, Number((request.query as Static<typeof Question>).limit ?? usualTickets));
      // The first that fails is told: an unknown queue has no numbers either.
      const facts = await port.facts(id);
      const [stats, tickets] = await Promise.all([port.stats(id), port.queueTickets(id, limit)]);

      return { ...stats, facts, tickets: tickets.slice(0, limit) };
    },
  );
}
