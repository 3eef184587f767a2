import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import type { AcdConfig } from './config';

export interface AcdOptions {
  store: Store;
  site: string;
  /** Name of this node; a restarted process keeps it, two running ones never share it. */
  node: string;
  config: AcdConfig;
  log: Logger;
  clock?: Clock;
  times?: Partial<AcdTimes>;
}

/** All in ms. */
export interface AcdTimes {
  /** How long after a queue's `ringTimeout` the lease of an offer ends: the call layer's time to report what came of it. */
  leaseMargin: number;
  /** How long a node that is not heard of keeps its tickets. */
  nodeLease: number;
  renewEvery: number;
  /** The safety net behind events and deadlines. */
  sweepEvery: number;
  /** How long a node leaves a match to another that has to make it but may be gone; Infinity for as long as the other likes. */
  leftAfter: number;
  /** `moved` comes at most this often a queue. */
  movedEvery: number;
  /** How long a command waits for a store that is just coming back. */
  patience: number;
}

export const defaultTimes: AcdTimes = {
  leaseMargin: 5_000,
  nodeLease: 10_000,
  renewEvery: 3_000,
  sweepEvery: 1_000,
  leftAfter: 250,
  movedEvery: 250,
  patience: 300,
};
