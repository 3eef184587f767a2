/** The present of a simulation, and what it owes to the future. */
export interface Moment {
  /** ms since the epoch. */
  readonly now: number;
  /** Something falls due at `at`; it takes the place of what was owed under that name before. */
  owe(entry: string, at: number): void;
  oweNothing(entry: string): void;
}
