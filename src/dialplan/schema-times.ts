import { type TSchema, Type } from '@sinclair/typebox';
import { defaultCurves } from '../acd/classes';
import { days } from './hours';
import { featureCodeNames } from './model';
import { byName, defaults, flag, object, optional, patterns, seconds, texts } from './schema-parts';

/** Keys of site.yaml about time: when it is open, how calls age; and what the site says to everybody. */

const dayNames: Record<(typeof days)[number], string> = {
  mon: 'Mondays',
  tue: 'Tuesdays',
  wed: 'Wednesdays',
  thu: 'Thursdays',
  fri: 'Fridays',
  sat: 'Saturdays',
  sun: 'Sundays',
};

const span = { type: 'string', title: 'a span such as "08:00-12:00"' } as const;

const spans = (description: string): TSchema =>
  Type.Unsafe({
    type: 'array',
    title: 'a list of spans such as ["08:00-12:00", "13:00-18:00"]',
    description,
    items: span,
    maxItems: 20,
    examples: [['08:00-12:00', '13:00-18:00']],
  });

const hours = object('opening hours', 'Opening hours by the clock on the wall. Days that are not named are closed.', {
  ...Object.fromEntries(days.map((day) => [day, optional(spans(`On ${dayNames[day]}. A span may go over midnight.`))])),
  holidays: optional(
    Type.Unsafe({
      type: 'object',
      title: 'dates',
      description:
        'Days with hours of their own, as `yyyy-mm-dd`: `closed`, or a list of spans. A night that began the day before goes on to its end.',
      additionalProperties: {
        type: ['string', 'array'],
        title: patterns.closed.says,
        pattern: patterns.closed.pattern,
        items: span,
        maxItems: 20,
        examples: ['closed', ['10:00-14:00']],
      },
      maxProperties: 500,
      examples: [{ '2026-12-25': 'closed' }],
    }),
  ),
});

const number = (title: string, extra: object = {}): TSchema => Type.Number({ title, ...extra });

const curve = (description: string, fallback: (typeof defaultCurves)['normal']): TSchema =>
  object('a curve', description, {
    points: Type.Unsafe({
      type: 'array',
      title: 'a list of points [seconds waited, worth in seconds]',
      description: 'Both rise from point to point; between them the curve is a straight line.',
      minItems: 1,
      maxItems: 20,
      items: {
        type: 'array',
        title: 'a point such as [0, 120]',
        items: number('a number of seconds', { minimum: -1_000_000, maximum: 1_000_000 }),
        minItems: 2,
        maxItems: 2,
      },
      examples: [fallback.points],
    }),
    after: optional(
      number('a number from 0.01 to 100', {
        description: 'Seconds of worth that each second adds after the last point.',
        minimum: 0.01,
        maximum: 100,
        default: 1,
        examples: [fallback.after],
      }),
    ),
  });

const code = (description: string, fallback: string): TSchema =>
  Type.String({
    title: patterns.code.says,
    description,
    pattern: patterns.code.pattern,
    default: fallback,
    examples: [fallback],
  });

const codeMeanings: Record<(typeof featureCodeNames)[number], string> = {
  login: 'Begins the work of a seat with `login: code`; its PIN follows after a star: `*51*4711`.',
  logout: 'Ends it.',
  break: 'Begins a break.',
  available: 'Ends a break.',
  done: 'Ends the wrap-up.',
};

export const timesKeys: Record<string, TSchema> = {
  timezone: optional(
    Type.String({
      title: 'a time zone such as Europe/Vienna',
      description: 'Time zone in which opening hours are meant.',
      maxLength: 100,
      default: defaults.timezone,
      examples: ['Europe/Vienna'],
    }),
  ),
  hours: optional(byName('opening hours', 'Opening hours that queues name.', patterns.name, hours)),
  classes: optional(
    object(
      'the classes',
      'How calls age: the one with the highest worth is served first. Alarms go before everybody.',
      {
        vip: optional(curve('VIPs: two minutes ahead of others when absent.', defaultCurves.vip)),
        normal: optional(curve('Calls of no class: worth what they have waited when absent.', defaultCurves.normal)),
        low: optional(curve('Calls that can wait: half as fast when absent.', defaultCurves.low)),
      },
    ),
  ),
  overtakeLimit: optional(
    seconds(
      'VIPs who come later than this after somebody else never go before him. The check holds the curves to it.',
      0,
      86_400,
      defaults.overtakeLimit,
    ),
  ),
  emergency: optional(
    object('an emergency', 'What every caller is shown or told before anything else.', {
      text: texts('The message.', 500),
      refuse: optional(flag('Whether the call ends after it.')),
    }),
  ),
  codes: optional(
    object(
      'the feature codes',
      'What agents dial on the phones of their seats.',
      Object.fromEntries(
        featureCodeNames.map((name) => [name, optional(code(codeMeanings[name], defaults.codes[name]))]),
      ),
    ),
  ),
};
