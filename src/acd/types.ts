/** What the operator says of a queue. All times are in seconds. */
export interface QueueConfig {
  readonly id: string;
  /** How the next seat is chosen among those that are free and have the skills. */
  readonly strategy: 'longest-idle';
  /** Skills that every ticket of this queue needs, besides those of the ticket itself. */
  readonly skills: readonly string[];
  /** How long a seat rings before the offer goes to another seat. */
  readonly ringTimeout: number;
  /** How long a seat stays out of the queue after a call. */
  readonly wrapUp: number;
  /** How long the place of a caller who was cut off is kept. */
  readonly grace: number;
  /** Tickets that may wait at once; further callers get QUEUE_FULL. No limit when absent. */
  readonly maxWaiting?: number;
  /** How long a ticket may wait. No limit when absent. */
  readonly maxWait?: number;
  /** How long a seat gets no offers after it let one ring out. */
  readonly noAnswerDelay: number;
  /** How long a seat gets no offers after it rejected one. */
  readonly rejectDelay: number;
  /** How long a seat gets no offers after it answered busy. */
  readonly busyDelay: number;
}

/** A seat's part in the queues. */
export interface SeatConfig {
  readonly id: string;
  readonly queues: readonly string[];
  readonly skills: readonly string[];
}
