import type { FastifyRequest } from 'fastify';
import { SightlineError } from '../lib/errors';
import { problemType } from './problem';

/** Only the API token may do this; a terminal gets 403. */
export function requireApi(request: FastifyRequest): void {
  if (request.caller?.kind !== 'api') throw new SightlineError('FORBIDDEN', 'This needs the API token');
}

interface ProblemAnswer {
  description: string;
  content: Record<string, { schema: { $ref: string } }>;
  headers?: Record<string, { type: string; description: string }>;
}

export function problem(description: string): ProblemAnswer {
  return { description, content: { [problemType]: { schema: { $ref: 'Problem#' } } } };
}

/** The answers that every route may give besides its own. */
export const problems = {
  400: problem('The request cannot be read'),
  401: problem('Credentials are missing or wrong'),
  403: problem('These credentials may not do that'),
  500: problem('An error inside the server'),
  503: {
    ...problem('Not now; try again'),
    headers: { 'Retry-After': { type: 'integer', description: 'Seconds, where it is known' } },
  },
};

/** What routes with a body may answer besides. */
export const bodyProblems = {
  413: problem('The body is too large'),
  415: problem('The body is not application/json'),
};

type Security = Record<string, string[]>[];

export const apiOnly: Security = [{ token: [] }];
export const apiOrTerminal: Security = [{ token: [] }, { terminal: [] }];
