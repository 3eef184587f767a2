import type { QueueConfig, SeatConfig } from '../../../src/acd/config';
import { arrivalsOf } from '../../../src/simulate/demand';
import { reportOf } from '../../../src/simulate/figures';
import type { Report } from '../../../src/simulate/figures';
import type { Day, Demand, SimulatedPlan } from '../../../src/simulate/model';
import { play } from '../../../src/simulate/play';
import type { Seen } from '../../../src/simulate/visits';
import { queueDefaults } from '../acd/support';

export const midnight = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;

/** A plan of queues and seats; seats are `s1` to `s<n>` and work for all queues. */
export function planOf(
  queues: Partial<QueueConfig>[],
  seats: number | SeatConfig[],
  more: Partial<SimulatedPlan> = {},
): SimulatedPlan {
  const configs = queues.map((queue): QueueConfig => ({ ...queueDefaults, wrapUp: 0, ...queue, id: queue.id ?? 'q' }));
  const ids = configs.map(({ id }) => id);
  const all =
    typeof seats === 'number'
      ? Array.from({ length: seats }, (_, index) => ({ id: `s${index + 1}`, queues: ids, skills: [], order: index }))
      : seats;

  return {
    site: 'test',
    queue: (id) => configs.find((one) => one.id === id),
    seat: (id) => all.find((one) => one.id === id),
    queues: () => configs,
    seats: () => all,
    isOpen: () => true,
    flow: () => undefined,
    flowOf: () => undefined,
    ...more,
  };
}

export function demand(perHour: number, more: Partial<Demand> = {}): Demand {
  return {
    queue: 'q',
    rates: [{ span: { from: 0, to: 1_440 }, perHour }],
    talk: { mean: 180, cv: 1 },
    ...{ classes: {}, skills: {}, media: {} },
    ...more,
  };
}

/** A day of 24 hours with every seat at work, on which seats answer at once unless `more` says otherwise. */
export function dayOf(plan: SimulatedPlan, demands: Demand[], seed: number, more: Partial<Day> = {}): Day {
  const shifts = [...plan.seats()].map(({ id }) => ({ seat: id, from: midnight, to: Infinity, breaks: [] }));

  return {
    ...{ from: midnight, to: midnight + 24 * HOUR, arrivals: arrivalsOf(demands, midnight, seed), shifts, seed },
    habits: { answer: { mean: 0, cv: 0 }, done: { mean: 10, cv: 0 }, noAnswer: 0, reject: 0, backAfter: 60 },
    callback: { reached: 1, answer: 5 },
    ...more,
  };
}

export function run(plan: SimulatedPlan, day: Day): { seen: Seen; report: Report } {
  const seen = play(plan, day);

  return { seen, report: reportOf(plan, seen, { from: day.from, seed: day.seed, threshold: 20 }) };
}

/** Mean of some days, and by how much it is likely to be off (99.9 %). */
export function meanOf(values: readonly number[]): { mean: number; margin: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  // Student's t for the few days that tests play.
  return { mean, margin: 4 * Math.sqrt(variance / values.length) };
}

/** Erlang C: with `c` seats and a load of `a` Erlang, the share of calls that wait. */
export function erlangC(a: number, c: number): number {
  let blocked = 1;
  for (let seats = 1; seats <= c; seats++) blocked = (a * blocked) / (seats + a * blocked);

  return blocked / (1 - (a / c) * (1 - blocked));
}

/**
 * Erlang A, by the balance of the states: rates a second; people give up at the rate `theta` each.
 * @returns the share that gives up, and the mean wait of all in seconds.
 */
export function erlangA(lambda: number, mu: number, theta: number, c: number): { abandoned: number; wait: number } {
  const weights = [1];
  const most = c + 2_000;
  for (let state = 1; state <= most; state++) {
    const down = Math.min(state, c) * mu + Math.max(0, state - c) * theta;
    weights.push(((weights[state - 1] ?? 0) * lambda) / down);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const waiting = weights.reduce((sum, weight, state) => sum + (weight / total) * Math.max(0, state - c), 0);

  return { abandoned: (theta * waiting) / lambda, wait: waiting / lambda };
}
