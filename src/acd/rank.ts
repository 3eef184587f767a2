/** A ticket at the head of its lane. */
export interface Waiting {
  ticketId: string;
  /** Higher priority and earlier enqueue time give a lower score; the lowest is served first. */
  score: number;
  /** Breaks ties of the score: tickets of one millisecond in the order in which they came. */
  sequence: string;
}

export interface Idle {
  seatId: string;
  /** ms since the epoch. */
  idleSince: number;
}

/** Tickets of one queue that need the same skills, and the free seats that have them: the first page of each. */
export interface Lane {
  queue: string;
  tickets: Waiting[];
  seats: Idle[];
}

export interface Match {
  queue: string;
  ticketId: string;
  seatId: string;
}

export interface Ranking {
  matches: Match[];
  /** There may be more to match once these are claimed: a page was used up. */
  more: boolean;
}

/**
 * Longest idle first. Tickets are served in the order of all lanes together, so that a seat that works for several
 * queues takes the best ticket of them all; each gets the seat that is idle longest among those that suit it.
 *
 * @param page how many tickets and seats a lane holds at most; a lane that is full may go on beyond its page.
 */
export function rank(lanes: readonly Lane[], page: number): Ranking {
  const entries = lanes.flatMap((lane) => lane.tickets.map((ticket, index) => ({ lane, ticket, index })));
  entries.sort((a, b) => byRank(a.ticket, b.ticket));
  const taken = new Set<string>();
  const matches: Match[] = [];
  for (const { lane, ticket, index } of entries) {
    const seat = longestIdle(lane.seats, taken);
    if (seat) {
      taken.add(seat.seatId);
      matches.push({ queue: lane.queue, ticketId: ticket.ticketId, seatId: seat.seatId });
    } else if (lane.seats.length >= page) {
      // This ticket may still find a seat beyond the page; none behind it may go before.
      return { matches, more: true };
    }
    // What follows in this lane is not seen yet and might go before the tickets of other lanes.
    if (index === page - 1) return { matches, more: matches.length > 0 };
  }

  return { matches, more: false };
}

function byRank(a: Waiting, b: Waiting): number {
  if (a.score !== b.score) return a.score - b.score;
  if (a.sequence === b.sequence) return 0;

  return a.sequence < b.sequence ? -1 : 1;
}

function longestIdle(seats: readonly Idle[], taken: ReadonlySet<string>): Idle | undefined {
  return seats.find((seat) => !taken.has(seat.seatId));
}
