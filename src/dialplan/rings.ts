import type { Place } from './faults';
import type { QueueDraft, RingDraft, RingKind } from './draft';

/**
 * Strategies that are whole searches: they stand for two rings, the first of which has `firstFor` seconds for itself.
 * `last-agent`, `frequent-agent` and `designated-agent` begin with that seat, `skill-group` with the seats that have the
 * skills of the queue, `vip` with those that `first` names; then come all seats of the queue.
 */
export const shorthands = ['last-agent', 'frequent-agent', 'designated-agent', 'skill-group', 'vip'] as const;
export type Shorthand = (typeof shorthands)[number];

export function shorthandOf(queue: Pick<QueueDraft, 'strategy'>): Shorthand | undefined {
  return shorthands.find((one) => one === queue.strategy.name);
}

/** The rings of a queue, written out when its strategy stands for some; none when it has none. */
export function ringsOf(queue: QueueDraft): RingDraft[] {
  const shorthand = shorthandOf(queue);
  if (queue.rings || !shorthand) return queue.rings ?? [];
  const at = queue.strategy.at;
  const all = { ...ring(at, 'all', 'all'), after: { value: queue.firstFor, at } };

  return [firstRing(shorthand, queue, at), shorthand === 'skill-group' ? { ...all, skills: [] } : all];
}

function firstRing(shorthand: Shorthand, queue: QueueDraft, at: Place): RingDraft {
  if (shorthand === 'skill-group') return ring(at, shorthand, 'all');
  if (shorthand !== 'vip') return ring(at, shorthand, shorthand);

  return { ...ring(at, shorthand, 'all'), seats: { kind: 'named', at, members: queue.first } };
}

function ring(at: Place, name: string, kind: RingKind): RingDraft {
  return {
    at,
    name,
    seats: { kind, at, members: [] },
    strategy: '',
    after: { value: 0, at },
    when: undefined,
    skills: undefined,
    disregard: [],
    maxPenalty: undefined,
  };
}
