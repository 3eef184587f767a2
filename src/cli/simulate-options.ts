import { parseArgs } from 'node:util';
import { parseSpan } from '../dialplan/hours';
import type { Scenario, SpreadText } from '../simulate/scenario';

/** What `sightline simulate` was asked for. */
export interface SimulateOptions {
  site: string;
  compare?: string;
  scenario?: string;
  arrivals?: string;
  shifts?: string;
  json: boolean;
  agents: boolean;
  /** What the options say takes the place of what the scenario says. */
  given: Scenario;
  /** Calls an hour by queue; under an empty name for the only queue of a site. */
  rates: Record<string, number | Record<string, number>>;
}

const words = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  ...{ compare: words, scenario: words, arrivals: words, talk: words, patience: words, seats: words, shifts: words },
  ...{ answer: words, 'no-answer': words, reject: words, hours: words, day: words, seed: words, threshold: words },
  rate: { ...words, multiple: true },
  ...{ json: flag, agents: flag, help: { ...flag, short: 'h' } },
} as const;

/** A word that cannot be read, with what is wrong with it. */
class Misread extends Error {}

/** The options; or `help`; or what is wrong with them. */
export function readSimulateOptions(argv: readonly string[]): SimulateOptions | string {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    if (values.help) return 'help';
    const [site, ...more] = positionals;
    if (site === undefined || site === '') return 'which site? Give its name or its folder.';
    if (more.length > 0) return `one site at a time; '${more[0]}' is one too many. --compare names a second one.`;

    return {
      ...{ site, compare: values.compare, scenario: values.scenario, arrivals: values.arrivals, shifts: values.shifts },
      ...{ json: values.json === true, agents: values.agents === true, given: givenOf(values) },
      rates: Object.fromEntries((values.rate ?? []).map(rateOf)),
    };
  } catch (error) {
    return error instanceof Misread ? error.message : (error as Error).message.split('. ')[0]!;
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function givenOf(values: Values): Scenario {
  const { talk, patience, answer, seats, reject, hours, day, seed, threshold, 'no-answer': noAnswer } = values;
  if (hours !== undefined && !parseSpan(hours)) throw new Misread(`--hours: write a span such as 08:00-18:00`);
  if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day)) throw new Misread(`--day: write a date such as 2026-01-05`);
  const given: Scenario = {
    ...{ hours, day, talk: spread('--talk', talk), patience: spread('--patience', patience) },
    ...{ answer: spread('--answer', answer), seats: number('--seats', seats, 100_000, true) },
    ...{ noAnswer: number('--no-answer', noAnswer, 1), reject: number('--reject', reject, 1) },
    seed: number('--seed', seed, Number.MAX_SAFE_INTEGER, true),
    threshold: number('--threshold', threshold, 86_400),
  };

  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function number(option: string, text: string | undefined, most: number, whole = false): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= 0 && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new Misread(`${option}: '${text}' is not a ${whole ? 'whole ' : ''}number from 0 to ${most}`);
}

/** `180` or `180,0.8`: the mean, and how widely it is spread. */
function spread(option: string, text: string | undefined): SpreadText | undefined {
  if (text === undefined) return undefined;
  const [mean, cv, more] = text.split(',');
  if (more !== undefined) throw new Misread(`${option}: write a mean, or mean,cv such as 180,0.8`);

  return { mean: number(option, mean, 86_400) ?? 0, ...(cv === undefined ? {} : { cv: number(option, cv, 10) }) };
}

/** `60`, `support=60`, or `support=0,0,…` with a number for each hour of the day. */
function rateOf(text: string): [queue: string, rate: number | Record<string, number>] {
  const [, queue = '', numbers = ''] = /^(?:([^=]*)=)?(.*)$/.exec(text) ?? [];
  const rates = numbers.split(',').map((one) => number('--rate', one, 1_000_000) ?? 0);
  if (rates.length === 1) return [queue, rates[0] ?? 0];
  if (rates.length !== 24)
    throw new Misread(`--rate: '${text}' has ${rates.length} numbers; give one, or 24 for the hours of the day`);
  const hour = (index: number): string => String(index).padStart(2, '0');

  return [queue, Object.fromEntries(rates.map((rate, index) => [`${hour(index)}:00-${hour(index + 1)}:00`, rate]))];
}
