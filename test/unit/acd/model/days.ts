import type { DayPlan } from './day';
import type { Outcome } from './watch';

const HOUR = 3_600;

/** Ten hours with a peak in the morning and a longer one in the afternoon, lunch, and shifts that begin and end. */
export function makePlan(seed: number, change: Partial<DayPlan> = {}, busy = 1): DayPlan {
  const bump = (at: number, middle: number, width: number): number =>
    Math.exp(-(((at / HOUR - middle) / width) ** 2) / 2);

  return {
    seed,
    length: 10 * HOUR,
    arrivals: (at) => busy * (0.09 + 0.075 * bump(at, 2.5, 1) + 0.065 * bump(at, 7, 1.3)),
    busiest: busy * 0.18,
    staff: (at) => (at < HOUR ? 24 : at < 4.5 * HOUR ? 30 : at < 5.5 * HOUR ? 26 : at < 9 * HOUR ? 30 : 24),
    talk: { law: 'lognormal', mean: 200, variation: 0.8 },
    wrapUp: 20,
    missed: 0.03,
    rest: 15,
    patience: { law: 'exponential', seconds: 900 },
    vip: 0,
    skilled: { callers: 0, seats: 1 },
    elsewhere: 0,
    ...change,
  };
}

export type Served = Outcome & { waited: number };

export function servedOf(outcomes: Outcome[]): Served[] {
  return outcomes.filter((outcome): outcome is Served => outcome.waited !== undefined);
}

export function middleOf({ estimate: [low, high] }: Pick<Outcome, 'estimate'>): number {
  return (low + high) / 2;
}

export function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

export function mean(numbers: number[]): number {
  return numbers.reduce((all, one) => all + one, 0) / numbers.length;
}

/** Median of |told - real| / real; a wait below a second counts as one. */
export function medianError(served: Served[], told: (outcome: Served) => number = middleOf): number {
  return median(served.map((outcome) => Math.abs(told(outcome) - outcome.waited) / Math.max(1, outcome.waited)));
}

/** The share of waits that end within what was told. */
export function coverage(served: Served[]): number {
  return mean(served.map(({ estimate: [low, high], waited }) => (waited >= low && waited <= high ? 1 : 0)));
}

/** Mean of the squared error, by which Ibrahim and Whitt compare. */
export function squaredError(served: Served[], told: (outcome: Served) => number): number {
  return mean(served.map((outcome) => (told(outcome) - outcome.waited) ** 2));
}
