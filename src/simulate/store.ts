import type { Crew } from '../acd/crew';
import type { Forecast } from '../acd/estimate';
import { Floor } from '../acd/floor';
import { Learner } from '../acd/learner';
import type { Match } from '../acd/match';
import type { SeatRow } from '../acd/rows';
import { ringSeconds } from '../acd/dispatcher';
import { restAfter } from '../acd/offers';
import { wrapUpOf } from '../acd/tickets';
import type { AcdConfig, Medium, MissCause, QueueConfig, Strategy, TicketClass } from '../acd/config';
import type { LeaveReason } from '../acd/types';
import type { Moment } from './moment';
import { QueueBook } from './queue-book';
import { SeatBook } from './seat-book';
import { leaseOf, TicketBook } from './ticket-book';
import type { LiveOffer, StoreListener, Ticket } from './ticket-book';

export interface NewTicket {
  id: string;
  queue: string;
  class: TicketClass;
  priority: number;
  /** Expressions. */
  skills: readonly string[];
  medium: Medium;
  customer: string;
  designated: string;
}

/** How long after a queue's `ringTimeout` the lease of an offer ends, in ms; as `defaultTimes` of the ACD has it. */
const LEASE_MARGIN = 5_000;
/** A ticket that cannot overflow right now, because a seat rings or its caller is lost, is looked at again after so long, in ms. */
const LOOK_AGAIN = 1_000;
/** The same of somebody who is to be called back, in ms. */
const CALLBACK_LOOK = 60_000;

/**
 * What the scripts of the ACD do, done to rows in memory: each method is one verb, with the name and the meaning that it has in
 * `src/acd/scripts.ts`. After each the floor is as a node's floor would be. A test plays one story here and on a real Redis.
 */
export class SimulatedStore {
  readonly floor: Floor;
  readonly learner: Learner;
  readonly queues = new QueueBook();
  private readonly seats: SeatBook;
  private readonly tickets: TicketBook;
  private sequence = 0;
  private offers = 0;

  constructor(
    crew: Crew,
    private readonly config: AcdConfig,
    private readonly moment: Moment,
    private readonly listener: StoreListener,
    private readonly onSeat: (row: SeatRow) => void = () => undefined,
    /** What somebody was told when he came. */
    firstTold: (ticketId: string) => Forecast | undefined = () => undefined,
  ) {
    this.floor = new Floor(crew);
    this.learner = new Learner(this.floor, firstTold);
    this.seats = new SeatBook(moment);
    this.tickets = new TicketBook(moment, this.seats, this.queues, listener);
  }

  ticket(id: string): Readonly<Ticket> | undefined {
    return this.tickets.get(id);
  }

  /** @returns false when the queue is full: then there is no ticket. */
  enqueue(wish: NewTicket): boolean {
    const config = this.queueConfig(wish.queue);
    const { counters, standing } = this.queues.get(wish.queue);
    const { now } = this.moment;
    counters.offered++;
    if (standing >= (config.maxWaiting ?? Infinity)) {
      counters.overflowed++;
      counters.refused++;

      return false;
    }
    const ticket: Ticket = {
      ...{ id: wish.id, queue: wish.queue, state: 'waiting', node: '', callId: wish.id, terminal: wish.customer },
      ...{ class: wish.class, priority: wish.priority, medium: wish.medium, customer: wish.customer },
      skills: [...new Set(wish.skills)].sort().join(';'),
      ...{ designated: wish.designated, last: '', frequent: '', returns: '', enqueuedAt: now, queuedAt: now },
      ...{
        sequence: ++this.sequence,
        callback: false,
        offers: [],
        tried: new Set(),
        seatId: '',
        answeredAt: 0,
        how: '',
      },
      ...{ grace: config.grace * 1_000, regular: asksRegulars(config), wrapUp: 0, until: 0 },
    };
    this.tickets.add(ticket);
    this.tickets.joinLine(ticket, config);
    this.recall(ticket, config);
    this.flush();

    return true;
  }

