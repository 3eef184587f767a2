import { isOpen, nextOpening } from './hours';
import type { Plan } from './model';

type Queues = Pick<Plan, 'queues'>;

/** Whether a queue is open by its hours; one without hours always is. `now` is in ms since the epoch. */
export function isQueueOpen({ queues }: Queues, queue: string, now: number): boolean {
  const hours = queues.get(queue)?.hours;

  return !hours || isOpen(hours, now);
}

/**
 * When people of a queue may be called back again, ms since the epoch: by the hours of its callbacks, or else by its own. Undefined when
 * they may be now, or never will be.
 */
export function callbacksOpenAt({ queues }: Queues, queue: string, now: number): number | undefined {
  const { hours, callback } = queues.get(queue) ?? {};
  const counting = callback?.hours ?? hours;

  return counting && !isOpen(counting, now) ? nextOpening(counting, now) : undefined;
}
