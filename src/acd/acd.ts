import { systemClock } from '../lib/clock';
import type { Clock } from '../lib/clock';
import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import { Boards } from './board';
import { Channels } from './channels';
import { Dispatcher } from './dispatcher';
import { Engine, isUnavailable } from './engine';
import type { Effect } from './engine';
import { Keeper } from './keeper';
import { Offers } from './offers';
import { Outbox } from './outbox';
import { Reconciler } from './reconcile';
import { Registry } from './registry';
import { Seats } from './seats';
import { Tickets, checkName } from './tickets';
import type {
  AcdConfig,
  AcdEvents,
  AcdSnapshot,
  DeclineCause,
  EnqueueRequest,
  LeaveReason,
  Offer,
  Position,
  QueueStats,
  ResumeRequest,
  SeatState,
  SeatView,
  TicketEvent,
  TicketView,
} from './types';

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
  movedEvery: 250,
  patience: 300,
};

/** A Redis that dies may have lost the last second of what it had confirmed; this is looked at with a margin, in ms. */
const FORGETS = 5_000;

/**
 * Tickets, queues, seats and offers of a site: see docs/acd.md for the states and who may change what.
 *
 * While Redis is away `enqueue`, `resume`, `adopt` and everything that reads fail with STORE_UNAVAILABLE. What must not
 * be lost (`drop`, `leave`, `complete`, `decline`, `hold`, `unhold`, seats) is kept and carried out in order when it is
 * back; `accept` waits for it.
 */
export class Acd extends TypedEmitter<AcdEvents> {
  private readonly engine: Engine;
  private readonly registry = new Registry();
  private readonly outbox: Outbox;
  private readonly dispatcher: Dispatcher;
  private readonly boards: Boards;
  private readonly keeper: Keeper;
  private readonly tickets: Tickets;
  private readonly offers: Offers;
  private readonly seats: Seats;
  private readonly channels: Channels;
  private readonly reconciler: Reconciler;
  private readonly offStore: (() => void)[] = [];
  private lostAt = 0;
  private comingBack: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  private constructor(options: AcdOptions) {
    super((error, event) => options.log.error({ err: error, event }, 'a listener of the ACD threw'));
    const times = { ...defaultTimes, ...options.times };
    const { store, log } = options;
    const clock = options.clock ?? systemClock;
    this.engine = new Engine({ ...options, clock, patience: times.patience }, (effect) => this.onEffect(effect));
    this.outbox = new Outbox(store, times.patience, log);
    this.dispatcher = new Dispatcher(this.engine, times.leaseMargin);
    this.boards = new Boards(this.engine, this.registry, times.movedEvery, (ids) => this.emit('moved', ids));
    this.tickets = new Tickets(this.engine, this.registry, this.outbox);
    this.offers = new Offers(this.engine, this.registry, this.outbox);
    this.seats = new Seats(this.engine, this.outbox);
    this.channels = new Channels(
      this.engine,
      (effect) => this.onEffect(effect),
      (queue) => this.boards.moved(queue, false),
    );
    this.reconciler = new Reconciler(this.engine, this.registry, this.reconcileContext());
    this.keeper = new Keeper(this.engine, times, {
      wakeAll: () => this.wakeAll(),
      fenced: () => this.onFenced(),
      reconcile: () => this.reconciler.run(),
    });
  }

  /** Takes the lease of this node and begins to dispatch. Call `adopt` with the node's own name after a restart. */
  static async open(options: AcdOptions): Promise<Acd> {
    checkName('node', options.node);
    const acd = new Acd(options);
    await acd.channels.open();
    await acd.keeper.start();
    acd.offStore.push(
      options.store.on('up', () => acd.onStoreUp()),
      options.store.on('down', () => acd.onStoreDown()),
    );
    acd.wakeAll();

    return acd;
  }

  /** This incarnation of the node, as it stands in `TicketView.node`. */
  get node(): string {
    return this.engine.node;
  }

  // Tickets.