  /** Claims what was matched; undefined when it cannot be had any more. */
  offer({ ticket: { id }, choice, takes }: Match): LiveOffer | undefined {
    const ticket = this.tickets.get(id);
    const seat = this.seats.get(choice.seatId);
    if (!ticket || !seat || !this.tickets.may(ticket, 'offer')) return undefined;
    if (ticket.state === 'offered' && !gathers(choice.strategy)) return undefined;
    if (takes) this.takeSeat(seat.id);
    if (seat.ticket !== '' || !this.seats.may(seat, 'offer')) {
      this.flush();

      return undefined;
    }
    const config = this.queueConfig(ticket.queue);
    const { now } = this.moment;
    const offer: LiveOffer = {
      offerId: `offer-${++this.offers}`,
      ...{ ticketId: id, seatId: seat.id, queue: ticket.queue, at: now },
      missDelay: config.noAnswerDelay * 1_000,
      missBreak: config.autoBreak?.['no-answer'] ?? 0,
    };
    const until = now + ringSeconds(config, ticket) * 1_000 + LEASE_MARGIN;
    this.tickets.move(ticket, 'offer');
    ticket.offers = [...ticket.offers, offer];
    this.seats.move(seat, 'offer');
    this.seats.change(seat, { ticket: id, offer: offer.offerId, until, rest: '', lastOffered: now });
    this.queues.rang(ticket.queue, seat.id);
    this.moment.owe(leaseOf(offer), until);
    this.flush();

    return offer;
  }

  ring({ offerId, seatId }: LiveOffer): void {
    const seat = this.seats.get(seatId);
    if (seat?.offer !== offerId || !this.seats.may(seat, 'ring')) return;
    this.seats.move(seat, 'ring');
    this.flush();
  }

  /** @returns false when the offer is not alive any more. */
  accept(offer: LiveOffer): boolean {
    const { offerId, ticketId, seatId } = offer;
    const ticket = this.tickets.get(ticketId);
    const seat = this.seats.get(seatId);
    if (!ticket || seat?.offer !== offerId || !this.tickets.may(ticket, 'accept')) return false;
    if (!this.seats.may(seat, 'accept') || !this.tickets.takeOffer(ticket, offerId)) return false;
    this.tickets.dissolveOffers(ticket, 'elsewhere');
    this.tickets.move(ticket, 'accept');
    this.seats.move(seat, 'accept');
    this.seats.change(seat, { until: 0, missed: {} });
    this.moment.oweNothing(leaseOf(offer));
    this.tickets.quitLine(ticket);
    const { now } = this.moment;
    const queue = this.queues.get(ticket.queue);
    ticket.answeredAt = now;
    ticket.seatId = seatId;
    ticket.wrapUp = wrapUpOf(this.queueConfig(ticket.queue));
    queue.counters[ticket.callback ? 'calledBack' : 'answered']++;
    this.rememberRegular(ticket, seatId);
    this.flush();

    return true;
  }

  /** The seat did not take the offer. `node-lost`: through no fault of its own. */
  decline({ offerId, ticketId, queue }: LiveOffer, cause: MissCause | 'node-lost'): void {
    const ticket = this.tickets.get(ticketId);
    const offer = ticket && this.tickets.may(ticket, 'withdraw') && this.tickets.takeOffer(ticket, offerId);
    if (!ticket || !offer) return;
    const config = this.queueConfig(queue);
    offer.missBreak = cause === 'node-lost' ? 0 : (config.autoBreak?.[cause] ?? 0);
    this.tickets.endOffer(ticket, offer, cause, restAfter(cause, config));
    if (ticket.offers.length === 0) this.tickets.move(ticket, 'withdraw');
    this.flush();
  }

  /** The caller's call is lost: his place is kept for the grace period. */
  drop(ticketId: string): void {
    const ticket = this.tickets.get(ticketId);
    // Who is to be called back has hung up already.
    if (!ticket || ticket.callback) return;
    this.tickets.backToWaiting(ticket, 'caller-dropped');
    if (this.tickets.may(ticket, 'drop')) {
      this.tickets.move(ticket, 'drop');
      this.moment.owe(`grace:${ticket.id}`, this.moment.now + ticket.grace);
    }
    this.flush();
  }

  /** He calls again in time. */
  resume(ticketId: string): void {
    const ticket = this.tickets.get(ticketId);
    if (!ticket) return;
    this.tickets.backToWaiting(ticket, 'resumed');
    if (!this.tickets.may(ticket, 'resume')) return this.flush();
    this.moment.oweNothing(`grace:${ticket.id}`);
    ticket.callback = false;
    this.tickets.move(ticket, 'resume');
    this.flush();
  }

