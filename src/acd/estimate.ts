import { QUANTILE, PATIENCE_EDGES, band } from './observed';
import type { Counters } from './observed';

/**
 * What is known about a queue when somebody asks how long it will take. Only the first three must be known; without the
 * others the answer is that of the Erlang A model. Times in seconds, rates in 1/s.
 */
export interface EstimateFacts {
  /** Seats that work for the queue: neither offline nor on a break. */
  staffed: number;
  /** Seconds that one answered ticket takes one staffed seat, of late: ringing, talk, wrap-up and all that keeps it away. */
  handling: number;
  /** How many of those who wait give up in a second, per person; 0 when nobody ever did. */
  impatience: number;
  /** Seats that are free and suit whoever comes next; 0 while somebody waits. 0 by default. */
  free?: number;
  /** Standard deviation of the time that a ticket takes its seat, over its mean. 1 by default. */
  variation?: number;
  /** Relative error of `handling` and of `impatience` as learnt: standard deviation over mean. 0 by default. */
  doubt?: { handling: number; impatience: number };
  /** Impatience by how long somebody has waited (`PATIENCE_EDGES`); `impatience` throughout by default. */
  impatienceBy?: readonly number[];
  /** How long those who wait have waited, in the order of their places. Used with `impatienceBy`. */
  waited?: readonly number[];
  /** Tickets that enter ahead of others. 0 by default. */
  overtaking?: number;
  /** So many places at the head of the line are overtaken by nobody. 0 by default. */
  front?: number;
  /** Ends of the range, in spreads from the middle, as earlier waits have shown them; those of the normal law by default. */
  ends?: readonly [low: number, high: number];
}

export type Estimate = [low: number, high: number];

/** How a wait is spread: `middle * (1 + z * spread)^3` with z normal (the gamma law after Wilson and Hilferty). */
export interface Forecast {
  /** The median: half of the waits are longer. Seconds. */
  middle: number;
  /** Relative. */
  spread: number;
  /** Seconds; a little more than the middle. */
  mean: number;
}

/** What somebody was told, and what it was based on. */
export interface Told {
  position: number;
  staffed: number;
  estimate: Estimate;
}

/** Mean handling that is assumed until a queue has had talks of its own, in seconds; it counts like so many talks. */
const HANDLING_GUESS = { mean: 180, weight: 1 };
/** What the talks say counts like so many answers of a time when people waited. */
const DRAINED_GUESS = 10;
/** Talks after which their spread is believed. */
const ENOUGH_TALKS = 20;
/** People who gave up before patience is reckoned with. */
const ENOUGH_LEFT = 3;
/** Impatience of a band counts as learnt when so many gave up in it; before, that of all bands in part. */
const ENOUGH_IN_BAND = 10;
/** Staff, customers and habits drift: what was learnt is never trusted closer than this, relative. */
const DRIFT = 0.05;
/** The line moves on at this share of its pace at least, however many overtake. */
const SLOWEST = 0.1;
const NORMAL_ENDS = [-QUANTILE, QUANTILE] as const;

/** What is known of a queue at the moment of the question, besides its counters. */
export type QueueNow = Pick<EstimateFacts, 'staffed' | 'free' | 'waited' | 'front'>;

/** The facts that the counters of a queue tell. */
export function factsOf(known: Counters, now: QueueNow): EstimateFacts {
  const left = sum(known.gaveUp);
  const impatience = left >= ENOUGH_LEFT ? left / Math.max(1, sum(known.atRisk)) : 0;

  return {
    ...now,
    handling: handlingOf(known),
    impatience,
    variation: variationOf(known),
    doubt: { handling: doubtOf(Math.max(known.handled, known.drained)), impatience: doubtOf(left) },
    impatienceBy: impatience > 0 ? bandsOf(known, impatience) : undefined,
    overtaking: known.enteredTime > 0 ? known.overtook / known.enteredTime : 0,
    ends: [known.lowEnd, known.highEnd],
  };
}

/** How fast the line moved is believed before how long talks took: it also tells of missed rings and of shared seats. */
function handlingOf({ handled, handledTime, drained, drainedTime }: Counters): number {
  const talks = (handledTime + HANDLING_GUESS.mean * HANDLING_GUESS.weight) / (handled + HANDLING_GUESS.weight);

  return (drainedTime + talks * DRAINED_GUESS) / (drained + DRAINED_GUESS);
}

function variationOf({ handled, handledTime, handledSquares }: Counters): number {
  if (handled < ENOUGH_TALKS || handledTime <= 0) return 1;

  return Math.sqrt(Math.max(0, (handledSquares * handled) / handledTime ** 2 - 1));
}

/** Relative error of a mean of so many events; a sum that fades stands for twice as many as it weighs. */
function doubtOf(weight: number): number {
  return Math.hypot(DRIFT, 1 / Math.sqrt(2 * Math.max(1, weight)));
}

