import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { AcdSnapshot, SeatView as AcdSeat } from '../acd/types';
import type { Fault } from '../dialplan/faults';
import { apiOnly, problems, requireApi } from './guard';

const count = (description: string): ReturnType<typeof Type.Integer> => Type.Integer({ description });
const time = (description: string): ReturnType<typeof Type.String> => Type.String({ format: 'date-time', description });

const Queue = Type.Object(
  {
    queue: Type.String(),
    waiting: count('Tickets that stand in the queue now'),
    staffed: count('Seats that work for the queue: neither offline nor paused'),
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

const Seat = Type.Object({
  seatId: Type.String(),
  state: Type.String({ description: 'offline, available, offered, talking, wrapup, resting or paused' }),
  since: time('Since when it is in that state'),
  until: Type.Optional(time('When an offer, a wrap-up or a rest ends')),
  ticketId: Type.Optional(Type.String()),
  next: Type.Optional(Type.String({ description: 'offline or paused: what it turns to after an offer or a talk' })),
  queues: Type.Array(Type.String()),
  skills: Type.Array(Type.String()),
});

const QueueView = Type.Object({
  queues: Type.Array(Queue),
  seats: Type.Array(Seat, { description: 'Seats that have registered' }),
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

      return { queues, seats: seats.map(seatView) };
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
    async (request): Promise<Static<typeof SiteView>> => {
      requireApi(request);
      const { site, version, faults } = port.site();

      return { site, version, faults: [...faults] };
    },
  );
}

function seatView({ since, until, ...seat }: AcdSeat): Static<typeof Seat> {
  const view = { ...seat, since: new Date(since).toISOString() };

  return until === undefined ? view : { ...view, until: new Date(until).toISOString() };
}