  leave(ticketId: string, how: LeaveReason): void {
    const ticket = this.tickets.get(ticketId);
    if (!ticket || !this.tickets.may(ticket, 'leave')) return;
    if (ticket.state === 'talking') {
      this.tickets.endTalk(ticket, 'leave');
    } else {
      this.tickets.dissolveOffers(ticket, 'caller-left');
      this.tickets.end(ticket, 'leave', how);
    }
    this.flush();
  }

  /** `broke`: the talk broke off; who calls again soon gets the same seat first. */
  complete(ticketId: string, broke = false): void {
    const ticket = this.tickets.get(ticketId);
    if (!ticket || !this.tickets.may(ticket, 'complete')) return;
    if (broke && this.queueConfig(ticket.queue).returnWithin) {
      Object.assign(this.queues.regularsOf(ticket.customer), { broke: ticket.seatId, brokeAt: this.moment.now });
    }
    this.tickets.endTalk(ticket, 'complete');
    this.flush();
  }

  /** @returns false when the other queue is full: then the ticket stays where it is. */
  transfer(ticketId: string, queueId: string): boolean {
    const ticket = this.tickets.get(ticketId);
    if (!ticket || ticket.state === 'talking') return false;
    if (ticket.queue === queueId) return true;
    const config = this.queueConfig(queueId);
    const queue = this.queues.get(queueId);
    if (queue.standing >= (config.maxWaiting ?? Infinity)) return false;
    this.tickets.backToWaiting(ticket, 'overflowed');
    this.tickets.quitLine(ticket);
    this.queues.get(ticket.queue).counters.overflowed++;
    Object.assign(ticket, { queue: queueId, queuedAt: this.moment.now, grace: config.grace * 1_000, tried: new Set() });
    Object.assign(ticket, { regular: asksRegulars(config), returns: '' });
    if (ticket.regular && ticket.customer !== '') this.recall(ticket, { ...config, returnWithin: 0 });
    this.tickets.touch(ticket);
    queue.counters.offered++;
    this.tickets.joinLine(ticket, config);
    this.flush();

    return true;
  }

  /** The person hangs up and is to be called back in his turn. */
  askCallback(ticketId: string): void {
    const ticket = this.tickets.get(ticketId);
    if (!ticket || ticket.state === 'talking' || ticket.callback) return;
    this.tickets.backToWaiting(ticket, 'caller-left');
    if (ticket.state === 'held') this.tickets.move(ticket, 'unhold');
    if (ticket.state === 'dropped') {
      this.moment.oweNothing(`grace:${ticket.id}`);
      this.tickets.move(ticket, 'resume');
    }
    ticket.callback = true;
    this.tickets.touch(ticket);
    this.flush();
  }

  /** Nobody is rung for the ticket for `ms`. */
  postpone(ticketId: string, ms: number): void {
    const ticket = this.tickets.get(ticketId);
    if (!ticket) return;
    this.tickets.backToWaiting(ticket, 'caller-left');
    if (this.tickets.may(ticket, 'hold')) this.tickets.move(ticket, 'hold');
    if (ticket.state === 'held') {
      ticket.until = this.moment.now + ms;
      this.moment.owe(`unhold:${ticket.id}`, ticket.until);
    }
    this.flush();
  }

  seatUp(id: string): void {
    this.onSeats(() => this.seats.up(id));
  }

  seatDown(id: string): void {
    this.onSeats(() => this.seats.down(id));
  }

  pause(id: string, reason = ''): void {
    this.onSeats(() => this.seats.pause(id, reason));
  }

  unpause(id: string): void {
    this.onSeats(() => this.seats.unpause(id));
  }

  endWrapUp(id: string): void {
    this.onSeats(() => this.seats.endWrapUp(id));
  }

  /** Something that was owed to the future has fallen due; see `sweepDue`. */
  due(entry: string): void {
    const [kind = '', id = '', detail = ''] = entry.split(':');
    const ticket = this.tickets.get(id);
    if (kind === 'seat') this.seats.due(id);
    else if (ticket) this.ticketDue(kind, ticket, detail);
    this.flush();
  }

  private ticketDue(kind: string, ticket: Ticket, detail: string): void {
    const { state } = ticket;
    if (kind === 'offer') this.leaseEnds(ticket, detail);
    else if (kind === 'grace' && state === 'dropped') this.tickets.end(ticket, 'leave', 'abandoned');
    else if (kind === 'wait') this.waitedLongest(ticket);
    else if (kind === 'unhold' && state === 'held' && ticket.until > 0) {
      ticket.until = 0;
      this.tickets.move(ticket, 'unhold');
    }
  }

