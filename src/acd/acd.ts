import { systemClock } from '../lib/clock';
import type { Clock } from '../lib/clock';
import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { Store } from '../store/connection';
import { Boards, HANDLING_GUESS } from './board';
import { Channels } from './channels';
import { Dispatcher } from './dispatcher';
import { Engine, isUnavailable } from './engine';
import type { Effect } from './engine';
import { Keeper, nodeName } from './keeper';
import { Outbox } from './outbox';
import { Reconciler } from './reconcile';
import { Registry } from './registry';
import type { OwnTicket } from './registry';
import { scripts } from './scripts';
import { Seats } from './seats';
import { PRIORITY_LIMIT } from './types';
import type {
  AcdConfig,
  AcdEvents,
  AcdSnapshot,
  DeclineCause,
  EnqueueRequest,
  LeaveReason,
  Offer,
  Position,
  QueueConfig,
  QueueStats,
  ResumeRequest,
  SeatState,
  SeatView,
  TicketEvent,
  TicketView,
} from './types';
import { historyView, joined, ticketView } from './views';

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

const nameOfThing = /^[^\s,:|{}]{1,64}$/;
const ADOPT_BATCH = 100;

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
  private readonly seats: Seats;
  private readonly channels: Channels;
  private readonly reconciler: Reconciler;
  private readonly offStore: (() => void)[] = [];
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
      options.store.on('down', () => acd.keeper.storeIsLost()),
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
  async enqueue(request: EnqueueRequest): Promise<TicketView> {
    const config = this.engine.queueConfig(request.queue);
    if (!config) throw new SightlineError('QUEUE_UNKNOWN', `There is no queue '${request.queue}'`);
    const ticket = this.newTicket(request, config);
    await this.outbox.ready();
    try {
      await this.enter(ticket);
    } catch (error) {
      // It may have been entered all the same: whoever gets an error has no ticket.
      if (isUnavailable(error)) this.outbox.keep('leave', () => this.leaveNow(ticket.ticketId, 'abandoned'));
      throw error;
    }
    this.register(ticket);

    return viewOf(ticket, this.node);
  }

  /**
   * The caller's call is lost: his place is kept for the queue's grace period. The seat that was rung is free at once.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  async drop(ticketId: string): Promise<Offer | undefined> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'talking') return undefined;
    const offer = this.withdrawHere(mine, 'caller-dropped');
    if (mine) mine.state = 'dropped';
    const reply = await this.outbox.do('drop', () => this.onTicket('dropTicket', ticketId));

    return offer ?? parseOffer(reply);
  }

  /**
   * A terminal that calls again takes over the ticket of its earlier call, in its old place, also when the loss of that
   * call was not noticed yet (it gets `replaced`).
   * @returns undefined when there is no such ticket, or it talks already.
   */
  async resume(request: ResumeRequest): Promise<TicketView | undefined> {
    const { engine } = this;
    await this.outbox.ready();
    const { terminal, resumeKey = '', callId } = request;
    const id = await engine.change(
      scripts.resumeTicket,
      { resumes: engine.keys.resumes },
      { terminal, resumeKey, callId },
    );
    if (typeof id !== 'string' || id === '') return undefined;

    return this.take(id, 'offers-as-events');
  }

  /** The caller looks elsewhere, for instance at the menu: the place is kept, no seat is rung until `unhold`. */
  async hold(ticketId: string): Promise<void> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'talking') return;
    this.withdrawHere(mine, 'caller-left');
    if (mine) mine.state = 'held';
    await this.outbox.do('hold', () => this.onTicket('holdTicket', ticketId));
  }

  async unhold(ticketId: string): Promise<void> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'held') mine.state = 'waiting';
    await this.outbox.do('unhold', () => this.onTicket('unholdTicket', ticketId));
  }

  /**
   * The caller is gone for good; a talk ends as by `complete`.
   * @returns the live offer that was withdrawn, whose seat has to be cancelled; `withdrawn` tells the same.
   */
  async leave(ticketId: string, reason: LeaveReason = 'abandoned'): Promise<Offer | undefined> {
    const mine = this.registry.get(ticketId);
    const offer = mine?.state === 'talking' ? undefined : this.withdrawHere(mine, 'caller-left');
    this.registry.remove(ticketId);
    const reply = await this.outbox.do('leave', () => this.leaveNow(ticketId, reason));

    return offer ?? parseOffer(reply);
  }

  /** The talk is over: the seat wraps up or is free. Does nothing for a ticket that does not talk. */
  async complete(ticketId: string): Promise<void> {
    const { engine } = this;
    await this.outbox.do('complete', () =>
      engine.change(scripts.completeTicket, { ticket: engine.keys.ticket(ticketId) }, { handlingGuess }),
    );
  }

  // Offers.

  /**
   * The seat has answered. While the store is away this waits for it: the promise to the seat holds until then.
   * @throws SightlineError OFFER_GONE when the offer was withdrawn, swept, or is not the live one.
   */
  async accept(offer: Offer): Promise<void> {
    const { engine } = this;
    const { keys } = engine;
    for (;;) {
      await engine.store.whenAvailable(2 ** 31 - 1);
      await this.outbox.idle();
      try {
        await engine.change(
          scripts.acceptOffer,
          { ticket: keys.ticket(offer.ticketId), seat: keys.seat(offer.seatId) },
          { offerId: offer.offerId, token: offer.token },
        );
        break;
      } catch (error) {
        if (!isUnavailable(error) || this.closing) throw error;
      }
    }
    const mine = this.registry.get(offer.ticketId);
    if (!mine) return;
    mine.state = 'talking';
    mine.offer = offer;
    mine.answeredAt = engine.now();
    mine.wrapUp = (engine.queueConfig(offer.queue)?.wrapUp ?? 0) * 1_000;
  }

  /**
   * The seat did not take the offer: it rests as the queue's settings say and the ticket is offered again, in its old
   * place. With `caller-left` the seat goes free at once and the ticket is dropped: `leave` or `resume` may follow.
   * An offer that is not alive any more is left alone.
   */
  async decline(offer: Offer, cause: DeclineCause): Promise<void> {
    if (cause === 'caller-left') {
      await this.drop(offer.ticketId);

      return;
    }
    this.registry.withdrawn(offer);
    const { engine } = this;
    const delay = restAfter(cause, engine.queueConfig(offer.queue));
    await this.outbox.do('decline', () =>
      engine.change(
        scripts.declineOffer,
        { ticket: engine.keys.ticket(offer.ticketId) },
        { offerId: offer.offerId, token: offer.token, cause, delay },
      ),
    );
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

  async ticket(ticketId: string): Promise<TicketView | undefined> {
    return ticketView(await this.engine.store.redis.hgetall(this.engine.keys.ticket(ticketId)));
  }

  seat(seatId: string): Promise<SeatView | undefined> {
    return this.seats.view(seatId);
  }

  /** What happened to a ticket, oldest first; kept for an hour after its end. */
  async history(ticketId: string): Promise<TicketEvent[]> {
    return historyView(await this.engine.store.redis.lrange(this.engine.keys.ticketHistory(ticketId), 0, -1));
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
  async adopt(node: string): Promise<TicketView[]> {
    const { engine } = this;
    const { keys, store } = engine;
    await this.outbox.ready();
    const leases = await store.redis.zrange(keys.nodes, 0, -1, 'WITHSCORES');
    const ids: string[] = [];
    for (let index = 0; index < leases.length; index += 2) {
      const [dead = '', until] = [leases[index], leases[index + 1]];
      if (nodeName(dead) !== node || dead === this.node) continue;
      if (node !== engine.name && Number(until) > engine.now()) continue;
      ids.push(...(await this.adoptFrom(keys.nodeTickets(dead), dead)));
    }
    ids.push(...(await this.adoptFrom(keys.orphans(node), node)));
    const views = await Promise.all(ids.map((id) => this.take(id, 'offers-in-view')));

    return views.filter((view) => view !== undefined);
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

  private onStoreUp(): void {
    this.comingBack = this.comeBack().catch((error: unknown) => {
      this.engine.doubtful = true;
      if (!isUnavailable(error)) this.engine.log.error({ err: error }, 'coming back to the store failed');
    });
  }

  /** First what must not be lost, then what may have gone astray, and only then what has fallen due meanwhile. */
  private async comeBack(): Promise<void> {
    await this.keeper.storeIsBack();
    await this.outbox.idle();
    await this.seats.assert();
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

  // How it is done.

  private newTicket(request: EnqueueRequest, config: QueueConfig): OwnTicket {
    const { queue, callId, terminal, priority = 0, resumeKey = '' } = request;
    if (!Number.isInteger(priority) || Math.abs(priority) > PRIORITY_LIMIT) {
      throw new SightlineError(
        'BAD_REQUEST',
        `A priority is a whole number from -${PRIORITY_LIMIT} to ${PRIORITY_LIMIT}`,
      );
    }
    const skills = [...config.skills, ...(request.skills ?? [])];
    for (const skill of skills) checkName('skill', skill);
    checkName('queue', queue);

    return {
      ticketId: newId('ticket'),
      queue,
      callId,
      terminal,
      resumeKey,
      priority,
      skills: [...new Set(skills)].sort(),
      enqueuedAt: this.engine.now(),
      state: 'waiting',
    };
  }

  private async enter(ticket: OwnTicket, limited = true): Promise<void> {
    const { engine } = this;
    const { keys } = engine;
    const config = engine.queueConfig(ticket.queue);
    await engine.change(
      scripts.enqueueTicket,
      { ticket: keys.ticket(ticket.ticketId), queue: keys.queue(ticket.queue), line: keys.line(ticket.queue) },
      {
        ticketId: ticket.ticketId,
        queueId: ticket.queue,
        callId: ticket.callId,
        terminal: ticket.terminal,
        resumeKey: ticket.resumeKey,
        priority: ticket.priority,
        skills: joined(ticket.skills),
        since: ticket.enqueuedAt,
        grace: (config?.grace ?? 60) * 1_000,
        maxWait: (config?.maxWait ?? 0) * 1_000,
        maxWaiting: limited ? (config?.maxWaiting ?? -1) : -1,
      },
    );
  }

  /** Makes a ticket of the store one of this node. A seat that rings for it by now is told in the view or as an event. */
  private async take(id: string, how: 'offers-in-view' | 'offers-as-events'): Promise<TicketView | undefined> {
    const view = await this.ticket(id);
    if (!view || view.state === 'ended') return undefined;
    const { offer } = view;
    if (offer && view.state === 'offered' && (how === 'offers-as-events' || this.registry.isDead(offer))) {
      view.state = 'waiting';
      view.offer = undefined;
      setImmediate(() => this.onOffer(offer));
    }
    const { node: _node, state, ...rest } = view;
    const ticket: OwnTicket = { ...rest, state };
    if (state === 'talking') {
      ticket.answeredAt = this.engine.now();
      ticket.wrapUp = (this.engine.queueConfig(view.queue)?.wrapUp ?? 0) * 1_000;
    }
    this.register(ticket);

    return view;
  }

  private register(ticket: OwnTicket): void {
    const early = this.registry.add(ticket);
    // After the caller of `enqueue` has learnt the ticket's id.
    if (early) setImmediate(() => this.onOffer(early));
  }

  private withdrawHere(mine: OwnTicket | undefined, cause: 'caller-left' | 'caller-dropped'): Offer | undefined {
    const offer = mine?.offer;
    if (!offer) return undefined;
    // Not after the store has answered: a seat must not ring on because the store is slow.
    this.onEffect({ t: 'withdrawn', offer, cause });

    return offer;
  }

  private onTicket(name: 'dropTicket' | 'holdTicket' | 'unholdTicket', ticketId: string): Promise<unknown> {
    const { engine } = this;

    return engine.change(scripts[name], { ticket: engine.keys.ticket(ticketId) }, {});
  }

  private leaveNow(ticketId: string, how: LeaveReason): Promise<unknown> {
    const { engine } = this;
    const ticket = engine.keys.ticket(ticketId);

    return engine.change(scripts.leaveTicket, { ticket }, { how, handlingGuess });
  }

  private async adoptFrom(source: string, dead: string): Promise<string[]> {
    const { engine } = this;
    const ids: string[] = [];
    for (;;) {
      const keys = { nodes: engine.keys.nodes, source };
      const some = await engine.change(scripts.adoptTickets, keys, { dead, limit: ADOPT_BATCH });
      if (!Array.isArray(some) || some.length === 0) return ids;
      ids.push(...some.map(String));
    }
  }

  private reconcileContext(): ConstructorParameters<typeof Reconciler>[2] {
    return {
      enter: (ticket) => this.enter(ticket, false),
      drop: (id) => this.onTicket('dropTicket', id),
      hold: (id) => this.onTicket('holdTicket', id),
      unhold: (id) => this.onTicket('unholdTicket', id),
      leave: (id) => this.leaveNow(id, 'abandoned'),
      resume: (ticket) => this.resume(ticket),
      accept: async (ticket) => {
        if (ticket.offer) await this.accept(ticket.offer);
      },
    };
  }
}

const handlingGuess = HANDLING_GUESS * 1_000;

/** How long a seat rests after a miss, in ms. One that says no by itself must not be rung again in a tight circle. */
function restAfter(cause: Exclude<DeclineCause, 'caller-left'>, config: QueueConfig | undefined): number {
  const { noAnswerDelay = 0, rejectDelay = 0, busyDelay = 0 } = config ?? {};
  if (cause === 'no-answer') return noAnswerDelay * 1_000;

  return Math.max(1, cause === 'rejected' ? rejectDelay : busyDelay) * 1_000;
}

function parseOffer(reply: unknown): Offer | undefined {
  return typeof reply === 'string' && reply !== '' ? (JSON.parse(reply) as Offer) : undefined;
}

function viewOf(ticket: OwnTicket, node: string): TicketView {
  const { answeredAt: _answeredAt, wrapUp: _wrapUp, told: _told, ...view } = ticket;

  return { ...view, node };
}

/** Names become parts of keys and lists; what would break those is refused. */
function checkName(what: string, name: string): void {
  if (!nameOfThing.test(name)) throw new SightlineError('BAD_REQUEST', `Not a name for a ${what}: '${name}'`);
}
