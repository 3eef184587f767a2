import { Turns } from '../../../src/calls/turns';

function gate(): { promise: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));

  return { promise, open };
}

describe('who may change the media of a call', () => {
  test('moves of ours come one after another, also after one that failed', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const first = gate();
    const failing = turns.run(async () => {
      log.push('first begins');
      await first.promise;
      log.push('first fails');
      throw new Error('refused');
    });
    const second = turns.run(async () => {
      log.push('second');

      return 7;
    });
    expect(turns.moving).toBe(true);
    first.open();
    await expect(failing).rejects.toThrow('refused');
    expect(await second).toBe(7);
    expect(log).toEqual(['first begins', 'first fails', 'second']);
    await turns.idle();
    expect(turns.moving).toBe(false);
  });

  test('a move waits for the offer of a peer that is being answered, whatever comes of it', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const answer = gate();
    turns.answer(answer.promise.then(() => log.push('answered')));
    turns.answer(Promise.reject(new Error('gone')));
    const move = turns.run(async () => log.push('moved'));
    answer.open();
    await move;
    expect(log).toEqual(['answered', 'moved']);
  });

  test('idle waits for moves that were asked for while it waited', async () => {
    const turns = new Turns();
    const first = gate();
    const log: string[] = [];
    void turns.run(async () => {
      await first.promise;
      void turns.run(async () => log.push('second'));
    });
    const idle = turns.idle().then(() => log.push('idle'));
    first.open();
    await idle;
    expect(log).toEqual(['second', 'idle']);
  });

  test('an offer of a peer that waits is refused before one of ours goes to the same side, and only then', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const join = gate();
    const ofSeat = turns.hold('seat', join.promise, () => log.push('the seat is refused'));
    const ofTerminal = turns.hold('terminal', join.promise, () => log.push('the terminal is refused'));
    await turns.offering('terminal', async () => {
      log.push('we offer');
      // Its next try crosses ours, too.
      expect(await turns.hold('terminal', join.promise, () => log.push('again'))).toBe(false);
    });
    expect(log).toEqual(['the terminal is refused', 'we offer', 'again']);
    expect(await ofTerminal).toBe(false);
    const next = turns.hold('terminal', join.promise, () => log.push('refused after ours was over'));
    join.open();
    expect(await ofSeat).toBe(true);
    expect(await next).toBe(true);
    expect(log).toHaveLength(3);
  });
});
