import type { TicketRow } from '../acd/rows';
import { ticketArrows } from '../acd/states';
import type { TicketInput } from '../acd/states';
import type { MissCause, QueueConfig } from '../acd/config';
import type { LeaveReason, TicketEnd, WithdrawCause } from '../acd/types';
import { WrongArrowError } from '../lib/state-table';
import type { Moment } from './moment';
import type { QueueBook } from './queue-book';
import type { SeatBook } from './seat-book';

/** A seat promised to a ticket. Times in ms. */
export interface LiveOffer {
  offerId: string;
  ticketId: string;
  seatId: string;
  queue: string;
  at: number;
  /** How long the seat rests, and after how many misses it goes on a break, when the lease ends unanswered. */
  missDelay: number;
  missBreak: number;
}

/** A ticket with what the store keeps of it besides its row. Times in ms. */
export interface Ticket extends Omit<TicketRow, 'offers' | 'tried'> {
  offers: LiveOffer[];
  tried: Set<string>;
  grace: number;
  /** It remembers who serves its customer. */
  regular: boolean;
  /** After-call work, -1 until it is done. */
  wrapUp: number;
  /** When a postponement ends; 0 when there is none. */
  until: number;
}

/** What whoever plays the people has to hear. */
export interface StoreListener {
  withdrawn(offer: LiveOffer, cause: WithdrawCause): void;
  ended(ticket: Readonly<Ticket>, how: TicketEnd): void;
  preempted(ticket: Readonly<Ticket>, seatId: string): void;
}

/** Causes for which the seat is not to blame; as in src/acd/lua/includes/ticket.lua. */
const keepsTurn: ReadonlySet<WithdrawCause> = new Set<WithdrawCause>([
  ...(['caller-left', 'caller-dropped', 'resumed', 'node-lost', 'elsewhere', 'pre-empted', 'overflowed'] as const),
]);
const TRIED_MOST = 50;

const counterOf = { abandoned: 'abandoned', overflowed: 'overflowed', 'called-back': 'calledBack' } as const;

/**
 * The tickets of a simulation: the steps that the verbs of the store are made of, as src/acd/lua/includes/ticket.lua has them, by
 * the same table of states.
 */
export class TicketBook {
  private readonly tickets = new Map<string, Ticket>();
  private readonly touched = new Set<Ticket>();

  constructor(
    private readonly moment: Moment,
    private readonly seats: SeatBook,
    readonly queues: QueueBook,
    private readonly listener: StoreListener,
  ) {}

  get(id: string): Ticket | undefined {
    return this.tickets.get(id);
  }

  add(ticket: Ticket): void {
    this.tickets.set(ticket.id, ticket);
    this.touched.add(ticket);
  }

  touch(ticket: Ticket): void {
    this.touched.add(ticket);
  }

  may(ticket: Ticket, input: TicketInput): boolean {
    return ticketArrows[ticket.state][input] !== undefined;
  }

  /** The one place that changes a ticket's state. */
  move(ticket: Ticket, input: TicketInput): void {
    const to = ticketArrows[ticket.state][input];
    if (!to) throw new WrongArrowError('ticket', ticket.state, input);
    // A postponement that was cut short must not end a later hold.
    if (ticket.state === 'held' && ticket.until > 0) {
      ticket.until = 0;
      this.moment.oweNothing(`unhold:${ticket.id}`);
    }
    ticket.state = to;
    this.touched.add(ticket);
  }

  joinLine(ticket: Ticket, config: QueueConfig): void {
    const { maxWait } = config;
    this.queues.get(ticket.queue).standing++;
    if (maxWait) this.moment.owe(`wait:${ticket.id}`, ticket.queuedAt + maxWait * 1_000);
  }

  quitLine(ticket: Ticket): void {
    this.queues.get(ticket.queue).standing--;
    this.moment.oweNothing(`wait:${ticket.id}`);
  }

