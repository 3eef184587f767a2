import type { Clock } from '../lib/clock';

/** How many are looked at in one turn. */
const SLICE = 100;
/** What others have of the time between two slices, in ms. */
const PAUSE = 10;

/**
 * Looks at many things a few at a time, so that a long line holds up nobody. The first are looked at now.
 * @returns what ends it; `done` is not called then.
 */
export function inSlices<T>(
  clock: Clock,
  all: readonly T[],
  look: (some: readonly T[]) => void,
  done: () => void,
): () => void {
  let cancel = (): void => undefined;
  const from = (start: number): void => {
    look(all.slice(start, start + SLICE));
    if (start + SLICE < all.length) cancel = clock.after(PAUSE, () => from(start + SLICE));
    else done();
  };
  from(0);

  return () => cancel();
}
