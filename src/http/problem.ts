import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { SightlineError } from '../lib/errors';
import { errorTable } from '../lib/errors';

export const problemType = 'application/problem+json';

/** RFC 9457 problem details with the code of the error table. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'about:blank; the code tells the kind' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'A code of docs/errors.md' }),
    detail: Type.Optional(Type.String()),
    retryAfter: Type.Optional(Type.Integer({ description: 'Seconds; also in the Retry-After header' })),
    state: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: 'WRONG_STATE: the seat or the ticket as it is' }),
    ),
  },
  { $id: 'Problem', title: 'Problem' },
);

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  retryAfter?: number;
  state?: object;
}

/** What the asker is told. The text of an unexpected error may tell what is nobody's business, and is left out. */
export function problemOf(error: SightlineError): ProblemBody {
  return {
    type: 'about:blank',
    title: errorTable[error.code].title,
    status: error.http,
    code: error.code,
    ...(error.code === 'INTERNAL' ? {} : { detail: error.message }),
    ...(error.retryAfter === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(error.retryAfter)) }),
    ...(error.state === undefined ? {} : { state: error.state }),
  };
}

export function sendProblem(reply: FastifyReply, error: SightlineError): FastifyReply {
  const body = problemOf(error);
  if (body.retryAfter !== undefined) void reply.header('retry-after', body.retryAfter);
  if (error.code === 'AUTH_REQUIRED') {
    void reply.header('www-authenticate', 'Bearer realm="sightline", Basic realm="sightline", charset="UTF-8"');
  }

  return reply.code(body.status).type(problemType).send(body);
}
