import fc from 'fast-check';
import { callMachine, callTable, type CallInput, type CallState } from '../../../src/calls/state';
import { WrongArrowError } from '../../../src/lib/state-table';

const inputs: CallInput[] = [
  ...([
    'open-menu',
    'enqueue',
    'offer',
    'offer-lost',
    'ring-on',
    'seat-answered',
    'joined',
    'preempted',
    'end',
  ] as const),
];
const states = Object.keys(callTable) as CallState[];

describe('the states of a call', () => {
  test('a call goes from the INVITE over menu, queue and seat to the talk', () => {
    const machine = callMachine();
    const way: CallInput[] = ['open-menu', 'enqueue', 'offer', 'offer-lost', 'offer', 'seat-answered', 'joined', 'end'];
    expect(way.map((input) => machine.apply(input))).toEqual([
      'menu',
      'queued',
      'offered',
      'queued',
      'offered',
      'joining',
      'talking',
      'ended',
    ]);
  });

  test('several seats may ring at once: when the one that has answered is not to be had, the others ring on', () => {
    const machine = callMachine('queued');
    const way: CallInput[] = ['offer', 'offer', 'seat-answered', 'ring-on', 'seat-answered', 'joined'];
    expect(way.map((input) => machine.apply(input)).slice(-3)).toEqual(['offered', 'joining', 'talking']);
  });

  test('a talk whose seat is taken for an alarm is back in the queue', () => {
    expect(callMachine('talking').apply('preempted')).toBe('queued');
  });

  test('it can end from every state but the last, and nothing follows the end', () => {
    for (const state of states) {
      expect(callMachine(state).can('end')).toBe(state !== 'ended');
    }
    for (const input of inputs) expect(callMachine('ended').can(input)).toBe(false);
  });

  test('a seat is joined only after it was offered and has answered', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: 30 }), (way) => {
        const machine = callMachine();
        const taken: CallInput[] = [];
        for (const input of way) {
          if (!machine.can(input)) {
            expect(() => machine.apply(input)).toThrow(WrongArrowError);
            continue;
          }
          machine.apply(input);
          taken.push(input);
        }
        const joined = taken.indexOf('joined');
        if (joined < 0) return;
        const before = taken.slice(0, joined);
        expect(before.at(-1)).toBe('seat-answered');
        // What came last of these says whether a seat still rang when it answered.
        const rang = before.slice(0, -1).findLast((input) => input !== 'open-menu' && input !== 'enqueue');
        expect(['offer', 'ring-on']).toContain(rang);
      }),
    );
  });
});