  /** Takes one offer out of those of the ticket; undefined when it is not alive. */
  takeOffer(ticket: Ticket, offerId: string): LiveOffer | undefined {
    const offer = ticket.offers.find((one) => one.offerId === offerId);
    if (offer) ticket.offers = ticket.offers.filter((one) => one !== offer);

    return offer;
  }

  /** Frees the seat of an offer that was taken out of the ticket. */
  endOffer(ticket: Ticket, offer: LiveOffer, cause: WithdrawCause, delay: number): void {
    const keeps = keepsTurn.has(cause);
    this.moment.oweNothing(leaseOf(offer));
    if (!keeps) {
      if (ticket.tried.size <= TRIED_MOST) ticket.tried = new Set([...ticket.tried, offer.seatId]);
      const kind = cause === 'expired' ? 'no-answer' : cause;
      this.seats.countMiss(offer.seatId, kind as MissCause, offer.missBreak);
    }
    this.seats.free(offer.seatId, ticket.id, 'rest', delay, keeps);
    this.touched.add(ticket);
    this.listener.withdrawn(offer, cause);
  }

  dissolveOffers(ticket: Ticket, cause: WithdrawCause): void {
    const { offers } = ticket;
    ticket.offers = [];
    for (const offer of offers) this.endOffer(ticket, offer, cause, 0);
  }

  /** Brings an offered ticket back to waiting; others stay as they are. */
  backToWaiting(ticket: Ticket, cause: WithdrawCause): void {
    if (ticket.state !== 'offered') return;
    this.dissolveOffers(ticket, cause);
    this.move(ticket, 'withdraw');
  }

  end(ticket: Ticket, input: 'complete' | 'leave', how: LeaveReason | 'completed'): void {
    const { state: from } = ticket;
    ticket.how = how;
    this.move(ticket, input);
    if (from !== 'talking' && how !== 'completed') {
      const queue = this.queues.get(ticket.queue);
      this.quitLine(ticket);
      this.moment.oweNothing(`grace:${ticket.id}`);
      this.moment.oweNothing(`unhold:${ticket.id}`);
      queue.counters[counterOf[how]]++;
    }
    this.listener.ended(ticket, how);
  }

  /** Ends a talk: its seat wraps up. */
  endTalk(ticket: Ticket, input: 'complete' | 'leave'): void {
    const talked = Math.max(0, this.moment.now - ticket.answeredAt);
    const seat = this.seats.get(ticket.seatId);
    if (seat?.ticket === ticket.id) {
      this.seats.change(seat, { calls: seat.calls + 1, talkTime: seat.talkTime + talked });
    }
    this.seats.free(ticket.seatId, ticket.id, 'wrap', ticket.wrapUp, false);
    this.end(ticket, input, 'completed');
  }

  /** Puts on the floor what has changed since this was done last, and forgets what is over. */
  flush(put: (row: TicketRow) => void): void {
    for (const ticket of this.touched) {
      put(rowOf(ticket));
      if (ticket.state === 'ended') this.tickets.delete(ticket.id);
    }
    this.touched.clear();
  }
}

/** By what the end of an offer's lease is owed. */
export function leaseOf({ ticketId, offerId }: LiveOffer): string {
  return `offer:${ticketId}:${offerId}`;
}

/** Field by field: this is done for every change of a ticket. */
function rowOf(ticket: Ticket): TicketRow {
  return {
    id: ticket.id,
    queue: ticket.queue,
    state: ticket.state,
    node: ticket.node,
    callId: ticket.callId,
    terminal: ticket.terminal,
    class: ticket.class,
    priority: ticket.priority,
    skills: ticket.skills,
    medium: ticket.medium,
    customer: ticket.customer,
    designated: ticket.designated,
    how: ticket.how,
    last: ticket.last,
    frequent: ticket.frequent,
    returns: ticket.returns,
    enqueuedAt: ticket.enqueuedAt,
    queuedAt: ticket.queuedAt,
    sequence: ticket.sequence,
    callback: ticket.callback,
    offers: ticket.offers,
    tried: ticket.tried,
    seatId: ticket.seatId,
    answeredAt: ticket.answeredAt,
  };
}
