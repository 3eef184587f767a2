import { DateTime } from 'luxon';
import { parseSpan } from '../dialplan/hours';
import type { Span } from '../dialplan/hours';
import { didYouMean, listed } from '../dialplan/nearest';
import { userNames } from '../dialplan/ranges';
import { arrivalsOf } from './demand';
import type { Arrival, Day, Demand, Shift, SimulatedPlan, Spread } from './model';
import { ratesOf } from './scenario';
import type { DemandText, Scenario, SpreadText } from './scenario';

const MINUTE = 60_000;
const wholeDay: Span = { from: 0, to: 24 * 60 };

/** What is assumed where nobody says anything. */
export const dayDefaults = {
  /** A Monday. */
  day: '2026-01-05',
  seed: 1,
  threshold: 20,
  talk: { mean: 180, cv: 0.8 },
  answer: { mean: 5, cv: 0.5 },
  done: { mean: 30, cv: 0.5 },
  backAfter: 300,
  callback: { reached: 0.8, answer: 10 },
} as const;

/** Midnight at which the day of a scenario begins, ms since the epoch. */
export function midnightOf(scenario: Scenario, zone: string): number {
  return DateTime.fromISO(scenario.day ?? dayDefaults.day, { zone })
    .startOf('day')
    .toMillis();
}

export function spreadOf(text: SpreadText | undefined, fallback: Spread): Spread {
  return text ? { mean: text.mean, cv: text.cv ?? fallback.cv } : fallback;
}

/** The patience of people; undefined: nobody gives up. */
export function patienceSpread(text: SpreadText | undefined): Spread | undefined {
  return text && { mean: text.mean, cv: text.cv ?? 1 };
}

/** The calls of a scenario by chance. */
export function demandOf(scenario: Scenario, midnight: number): Arrival[] {
  const hours = parseSpan(scenario.hours ?? '') ?? wholeDay;
  const demand = (text: DemandText): Omit<Demand, 'queue' | 'flow'> => ({
    rates: ratesOf(text.rate, hours),
    talk: spreadOf(text.talk ?? scenario.talk, dayDefaults.talk),
    patience: patienceSpread(text.patience ?? scenario.patience),
    classes: text.classes ?? {},
    skills: text.skills ?? {},
    media: text.media ?? {},
    customers: text.customers,
  });
  const demands = [
    ...Object.entries(scenario.calls ?? {}).map(([queue, text]) => ({ queue, ...demand(text) })),
    ...Object.entries(scenario.flows ?? {}).map(([flow, text]) => ({ flow, ...demand(text) })),
  ];

  return arrivalsOf(demands, midnight, scenario.seed ?? dayDefaults.seed);
}

/** The day that a plan is played with; or what of it the plan does not know, in words. */
export function dayOf(
  plan: SimulatedPlan,
  scenario: Scenario,
  arrivals: readonly Arrival[],
  midnight: number,
): Day | { wrong: string[] } {
  const { noAnswer = 0, reject = 0, backAfter = dayDefaults.backAfter, callback, seed = dayDefaults.seed } = scenario;
  const wrong = strangers(plan, arrivals);
  const shifts = shiftsOf(plan, scenario, midnight, wrong);
  if (wrong.length > 0) return { wrong };
  const first = Math.min(arrivals[0]?.at ?? Infinity, ...shifts.map((shift) => shift.from));
  const ends = shifts.map((shift) => shift.to).filter((to) => to < Infinity);
  const last = ends.reduce((latest, to) => Math.max(latest, to), arrivals.at(-1)?.at ?? midnight);

  return {
    ...{ from: first < Infinity ? first : midnight, to: last, arrivals, shifts, seed },
    habits: {
      answer: spreadOf(scenario.answer, dayDefaults.answer),
      done: spreadOf(scenario.done, dayDefaults.done),
      ...{ noAnswer, reject, backAfter },
    },
    callback: { ...dayDefaults.callback, ...callback },
  };
}

/** Queues and flows that the plan does not have. */
function strangers(plan: SimulatedPlan, arrivals: readonly Arrival[]): string[] {
  const queues = new Set(arrivals.map(({ queue }) => queue));
  const flows = new Set(arrivals.map(({ queue, flow }) => (queue === undefined ? flow : undefined)));
  const known = [...plan.queues()].map(({ id }) => id);

  return [
    ...[...queues].flatMap((queue) =>
      queue === undefined || plan.queue(queue) ? [] : [unknown(plan, 'queue', queue, known)],
    ),
    ...[...flows].flatMap((flow) => (flow === undefined || plan.flow(flow) ? [] : [unknown(plan, 'flow', flow, [])])),
  ];
}

function unknown({ site }: SimulatedPlan, what: string, name: string, known: readonly string[]): string {
  const there = known.length > 0 ? `; there are ${listed(known)}` : '';

  return `the site ${site} has no ${what} '${name}'${didYouMean(name, known)}${there}`;
}

function shiftsOf(plan: SimulatedPlan, scenario: Scenario, midnight: number, wrong: string[]): Shift[] {
  const all = [...plan.seats()].sort((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity) || 0);
  if (!scenario.shifts) {
    const from = midnight + (parseSpan(scenario.hours ?? '') ?? wholeDay).from * MINUTE;
    const many = scenario.seats ?? all.length;
    if (many > all.length) wrong.push(`the site ${plan.site} has ${all.length} seats, not ${many}`);

    return all.slice(0, many).map(({ id }) => ({ seat: id, from, to: Infinity, breaks: [] }));
  }

  return scenario.shifts.flatMap(({ seats, hours, breaks = [] }) => {
    const names = seats.flatMap((key) => {
      const read = userNames(key);
      if (!read.ok) wrong.push(read.message);

      return read.ok ? read.value : [];
    });
    const span = timesOf(hours, midnight);

    return names.flatMap((seat) => {
      if (!plan.seat(seat)) wrong.push(unknown(plan, 'seat', seat, []));

      return span ? [{ seat, ...span, breaks: breaks.flatMap((text) => timesOf(text, midnight) ?? []) }] : [];
    });
  });
}

/** A span over midnight ends on the next day. */
function timesOf(text: string, midnight: number): { from: number; to: number } | undefined {
  const span = parseSpan(text);
  if (!span) return undefined;
  const to = span.to > span.from ? span.to : span.to + wholeDay.to;

  return { from: midnight + span.from * MINUTE, to: midnight + to * MINUTE };
}
