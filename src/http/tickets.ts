import { Type, type Static, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { ticketClasses, type TicketClass } from '../acd/config';
import { PRIORITY_LIMIT, type Explanation, type TicketEvent, type TicketView } from '../acd/types';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { changing, IdParams, name, noBody, oneOf, withState } from './acd-deeds';
import { ExplanationBody, explanationBody, historyBody, TicketBody, ticketBody, TicketWithHistory } from './acd-views';
import { apiOnly, problem, problems, requireApi } from './guard';

export interface Rank {
  class?: TicketClass;
  /** Seconds of head start. */
  priority?: number;
}

/** Each that changes something throws WRONG_STATE or TICKET_GONE when the state of the ticket does not allow it. */
export interface TicketPort {
  ticket(id: string): Promise<TicketView | undefined>;
  /** Oldest first. */
  history(id: string): Promise<TicketEvent[]>;
  explain(id: string): Promise<Explanation | undefined>;
  /** The ticket keeps its time. @throws QUEUE_UNKNOWN, QUEUE_FULL */
  transfer(id: string, queue: string): Promise<unknown>;
  reprioritise(id: string, rank: Rank): Promise<unknown>;
  askCallback(id: string): Promise<unknown>;
  /** The wait is over without a talk. */
  endWait(id: string): Promise<unknown>;
}

const Transfer = Type.Object({ queue: name('Where it is to wait') }, { additionalProperties: false });
const NewRank = Type.Object(
  {
    class: Type.Optional(oneOf(ticketClasses, 'The most urgent first; an alarm takes a seat from others')),
    priority: Type.Optional(
      Type.Integer({ minimum: -PRIORITY_LIMIT, maximum: PRIORITY_LIMIT, description: 'Seconds of head start' }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);
const unknown = problem('There is no such ticket');

/** Tickets, and what a supervisor may change about them; everything here needs the API token. */
export function addTicketRoutes(server: FastifyInstance, port: TicketPort, log: Logger): void {
  addLookRoutes(server, port);
  addDeedRoutes(server, port, log);
}

function addLookRoutes(server: FastifyInstance, port: TicketPort): void {
  const schema = { tags: ['tickets'], security: apiOnly, params: IdParams };
  server.get(
    '/v1/tickets/:id',
    {
      schema: {
        ...schema,
        summary: 'One ticket, with its history',
        response: { 200: TicketWithHistory, ...problems, 404: unknown },
      },
    },
    async (request) => {
      requireApi(request);
      const { id } = request.params as Static<typeof IdParams>;
      const [ticket, history] = await Promise.all([look(port, id), port.history(id)]);

      return { ...ticket, history: historyBody(history) };
    },
  );
  server.get(
    '/v1/tickets/:id/explanation',
    {
      schema: {
        ...schema,
        summary: 'Why this ticket gets, got or does not get which seat',
        response: { 200: ExplanationBody, ...problems, 404: unknown },
      },
    },
    async (request) => {
      requireApi(request);
      const { id } = request.params as Static<typeof IdParams>;
      const explanation = await port.explain(id);
      if (!explanation) throw noSuchTicket(id);

      return explanationBody(explanation);
    },
  );
}

function noSuchTicket(id: string): SightlineError {
  return new SightlineError('TICKET_UNKNOWN', `There is no ticket ${id}, or it ended some time ago`);
}

async function look(port: TicketPort, id: string): Promise<Static<typeof TicketBody>> {
  const ticket = await port.ticket(id);
  if (!ticket) throw noSuchTicket(id);

  return ticketBody(ticket);
}

function addDeedRoutes(server: FastifyInstance, port: TicketPort, log: Logger): void {
  const route = deedRoute(server, port, log);
  route('transfer', 'Let it wait in another queue, with its old time', Transfer, (id, { queue }) =>
    port.transfer(id, queue),
  );
  route('priority', 'Change its class or its priority', NewRank, (id, rank) => port.reprioritise(id, rank));
  route('callback', 'Let its person hang up, and call back in his turn', noBody, (id) => port.askCallback(id));
  server.delete(
    '/v1/tickets/:id',
    {
      schema: {
        tags: ['tickets'],
        summary: 'End the wait without a talk',
        security: apiOnly,
        params: IdParams,
        response: { 204: { description: 'It is ended', type: 'null' }, ...changing, 404: unknown },
      },
    },
    async (request, reply) => {
      requireApi(request);
      const { id } = request.params as Static<typeof IdParams>;
      await change(port, id, () => port.endWait(id));
      log.info({ ticket: id, what: 'end', by: request.ip }, 'a ticket was changed by REST');

      return reply.code(204).send();
    },
  );
}

type DeedRoute = <T extends TSchema>(
  what: string,
  summary: string,
  body: T,
  deed: (id: string, body: Static<T>) => Promise<unknown>,
) => void;

/** Each answers with the ticket as it is afterwards. */
function deedRoute(server: FastifyInstance, port: TicketPort, log: Logger): DeedRoute {
  return (what, summary, body, deed) => {
    server.post(
      `/v1/tickets/:id/${what}`,
      {
        schema: {
          ...{ tags: ['tickets'], summary, security: apiOnly, params: IdParams, body },
          response: {
            200: TicketBody,
            ...changing,
            404: what === 'transfer' ? problem('There is no such ticket or queue') : unknown,
          },
        },
      },
      async (request) => {
        requireApi(request);
        const { id } = request.params as Static<typeof IdParams>;
        await change(port, id, () => deed(id, request.body as Static<typeof body>));
        log.info({ ticket: id, what, by: request.ip }, 'a ticket was changed by REST');

        return look(port, id);
      },
    );
  };
}

/** Whoever asks for an id that never was is told so, before anything is tried. */
async function change(port: TicketPort, id: string, deed: () => Promise<unknown>): Promise<void> {
  await look(port, id);
  await withState(deed, () => look(port, id), ['WRONG_STATE', 'TICKET_GONE']);
}
