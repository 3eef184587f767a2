import { Crew } from '../acd/crew';
import { match } from '../acd/match';
import type { RankContext } from '../acd/choose';
import type { Forecast } from '../acd/estimate';
import { Estimates } from '../acd/estimates';
import type { FloorTicket } from '../acd/floor';
import { Agenda } from './agenda';
import type { Moment } from './moment';
import type { SimulatedPlan } from './model';
import { randomOf } from './random';
import { SimulatedStore } from './store';
import type { LiveOffer, StoreListener } from './ticket-book';
import type { SeatRow } from '../acd/rows';

/** What whoever plays the people has to hear of a world. */
export interface WorldListener extends StoreListener {
  /** A seat is to be rung. */
  offer(offer: LiveOffer): void;
  seat(row: SeatRow): void;
}

/**
 * A site without a network, a store and a clock on the wall: the floor, the verbs that change it, and the dispatch that brings
 * tickets and seats together after each change by the ranking of the ACD itself.
 */
export class World implements Moment {
  readonly agenda = new Agenda<() => void>();
  readonly store: SimulatedStore;
  readonly estimates: Estimates;
  /** What people were told when they came, by ticket. */
  readonly firstTold = new Map<string, Forecast>();
  private time: number;
  private readonly rank: Pick<RankContext, 'random' | 'estimate'>;

  constructor(
    plan: SimulatedPlan,
    start: number,
    seed: number,
    private readonly listener: WorldListener,
  ) {
    this.time = start;
    this.store = new SimulatedStore(
      new Crew(plan, plan.seats(), plan.queues()),
      plan,
      this,
      listener,
      (row) => listener.seat(row),
      (id) => this.firstTold.get(id),
    );
    this.estimates = new Estimates(this.store.floor, this.store.learner, () => this.time);
    this.rank = {
      random: randomOf(seed, 'ranking'),
      estimate: (ticket: FloorTicket) => this.estimates.of(ticket).estimate[1],
    };
  }

  get now(): number {
    return this.time;
  }

  owe(entry: string, at: number): void {
    this.agenda.put(entry, at, () => this.store.due(entry));
  }

  oweNothing(entry: string): void {
    this.agenda.cancel(entry);
  }

  /** Does all that is next at one moment, and what follows at once from it. @returns false when nothing is to come. */
  step(): boolean {
    const at = this.agenda.nextAt;
    if (at === Infinity) return false;
    this.time = Math.max(this.time, at);
    while (this.agenda.nextAt === at) this.agenda.take()?.event();
    this.dispatch();

    return true;
  }

  /** Does all that is to come until then, and stands there. */
  runTo(at: number): void {
    while (this.agenda.nextAt <= at) this.step();
    this.time = at;
  }

  /** Brings tickets and seats together until nothing more fits; and again when a ring opens. */
  dispatch(): void {
    for (;;) {
      const { matches, nextAt } = match(this.store.floor, { now: this.time, ...this.rank });
      if (nextAt < Infinity) this.agenda.put('dispatch', nextAt, () => undefined);
      else this.agenda.cancel('dispatch');
      let claimed = 0;
      for (const one of matches) {
        const offer = this.store.offer(one);
        if (!offer) continue;
        claimed++;
        this.listener.offer(offer);
      }
      if (claimed === 0) return;
    }
  }
}
