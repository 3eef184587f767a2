import { systemClock } from '../lib/clock';
import type { TypedEmitter } from '../lib/emitter';
import { Boards } from './board';
import { Channels } from './channels';
import { Comeback } from './comeback';
import { Dispatcher } from './dispatcher';
import { Effects } from './effects';
import { Engine } from './engine';
import { Estimates } from './estimates';
import { Foresight } from './foresight';
import { Keeper } from './keeper';
import { Looking } from './looking';
import { Mirror } from './mirror';
import { Offers } from './offers';
import { defaultTimes } from './options';
import type { AcdOptions, AcdTimes } from './options';
import { Outbox } from './outbox';
import { Overflows } from './overflow';
import { Reconciler } from './reconcile';
import type { ReconcileContext } from './reconcile';
import { Registry } from './registry';
import { Seats } from './seats';
import { Tickets } from './tickets';
import type { AcdEvents } from './types';

/** What an `Acd` is made of, and who tells whom what. */
export class AcdParts {
  readonly engine: Engine;
  readonly registry = new Registry();
  readonly mirror: Mirror;
  readonly outbox: Outbox;
  readonly dispatcher: Dispatcher;
  readonly estimates: Estimates;
  readonly boards: Boards;
  readonly overflows: Overflows;
  readonly foresight: Foresight;
  readonly keeper: Keeper;
  readonly tickets: Tickets;
  readonly offers: Offers;
  readonly seats: Seats;
  readonly looking: Looking;
  readonly channels: Channels;
  readonly reconciler: Reconciler;
  readonly comeback: Comeback;
  private readonly effects: Effects;

  /** `events`: who tells the world. */
  constructor(
    options: AcdOptions,
    private readonly events: Pick<TypedEmitter<AcdEvents>, 'emit'>,
  ) {
    const times = { ...defaultTimes, ...options.times };
    this.engine = this.makeEngine(options, times);
    this.mirror = new Mirror(this.engine, {
      changed: (here) => (here ? this.dispatcher.wake('all') : this.dispatcher.wakeLater()),
      moved: (queue) => this.boards.moved(queue),
      firstTold: (id) => this.registry.get(id)?.first,
    });
    this.outbox = new Outbox(options.store, times.patience, options.log);
    this.dispatcher = new Dispatcher(this.engine, this.mirror, times);
    this.estimates = new Estimates(this.mirror.floor, this.mirror.learner, () => this.engine.now());
    this.dispatcher.estimate = (ticket) => this.estimates.of(ticket).estimate[1];
    this.boards = this.makeBoards(times);
    const { engine, registry, mirror, outbox, dispatcher, estimates, boards } = this;
    this.overflows = new Overflows(engine, registry, mirror, estimates, (id, rule) =>
      events.emit('overflow', id, rule),
    );
    this.dispatcher.claiming = (seatId) => events.emit('claiming', seatId);
    this.foresight = new Foresight(engine, mirror, registry, dispatcher);
    this.tickets = new Tickets(engine, registry, outbox, this.foresight);
    this.offers = new Offers(engine, registry, outbox);
    this.seats = new Seats(engine, outbox, mirror);
    this.looking = new Looking(engine, mirror, dispatcher, estimates, boards, this.tickets);
    this.effects = new Effects(registry, events, (id) => this.adopted(id));
    this.channels = new Channels(
      engine,
      (effect) => this.effects.take(effect),
      (revision, by, rows) => mirror.hear(revision, by, rows),
      (node) => mirror.floor.deaf.delete(node),
    );
    this.reconciler = new Reconciler(engine, registry, this.reconcileContext());
    this.keeper = this.makeKeeper(times);
    this.comeback = new Comeback(this, () => events.emit('fenced'));
  }

  private makeEngine(options: AcdOptions, times: AcdTimes): Engine {
    return new Engine(
      { ...options, clock: options.clock ?? systemClock, patience: times.patience },
      {
        onEffect: (effect) => this.effects.take(effect),
        onRows: (revision, rows) => this.mirror.take(revision, rows, true),
        seen: () => this.mirror.seen,
        onAnew: () => this.countsAnew(),
        onDue: (at) => this.keeper.due(at),
        onBatch: (whole) => this.foresight.look(whole),
      },
    );
  }

  private makeBoards(times: AcdTimes): Boards {
    const { engine, registry, mirror, estimates } = this;

    return new Boards(engine, registry, mirror, estimates, times.movedEvery, (ids, looked) => {
      if (ids.length > 0) this.events.emit('moved', ids);
      this.overflows.check(looked);
    });
  }

  private makeKeeper(times: AcdTimes): Keeper {
    return new Keeper(this.engine, times, {
      wakeAll: () => this.comeback.lookAround(),
      fenced: () => this.comeback.leaseLost(),
      reconcile: () => this.reconciler.run(),
      sweeping: () => this.foresight.sweeping(),
      unheard: () => this.comeback.unheard(),
    });
  }

  /** The store was emptied without a break of the connection: all is learnt again, and what this node has is compared. */
  private countsAnew(): void {
    const { engine, mirror } = this;
    engine.log.warn({ node: engine.node }, 'the store has lost what it had');
    engine.doubtful = true;
    mirror.reset();
    mirror.load().catch((error: unknown) => engine.log.warn({ err: error }, 'the floor could not be learnt anew'));
  }

  private adopted(ticketId: string): void {
    this.tickets.adopted(ticketId).catch((error: unknown) => {
      this.engine.log.warn({ err: error }, 'a callback could not be taken over');
    });
  }

  private reconcileContext(): ReconcileContext {
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
        if (offer) await this.offers.accept(offer);
      },
    };
  }
}
