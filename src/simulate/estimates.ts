import { factsOf } from '../acd/board';
import { makeEstimator } from '../acd/estimate';
import type { Estimate } from '../acd/estimate';
import type { Floor } from '../acd/floor';
import { ringFacts } from '../acd/rings';
import type { QueueRow } from '../acd/rows';
import type { QueueFacts } from '../acd/types';

interface Estimator {
  row: QueueRow;
  staffVersion: number;
  at(position: number): Estimate;
}

/** What callers are told of their waits, by the estimator of the ACD. */
export class Estimates {
  private readonly estimators = new Map<string, Estimator>();

  constructor(private readonly floor: Floor) {}

  /** What somebody would be told who stood at a place, in seconds. */
  at(queueId: string, position: number): Estimate {
    const queue = this.floor.queue(queueId);
    const { row, staffVersion } = queue;
    let estimator = this.estimators.get(queueId);
    if (estimator?.row !== row || estimator.staffVersion !== staffVersion) {
      estimator = { row, staffVersion, at: makeEstimator(factsOf(queue)) };
      this.estimators.set(queueId, estimator);
    }

    return estimator.at(position);
  }

  /** How a queue stands, as somebody finds it who comes now. */
  facts(queueId: string): QueueFacts {
    const queue = this.floor.queue(queueId);
    const { waiting, free, occupancy } = ringFacts(queue, () => 0);
    const estimate: Estimate = free > waiting ? [0, 0] : this.at(queueId, waiting + 1);

    return { waiting, staffed: queue.staffed.size, free, occupancy, estimate };
  }
}