  /**
   * Puts a caller into a queue. Offers for the ticket may follow at once.
   * @throws SightlineError QUEUE_UNKNOWN, QUEUE_FULL, BAD_REQUEST, STORE_UNAVAILABLE (then no ticket is left behind).
   */
  enqueue(request: EnqueueRequest): Promise<TicketView> {
    return this.tickets.enqueue(request);
  }

  /**
   * The caller's call is lost: his place is kept for the queue's grace period. The seat that was rung is free at once.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  drop(ticketId: string): Promise<Offer | undefined> {
    return this.tickets.drop(ticketId);
  }

  /**
   * A terminal that calls again takes over the ticket of its earlier call, in its old place, also when the loss of that
   * call was not noticed yet (it gets `replaced`).
   * @returns undefined when there is no such ticket, or it talks already.
   */
  resume(request: ResumeRequest): Promise<TicketView | undefined> {
    return this.tickets.resume(request);
  }

  /** The caller looks elsewhere, for instance at the menu: the place is kept, no seat is rung until `unhold`. */
  hold(ticketId: string): Promise<void> {
    return this.tickets.hold(ticketId);
  }

  unhold(ticketId: string): Promise<void> {
    return this.tickets.unhold(ticketId);
  }

  /**
   * The caller is gone for good; a talk ends as by `complete`.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  leave(ticketId: string, reason: LeaveReason = 'abandoned'): Promise<Offer | undefined> {
    return this.tickets.leave(ticketId, reason);
  }

  /** The talk is over: the seat wraps up or is free. Does nothing for a ticket that does not talk. */
  complete(ticketId: string): Promise<void> {
    return this.tickets.complete(ticketId);
  }

  // Offers.

  /**
   * The seat has answered. While the store is away this waits for it: the promise to the seat holds until then.
   * @throws SightlineError OFFER_GONE when the offer was withdrawn, swept, or is not the live one.
   */
  accept(offer: Offer): Promise<void> {
    return this.offers.accept(offer);
  }

  /**
   * The seat did not take the offer: it rests as the queue's settings say and the ticket is offered again, in its old
   * place. With `caller-left` the seat goes free at once and the ticket is dropped: `leave` or `resume` may follow. With
   * `node-lost`, for an adopted ticket whose seat nobody rings any more, the seat goes free at once and the ticket waits.
   * An offer that is not alive any more is left alone.
   */
  async decline(offer: Offer, cause: DeclineCause): Promise<void> {
    if (cause === 'caller-left') await this.tickets.drop(offer.ticketId);
    else await this.offers.decline(offer, cause);
  }

  // Seats. Each returns the seat's state, or undefined when the change is kept until the store is back.

  /** @throws SightlineError SEAT_UNKNOWN */
  seatUp(seatId: string): Promise<SeatState | undefined> {
    return this.seats.up(seatId);
  }

  /** A seat that is offered or talking goes offline when that is over. */
  seatDown(seatId: string): Promise<SeatState | undefined> {
    return this.seats.down(seatId);
  }

  /** @throws SightlineError SEAT_UNKNOWN */
  pause(seatId: string): Promise<SeatState | undefined> {
    return this.seats.pause(seatId);
  }

  /** @throws SightlineError SEAT_UNKNOWN */
  unpause(seatId: string): Promise<SeatState | undefined> {
    return this.seats.unpause(seatId);
  }

  // Looking.

  /** @throws SightlineError TICKET_GONE when the ticket does not stand in a line. */
  async position(ticketId: string): Promise<Position> {
    const queue = this.registry.get(ticketId)?.queue ?? (await this.ticket(ticketId))?.queue;
    const position = queue === undefined ? undefined : await this.boards.position(queue, ticketId);
    if (!position) throw new SightlineError('TICKET_GONE');

    return position;
  }

  ticket(ticketId: string): Promise<TicketView | undefined> {
    return this.tickets.view(ticketId);
  }

  seat(seatId: string): Promise<SeatView | undefined> {
    return this.seats.view(seatId);
  }

  /** What happened to a ticket, oldest first; kept for an hour after its end. */
  history(ticketId: string): Promise<TicketEvent[]> {
    return this.tickets.history(ticketId);
  }

