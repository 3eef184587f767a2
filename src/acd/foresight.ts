import type { Dispatcher } from './dispatcher';
import type { Engine } from './engine';
import type { Mirror } from './mirror';
import type { OwnTicket, Registry } from './registry';
import type { Row, SeatRow, TicketRow } from './rows';
import { skillText } from './views';

/**
 * What a verb will do that is just being sent. Who is matched by it is claimed in the same batch, so that a call needs one
 * round trip to the store from a free seat to its offer, not two. A guess that was wrong costs a claim that is refused.
 */
export class Foresight {
  constructor(
    private readonly engine: Engine,
    private readonly mirror: Mirror,
    private readonly registry: Registry,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** `completeTicket` is on its way: a seat without wrap-up is free at once. */
  completing(ticketId: string): void {
    if (this.registry.get(ticketId)?.wrapUp !== 0) return;
    const { seats, tickets } = this.mirror.floor;
    const seat = seats.get(tickets.get(ticketId)?.seatId ?? '');
    if (seat?.state !== 'talking' || seat.ticket !== ticketId) return;
    const freed = freedSeat(seat, this.engine.now());
    if (freed) this.dispatcher.foresee([{ kind: 's', row: freed }]);
  }

  /** `sweepDue` is on its way: wrap-ups and rests are over. */
  sweeping(): void {
    const now = this.engine.now();
    const rows: Row[] = [];
    for (const seat of this.mirror.floor.seats.values()) {
      if ((seat.state !== 'wrap-up' && seat.state !== 'resting') || seat.until < 0 || seat.until > now) continue;
      const freed = freedSeat(seat, now, seat.until);
      if (freed) rows.push({ kind: 's', row: freed });
    }
    if (rows.length > 0) this.dispatcher.foresee(rows);
  }

  /** `enqueueTicket` is on its way. Who is looked for by what only the store remembers of him has to wait for its answer. */
  entering(ticket: OwnTicket, asksStore: boolean): void {
    if (!asksStore) this.dispatcher.foresee([{ kind: 't', row: enteredTicket(ticket, this.engine.node) }]);
  }
}

/** The seat when what it did is over; undefined when it is not free then. */
function freedSeat(seat: SeatRow, now: number, idleSince = now): SeatRow | undefined {
  if (!seat.works || seat.engaged) return undefined;
  const talked = seat.state === 'talking' ? { calls: seat.calls + 1, talkTime: seat.talkTime + now - seat.since } : {};

  return { ...seat, ...talked, state: 'available', ticket: '', offer: '', since: now, idleSince };
}

/** The ticket as it comes to stand in its line, behind all others of its time. */
function enteredTicket(ticket: OwnTicket, node: string): TicketRow {
  const { ticketId: id, queue, callId, terminal, priority, skills, enqueuedAt } = ticket;

  return {
    ...{ id, queue, node, callId, terminal, priority, enqueuedAt, queuedAt: enqueuedAt, state: 'waiting' },
    class: ticket.class ?? 'normal',
    skills: skillText(skills),
    medium: ticket.medium ?? 'video',
    customer: ticket.customer ?? '',
    designated: ticket.designated ?? '',
    ...{
      last: '',
      frequent: '',
      returns: '',
      sequence: Infinity,
      callback: false,
      offers: [],
      tried: new Set<string>(),
    },
    ...{ seatId: '', answeredAt: 0, how: '' },
  };
}
