import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { AcdSnapshot } from '../acd/types';
import type { Fault } from '../dialplan/faults';
import { count, SeatBody, seatBody } from './acd-views';
import { apiOnly, problems, requireApi } from './guard';

/** How a queue stands, and what has become of those who came. */
export const QueueCounters = Type.Object(
  {
    queue: Type.String(),
    waiting: count('Tickets that stand in the queue now'),
    staffed: count('Seats that work for the queue: neither offline nor on a break'),
    idle: count('Of those, how many are free now'),
    handling: Type.Number({ description: 'Mean of talk and wrap-up of late, in seconds' }),
    offered: count('Tickets that ever came'),
    answered: count('Of those, answered by a seat'),
    abandoned: count('Given up by the caller'),
    overflowed: count('Ended by the longest wait, or refused by a full queue'),
    refused: count('Part of overflowed: refused by a full queue'),
    calledBack: count('Turned into a callback'),
  },
  { description: 'offered = answered + abandoned + overflowed + calledBack + waiting' },
);

const QueueView = Type.Object({
  queues: Type.Array(QueueCounters),
  seats: Type.Array(SeatBody, { description: 'Seats that have been at work' }),
});

const SiteView = Type.Object({
  site: Type.String(),
  version: Type.String({ description: 'Hash of the dialplan in force' }),
  faults: Type.Array(
    Type.Object({
      file: Type.String(),
      line: Type.Integer(),
      column: Type.Integer(),
      code: Type.String({ description: 'A code of dialplans/README.md' }),
      message: Type.String(),
      remedy: Type.String(),
      severity: Type.String({ description: 'error or warning' }),
    }),
    { description: 'Of the last edit, when it was refused' },
  ),
});

export interface QueuePort {
  /** Queues with their counters, and seats with their states. */
  snapshot(): Promise<AcdSnapshot>;
  site(): { site: string; version: string; faults: readonly Fault[] };
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
    async (request): Promise<Static<typeof QueueView>> => {
      requireApi(request);
      const { queues, seats } = await port.snapshot();

      return { queues, seats: seats.map(seatBody) };
    },
  );
  server.get(
    '/v1/site',
    {
      schema: {
        tags: ['site'],
        summary: 'The dialplan in force, and why the last edit was refused if it was',
        security: apiOnly,
        response: { 200: SiteView, ...problems },
      },
    },
    async (request): Promise<Static<typeof SiteView>> => {
      requireApi(request);
      const { site, version, faults } = port.site();

      return { site, version, faults: [...faults] };
    },
  );
}
