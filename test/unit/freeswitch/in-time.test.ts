import { ManualClock } from '../../../src/lib/clock';
import { TypedEmitter } from '../../../src/lib/emitter';
import { inTime, stepLimitMs } from '../../../src/media/freeswitch/in-time';

interface Step {
  promise: Promise<string>;
  settle: (value: string) => void;
}

function step(): Step {
  let settle: Step['settle'] = () => undefined;
  const promise = new Promise<string>((resolve) => (settle = resolve));

  return { promise, settle };
}

describe('a step of FreeSWITCH', () => {
  const clock = new ManualClock();
  const losses = new TypedEmitter<{ down: [reason: string] }>();
  afterEach(() => expect([clock.pendingCount, losses.listenerCount('down')]).toEqual([0, 0]));

  test('gives what it gives', async () => {
    const { promise, settle } = step();
    const done = inTime(promise, { losses, clock });
    settle('made');
    await expect(done).resolves.toBe('made');
  });

  test('fails as it fails', async () => {
    await expect(inTime(Promise.reject(new Error('no')), { losses, clock })).rejects.toThrow('no');
  });

  test('ends with the server, and what comes late is undone', async () => {
    const { promise, settle } = step();
    const undone: string[] = [];
    const done = inTime(promise, { losses, clock, undo: (late) => undone.push(late) });
    losses.emit('down', 'killed');
    await expect(done).rejects.toMatchObject({ code: 'MEDIA_GONE' });
    settle('late');
    await promise;
    expect(undone).toEqual(['late']);
  });

  test('ends when it takes too long', async () => {
    const done = inTime(step().promise, { losses, clock });
    clock.advance(stepLimitMs);
    await expect(done).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
  });
});
