/** What is known about a queue when somebody asks how long it will take. Times in seconds. */
export interface QueueFacts {
  /** Seats that work for the queue: neither offline nor paused. */
  staffed: number;
  /** Mean of talk and wrap-up of late. */
  handling: number;
  /** How many of those who wait give up in a second, per person; 0 when nobody ever did. */
  impatience: number;
}

export type Estimate = [low: number, high: number];

/** What somebody was told, and what it was based on. */
export interface Told {
  position: number;
  staffed: number;
  estimate: Estimate;
}

/** Standard normal quantile of 90 %: four of five waits end between the low and the high value. */
const QUANTILE = 1.2816;

/**
 * Builds the estimator of one queue at one moment. The queue moves on when a seat becomes free or when somebody ahead
 * gives up: with i people ahead that happens at the rate staffed / handling + i * impatience, so the wait is the sum of
 * such steps (the mean wait of the Erlang A model). Its 10 % and 90 % quantiles come from the gamma distribution with
 * the same mean and variance, by the approximation of Wilson and Hilferty.
 *
 * With no staff at all the answer is that of one seat: the most favourable that can be promised.
 */
export function makeEstimator(facts: QueueFacts): (position: number) => Estimate {
  const means = [0];
  const variances = [0];
  const service = Math.max(1, facts.staffed) / Math.max(1, facts.handling);
  const extend = (position: number): void => {
    for (let ahead = means.length - 1; ahead < position; ahead++) {
      const step = 1 / (service + ahead * facts.impatience);
      means.push((means[ahead] ?? 0) + step);
      variances.push((variances[ahead] ?? 0) + step * step);
    }
  };

  return (position) => {
    extend(position);
    const mean = means[position] ?? 0;
    const variance = variances[position] ?? 0;
    if (mean === 0 || variance === 0) return [0, 0];
    const shape = (mean * mean) / variance;

    return [roundDown(mean * gammaFactor(shape, -QUANTILE)), roundUp(mean * gammaFactor(shape, QUANTILE))];
  };
}

/**
 * Keeps an estimate from rising merely because time passes or because others happen to talk longer: it may rise only
 * when the place got worse or the staff fewer.
 */
export function steady(next: Told, told: Told | undefined): Estimate {
  if (!told || next.position > told.position || next.staffed < told.staffed) return next.estimate;

  return [Math.min(next.estimate[0], told.estimate[0]), Math.min(next.estimate[1], told.estimate[1])];
}

function gammaFactor(shape: number, quantile: number): number {
  const root = 1 - 1 / (9 * shape) + quantile / (3 * Math.sqrt(shape));

  return Math.max(0, root) ** 3;
}

/** People are told steps that they can make something of: 5 s, from two minutes 30 s, from ten minutes a minute. */
function step(seconds: number): number {
  if (seconds < 120) return 5;

  return seconds < 600 ? 30 : 60;
}

function roundDown(seconds: number): number {
  return Math.floor(seconds / step(seconds)) * step(seconds);
}

function roundUp(seconds: number): number {
  return Math.ceil(seconds / step(seconds)) * step(seconds);
}
