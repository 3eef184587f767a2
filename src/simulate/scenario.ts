import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { readFile } from 'node:fs/promises';
import { ticketClasses } from '../acd/config';
import { Faults } from '../dialplan/faults';
import type { Fault } from '../dialplan/faults';
import { parseSpan } from '../dialplan/hours';
import type { Span } from '../dialplan/hours';
import { byName, object, optional } from '../dialplan/schema-parts';
import { entriesOf, entryOf, itemsOf, locate, plainOf } from '../dialplan/tree';
import type { Tree } from '../dialplan/tree';
import { validate } from '../dialplan/validate';
import { parseYaml } from '../dialplan/yaml';

const positive = (title: string, most: number, description: string): TSchema =>
  Type.Number({ title: `${title} from 0 to ${most}`, description, minimum: 0, maximum: most, examples: [60] });
const share = (description: string): TSchema =>
  Type.Number({ title: 'a share from 0 to 1', description, minimum: 0, maximum: 1, examples: [0.1] });
const shares = (what: string, names: readonly string[]): TSchema =>
  object(
    'shares',
    `Shares of ${what}, from 0 to 1.`,
    Object.fromEntries(names.map((name) => [name, optional(share(name))])),
  );
const spread = (description: string): TSchema =>
  object('a mean and how widely it is spread', description, {
    mean: positive('seconds', 86_400, 'Mean, in seconds.'),
    cv: optional(positive('a number', 10, 'Standard deviation over mean.')),
  });
const rate = Type.Unsafe({
  type: ['number', 'object'],
  title: 'calls an hour, or calls an hour by spans of the clock',
  description: 'How many calls come in an hour.',
  minimum: 0,
  maximum: 1_000_000,
  additionalProperties: positive('calls an hour', 1_000_000, 'Calls an hour.'),
  examples: [60, { '08:00-12:00': 60, '12:00-18:00': 40 }],
});
const text = (title: string, pattern: string, example: string): TSchema =>
  Type.String({ title, description: title, pattern, examples: [example] });
const spanText = text(
  'a span of the clock such as "08:00-12:00"',
  '^\\d\\d:[0-5]\\d\\s*-\\s*\\d\\d:[0-5]\\d$',
  '08:00-12:00',
);

const demandSchema = object('calls of a queue', 'Calls that come by chance.', {
  rate,
  talk: optional(spread('Length of the talks.')),
  patience: optional(spread('How long people wait before they hang up.')),
  classes: optional(shares('the classes', ticketClasses)),
  skills: optional(byName('shares', 'Shares of calls that need a skill, by expression.', { pattern: '^.{1,200}$' }, share('Share.'))),
  media: optional(shares('the media', ['video', 'voice', 'text'])),
  customers: optional(Type.Integer({ title: 'a whole number from 1 to 1000000', description: 'So many people call, again and again; each once when absent.', minimum: 1, maximum: 1_000_000, examples: [500] })),
}); // prettier-ignore

const shiftSchema = object('a shift', 'Seats that work at the same hours.', {
  seats: Type.Array(text('the name of a seat, or a range', '^[A-Za-z0-9._-]{1,127}$', 'a1-a20'), {
    ...{
      title: 'a list of seats',
      description: 'Names, or ranges such as a1-a20.',
      minItems: 1,
      examples: [['a1-a20']],
    },
  }),
  hours: spanText,
  breaks: optional(
    Type.Array(spanText, { title: 'a list of spans', description: 'Breaks.', examples: [['12:00-12:30']] }),
  ),
});