function bandsOf(known: Counters, impatience: number): number[] {
  return PATIENCE_EDGES.map((_, index) => {
    const left = (known.gaveUp[index] ?? 0) + ENOUGH_IN_BAND;

    return left / ((known.atRisk[index] ?? 0) + ENOUGH_IN_BAND / impatience);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** The range that is told: its ends lie where one wait in ten is beyond. */
export function rangeOf({ middle, spread }: Forecast, ends: EstimateFacts['ends'] = NORMAL_ENDS): Estimate {
  const low = toldAs(middle * cube(1 + ends[0] * spread));
  const high = toldAs(middle * cube(1 + ends[1] * spread));

  return [low, Math.max(high, low + step(low))];
}

/**
 * How the wait at a place is spread. The line moves on when a seat becomes free or when somebody ahead gives up: with i
 * people ahead that happens at the rate staffed / handling + (the impatience of those i), so the wait is a sum of such
 * steps (Erlang A; with impatience by age it is the estimator QLap of Ibrahim and Whitt). Mean and variance of the sum
 * make a gamma law. Added to the variance: that handling times are not exponential, and that what was learnt is not exact.
 *
 * With no staff at all the answer is that of one seat: the most favourable that can be promised.
 */
export function makeForecast(facts: EstimateFacts): (position: number, factor?: number) => Forecast {
  const stepsTo = makeSteps(facts);
  const { handling: handlingDoubt, impatience: impatienceDoubt } = facts.doubt ?? { handling: 0, impatience: 0 };
  const excess = Math.min(3, (facts.variation ?? 1) ** 2) - 1;
  const longRun = 2 / Math.max(1, facts.handling);

  return (position, factor = 1) => {
    const { mean, served, variance, servedVariance } = stepsTo(position - Math.max(0, facts.free ?? 0));
    if (mean === 0) return { middle: 0, spread: 0, mean: 0 };
    const regular = excess * settled(mean * longRun) * servedVariance;
    const doubt = (handlingDoubt * served) ** 2 + (impatienceDoubt * (mean - served)) ** 2;
    const shape = (mean * mean) / Math.max(variance * 0.1, variance + regular + doubt);
    const root = 1 - 1 / (9 * shape);

    return { middle: factor * mean * cube(root), spread: 1 / (3 * Math.sqrt(shape) * root), mean: factor * mean };
  };
}

interface Steps {
  mean: number;
  /** The part of the mean that is waited for seats, not for others to give up. */
  served: number;
  variance: number;
  servedVariance: number;
}

/** The sums of the steps up to a place; each place is reckoned once. */
function makeSteps(facts: EstimateFacts): (position: number) => Steps {
  const sums: Steps[] = [{ mean: 0, served: 0, variance: 0, servedVariance: 0 }];
  const service = Math.max(1, facts.staffed) / Math.max(1, facts.handling);
  const { overtaking = 0, front = 0 } = facts;
  let leaving = 0;
  const extend = (last: Steps): void => {
    const ahead = sums.length - 1;
    if (ahead > 0) leaving += impatienceAt(facts, ahead - 1);
    const down = service + leaving;
    const up = overtaking > 0 && ahead >= front ? Math.min(overtaking, down * (1 - SLOWEST)) : 0;
    const mean = 1 / (down - up);
    const variance = (down + up) * mean * mean * mean;
    const share = service / down;
    sums.push({
      mean: last.mean + mean,
      served: last.served + mean * share,
      variance: last.variance + variance,
      servedVariance: last.servedVariance + variance * share,
    });
  };

  return (position) => {
    while (sums.length <= position) extend(sums[sums.length - 1] as Steps);

    return sums[Math.max(0, position)] as Steps;
  };
}

/** How likely the person at this index of the line (0 is next) is to give up within a second. */
function impatienceAt({ impatience, impatienceBy, waited }: EstimateFacts, index: number): number {
  if (!impatienceBy || !waited) return impatience;

  return impatienceBy[band(waited[index] ?? 0)] ?? impatience;
}

/**
 * How far the number of seats that free within a time has come from the variance of independent events (0, at once) to
 * that of renewals (1, in the long run); x is twice the time over the mean handling.
 */
function settled(x: number): number {
  return x < 1e-6 ? 0 : 1 - (1 - Math.exp(-x)) / x;
}

/**
 * Keeps an estimate from rising merely because time passes or because others happen to talk longer: it may rise only
 * when the place got worse or the staff fewer.
 */
export function steady(next: Told, told: Told | undefined): Estimate {
  if (!told || next.position > told.position || next.staffed < told.staffed) return next.estimate;

  return [Math.min(next.estimate[0], told.estimate[0]), Math.min(next.estimate[1], told.estimate[1])];
}

function cube(root: number): number {
  return root > 0 ? root * root * root : 0;
}

/** People are told steps that they can make something of: 5 s, from two minutes 15 s, from ten minutes a minute. */
function step(seconds: number): number {
  if (seconds < 120) return 5;

  return seconds < 600 ? 15 : 60;
}

/** To the nearest step: rounded outwards, the range would hold more than it says. */
function toldAs(seconds: number): number {
  return Math.round(seconds / step(seconds)) * step(seconds);
}
