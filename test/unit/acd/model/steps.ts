import fc from 'fast-check';
import type { Step } from './world';

const which = fc.nat(1_000);
const node = fc.nat(2);
const seat = fc.nat(6);
const queue = fc.nat(4);
const causes = ['no-answer', 'no-answer', 'rejected', 'busy', 'unreachable', 'caller-left'] as const;
const classes = ['normal', 'normal', 'normal', 'normal', 'vip', 'low', 'alarm'] as const;
const priority = fc.constantFrom(0, 0, 0, 5, -5);

function doing<K extends Step['do']>(...names: K[]): fc.Arbitrary<K> {
  return fc.constantFrom(...names);
}

const kinds: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  {
    weight: 12,
    arbitrary: fc.record({
      ...{ do: doing('enqueue'), node, queue, terminal: fc.nat(9), priority },
      skills: fc.constantFrom([], [], ['x'], ['x', 'y'], ['x >= 4']),
      class: fc.constantFrom(...classes),
      medium: fc.constantFrom('video', 'video', 'voice'),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: doing('accept'), which }) },
  { weight: 3, arbitrary: fc.record({ do: doing('ring'), which }) },
  { weight: 2, arbitrary: fc.record({ do: doing('acceptOld', 'declineOld'), which }) },
  { weight: 1, arbitrary: fc.record({ do: doing('again'), which }) },
  { weight: 6, arbitrary: fc.record({ do: doing('complete', 'complete', 'breakOff'), which }) },
  { weight: 3, arbitrary: fc.record({ do: doing('drop', 'hold', 'unhold'), which }) },
  { weight: 2, arbitrary: fc.record({ do: doing('callback'), which }) },
  { weight: 4, arbitrary: fc.record({ do: doing('decline'), which, cause: fc.constantFrom(...causes) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: doing('leave'),
      which,
      reason: fc.constantFrom('abandoned' as const, 'called-back' as const, 'overflowed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: doing('postpone'), which, ms: fc.integer({ min: 1, max: 20_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: doing('transfer'), which, queue }) },
  { weight: 1, arbitrary: fc.record({ do: doing('rank'), which, class: fc.constantFrom(...classes), priority }) },
  { weight: 3, arbitrary: fc.record({ do: doing('resume'), node, terminal: fc.nat(9) }) },
  { weight: 8, arbitrary: fc.record({ do: doing('seatUp'), node, seat }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: doing('seatDown', 'pause', 'unpause', 'unpause', 'login', 'logout'), node, seat }),
  },
  { weight: 2, arbitrary: fc.record({ do: doing('engage'), node, seat, call: fc.nat(1), on: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: doing('wrapUp'), node, seat, more: fc.constantFrom(0, 0, 5) }) },
  { weight: 6, arbitrary: fc.record({ do: doing('advance'), ms: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: doing('crash', 'blip', 'blip'), node }) },
  { weight: 2, arbitrary: fc.record({ do: doing('start'), node, adopt: fc.boolean() }) },
];

/** Rare: a node, or everybody, is away for longer than a lease. */
const leap: { weight: number; arbitrary: fc.Arbitrary<Step> } = {
  weight: 1,
  arbitrary: fc.record({ do: doing('leap'), ms: fc.integer({ min: 9_000, max: 40_000 }) }),
};

/** Batches of steps that happen at the same time, `length` of them at most. */
export function histories(length: number): fc.Arbitrary<Step[][]> {
  const steps = fc.oneof(...kinds.map((one) => ({ ...one, weight: one.weight * 4 })), leap);
  const batch = fc.array(steps, { minLength: 1, maxLength: 3 });

  return fc.array(batch, { minLength: 1, maxLength: length, size: 'max' });
}
