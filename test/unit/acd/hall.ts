import { LaneRanking } from '../../../src/acd/lane-ranking';
import { match } from '../../../src/acd/match';
import type { Chosen, RankContext } from '../../../src/acd/choose';
import { Crew } from '../../../src/acd/crew';
import { Floor } from '../../../src/acd/floor';
import type { FloorTicket } from '../../../src/acd/floor';
import type { QueueRow, SeatRow, TicketRow } from '../../../src/acd/rows';
import { TestConfig } from './support';

const START = 1_700_000_000_000;

/** A floor without a store: seats and tickets as a test wants them. Times of tests are seconds since its beginning. */
export class Hall {
  readonly config = new TestConfig();
  readonly floor = new Floor(new Crew(this.config, [], []));
  /** Seconds since the beginning. */
  now = 0;
  /** What chance says, one after another; 0.5 when nothing is left. */
  readonly chances: number[] = [];
  estimate = 0;
  private arrived = 0;

  /** Makes the plan known; call it after queues and seats were added. */
  open(): this {
    this.floor.useCrew(new Crew(this.config, this.config.seats(), this.config.queues()));

    return this;
  }

  /** A seat that is free since it came up. Times in seconds. */
  seat(id: string, { since = 0, ...more }: { since?: number } & Partial<SeatRow> = {}): this {
    const at = START + since * 1_000;
    const row: SeatRow = {
      ...{
        id,
        state: 'available',
        since: at,
        works: true,
        reason: '',
        ticket: '',
        offer: '',
        idleSince: at,
        upSince: at,
      },
      ...{ until: 0, idleTotal: 0, calls: 0, talkTime: 0, lastOffered: 0, engaged: false, ...more },
    };
    this.floor.apply({ kind: 's', row });

    return this;
  }

  /** A ticket that waits since a second. */
  ticket(id: string, { at = this.now, ...more }: { at?: number } & Partial<TicketRow> = {}): this {
    const since = START + at * 1_000;
    const row: TicketRow = {
      ...{ id, queue: 'q', state: 'waiting', node: 'n', callId: id, terminal: id, class: 'normal', priority: 0 },
      ...{ skills: '', medium: 'video', customer: id, designated: '', last: '', frequent: '', returns: '' },
      ...{
        enqueuedAt: since,
        queuedAt: since,
        sequence: this.floor.tickets.get(id)?.sequence ?? ++this.arrived,
        callback: false,
        offers: [],
        tried: new Set(),
      },
      ...{ seatId: '', answeredAt: 0, how: '', ...more },
    };
    this.floor.apply({ kind: 't', row });

    return this;
  }

  /** An offered ticket that rings at these seats since a second. */
  ringing(id: string, seats: Record<string, number>, more: Partial<TicketRow> = {}): this {
    const offers = Object.entries(seats).map(([seatId, at]) => ({
      offerId: `o-${seatId}`,
      seatId,
      at: START + at * 1_000,
    }));
    for (const seatId of Object.keys(seats)) this.seat(seatId, { state: 'ringing', ticket: id, offer: `o-${seatId}` });

    return this.ticket(id, { state: 'offered', offers, ...more });
  }

  lastSeat(id: string, queue = 'q'): this {
    this.floor.apply({ kind: 'q', row: { id: queue, lastSeat: id } satisfies QueueRow });

    return this;
  }

  get context(): RankContext {
    return { now: START + this.now * 1_000, random: () => this.chances.shift() ?? 0.5, estimate: () => this.estimate };
  }

  /** Who would be brought together now, as `ticket->seat`; `ticket!>seat` where an alarm takes the seat. */
  matches(): string[] {
    return match(this.floor, this.context).matches.map(
      ({ ticket, choice, takes }) => `${ticket.id}${takes ? '!' : '-'}>${choice.seatId}`,
    );
  }

  /** In seconds since the beginning; Infinity when time alone brings nothing. */
  nextAt(): number {
    return (match(this.floor, this.context).nextAt - START) / 1_000;
  }

  get(id: string): FloorTicket {
    return this.floor.tickets.get(id)!;
  }

  /** What a ticket finds alone when these seats are promised. */
  choose(id: string, taken: ReadonlySet<string>): Chosen {
    return new LaneRanking(this.floor, taken, this.context).choose(this.get(id), undefined);
  }

  /** The seats of a ticket in the order in which they would be rung one after another, each refusing. */
  order(id: string): string[] {
    const seen: string[] = [];
    for (;;) {
      const { seats } = this.choose(id, new Set(seen));
      if (seats.length === 0) return seen;
      seen.push(...seats.map(({ seatId }) => seatId));
    }
  }
}
