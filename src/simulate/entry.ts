import { overflows } from '../acd/overflow';
import type { OverflowTarget } from '../acd/config';
import type { QueueFacts } from '../acd/types';
import type { SimulatedPlan } from './model';

/** How often a call is sent on by rules before it stays where it is: rules that lead in a circle end there. */
const MOVE_LIMIT = 8;

/** Where a call comes to. */
export interface Entry {
  queue: string;
  /** Queues that sent it on, in their order, with where to. */
  passed: { queue: string; to: string }[];
  /** It does not stand in the queue but goes there; `closed`: it ends, for the queue is closed. */
  to?: Exclude<OverflowTarget, { kind: 'queue' }> | { kind: 'closed' };
}

/** Counts how often rules have sent a call on. */
export interface Moves {
  moves: number;
}

export function mayMove(call: Moves): boolean {
  if (call.moves >= MOVE_LIMIT) return false;
  call.moves++;

  return true;
}

/** Follows the rules of queues for a call that comes, as the server does when a call enters. `waited` in seconds. */
export function entryOf(
  call: Moves,
  start: string,
  plan: SimulatedPlan,
  around: { now: number; waited: number; facts(queue: string): QueueFacts },
): Entry {
  const passed: Entry['passed'] = [];
  for (let queue = start; ;) {
    const closed = !plan.isOpen(queue, around.now);
    const { waiting: ahead, estimate, staffed } = around.facts(queue);
    const facts = { waited: around.waited, ahead, estimate: () => estimate[1], staffed, closed };
    const rule = plan.queue(queue)?.overflow?.find(({ when }) => overflows(when, facts));
    if (!rule) return closed ? { queue, passed, to: { kind: 'closed' } } : { queue, passed };
    if (!mayMove(call)) return { queue, passed };
    if (rule.to.kind !== 'queue') return { queue, passed, to: rule.to };
    passed.push({ queue, to: rule.to.queue });
    queue = rule.to.queue;
  }
}
