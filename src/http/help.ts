import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import { helpRequestLimit } from '../sip/help-request';
import { apiOrTerminal, bodyProblems, problem, problems } from './guard';

const HelpRequest = Type.Object(
  {
    id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Of the terminal; repeating it gives the same number' }),
    ),
    terminal: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'With the API token only: for whom' }),
    ),
    service: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    locale: Type.Optional(Type.String({ minLength: 1, maxLength: 35 })),
    place: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
);

const RoutingNumber = Type.Object({
  request: Type.String(),
  number: Type.String({ description: 'What the terminal dials' }),
  uri: Type.String({ description: 'The same as a SIP URI' }),
  expires: Type.Integer({ description: 'Seconds for which the number is good' }),
  service: Type.String(),
});

export type HelpRequestBody = Static<typeof HelpRequest>;
export type RoutingNumberBody = Static<typeof RoutingNumber>;

export interface HelpPort {
  /** @throws SightlineError SERVICE_UNKNOWN, POOL_EXHAUSTED, NOT_FOUND (no such terminal) */
  request(terminal: string, body: HelpRequestBody & { id: string }): Promise<RoutingNumberBody>;
}

export function addHelpRoutes(server: FastifyInstance, port: HelpPort): void {
  server.post(
    '/v1/help-requests',
    {
      // The same as by SIP: what is kept of it travels with the call.
      bodyLimit: helpRequestLimit,
      schema: {
        tags: ['help'],
        summary: 'Ask for help: leases a routing number to a terminal',
        security: apiOrTerminal,
        body: HelpRequest,
        response: {
          201: RoutingNumber,
          ...problems,
          ...bodyProblems,
          404: problem('There is no such service or terminal'),
        },
      },
    },
    async (request, reply) => {
      const body = request.body as HelpRequestBody;
      const terminal = request.caller?.kind === 'terminal' ? request.caller.user : body.terminal;
      if (terminal === undefined)
        throw new SightlineError('BAD_REQUEST', "With the API token the body names the 'terminal'");
      if (body.terminal !== undefined && body.terminal !== terminal) throw new SightlineError('USER_MISMATCH');
      const answer = await port.request(terminal, { ...body, id: body.id ?? newId('req') });

      return reply.code(201).send(answer);
    },
  );
}
