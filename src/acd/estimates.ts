import { factsOf, makeForecast, rangeOf } from './estimate';
import type { Estimate, EstimateFacts, Forecast, Told } from './estimate';
import type { Floor, FloorTicket } from './floor';
import { kindOf } from './learner';
import type { Learner } from './learner';
import { ringFacts } from './rings';
import type { QueueFacts } from './types';

/** An estimator is used for so long at most, in ms: those who wait grow older. */
const ESTIMATOR_LASTS = 1_000;
/** Of a longer line nobody's patience is reckoned by age. */
const LONG_LINE = 500;

interface Estimator {
  madeAt: number;
  /** What it was made of. */
  basis: string;
  facts: EstimateFacts;
  forecast: (position: number, factor?: number) => Forecast;
}

/** Estimates of waits on a floor, from what its queues have learnt of themselves. */
export class Estimates {
  private readonly estimators = new Map<string, Estimator>();

  constructor(
    private readonly floor: Floor,
    private readonly learner: Learner,
    /** ms since the epoch. */
    private readonly now: () => number,
  ) {}

  /** What somebody would be told who stood at a place. `factor`: of his kind of tickets. */
  at(queue: string, position: number, factor = 1): Estimate {
    const { forecast, facts } = this.estimator(queue);

    return rangeOf(forecast(position, factor), facts.ends);
  }

  /** Where a ticket stands, and how long it will still wait. */
  of(ticket: FloorTicket): Told & { forecast: Forecast } {
    const position = this.floor.position(ticket, this.now());
    const { size: staffed } = this.floor.queue(ticket.queue).staffed;
    const { forecast, facts } = this.estimator(ticket.queue);
    const own = forecast(position, this.learner.factor(ticket.queue, kindOf(ticket)));

    return { position, staffed, estimate: rangeOf(own, facts.ends), forecast: own };
  }

  /** How a queue stands, as somebody finds it who comes now. */
  facts(queueId: string): QueueFacts {
    const queue = this.floor.queue(queueId);
    const { waiting, free, occupancy } = ringFacts(queue, () => 0);
    // Nobody waits for a seat that is free.
    const estimate: Estimate = free > waiting ? [0, 0] : this.at(queueId, waiting + 1);

    return { waiting, staffed: queue.staffed.size, free, occupancy, estimate };
  }

  private estimator(queueId: string): Estimator {
    const { floor, learner } = this;
    const queue = floor.queue(queueId);
    const now = this.now();
    const isLong = queue.waiting > LONG_LINE;
    const basis = `${learner.version(queueId)} ${queue.staffVersion}`;
    const known = this.estimators.get(queueId);
    if (known && now - known.madeAt < ESTIMATOR_LASTS && (known.basis === basis || isLong)) return known;
    const waited = isLong ? undefined : floor.standing(queueId, now).map((one) => (now - one.enqueuedAt) / 1_000);
    const facts = factsOf(learner.counters(queueId), { staffed: queue.staffed.size, waited });
    const made = { madeAt: now, basis, facts, forecast: makeForecast(facts) };
    this.estimators.set(queueId, made);

    return made;
  }
}