  stats(queue: string): Promise<QueueStats> {
    return this.seats.stats(queue);
  }

  /** Every queue of the plan, or with tickets in it, and every seat that was ever up. */
  snapshot(): Promise<AcdSnapshot> {
    return this.seats.snapshot();
  }

  // Nodes.

  /**
   * Takes over the tickets of a node that is gone: an earlier run of this one, or another whose lease has ended.
   * Those that were dropped because it died wait again. What the calls of the rest need is seen by their states.
   */
  adopt(node: string): Promise<TicketView[]> {
    return this.tickets.adopt(node);
  }

  /** Ends everything that has fallen due by now, without waiting for its timer. */
  sweep(): Promise<void> {
    return this.keeper.sweep();
  }

  /** Resolves when all that was set in motion on this node has come to rest. */
  async settled(): Promise<void> {
    for (let rounds = 0; rounds < 2; rounds++) {
      await this.comingBack;
      await this.outbox.idle();
      await this.keeper.idle();
      await this.dispatcher.idle();
      await this.boards.idle();
    }
  }

  /** Stops dispatching. Tickets stay in the store until the lease of this node ends, for the node that adopts them. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();

    return this.closing;
  }

  private async closeNow(): Promise<void> {
    for (const off of this.offStore) off();
    await this.outbox.close();
    await this.keeper.close();
    await this.dispatcher.close();
    await this.boards.close();
    this.channels.close();
  }

  // What happens.

  private onEffect(effect: Effect): void {
    switch (effect.t) {
      case 'offer':
        return this.onOffer(effect.offer);
      case 'withdrawn':
        if (this.registry.withdrawn(effect.offer)) this.emit('withdrawn', effect.offer, effect.cause);
        return;
      case 'ended':
        this.registry.remove(effect.id);
        this.emit('ended', effect.id, effect.how);
        return;
      case 'replaced':
        if (this.registry.get(effect.id)?.callId === effect.call) this.registry.remove(effect.id);
        this.emit('replaced', effect.id, effect.call);
        return;
      case 'wake':
        return this.dispatcher.wake(effect.q);
      case 'moved':
        return this.boards.moved(effect.q, true);
      case 'due':
        return this.keeper.due(effect.at);
    }
  }

  private onOffer(offer: Offer): void {
    if (!this.registry.offered(offer)) return;
    this.emit('offer', offer);
  }

  private onStoreDown(): void {
    this.lostAt = this.engine.now();
    this.keeper.storeIsLost();
  }

  private onStoreUp(): void {
    this.comingBack = this.comeBack().catch((error: unknown) => {
      this.engine.doubtful = true;
      // Lost again: the next `up` begins anew.
      if (isUnavailable(error)) return;
      this.engine.log.error({ err: error }, 'coming back to the store failed');
      this.keeper.resume();
    });
  }

  /** First what must not be lost, then what may have gone astray, and only then what has fallen due meanwhile. */
  private async comeBack(): Promise<void> {
    await this.keeper.storeIsBack();
    await this.outbox.idle();
    await this.seats.assert(this.lostAt - FORGETS);
    await this.reconciler.run();
    this.keeper.resume();
    this.wakeAll();
  }

  private async onFenced(): Promise<void> {
    this.engine.log.warn({ node: this.node }, 'the lease of this node was lost');
    await this.reconciler.run();
    this.emit('fenced');
  }

  private wakeAll(): void {
    for (const queue of this.engine.config.queues()) this.dispatcher.wake(queue.id);
  }

  private reconcileContext(): ConstructorParameters<typeof Reconciler>[2] {
    return {
      enter: (ticket) => this.tickets.enter(ticket, false),
      drop: (id) => this.tickets.change('dropTicket', id),
      hold: (id) => this.tickets.change('holdTicket', id),
      unhold: (id) => this.tickets.change('unholdTicket', id),
      leave: (id) => this.tickets.leaveNow(id, 'abandoned'),
      reclaim: (ticket) => this.tickets.reclaim(ticket),
      accept: async (ticket) => {
        if (ticket.offer) await this.accept(ticket.offer);
      },
    };
  }
}
