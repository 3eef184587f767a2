import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import type { AcdOptions } from './options';
import { AcdParts } from './parts';
import type { QueueTicket } from './queue-tickets';
import type { NextState } from './seats';
import { checkName } from './tickets';
import type { TicketClass } from './config';
import type {
  AcdEvents,
  AcdSnapshot,
  DeclineCause,
  EnqueueRequest,
  Explanation,
  LeaveReason,
  Offer,
  Position,
  QueueFacts,
  QueueStats,
  ResumeRequest,
  SeatState,
  SeatView,
  TicketEvent,
  TicketView,
} from './types';

/**
 * Tickets, queues, seats and offers of a site: see docs/acd.md for the states and who may change what.
 *
 * While Redis is away `enqueue`, `resume`, `adopt` and everything that reads fail with STORE_UNAVAILABLE. What must not
 * be lost (`drop`, `leave`, `complete`, `decline`, `hold`, `unhold`, seats) is kept and carried out in order when it is
 * back; `accept` waits for it.
 */
export class Acd extends TypedEmitter<AcdEvents> {
  private readonly parts: AcdParts;
  private readonly offStore: (() => void)[] = [];
  private closing: Promise<void> | undefined;

  private constructor(options: AcdOptions) {
    super((error, event) => options.log.error({ err: error, event }, 'a listener of the ACD threw'));
    this.parts = new AcdParts(options, this);
  }

  /** Takes the lease of this node and begins to dispatch. Call `adopt` with the node's own name after a restart. */
  static async open(options: AcdOptions): Promise<Acd> {
    checkName('node', options.node);
    const acd = new Acd(options);
    const { channels, keeper, mirror, comeback } = acd.parts;
    // News is heard, and others send it, before the floor is learnt: nothing is missed in between.
    await channels.open();
    await keeper.start();
    await mirror.load();
    acd.offStore.push(
      options.store.on('up', () => comeback.storeIsBack()),
      options.store.on('down', () => comeback.storeIsLost()),
    );

    return acd;
  }

  /** This incarnation of the node, as it stands in `TicketView.node`. */
  get node(): string {
    return this.parts.engine.node;
  }

  // Tickets.

  /**
   * Puts a caller into a queue. Offers for the ticket may follow at once.
   * @throws SightlineError QUEUE_UNKNOWN, QUEUE_FULL, BAD_REQUEST, STORE_UNAVAILABLE (then no ticket is left behind).
   */
  enqueue(request: EnqueueRequest): Promise<TicketView> {
    return this.parts.tickets.enqueue(request);
  }

  /**
   * The caller's call is lost: his place is kept for the queue's grace period. The seat that was rung is free at once.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  drop(ticketId: string): Promise<Offer | undefined> {
    return this.parts.tickets.drop(ticketId);
  }

  /**
   * A terminal that calls again takes over the ticket of its earlier call, in its old place, also when the loss of that
   * call was not noticed yet (it gets `replaced`).
   * @returns undefined when there is no such ticket, or it talks already.
   */
  resume(request: ResumeRequest): Promise<TicketView | undefined> {
    return this.parts.tickets.resume(request);
  }

  /** The caller looks elsewhere, for instance at the menu: the place is kept, no seat is rung until `unhold`. */
  hold(ticketId: string): Promise<void> {
    return this.parts.tickets.hold(ticketId);
  }

  unhold(ticketId: string): Promise<void> {
    return this.parts.tickets.unhold(ticketId);
  }

  /**
   * The caller is gone for good; a talk ends as by `complete`.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  leave(ticketId: string, reason: LeaveReason = 'abandoned'): Promise<Offer | undefined> {
    return this.parts.tickets.leave(ticketId, reason);
  }

  /**
   * The caller is not to wait any longer; the node of his call hears of it by `ended`.
   * @throws SightlineError TICKET_GONE when it has ended, WRONG_STATE when it talks.
   */
  endWait(ticketId: string): Promise<void> {
    return this.parts.tickets.endWait(ticketId);
  }

  /** The talk is over: the seat wraps up or is free. Does nothing for a ticket that does not talk. */
  complete(ticketId: string): Promise<void> {
    return this.parts.tickets.complete(ticketId, false);
  }

