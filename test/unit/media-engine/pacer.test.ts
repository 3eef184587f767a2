import { Pacer, steadyNow, type Paced } from '../../../src/media/embedded/worker/pacer';

describe('the pacer', () => {
  const errors: unknown[] = [];
  const pacer = new Pacer((error) => errors.push(error));
  afterEach(() => pacer.close());

  /** Runs `times` times, every `ms`; resolves with the moments. */
  function repeated(times: number, ms: number): { paced: Paced; done: Promise<number[]> } {
    let finish!: (moments: number[]) => void;
    const done = new Promise<number[]>((resolve) => (finish = resolve));
    const moments: number[] = [];
    const paced: Paced = {
      run: (now) => {
        moments.push(now);
        if (moments.length < times) return now + ms;
        finish(moments);

        return undefined;
      },
    };

    return { paced, done };
  }

  it('calls each at its own times, never early', async () => {
    const [quick, slow] = [repeated(20, 5), repeated(4, 25)];
    const began = steadyNow();
    pacer.start(quick.paced);
    pacer.start(slow.paced, began + 10);
    const [quickly, slowly] = await Promise.all([quick.done, slow.done]);
    expect(slowly[0]! - began).toBeGreaterThanOrEqual(9.4);
    for (const [moments, ms] of [
      [quickly, 5],
      [slowly, 25],
    ] as const) {
      moments.slice(1).forEach((moment, index) => expect(moment - moments[index]!).toBeGreaterThanOrEqual(ms - 0.6));
    }
  });

  it('goes on with the others when one throws or is stopped', async () => {
    const other = repeated(3, 1);
    const stopped: Paced = { run: () => fail() };
    pacer.start({
      run: () => {
        pacer.stop(stopped);
        throw new Error('broken');
      },
    });
    pacer.start(stopped, steadyNow() + 0.1);
    pacer.start(other.paced);
    await other.done;
    expect(errors.map((error) => (error as Error).message)).toEqual(['broken']);
  });
});

function fail(): never {
  throw new Error('it was stopped');
}
