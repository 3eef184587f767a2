import { StateMachine, WrongArrowError, type StateTable } from '../../../src/lib/state-table';

type State = 'closed' | 'open' | 'locked';
type Input = 'push' | 'pull' | 'turn';

const door: StateTable<State, Input> = {
  closed: { push: 'open', turn: 'locked' },
  open: { pull: 'closed', push: 'open' },
  locked: { turn: 'closed' },
};

describe('StateMachine', () => {
  test('follows the arrows of its table', () => {
    const machine = new StateMachine('door', door, 'closed');
    expect(machine.state).toBe('closed');
    expect(machine.apply('push')).toBe('open');
    expect(machine.apply('pull')).toBe('closed');
    expect(machine.apply('turn')).toBe('locked');
    expect(machine.state).toBe('locked');
  });

  test('a wrong arrow throws, tells machine, state and input, and changes nothing', () => {
    const changes: string[] = [];
    const machine = new StateMachine('door', door, 'locked', (from, to) => changes.push(`${from} ${to}`));
    expect(machine.can('push')).toBe(false);
    expect(() => machine.apply('push')).toThrow(WrongArrowError);
    expect(() => machine.apply('push')).toThrow("door: no arrow 'push' from state 'locked'");
    expect(machine.state).toBe('locked');
    expect(changes).toEqual([]);
  });

  test('the hook sees each change with the state already set, also an arrow back to the same state', () => {
    const seen: string[] = [];
    const machine = new StateMachine<State, Input>('door', door, 'closed', (from, to, input) =>
      seen.push(`${from} -${input}-> ${to}, now ${machine.state}`),
    );
    machine.apply('push');
    machine.apply('push');
    expect(seen).toEqual(['closed -push-> open, now open', 'open -push-> open, now open']);
  });

  test('`can` is true for exactly the arrows of the table', () => {
    for (const [state, arrows] of Object.entries(door)) {
      const machine = new StateMachine('door', door, state as State);
      for (const input of ['push', 'pull', 'turn'] as const) expect(machine.can(input)).toBe(input in arrows);
    }
  });
});