  private leaseEnds(ticket: Ticket, offerId: string): void {
    const offer = ticket.state === 'offered' ? this.tickets.takeOffer(ticket, offerId) : undefined;
    if (!offer) return;
    this.tickets.endOffer(ticket, offer, 'expired', offer.missDelay);
    if (ticket.offers.length === 0) this.tickets.move(ticket, 'withdraw');
  }

  private waitedLongest(ticket: Ticket): void {
    const { state } = ticket;
    // Who is to be called back has a limit of his own: how often he is called. He may take that back.
    if (ticket.callback && state !== 'talking') {
      this.moment.owe(`wait:${ticket.id}`, this.moment.now + CALLBACK_LOOK);

      return;
    }
    if (state === 'waiting' || state === 'held') this.tickets.end(ticket, 'leave', 'overflowed');
    else if (state === 'offered' || state === 'dropped') {
      this.moment.owe(`wait:${ticket.id}`, this.moment.now + LOOK_AGAIN);
    }
  }

  /** For an alarm; see `preempt.lua`. */
  private takeSeat(seatId: string): void {
    const seat = this.seats.get(seatId);
    // Nothing is taken for a seat that could not be rung afterwards.
    if (!seat || seat.paused || !seat.up || !seat.login) return;
    const other = this.tickets.get(seat.ticket);
    if (!other) {
      if (seat.rest === '') return;
      this.seats.change(seat, { rest: '', until: 0 });

      return this.seats.settle(seat);
    }
    if (other.class === 'alarm') return;
    if (other.state === 'talking') return this.breakTalk(other, seatId);
    const offer = this.tickets.takeOffer(other, seat.offer);
    if (!offer) return;
    this.tickets.endOffer(other, offer, 'pre-empted', 0);
    if (other.offers.length === 0) this.tickets.move(other, 'withdraw');
  }

  private breakTalk(ticket: Ticket, seatId: string): void {
    const { counters } = this.queues.get(ticket.queue);
    counters[ticket.callback ? 'calledBack' : 'answered']--;
    this.tickets.move(ticket, 'preempt');
    this.queues.get(ticket.queue).standing++;
    Object.assign(ticket, { seatId: '', answeredAt: 0 });
    this.seats.free(seatId, ticket.id, '', 0, true);
    this.listener.preempted(ticket, seatId);
  }

  private rememberRegular({ customer, regular }: Ticket, seatId: string): void {
    if (!regular || customer === '') return;
    const known = this.queues.regularsOf(customer);
    known.last = seatId;
    known.counts.set(seatId, (known.counts.get(seatId) ?? 0) + 1);
  }

  /** Writes into a new ticket who served its customer before, and who lost him a moment ago. */
  private recall(ticket: Ticket, config: QueueConfig): void {
    const { customer, regular } = ticket;
    const { returnWithin = 0 } = config;
    if (customer === '' || (!regular && returnWithin === 0)) return;
    const known = this.queues.regularsOf(customer);
    if (regular) Object.assign(ticket, { last: known.last, frequent: this.queues.frequentOf(customer) });
    if (known.broke === '' || this.moment.now - known.brokeAt > returnWithin * 1_000) return;
    ticket.returns = known.broke;
    known.broke = '';
  }

  private onSeats(change: () => void): void {
    change();
    this.flush();
  }

  private flush(): void {
    const { now } = this.moment;
    this.queues.flush((row) => this.learner.take({ kind: 'q', row }, now));
    this.tickets.flush((row) => this.learner.take({ kind: 't', row }, now));
    this.seats.flush((row) => {
      this.learner.take({ kind: 's', row }, now);
      this.onSeat(row);
    });
  }

  private queueConfig(id: string): QueueConfig {
    const config = this.config.queue(id);
    if (!config) throw new Error(`there is no queue '${id}'`);

    return config;
  }
}

function gathers(strategy: Strategy): boolean {
  return strategy === 'ring-all' || strategy === 'ring-progressively';
}

function asksRegulars(config: QueueConfig): boolean {
  return (config.rings ?? []).some(({ seats: { kind } }) => kind === 'last-agent' || kind === 'frequent-agent');
}
