import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import { ticketClasses } from '../acd/config';
import { PRIORITY_LIMIT } from '../acd/types';

/** Patterns, each with what it means in words. */
export const patterns = {
  name: { pattern: '^[a-z0-9][a-z0-9-]{0,62}$', says: 'lower-case letters, digits and hyphens, at most 63' },
  number: { pattern: '^\\+?[0-9*#]{1,30}$', says: 'digits, * and #, perhaps a + before them, at most 30' },
  user: {
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
    says: 'letters, digits, dots, underlines and hyphens, at most 63',
  },
  locale: { pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$', says: 'a language code such as en, de or zh-TW' },
  domain: {
    pattern:
      '^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$',
    says: 'a host name such as example.org, or an IPv4 address',
  },
  realm: {
    pattern: '^[^"\\\\\\x00-\\x1f\\x7f]{1,100}$',
    says: 'text without quotes and backslashes, at most 100 characters',
  },
  field: {
    pattern: '^[a-z][A-Za-z0-9_-]{0,39}$',
    says: 'a lower-case letter, then letters, digits, _ and -, at most 40',
  },
  code: { pattern: '^[0-9*#]{2,10}$', says: 'two to ten of the keys 0 to 9, * and #, in quotes' },
  pin: { pattern: '^[0-9]{4,12}$', says: '4 to 12 digits, in quotes' },
  ringSeats: {
    pattern: '^(all|last-agent|frequent-agent|designated-agent)$',
    says: 'all, last-agent, frequent-agent, designated-agent, or a list of seats and group:<name>',
  },
  member: {
    pattern: '^(group:[a-z0-9][a-z0-9-]{0,62}|[A-Za-z0-9][A-Za-z0-9._-]{0,62})$',
    says: 'the name of a seat, a range of seats, or group:<name>',
  },
  closed: { pattern: '^closed$', says: 'closed, or a list of spans such as ["08:00-12:00"]' },
  env: { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,99}$', says: 'the name of an environment variable' },
} as const;

/** What an operator need not write. */
export const defaults = {
  realm: 'sightline',
  lease: 120,
  quarantine: 300,
  whenExhausted: 'refuse',
  priority: 0,
  strategy: 'longest-idle',
  ringTimeout: 20,
  wrapUp: 10,
  grace: 60,
  noAnswerDelay: 30,
  rejectDelay: 10,
  busyDelay: 10,
  firstFor: 20,
  ringStep: 10,
  weight: 1,
  returnWithin: 120,
  callbackOrder: 'agent-first',
  attempts: 3,
  retryDelay: 60,
  callbackRingTimeout: 30,
  timezone: 'UTC',
  overtakeLimit: 300,
  login: 'registration',
  codes: { login: '*51', logout: '*52', break: '*53', available: '*54', done: '*55' },
  recording: 'never',
  retention: 90,
  background: '#12324a',
  text: '#ffffff',
  accent: '#ffb300',
} as const;

type Words = { title: string; description: string; default?: unknown; examples?: unknown[] };

export function named(title: string, description: string, extra: object = {}): TSchema {
  return Type.String({ title, description, pattern: patterns.name.pattern, ...extra });
}

export function seconds(description: string, from: number, to: number, fallback?: number): TSchema {
  const words: Words = {
    title: `a whole number of seconds from ${from} to ${to}`,
    description,
    examples: [fallback ?? to],
  };

  return Type.Integer({
    minimum: from,
    maximum: to,
    ...words,
    ...(fallback === undefined ? {} : { default: fallback }),
  });
}

export function choice(values: readonly string[], description: string, extra: object = {}): TSchema {
  return Type.Unsafe({ type: 'string', enum: values, title: `one of ${values.join(', ')}`, description, ...extra });
}

/** Text in every language of the site, or plain text when the site has one language only. */
export function texts(description: string, most: number): TSchema {
  return Type.Unsafe({
    type: ['object', 'string'],
    title: `text of at most ${most} characters, in every language`,
    description,
    minLength: 1,
    maxLength: most,
    minProperties: 1,
    propertyNames: { pattern: patterns.locale.pattern },
    additionalProperties: {
      type: 'string',
      title: `text of at most ${most} characters`,
      minLength: 1,
      maxLength: most,
    },
    examples: [{ en: 'Help', de: 'Hilfe' }],
  });
}

export function object(
  title: string,
  description: string,
  properties: Record<string, TSchema>,
  examples?: unknown[],
): TObject {
  const words = { title, description, ...(examples ? { examples } : {}) };

  return Type.Object(properties, { ...words, additionalProperties: false });
}

/** A mapping from names that operators choose to values of one kind. */
export function byName(title: string, description: string, keys: { pattern: string }, value: TSchema): TSchema {
  return Type.Unsafe({
    type: 'object',
    title,
    description,
    propertyNames: { pattern: keys.pattern },
    additionalProperties: value,
  });
}

export const optional = Type.Optional;

export const skills = (description: string, words: object = { default: [] }): TSchema =>
  Type.Array(Type.String({ title: 'a skill, or an expression such as fares >= 3', minLength: 1, maxLength: 500 }), {
    title: 'a list of skills and skill expressions',
    description,
    maxItems: 32,
    uniqueItems: true,
    examples: [['video', 'fares >= 3']],
    ...words,
  });

export const priority = (description: string, words: object = { default: defaults.priority }): TSchema =>
  Type.Integer({
    title: `a whole number from -${PRIORITY_LIMIT} to ${PRIORITY_LIMIT}`,
    description,
    minimum: -PRIORITY_LIMIT,
    maximum: PRIORITY_LIMIT,
    ...words,
  });

/** What a way into a queue may say of its tickets. */
export const wish = (lead: string, place: string): Record<string, TSchema> => ({
  class: Type.Optional(
    choice(
      ticketClasses,
      `${lead}class of the call${place}. An alarm goes before everybody and takes a seat from others.`,
      {
        examples: ['vip'],
      },
    ),
  ),
  medium: Type.Optional(
    choice(media, `${lead}what the seat has to be able to take. What the call brings along when absent.`),
  ),
  designated: Type.Optional(
    seatName(`${lead}the seat that is asked for; queues whose rings name \`designated-agent\` ring it first.`),
  ),
});

export const media = ['video', 'voice', 'text'] as const;

export const seatName = (description: string): TSchema =>
  Type.String({ title: 'the name of a seat', description, pattern: patterns.user.pattern, examples: ['anna'] });

/** A secret as text in quotes, or from the environment. */
export const secret = (title: string, description: string, text: object, examples: unknown[]): TSchema =>
  Type.Unsafe({
    type: ['string', 'object'],
    title: `${title}, or {env: NAME}`,
    description: `${description} \`{env: NAME}\` takes it from the environment variable NAME.`,
    ...text,
    properties: {
      env: {
        type: 'string',
        title: patterns.env.says,
        description: 'Environment variable.',
        pattern: patterns.env.pattern,
      },
    },
    required: ['env'],
    additionalProperties: false,
    examples,
  });

export const flag = (description: string): TSchema =>
  Type.Boolean({ title: 'true or false', description, default: false });

export const yes = (description: string): TSchema => Type.Unsafe({ const: true, title: 'true', description });

export function whole(noun: string, description: string, from: number, to: number, extra: object = {}): TSchema {
  const title = `a whole number${noun === '' ? '' : ` of ${noun}`} from ${from} to ${to}`;

  return Type.Integer({ minimum: from, maximum: to, title, description, examples: [from], ...extra });
}

export const picture = (description: string): TSchema =>
  Type.String({
    title: 'an http(s) URL, or a path below assetBase',
    description,
    minLength: 1,
    maxLength: 500,
    examples: ['https://example.org/map.png'],
  });

export const asset = (description: string, examples: string[]): TSchema =>
  Type.String({ title: 'the name of a file in assets/', description, minLength: 1, maxLength: 200, examples });

export const colour = (description: string, fallback: string): TSchema =>
  Type.String({
    title: 'a colour in quotes such as "#12324a"',
    description,
    pattern: '^#[0-9A-Fa-f]{6}$',
    default: fallback,
    examples: [fallback],
  });

export const place = (description: string): TSchema =>
  Type.String({
    title: 'text of at most 100 characters',
    description,
    minLength: 1,
    maxLength: 100,
    examples: ['Main hall'],
  });

export const localeName = (description: string): TSchema =>
  Type.String({
    title: 'one of the languages of the site',
    description,
    pattern: patterns.locale.pattern,
    examples: ['en'],
  });
