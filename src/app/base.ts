import type { Closer } from '../lib/closer';
import type { Config } from '../lib/config';
import type { Logger } from '../lib/logger';

/** What every part of the wiring is given. What a part opens it gives to `closer`, which closes the last opened first. */
export interface Base {
  readonly config: Config;
  readonly log: Logger;
  readonly closer: Closer;
}

/** For work that nobody waits for: its failure is told to the operator, with what it means. */
export function reportTo(log: Logger, what: string): (error: unknown) => void {
  return (error) => log.warn({ err: error }, what);
}