  /** The talk broke off through nobody's will: as `complete`, and whoever calls again soon gets the same seat first. */
  breakOff(ticketId: string): Promise<void> {
    return this.parts.tickets.complete(ticketId, true);
  }

  /** Nobody is rung for the ticket for `ms`; it keeps its place. A live offer is withdrawn without a fault of its seat. */
  postpone(ticketId: string, ms: number): Promise<void> {
    return this.parts.tickets.postpone(ticketId, ms);
  }

  /**
   * The person hangs up and is to be called back in his turn: the ticket keeps its place without a caller; `callback` tells the
   * node of his call. When the node dies, another takes it over.
   * @throws SightlineError TICKET_GONE, WRONG_STATE
   */
  askCallback(ticketId: string): Promise<void> {
    return this.parts.tickets.askCallback(ticketId);
  }

  /**
   * Puts a ticket that stands in a line into another queue, with its old time.
   * @throws SightlineError QUEUE_UNKNOWN, QUEUE_FULL (then it stays where it is), TICKET_GONE, WRONG_STATE
   */
  transfer(ticketId: string, queue: string): Promise<void> {
    return this.parts.tickets.transfer(ticketId, queue);
  }

  /**
   * Gives a ticket another class or head start.
   * @throws SightlineError TICKET_GONE, WRONG_STATE, BAD_REQUEST
   */
  async reprioritise(ticketId: string, rank: { class?: TicketClass; priority?: number }): Promise<void> {
    const ticket = await this.ticket(ticketId);
    if (!ticket) throw new SightlineError('TICKET_GONE');
    await this.parts.tickets.rank(ticketId, rank.class ?? ticket.class ?? 'normal', rank.priority ?? ticket.priority);
  }

  // Offers.

  /**
   * The seat has answered. While the store is away this waits for it: the promise to the seat holds until then.
   * @throws SightlineError OFFER_GONE when the offer was withdrawn, swept, or is not the live one.
   */
  accept(offer: Offer): Promise<void> {
    return this.parts.offers.accept(offer);
  }

  /**
   * The seat did not take the offer: it rests as the queue's settings say and the ticket is offered again, in its old
   * place. With `caller-left` the seat goes free at once and the ticket is dropped: `leave` or `resume` may follow. With
   * `node-lost`, for an adopted ticket whose seat nobody rings any more, the seat goes free at once and the ticket waits.
   * An offer that is not alive any more is left alone.
   */
  async decline(offer: Offer, cause: DeclineCause): Promise<void> {
    // Whoever is to be called back is not there anyway, and keeps his turn.
    const keeps = this.parts.registry.get(offer.ticketId)?.callback ?? false;
    if (cause === 'caller-left' && !keeps) await this.parts.tickets.drop(offer.ticketId);
    else await this.parts.offers.decline(offer, cause);
  }

  /** The phone of an offered seat rings. */
  ringing(offer: Offer): Promise<void> {
    return this.parts.offers.ringing(offer);
  }

  // Seats. Each returns the seat's state, or undefined when the change is kept until the store is back.

  /** @throws SightlineError SEAT_UNKNOWN */
  seatUp(seatId: string): Promise<SeatState | undefined> {
    return this.parts.seats.up(seatId);
  }

  /** A seat that is offered or talking goes offline when that is over. */
  seatDown(seatId: string): Promise<SeatState | undefined> {
    return this.parts.seats.down(seatId);
  }

  /** The agent begins to work at the seat, and is not on a break. @throws SightlineError SEAT_UNKNOWN */
  login(seatId: string): Promise<SeatState | undefined> {
    return this.parts.seats.login(seatId);
  }

  /** The agent goes; a seat that is offered or talking goes offline when that is over. @throws SightlineError SEAT_UNKNOWN */
  logout(seatId: string): Promise<SeatState | undefined> {
    return this.parts.seats.logout(seatId);
  }

  /** @throws SightlineError SEAT_UNKNOWN, BAD_REQUEST for a reason that cannot be kept. */
  pause(seatId: string, reason?: string): Promise<SeatState | undefined> {
    return this.parts.seats.pause(seatId, reason);
  }

