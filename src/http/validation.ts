import type { FastifySchemaValidationError } from 'fastify/types/schema';
import { SightlineError } from '../lib/errors';

/** More faults than this are not told one by one. */
const told = 5;

const kinds: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'nothing',
};

/** Ajv tells more with the option `verbose`: the schema that a value was measured by. */
interface VerboseError extends FastifySchemaValidationError {
  parentSchema?: { properties?: Record<string, unknown> };
}

/** All faults of a request in one BAD_REQUEST, in words. `part` is body, params, querystring or headers. */
export function describeFaults(errors: FastifySchemaValidationError[], part: string): SightlineError {
  const faults = [...new Set(errors.slice(0, told).map((error) => describe(error, part)))];
  if (errors.length > told) faults.push(`and ${errors.length - told} more`);

  return new SightlineError('BAD_REQUEST', faults.join('; '));
}

type Describer = (params: Record<string, unknown>, error: VerboseError) => string;

const describers: Record<string, Describer> = {
  type: ({ type }) =>
    `must be ${[type]
      .flat()
      .map((kind) => kinds[String(kind)] ?? String(kind))
      .join(' or ')}`,
  required: ({ missingProperty }) => `lacks '${String(missingProperty)}'`,
  additionalProperties: ({ additionalProperty }, { parentSchema }) => {
    const known = Object.keys(parentSchema?.properties ?? {}).join(', ');
    const list = known === '' ? '' : `; known are ${known}`;

    return `has '${short(String(additionalProperty))}', which is not known here${list}`;
  },
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${String(limit)} characters`),
  maxLength: ({ limit }) => `must have at most ${String(limit)} characters`,
  minProperties: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${String(limit)} fields`),
  enum: ({ allowedValues }) => `must be one of ${[allowedValues].flat().join(', ')}`,
  minimum: ({ limit }) => `must be at least ${String(limit)}`,
  maximum: ({ limit }) => `must be at most ${String(limit)}`,
  maxProperties: ({ limit }) => `must have at most ${String(limit)} fields`,
};

function describe(error: VerboseError, part: string): string {
  const words = describers[error.keyword]?.(error.params, error) ?? error.message ?? 'is wrong';

  return `${subject(error.instancePath, part)} ${words}`;
}

/** `/context/order` is 'context.order'; the whole is called by its part of the request. */
function subject(instancePath: string, part: string): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');

  return path === '' ? `the ${part}` : `'${short(path)}'`;
}

function short(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
