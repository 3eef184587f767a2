import type { ConditionDraft, Draft, OverflowDraft, QueueDraft } from '../draft';
import type { Faults } from '../faults';
import { spread } from './graph';
import { checkCondition } from './rings';

/** Overflow leads somewhere else, by rules that each have their turn. */
export function checkOverflow(draft: Draft, faults: Faults): void {
  for (const queue of draft.queues) {
    for (const [index, rule] of queue.overflow.entries()) {
      checkCondition(rule.when, queue, faults);
      checkClosed(rule, queue, faults);
      checkShadow(rule, queue.overflow.slice(0, index), index, faults);
      if (rule.to?.kind !== 'callback' || queue.callback) continue;
      const message = `the queue '${queue.id.name}' offers no callback that a rule could lead to`;
      faults.add('CALLBACK_MISSING', rule.to.target.at, message);
    }
  }
  checkLoops(draft, faults);
}

function checkClosed({ when }: OverflowDraft, queue: QueueDraft, faults: Faults): void {
  const closed = when.values.get('closed');
  if (!closed) return;
  if (queue.hours.name === '') {
    const message = `the queue '${queue.id.name}' has no hours, so it is never closed`;
    faults.add('NEVER_HOLDS', closed.at, message, 'Add hours to the queue, or take the rule away.');
  }
  const waited = when.values.get('waited');
  if (!waited) return;
  const message = "'closed' is looked at only when a call comes, and then it has not waited";
  faults.add('NEVER_HOLDS', waited.at, message, 'Make two rules of it.');
}

function checkShadow(rule: OverflowDraft, before: readonly OverflowDraft[], index: number, faults: Faults): void {
  const other = before.findIndex(({ when }) => isImplied(when, rule.when));
  if (other < 0) return;
  const message = `rule ${index + 1} is never come to: rule ${other + 1} (line ${before[other]!.at.line}) holds whenever it does`;
  faults.add('OVERFLOW_SHADOWED', rule.at, message);
}

/** Whether the one holds whenever the other does: it asks for nothing that the other does not ask for at least as much. */
function isImplied(one: ConditionDraft, by: ConditionDraft): boolean {
  if (one.values.size === 0) return false;

  return [...one.values].every(([key, { value }]) => {
    const other = by.values.get(key)?.value;

    return other !== undefined && (value === true || (other !== true && other >= value));
  });
}

/** Circles of queues that overflow into each other, each told once, where its first queue leads on. */
function checkLoops(draft: Draft, faults: Faults): void {
  const told = new Set<QueueDraft>();
  const ways = waysOf(draft);
  const next = (queue: QueueDraft): QueueDraft[] => (ways.get(queue) ?? []).map(({ to }) => to);
  for (const queue of draft.queues) {
    const circle = told.has(queue) ? undefined : circleFrom(queue, next);
    if (!circle) continue;
    for (const one of spread([queue], next)) if (spread([one], next).has(queue)) told.add(one);
    const { rule } = ways.get(queue)!.find(({ to }) => to === (circle[1] ?? queue))!;
    const names = [...circle, queue].map(({ id }) => `'${id.name}'`).join(' -> ');
    const message =
      circle.length === 1
        ? `the queue '${queue.id.name}' overflows into itself`
        : `the queues ${names} overflow in a circle`;
    faults.add('OVERFLOW_LOOP', rule.to!.target.at, message);
  }
}

interface Way {
  to: QueueDraft;
  rule: OverflowDraft;
}

/** The queues that each leads to, also by way of a number whose flow leads to one. */
function waysOf(draft: Draft): Map<QueueDraft, Way[]> {
  const queues = new Map(draft.queues.map((queue) => [queue.id.name, queue]));
  const flows = new Map(draft.flows.map((flow) => [flow.id.name, flow]));
  const numbers = new Map(draft.numbers.map((number) => [number.number.name, number]));
  const nameOf = ({ to }: OverflowDraft): string => {
    if (to?.kind === 'queue') return to.target.name;
    const number = to?.kind === 'number' ? numbers.get(to.target.name) : undefined;

    return flows.get(number?.flow.name ?? '')?.queue.name ?? '';
  };
  const ways = (queue: QueueDraft): Way[] =>
    queue.overflow.flatMap((rule) => {
      const to = queues.get(nameOf(rule));

      return to ? [{ to, rule }] : [];
    });

  return new Map(draft.queues.map((queue) => [queue, ways(queue)]));
}

/** The shortest way from a queue back to itself. */
function circleFrom(queue: QueueDraft, next: (queue: QueueDraft) => QueueDraft[]): QueueDraft[] | undefined {
  const ways: QueueDraft[][] = [[queue]];
  const seen = new Set<QueueDraft>();
  for (const way of ways) {
    for (const other of next(way.at(-1)!)) {
      if (other === queue) return way;
      if (!seen.has(other)) ways.push([...way, other]);
      seen.add(other);
    }
  }

  return undefined;
}