export const scenarioSchema = object('the scenario', 'A day to be played.', {
  day: optional(text('a date such as "2026-01-05"', '^\\d{4}-\\d\\d-\\d\\d$', '2026-01-05')),
  hours: optional(spanText),
  seed: optional(Type.Integer({ title: 'a whole number', description: 'Seed of all chance.', examples: [1] })),
  threshold: optional(positive('seconds', 86_400, 'Threshold of the service level.')),
  calls: optional(byName('the queues', 'Calls by queue.', { pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }, demandSchema)),
  flows: optional(byName('the flows', 'Calls by flow.', { pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }, demandSchema)),
  talk: optional(spread('Length of the talks where the queue says nothing.')),
  patience: optional(spread('Patience where the queue says nothing.')),
  seats: optional(Type.Integer({ title: 'a whole number from 0 to 100000', description: 'So many seats, the first of the directory, work all day.', minimum: 0, maximum: 100_000, examples: [10] })),
  shifts: optional(Type.Array(shiftSchema, { title: 'a list of shifts', description: 'Who works when.' })),
  answer: optional(spread('Seconds until a seat answers.')),
  noAnswer: optional(share('Share of the calls that a seat lets ring out.')),
  reject: optional(share('Share of the calls that a seat rejects.')),
  done: optional(spread('Seconds until an agent says that he is done, where the wrap-up lasts until then.')),
  backAfter: optional(positive('seconds', 86_400, 'After so long an agent comes back whom misses sent on a break.')),
  callback: optional(object('callbacks', 'What people do who are called back.', {
    reached: optional(share('Share of the calls that they take.')),
    answer: optional(positive('seconds', 86_400, 'Mean until they do.')),
  })),
}); // prettier-ignore

export interface SpreadText {
  mean: number;
  cv?: number;
}

export interface DemandText {
  rate: number | Record<string, number>;
  talk?: SpreadText;
  patience?: SpreadText;
  classes?: Record<string, number>;
  skills?: Record<string, number>;
  media?: Record<string, number>;
  customers?: number;
}

/** A scenario as it is written; see `scenarioSchema`. */
export interface Scenario {
  day?: string;
  hours?: string;
  seed?: number;
  threshold?: number;
  calls?: Record<string, DemandText>;
  flows?: Record<string, DemandText>;
  talk?: SpreadText;
  patience?: SpreadText;
  seats?: number;
  shifts?: { seats: string[]; hours: string; breaks?: string[] }[];
  answer?: SpreadText;
  noAnswer?: number;
  reject?: number;
  done?: SpreadText;
  backAfter?: number;
  callback?: { reached?: number; answer?: number };
}

/** Reads a scenario. Its faults name file, line, column and remedy, as those of a dialplan. */
export async function readScenario(file: string): Promise<{ scenario?: Scenario; faults: Fault[] }> {
  const faults = new Faults();
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (error) {
    faults.add('FILE_UNREADABLE', { file, line: 1, column: 1 }, `${file} cannot be read: ${(error as Error).message}`);

    return { faults: faults.sorted };
  }
  const tree = parseYaml(file, source, faults);
  if (tree) validate(tree, scenarioSchema, faults);
  if (!tree || faults.sorted.length > 0) return { faults: faults.sorted };
  checkSpans(tree, faults);

  return faults.sorted.length > 0
    ? { faults: faults.sorted }
    : { scenario: plainOf(tree) as Static<typeof scenarioSchema> as Scenario, faults: [] };
}

/** What a pattern cannot tell of a span: hours beyond the day, and spans without length. */
function checkSpans(tree: Tree, faults: Faults): void {
  const judge = (span: string, at: Tree['at']): void => {
    if (parseSpan(span)) return;
    faults.add('BAD_VALUE', at, `'${span}' is no span of the clock`, 'Write it like "08:00-12:00".');
  };
  const judgeValue = (value: Tree | undefined): void => {
    if (value?.kind === 'scalar') judge(String(value.value), value.at);
  };
  judgeValue(entryOf(tree, 'hours')?.value);
  for (const shift of itemsOf(entryOf(tree, 'shifts')?.value)) {
    judgeValue(entryOf(shift, 'hours')?.value);
    itemsOf(entryOf(shift, 'breaks')?.value).forEach(judgeValue);
  }
  for (const kind of ['calls', 'flows']) {
    for (const { key } of entriesOf(entryOf(tree, kind)?.value)) {
      for (const { key: span, keyAt } of entriesOf(locate(tree, [kind, key, 'rate']).value)) judge(span, keyAt);
    }
  }
}

/** Calls an hour by spans of the clock; a plain number counts for all hours of the day. */
export function ratesOf(rate: DemandText['rate'], hours: Span): { span: Span; perHour: number }[] {
  if (typeof rate === 'number') return [{ span: hours, perHour: rate }];

  return Object.entries(rate).flatMap(([text, perHour]) => {
    const span = parseSpan(text);

    return span ? [{ span, perHour }] : [];
  });
}
