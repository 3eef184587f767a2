/** What a node under test tells its parent. Times in ms since the epoch. */
export type Report =
  | { t: 'up'; node: string; adopted: { ticketId: string; enqueuedAt: number }[] }
  | { t: 'enqueued'; ticketId: string; enqueuedAt: number }
  /** Redis did not answer in time. */
  | { t: 'refused' }
  | { t: 'accepted'; ticketId: string; seatId: string; offerId: string; at: number }
  /** Told before the store is: from then on the seat may be somebody else's. */
  | { t: 'completing'; ticketId: string; seatId: string; at: number };

export type Order = 'stop';

/** Enough for about as many talks at a time as callers come in: somebody always waits. */
export const seatIds = Array.from({ length: 11 }, (_, index) => `s${index}`);

/** Shorter than usual, so that a test does not take long; in ms. */
export const killTimes = { nodeLease: 2_000, renewEvery: 500, sweepEvery: 200, leaseMargin: 500 };
