import { overflows } from '../acd/overflow';
import type { OverflowRule, OverflowTarget } from '../acd/config';
import type { QueueFacts } from '../acd/types';
import type { Call, Entry } from './call';

/** How often a call is sent on by rules before it stays where it is: rules that lead in a circle end there. */
export const moveLimit = 8;

/**
 * The first rule whose condition holds for a call that comes to the queue now; `waited` is how long it has waited before, in seconds.
 */
export function overflowAtEntry(
  rules: readonly OverflowRule[],
  facts: QueueFacts,
  isOpen: boolean,
  waited = 0,
): OverflowRule | undefined {
  const { waiting: ahead, staffed } = facts;
  const now = { waited, ahead, estimate: () => facts.estimate[1], staffed, closed: !isOpen };

  return rules.find(({ when }) => overflows(when, now));
}

/** Follows the rules from queue to queue. The history of the call says each move. */
export async function entryOf(call: Call, queue: string): Promise<Entry> {
  for (let at = queue; ;) {
    const rule = await ruleAt(call, at);
    if (!rule) return call.home.isOpen(at) ? { queue: at } : closedAt(call, at);
    if (!mayMove(call, rule.to)) return { queue: at };
    if (rule.to.kind !== 'queue') return { queue: at, to: rule.to, rule };
    at = rule.to.queue;
  }
}

/** Nobody comes to a closed queue, and no rule leads elsewhere: what its callers are told is all that they get. */
function closedAt(call: Call, queue: string): Entry {
  const text = call.plan.queues.get(queue)?.closedMessage;

  return { queue, to: { kind: 'message' }, cause: 'closed', ...(text ? { text } : {}) };
}

async function ruleAt(call: Call, queue: string): Promise<OverflowRule | undefined> {
  const rules = call.plan.queues.get(queue)?.overflow ?? [];
  if (rules.length === 0) return undefined;
  const { home } = call;
  const { queuedAt } = call.record;
  const waited = queuedAt === undefined ? 0 : (home.clock.now() - queuedAt) / 1000;
  try {
    return overflowAtEntry(rules, await home.acd.facts(queue), home.isOpen(queue), waited);
  } catch (error) {
    // Who cannot be judged waits: the rules are looked at again while he does.
    home.log.warn({ err: error, call: call.id, queue }, 'how a queue stands could not be read');

    return undefined;
  }
}

/** Counts the moves of a call. */
export function mayMove(call: Call, to: OverflowTarget): boolean {
  const moves = call.record.moves ?? 0;
  if (moves >= moveLimit) {
    call.note('overflow-limit', named(to));

    return false;
  }
  call.record.moves = moves + 1;
  call.note('overflow', named(to));

  return true;
}

function named(to: OverflowTarget): string {
  if (to.kind === 'queue') return `queue ${to.queue}`;

  return to.kind === 'number' ? `number ${to.number}` : to.kind;
}