  /** @throws SightlineError SEAT_UNKNOWN */
  unpause(seatId: string): Promise<SeatState | undefined> {
    return this.parts.seats.unpause(seatId);
  }

  /** What the seat turns to when its call is over. @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when it is in none. */
  setNext(seatId: string, next: NextState, reason?: string): Promise<SeatState | undefined> {
    return this.parts.seats.setNext(seatId, next, reason);
  }

  /** @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when the seat does not wrap up. */
  extendWrapUp(seatId: string, seconds: number): Promise<SeatState> {
    return this.parts.seats.wrapUp(seatId, Math.max(1, Math.round(seconds * 1_000)));
  }

  /** The agent is done. @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when the seat does not wrap up. */
  endWrapUp(seatId: string): Promise<SeatState> {
    return this.parts.seats.wrapUp(seatId, 0);
  }

  /** The seat has a call, or no longer has one, that is none of the queue's. @throws SightlineError SEAT_UNKNOWN */
  engaged(seatId: string, callId: string, on: boolean): Promise<SeatState | undefined> {
    return this.parts.seats.engaged(seatId, callId, on);
  }

  // Looking.

  /** As this node knows it at the moment, also while the store is away. @throws SightlineError TICKET_GONE when the ticket does not stand in a line. */
  position(ticketId: string): Promise<Position> {
    return this.parts.looking.position(ticketId);
  }

  /** How a queue stands. @throws SightlineError QUEUE_UNKNOWN */
  facts(queue: string): Promise<QueueFacts> {
    return this.parts.looking.facts(queue);
  }

  /** Everybody who stands in a queue, in order. */
  queueTickets(queue: string, limit = 1_000): Promise<QueueTicket[]> {
    return this.parts.looking.queueTickets(queue, limit);
  }

  /** Why which seat was, or would be, rung for a ticket; undefined when there is no such ticket any more. */
  explain(ticketId: string): Promise<Explanation | undefined> {
    return this.parts.looking.explain(ticketId);
  }

  ticket(ticketId: string): Promise<TicketView | undefined> {
    return this.parts.tickets.view(ticketId);
  }

  seat(seatId: string): Promise<SeatView | undefined> {
    return this.parts.seats.view(seatId);
  }

  /** What happened to a ticket, oldest first; kept for an hour after its end. */
  history(ticketId: string): Promise<TicketEvent[]> {
    return this.parts.tickets.history(ticketId);
  }

  stats(queue: string): Promise<QueueStats> {
    return this.parts.seats.stats(queue);
  }

  /** Every queue of the plan, or with tickets in it, and every seat that was ever up. */
  snapshot(): Promise<AcdSnapshot> {
    return this.parts.seats.snapshot();
  }

  // Nodes.

  /**
   * Takes over the tickets of a node that is gone: an earlier run of this one, or another whose lease has ended.
   * Those that were dropped because it died wait again. What the calls of the rest need is seen by their states.
   */
  adopt(node: string): Promise<TicketView[]> {
    return this.parts.tickets.adopt(node);
  }

  /** The plan in force is another one: who may take what is made out anew. */
  usePlan(): void {
    this.parts.mirror.usePlan();
  }

  /** Ends everything that has fallen due by now, without waiting for its timer. */
  sweep(): Promise<void> {
    return this.parts.keeper.sweep();
  }

  /** Resolves when all that was set in motion on this node has come to rest. */
  async settled(): Promise<void> {
    const { comeback, outbox, keeper, dispatcher } = this.parts;
    for (let rounds = 0; rounds < 2; rounds++) {
      await comeback.idle();
      await outbox.idle();
      await keeper.idle();
      await dispatcher.idle();
    }
  }

  /** Stops dispatching. Tickets stay in the store until the lease of this node ends, for the node that adopts them. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();

    return this.closing;
  }

  private async closeNow(): Promise<void> {
    const { outbox, keeper, dispatcher, boards, overflows, channels } = this.parts;
    for (const off of this.offStore) off();
    await outbox.close();
    await keeper.close();
    await dispatcher.close();
    boards.close();
    overflows.close();
    channels.close();
  }
}
