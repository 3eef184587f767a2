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
import { Estimates } from './estimates';
import { explain } from './explain';
import { Foresight } from './foresight';
import { Keeper } from './keeper';
import { Mirror } from './mirror';
import { Offers } from './offers';
import { Outbox } from './outbox';
import { Overflows } from './overflow';
import { queueTickets } from './queue-tickets';
import type { QueueTicket } from './queue-tickets';
import { Reconciler } from './reconcile';
import { Registry } from './registry';
import { Seats } from './seats';
import type { NextState } from './seats';
import { Tickets, checkName } from './tickets';
import type {
  AcdConfig,
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
  TicketClass,
  TicketEvent,
  TicketView,
} from './types';
import { decisionsOf } from './views';

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
  private readonly mirror: Mirror;
  private readonly outbox: Outbox;
  private readonly dispatcher: Dispatcher;
  private readonly estimates: Estimates;
  private readonly boards: Boards;
  private readonly overflows: Overflows;
  private readonly foresight: Foresight;
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
    this.engine = new Engine(
      { ...options, clock, patience: times.patience },
      {
        onEffect: (effect) => this.onEffect(effect),
        onRows: (revision, rows) => this.mirror.take(revision, rows, true),
        onDue: (at) => this.keeper.due(at),
        onBatch: (whole) => this.foresight.look(whole),
      },
    );
    this.mirror = new Mirror(this.engine, {
      changed: (here) => (here ? this.dispatcher.wake('all') : this.dispatcher.wakeLater()),
      moved: (queue) => this.boards.moved(queue),
      firstTold: (id) => this.registry.get(id)?.first,
    });
    this.outbox = new Outbox(store, times.patience, log);
    this.dispatcher = new Dispatcher(this.engine, this.mirror, times.leaseMargin);
    this.estimates = new Estimates(this.mirror.floor, this.mirror.learner, () => this.engine.now());
    this.boards = new Boards(
      this.engine,
      this.registry,
      this.mirror,
      this.estimates,
      times.movedEvery,
      (ids, looked) => {
        if (ids.length > 0) this.emit('moved', ids);
        this.overflows.check(looked);
      },
    );
    this.dispatcher.claiming = (seatId) => this.emit('claiming', seatId);
    this.dispatcher.estimate = (ticket) => this.estimates.of(ticket).estimate[1];
    this.overflows = new Overflows(this.engine, this.registry, this.mirror, this.estimates, (id, rule) =>
      this.emit('overflow', id, rule),
    );
    this.foresight = new Foresight(this.engine, this.mirror, this.registry, this.dispatcher);
    this.tickets = new Tickets(this.engine, this.registry, this.outbox, this.foresight);
    this.offers = new Offers(this.engine, this.registry, this.outbox);
    this.seats = new Seats(this.engine, this.outbox, this.mirror);
    this.channels = new Channels(
      this.engine,
      (effect) => this.onEffect(effect),
      (revision, rows) => this.mirror.take(revision, rows, false),
    );
    this.reconciler = new Reconciler(this.engine, this.registry, this.reconcileContext());
    this.keeper = new Keeper(this.engine, times, {
      wakeAll: () => this.lookAround(),
      fenced: () => this.onFenced(),
      reconcile: () => this.reconciler.run(),
      sweeping: () => this.foresight.sweeping(),
    });
  }

  /** Takes the lease of this node and begins to dispatch. Call `adopt` with the node's own name after a restart. */
  static async open(options: AcdOptions): Promise<Acd> {
    checkName('node', options.node);
    const acd = new Acd(options);
    // News is heard, and others send it, before the floor is learnt: nothing is missed in between.
    await acd.channels.open();
    await acd.keeper.start();
    await acd.mirror.load();
    acd.offStore.push(
      options.store.on('up', () => acd.onStoreUp()),
      options.store.on('down', () => acd.onStoreDown()),
    );

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

  /**
   * The caller is not to wait any longer; the node of his call hears of it by `ended`.
   * @throws SightlineError TICKET_GONE when it has ended, WRONG_STATE when it talks.
   */
  endWait(ticketId: string): Promise<void> {
    return this.tickets.endWait(ticketId);
  }

  /** The talk is over: the seat wraps up or is free. Does nothing for a ticket that does not talk. */
  complete(ticketId: string): Promise<void> {
    return this.tickets.complete(ticketId, false);
  }

  /** The talk broke off through nobody's will: as `complete`, and whoever calls again soon gets the same seat first. */
  breakOff(ticketId: string): Promise<void> {
    return this.tickets.complete(ticketId, true);
  }

  /** Nobody is rung for the ticket for `ms`; it keeps its place. A live offer is withdrawn without a fault of its seat. */
  postpone(ticketId: string, ms: number): Promise<void> {
    return this.tickets.postpone(ticketId, ms);
  }

  /**
   * The person hangs up and is to be called back in his turn: the ticket keeps its place without a caller; `callback` tells the
   * node of his call. When the node dies, another takes it over.
   * @throws SightlineError TICKET_GONE, WRONG_STATE
   */
  askCallback(ticketId: string): Promise<void> {
    return this.tickets.askCallback(ticketId);
  }

  /**
   * Puts a ticket that stands in a line into another queue, with its old time.
   * @throws SightlineError QUEUE_UNKNOWN, QUEUE_FULL (then it stays where it is), TICKET_GONE, WRONG_STATE
   */
  transfer(ticketId: string, queue: string): Promise<void> {
    return this.tickets.transfer(ticketId, queue);
  }

  /**
   * Gives a ticket another class or head start.
   * @throws SightlineError TICKET_GONE, WRONG_STATE, BAD_REQUEST
   */
  async reprioritise(ticketId: string, rank: { class?: TicketClass; priority?: number }): Promise<void> {
    const ticket = await this.ticket(ticketId);
    if (!ticket) throw new SightlineError('TICKET_GONE');
    await this.tickets.rank(ticketId, rank.class ?? ticket.class ?? 'normal', rank.priority ?? ticket.priority);
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
    // Whoever is to be called back is not there anyway, and keeps his turn.
    const keeps = this.registry.get(offer.ticketId)?.callback ?? false;
    if (cause === 'caller-left' && !keeps) await this.tickets.drop(offer.ticketId);
    else await this.offers.decline(offer, cause);
  }

  /** The phone of an offered seat rings. */
  ringing(offer: Offer): Promise<void> {
    return this.offers.ringing(offer);
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

  /** The agent begins to work at the seat, and is not on a break. @throws SightlineError SEAT_UNKNOWN */
  login(seatId: string): Promise<SeatState | undefined> {
    return this.seats.login(seatId);
  }

  /** The agent goes; a seat that is offered or talking goes offline when that is over. @throws SightlineError SEAT_UNKNOWN */
  logout(seatId: string): Promise<SeatState | undefined> {
    return this.seats.logout(seatId);
  }

  /** @throws SightlineError SEAT_UNKNOWN, BAD_REQUEST for a reason that cannot be kept. */
  pause(seatId: string, reason?: string): Promise<SeatState | undefined> {
    return this.seats.pause(seatId, reason);
  }

  /** @throws SightlineError SEAT_UNKNOWN */
  unpause(seatId: string): Promise<SeatState | undefined> {
    return this.seats.unpause(seatId);
  }

  /** What the seat turns to when its call is over. @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when it is in none. */
  setNext(seatId: string, next: NextState, reason?: string): Promise<SeatState | undefined> {
    return this.seats.setNext(seatId, next, reason);
  }

  /** @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when the seat does not wrap up. */
  extendWrapUp(seatId: string, seconds: number): Promise<SeatState> {
    return this.seats.wrapUp(seatId, Math.max(1, Math.round(seconds * 1_000)));
  }

  /** The agent is done. @throws SightlineError SEAT_UNKNOWN, WRONG_STATE when the seat does not wrap up. */
  endWrapUp(seatId: string): Promise<SeatState> {
    return this.seats.wrapUp(seatId, 0);
  }

  /** The seat has a call, or no longer has one, that is none of the queue's. @throws SightlineError SEAT_UNKNOWN */
  engaged(seatId: string, callId: string, on: boolean): Promise<SeatState | undefined> {
    return this.seats.engaged(seatId, callId, on);
  }

  // Looking.

  /** As this node knows it at the moment, also while the store is away. @throws SightlineError TICKET_GONE when the ticket does not stand in a line. */
  position(ticketId: string): Promise<Position> {
    const position = this.boards.position(ticketId);

    return position ? Promise.resolve(position) : Promise.reject(new SightlineError('TICKET_GONE'));
  }

  /** How a queue stands. @throws SightlineError QUEUE_UNKNOWN */
  facts(queue: string): Promise<QueueFacts> {
    if (this.engine.queueConfig(queue)) return Promise.resolve(this.estimates.facts(queue));

    return Promise.reject(new SightlineError('QUEUE_UNKNOWN', `There is no queue '${queue}'`));
  }

  /** Everybody who stands in a queue, in order. */
  queueTickets(queue: string, limit = 1_000): Promise<QueueTicket[]> {
    const estimate = (position: number) => this.estimates.at(queue, position);

    return Promise.resolve(queueTickets(this.mirror.floor, queue, { now: this.engine.now(), limit, estimate }));
  }

  /** Why which seat was, or would be, rung for a ticket; undefined when there is no such ticket any more. */
  async explain(ticketId: string): Promise<Explanation | undefined> {
    const lines = await this.tickets.historyLines(ticketId);
    const decisions = decisionsOf(lines);
    const ticket = this.mirror.floor.tickets.get(ticketId);
    if (ticket) return explain(this.mirror.floor, ticket, this.dispatcher.rankContext(), decisions);
    const view = await this.ticket(ticketId);
    if (!view) return undefined;
    const { queue, state, enqueuedAt } = view;
    const at = this.engine.now();
    const nothing = { position: 0, rings: [], candidates: [], ahead: [] };

    return {
      ticketId,
      queue,
      at,
      state,
      waited: ((view.answeredAt ?? at) - enqueuedAt) / 1_000,
      ...nothing,
      decisions,
    };
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
    this.boards.close();
    this.overflows.close();
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
      case 'preempted':
        return this.onPreempted(effect.id, effect.seat);
      case 'callback':
        return this.onCallback(effect.id);
      case 'adopted':
        return this.inBackground(this.tickets.adopted(effect.id), 'a callback could not be taken over');
    }
  }

  private onPreempted(ticketId: string, seatId: string): void {
    const mine = this.registry.get(ticketId);
    if (mine) Object.assign(mine, { state: 'waiting', offers: new Map() });
    this.emit('preempted', ticketId, seatId);
  }

  private onCallback(ticketId: string): void {
    const mine = this.registry.get(ticketId);
    if (!mine) return;
    mine.callback = true;
    if (mine.state !== 'offered') mine.state = 'waiting';
    this.emit('callback', ticketId);
  }

  private inBackground(work: Promise<unknown>, what: string): void {
    work.catch((error: unknown) => this.engine.log.warn({ err: error }, what));
  }

  private onOffer(offer: Offer): void {
    if (!this.registry.offered(offer)) return;
    this.emit('offer', offer);
  }

  private onStoreDown(): void {
    this.lostAt = this.engine.now();
    this.keeper.storeIsLost();
    this.dispatcher.suspend();
  }

  private onStoreUp(): void {
    this.comingBack = this.comeBack().catch((error: unknown) => {
      this.engine.doubtful = true;
      // Lost again: the next `up` begins anew.
      if (isUnavailable(error)) return;
      this.engine.log.error({ err: error }, 'coming back to the store failed');
      this.keeper.resume();
      this.dispatcher.resume();
    });
  }

  /** First what must not be lost, then what may have gone astray, and only then what has fallen due meanwhile. */
  private async comeBack(): Promise<void> {
    this.mirror.reset();
    await this.keeper.storeIsBack();
    await this.outbox.idle();
    // Talks before seats: one that is told to be there while its talk is not known would be offered somebody else.
    await this.reconciler.run();
    await this.seats.assert(this.lostAt - FORGETS);
    await this.mirror.load();
    this.keeper.resume();
    this.dispatcher.resume();
    this.lookAround();
  }

  private async onFenced(): Promise<void> {
    this.engine.log.warn({ node: this.node }, 'the lease of this node was lost');
    await this.reconciler.run();
    // While it had no lease nobody told it news.
    await this.mirror.load();
    this.emit('fenced');
  }

  /** The plan in force is another one: who may take what is made out anew. */
  usePlan(): void {
    this.mirror.usePlan();
  }

  /** The safety net: whatever an event should have done and has not. */
  private lookAround(): void {
    this.mirror.usePlan();
    if (this.mirror.hasGap) this.inBackground(this.mirror.load(), 'the floor could not be learnt anew');
    this.dispatcher.wake('all');
    this.overflows.checkAll();
    this.inBackground(this.mirror.keepLearnt(), 'what the queues have learnt could not be kept');
  }

  private reconcileContext(): ConstructorParameters<typeof Reconciler>[2] {
    return {
      enter: (ticket) => this.tickets.enter(ticket, false),
      drop: (id) => this.tickets.change('dropTicket', id),
      hold: (id) => this.tickets.change('holdTicket', id),
      unhold: (id) => this.tickets.change('unholdTicket', id),
      leave: (id) => this.tickets.leaveNow(id, 'abandoned'),
      reclaim: (ticket) => this.tickets.reclaim(ticket),
      askCallback: (id) => this.engine.run('callbackTicket', { ticketId: id }),
      accept: async (ticket) => {
        const [offer] = ticket.offers.values();
        if (offer) await this.accept(offer);
      },
    };
  }
}
