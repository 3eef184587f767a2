import type { Dispatcher } from './dispatcher';
import type { Engine } from './engine';
import type { Mirror } from './mirror';
import type { OwnTicket, Registry } from './registry';
import type { FloorRow, SeatRow, TicketRow } from './rows';
import { skillText } from './views';

/** More than any sequence of the store: who is just coming stands behind those of the same millisecond that are there. */
const BEHIND_ALL = 2 ** 52;

/**
 * What verbs will do that are just going to the store. Who is matched by it is claimed in the same batch, so that a call needs one
 * round trip from a free seat to its offer, not two. A guess that was wrong costs a claim that is refused.
 */
export class Foresight {
  private readonly entered: OwnTicket[] = [];
  private readonly completed: string[] = [];
  private swept = false;
  /** Tickets that were sent and are not confirmed: whether they wait is not known. */
  private unconfirmed = 0;

  constructor(
    private readonly engine: Engine,
    private readonly mirror: Mirror,
    private readonly registry: Registry,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** `enqueueTicket` is to be sent. */
  entering(ticket: OwnTicket, confirmed: Promise<unknown>): void {
    this.entered.push(ticket);
    const over = (): void => void (this.unconfirmed -= 1);
    this.unconfirmed += 1;
    confirmed.then(over, over);
  }

  /** `completeTicket` is to be sent. */
  completing(ticketId: string): void {
    this.completed.push(ticketId);
  }

  /** `sweepDue` is to be sent. */
  sweeping(): void {
    this.swept = true;
  }

  /** What was to be sent goes now. Where it is not `whole`, more than one batch is sent, and there is no hurry. */
  look(whole: boolean): void {
    // Whoever was sent with an earlier batch may wait still, and comes first.
    const isClear = whole && this.unconfirmed === this.entered.length;
    const rows = [...this.seats()].map((row): FloorRow => ({ kind: 's', row }));
    for (const [index, ticket] of this.entered.splice(0).entries()) {
      if (!this.mirror.floor.tickets.has(ticket.ticketId))
        rows.push({ kind: 't', row: enteredTicket(ticket, this.engine.node, BEHIND_ALL + index) });
    }
    if (isClear && rows.length > 0) this.dispatcher.foresee(rows);
  }

  /** Seats that are going to be free: at once after a talk without wrap-up, or because a wrap-up or a rest is over. */
  private *seats(): Iterable<SeatRow> {
    const now = this.engine.now();
    const { seats, tickets } = this.mirror.floor;
    for (const ticketId of this.completed.splice(0)) {
      const seat = seats.get(tickets.get(ticketId)?.seatId ?? '');
      if (this.registry.get(ticketId)?.wrapUp !== 0 || seat?.state !== 'talking' || seat.ticket !== ticketId) continue;
      const { calls, talkTime, since } = seat;
      if (!isWanted(seat)) continue;
      const row = freed(seat, now, now);
      row.calls = calls + 1;
      row.talkTime = talkTime + now - since;
      yield row;
    }
    if (!this.swept) return;
    this.swept = false;
    for (const seat of seats.values()) {
      const isTimed = (seat.state === 'wrap-up' || seat.state === 'resting') && seat.until >= 0;
      if (isTimed && seat.until <= now && isWanted(seat)) yield freed(seat, now, seat.until);
    }
  }
}

/** Whether the seat is free when what it does is over. */
function isWanted({ works, engaged }: SeatRow): boolean {
  return works && !engaged;
}

function freed(seat: SeatRow, since: number, idleSince: number): SeatRow {
  return { ...seat, state: 'available', ticket: '', offer: '', since, idleSince };
}

const nobody: ReadonlySet<string> = new Set();

/** The ticket as it comes to stand in its line, behind all others of its time. */
function enteredTicket(ticket: OwnTicket, node: string, sequence: number): TicketRow {
  const { ticketId: id, queue, callId, terminal, priority, skills, enqueuedAt } = ticket;

  return {
    id,
    queue,
    state: 'waiting',
    node,
    callId,
    terminal,
    class: ticket.class ?? 'normal',
    priority,
    skills: skillText(skills),
    medium: ticket.medium ?? 'video',
    customer: ticket.customer ?? '',
    designated: ticket.designated ?? '',
    last: '',
    frequent: '',
    returns: '',
    enqueuedAt,
    queuedAt: enqueuedAt,
    sequence,
    callback: false,
    offers: [],
    tried: nobody,
    seatId: '',
    answeredAt: 0,
    how: '',
  };
}
