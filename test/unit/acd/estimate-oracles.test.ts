import { makeForecast } from '../../../src/acd/estimate';
import type { EstimateFacts, Forecast } from '../../../src/acd/estimate';
import type { DayPlan } from './model/day';
import { makePlan, mean, medianError, servedOf, squaredError } from './model/days';
import type { Served } from './model/days';
import { erlangA, erlangC, makeOracle, queueLength, queueLengthMarkov } from './model/oracles';
import { watchDay } from './model/watch';

/** Mean of a function of a wait that is spread as the forecast says. */
function expected({ middle, spread }: Forecast, what: (wait: number) => number): number {
  const grid = Array.from({ length: 801 }, (_, index) => (index - 400) / 80);
  const weights = grid.map((z) => Math.exp((-z * z) / 2));
  const values = grid.map((z, index) => (weights[index] ?? 0) * what(middle * Math.max(0, 1 + z * spread) ** 3));

  return values.reduce((all, one) => all + one) / weights.reduce((all, one) => all + one);
}

describe.each([
  [10, 0.04, 220],
  [30, 0.13, 220],
  [1, 0.002, 300],
])('%d seats, %d callers a second, talks of %d s', (seats, arrivals, handling) => {
  const facts: EstimateFacts = { staffed: seats, handling, impatience: 0 };

  it('has on average the wait of Erlang C when nobody gives up', () => {
    const { wait, mean: formula } = erlangC(seats, arrivals, handling);
    const load = (arrivals * handling) / seats;
    const forecast = makeForecast(facts);
    let all = 0;
    // Who comes finds k waiting with this probability (Poisson arrivals see time averages), and is the one after them.
    for (let k = 0; k < 2_000; k++) all += wait * (1 - load) * load ** k * forecast(k + 1).mean;
    expect(all / formula).toBeCloseTo(1, 6);
  });

  it.each([0.5, 1.3])('foretells as many who give up as Erlang A, at %d times the load', (times) => {
    const patience = 400;
    const states = erlangA(seats, arrivals * times, handling, patience);
    const waiting = states.reduce((all, share, n) => all + share * Math.max(0, n - seats), 0);
    const formula = waiting / patience / (arrivals * times);
    const forecast = makeForecast({ ...facts, impatience: 1 / patience });
    const foretold = states.slice(seats, seats + 500).reduce((all, share, k) => {
      return all + share * expected(forecast(k + 1), (wait) => 1 - Math.exp(-wait / patience));
    }, 0);
    expect(Math.abs(foretold / formula - 1)).toBeLessThan(0.03);
  });
});

describe('the day that is played', () => {
  const steadyDay = (change: Partial<DayPlan>): DayPlan => {
    const talk = { law: 'exponential' as const, mean: 220, variation: 1 };
    const always = { length: 3_600 * 100, arrivals: () => 0.13, busiest: 0.13, staff: () => 30, wrapUp: 0, missed: 0 };

    return makePlan(5, { ...always, talk, ...change });
  };

  it('has as many who wait and who give up as Erlang A says', () => {
    const plan = steadyDay({ patience: { law: 'exponential', seconds: 400 } });
    const outcomes = watchDay(plan);
    const states = erlangA(30, 0.13, 220, 400);
    const callers = 0.13 * plan.length;
    const waitShare = states.slice(30).reduce((all, share) => all + share, 0);
    const queue = states.reduce((all, share, n) => all + share * Math.max(0, n - 30), 0);
    expect(Math.abs(outcomes.length / callers / waitShare - 1)).toBeLessThan(0.05);
    const gone = outcomes.filter(({ waited }) => waited === undefined).length;
    expect(Math.abs(gone / callers / (queue / 400 / 0.13) - 1)).toBeLessThan(0.12);
  });

  it('has the mean wait of Erlang C when nobody gives up, and there the head of the line errs as Ibrahim and Whitt say', () => {
    const plan = steadyDay({ patience: { law: 'exponential', seconds: 1e9 } });
    const served = servedOf(watchDay(plan));
    const formula = erlangC(30, 0.13, 220);
    expect(Math.abs(mean(served.map(({ waited }) => waited)) / (formula.mean / formula.wait) - 1)).toBeLessThan(0.15);
    // Twice the squared error of QL in heavy traffic; a little more below it.
    const byLength = squaredError(served, ({ position }) => queueLength(position, 30, 220));
    const byHead = squaredError(served, ({ headOfLine }) => headOfLine);
    expect(byHead / byLength).toBeGreaterThan(1.6);
    expect(byHead / byLength).toBeLessThan(2.8);
  });
});

describe.each([1, 2, 3])('on a busy day, seed %d,', (seed) => {
  let served: Served[] = [];

  beforeAll(() => {
    const plan = makePlan(seed, {}, 1.05);
    const oracleOf = makeOracle(plan, 5_000);
    const outcomes = watchDay(plan, {
      oracle: (caller, at, line, seats) => {
        if (caller.id % 10 > 0) return undefined;
        const busy = seats.filter(({ working }) => working).map(({ busySince }) => busySince && at - busySince);

        return oracleOf({ busy, waited: line.slice(0, -1).map((other) => at - other.enteredAt) }, 80);
      },
    });
    served = servedOf(outcomes);
  });

  it('errs less than the estimators that know no rates, and than the one that knows no patience', () => {
    const ours = squaredError(served, ({ forecast }) => forecast.mean);
    const others = {
      lastServed: squaredError(served, (outcome) => outcome.lastServed),
      headOfLine: squaredError(served, (outcome) => outcome.headOfLine),
      queueLength: squaredError(served, ({ position, staffed }) => queueLength(position, staffed, 220)),
    };
    for (const other of Object.values(others)) expect(ours).toBeLessThan(other);
  });

  it('errs little more than the one that knows the true rates', () => {
    const ours = squaredError(served, ({ forecast }) => forecast.mean);
    const best = squaredError(served, ({ position, staffed }) => queueLengthMarkov(position, staffed, 220, 900));
    expect(Math.sqrt(ours / best)).toBeLessThan(1.25);
  });

  it('errs little more than an oracle that knows every law, each seat and each caller, but not what is to come', () => {
    const asked = served.filter(({ oracle }) => oracle);
    expect(asked.length).toBeGreaterThan(200);
    const best = medianError(asked, ({ oracle }) => oracle?.[40] ?? 0);
    expect(best).toBeGreaterThan(0.1);
    expect(medianError(asked)).toBeLessThan(best + 0.05);
  });
});
