import { Type, type Static, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { SeatView } from '../acd/types';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { changing, IdParams, noBody, oneOf, optionalBody, reason, withState } from './acd-deeds';
import { SeatBody, seatBody } from './acd-views';
import { apiOnly, problem, problems, requireApi } from './guard';

/** What a seat may turn to after its call; `available` takes an earlier choice back. */
export const nextStates = ['break', 'offline', 'available'] as const;
export type NextState = (typeof nextStates)[number];

/** Each that changes something throws SEAT_UNKNOWN, or WRONG_STATE when the state of the seat does not allow it. */
export interface SeatPort {
  /** Every seat of the plan, and those that were at work under an earlier one. */
  seats(): Promise<SeatView[]>;
  seat(id: string): Promise<SeatView | undefined>;
  /** During a call: after it. */
  pause(id: string, reason?: string): Promise<unknown>;
  /** Also takes back a break that was to follow a call. */
  unpause(id: string): Promise<unknown>;
  login(id: string): Promise<unknown>;
  logout(id: string): Promise<unknown>;
  extendWrapUp(id: string, seconds: number): Promise<unknown>;
  endWrapUp(id: string): Promise<unknown>;
  setNext(id: string, state: NextState, reason?: string): Promise<unknown>;
}

/** The longest by which a wrap-up is prolonged at once, in seconds. */
const longestExtension = 3_600;

const BreakWish = optionalBody({ reason });
const Extension = Type.Object(
  { extend: Type.Integer({ minimum: 1, maximum: longestExtension, description: 'Seconds more' }) },
  { additionalProperties: false },
);
const Next = Type.Object(
  { state: oneOf(nextStates, 'What it turns to; available takes a choice back'), reason },
  { additionalProperties: false },
);

/** Seats, and what their agents or a supervisor do with them; everything here needs the API token. */
export function addSeatRoutes(server: FastifyInstance, port: SeatPort, log: Logger): void {
  addLookRoutes(server, port);
  addDeedRoutes(server, port, log);
}

function addLookRoutes(server: FastifyInstance, port: SeatPort): void {
  server.get(
    '/v1/seats',
    {
      schema: {
        tags: ['seats'],
        summary: 'All seats as they are now',
        security: apiOnly,
        response: { 200: Type.Object({ seats: Type.Array(SeatBody) }), ...problems },
      },
    },
    async (request) => {
      requireApi(request);

      return { seats: (await port.seats()).map(seatBody) };
    },
  );
  server.get(
    '/v1/seats/:id',
    {
      schema: {
        tags: ['seats'],
        summary: 'One seat as it is now',
        security: apiOnly,
        params: IdParams,
        response: { 200: SeatBody, ...problems, 404: problem('There is no such seat') },
      },
    },
    (request) => {
      requireApi(request);

      return look(port, (request.params as Static<typeof IdParams>).id);
    },
  );
}

async function look(port: SeatPort, id: string): Promise<Static<typeof SeatBody>> {
  const seat = await port.seat(id);
  if (!seat) throw new SightlineError('SEAT_UNKNOWN', `There is no seat '${id}'`);

  return seatBody(seat);
}

function addDeedRoutes(server: FastifyInstance, port: SeatPort, log: Logger): void {
  const route = deedRoute(server, port, log);
  route('POST', 'break', 'A break, at once or after the call', BreakWish, (id, body) => port.pause(id, body?.reason));
  route('DELETE', 'break', 'Back from a break', undefined, (id) => port.unpause(id));
  route('POST', 'login', 'The agent is at work', noBody, (id) => port.login(id));
  route('POST', 'logout', 'The agent goes, at once or after the call', noBody, (id) => port.logout(id));
  route('POST', 'wrap-up', 'More time for the work after a call', Extension, (id, { extend }) =>
    port.extendWrapUp(id, extend),
  );
  route('DELETE', 'wrap-up', 'The work after a call is done', undefined, (id) => port.endWrapUp(id));
  route('PUT', 'next', 'What the seat turns to after its call', Next, async (id, { state, reason }) => {
    if (reason !== undefined && state !== 'break') {
      throw new SightlineError('BAD_REQUEST', "'reason' is kept with a break only");
    }
    await port.setNext(id, state, reason);
  });
}

type DeedRoute = <T extends TSchema>(
  method: 'POST' | 'PUT' | 'DELETE',
  what: string,
  summary: string,
  body: T | undefined,
  deed: (id: string, body: Static<T>) => Promise<unknown>,
) => void;

/** Each answers with the seat as it is afterwards. */
function deedRoute(server: FastifyInstance, port: SeatPort, log: Logger): DeedRoute {
  return (method, what, summary, body, deed) => {
    server.route({
      method,
      url: `/v1/seats/:id/${what}`,
      schema: {
        ...{ tags: ['seats'], summary, security: apiOnly, params: IdParams },
        ...(body === undefined ? {} : { body }),
        response: { 200: SeatBody, ...changing, 404: problem('There is no such seat') },
      },
      handler: async (request) => {
        requireApi(request);
        const { id } = request.params as Static<typeof IdParams>;
        const wish = request.body as Static<NonNullable<typeof body>>;
        await withState(
          () => deed(id, wish),
          () => look(port, id),
        );
        log.info({ seat: id, method, what, by: request.ip }, 'a seat was changed by REST');

        return look(port, id);
      },
    });
  };
}
