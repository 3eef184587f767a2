import type { Estimate } from '../acd/estimate';

/** How a visit of a queue ended. `waiting`: the day was over before. */
export type Outcome = 'answered' | 'abandoned' | 'overflowed' | 'called-back' | 'waiting';

/** One call in one queue; one that is sent on makes another visit. Times in ms since the epoch. */
export interface Visit {
  /** Index of the call in the arrivals. */
  call: number;
  queue: string;
  /** When the person called first: waits count from there. */
  since: number;
  outcome: Outcome;
  endedAt: number;
  /** False for one that was sent elsewhere at the entrance and never stood in the line. */
  entered: boolean;
  /** Where an overflow went: a queue, `number`, `message`, `closed`, `full` or `max-wait`. */
  to?: string;
  seat?: string;
  /** What the person was told when he came to the queue, in seconds; absent where a seat was free for him. */
  told?: { at: number; range: Estimate };
}

/** What a seat did. Times in ms. */
export interface SeatDay {
  seat: string;
  offers: number;
  calls: number;
  /** Offers that it let ring out or rejected. */
  missed: number;
  free: number;
  ringing: number;
  talking: number;
  wrapUp: number;
  resting: number;
  onBreak: number;
}

/** All that was seen in a day: the material of every figure. */
export interface Seen {
  visits: Visit[];
  seats: SeatDay[];
  /** Until when the day lasted, ms since the epoch. */
  end: number;
  /** Talks that an alarm broke. */
  preempted: number;
}
