import type { Engine } from './engine';
import { factsOf, makeForecast, rangeOf, steady } from './estimate';
import type { Estimate, EstimateFacts, Forecast, Told } from './estimate';
import type { FloorTicket } from './floor';
import { kindOf } from './learner';
import type { Mirror } from './mirror';
import type { OwnTicket, Registry } from './registry';
import { ringFacts } from './rings';
import { inSlices } from './slices';
import type { Position, QueueFacts } from './types';

/** An estimator is used for so long at most, in ms: those who wait grow older. */
const ESTIMATOR_LASTS = 1_000;
/** Of a longer line nobody's patience is reckoned by age. */
const LONG_LINE = 500;

interface QueueBoard {
  /** When places were told last, and what ends the wait for the next time, or the telling that is under way. */
  toldAt: number;
  cancel?: () => void;
  isTelling?: boolean;
  /** The line has moved since the telling that is under way began. */
  isStale?: boolean;
  estimator?: Estimator;
}

interface Estimator {
  madeAt: number;
  /** What it was made of. */
  basis: string;
  facts: EstimateFacts;
  forecast: (position: number, factor?: number) => Forecast;
}

/**
 * The places in the queues, as this node's floor has them, and what is made of them. Changes are told at once, and then at most
 * every `interval` ms a queue; those of a long line a few at a time, the first in line first.
 */
export class Boards {
  private readonly queues = new Map<string, QueueBoard>();
  private closed = false;

  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly mirror: Mirror,
    private readonly interval: number,
    /** Places have moved: of the first so that their callers should know; `looked` are all that were looked at. */
    private readonly onMoved: (ticketIds: string[], looked: readonly OwnTicket[]) => void,
  ) {}

  /** Something in the line has changed. */
  moved(queue: string): void {
    if (this.closed) return;
    const state = this.of(queue);
    if (state.isTelling) state.isStale = true;
    if (state.cancel) return;
    const wait = Math.max(0, state.toldAt + this.interval - this.engine.now());
    if (wait > 0) {
      state.cancel = this.engine.clock.after(wait, () => this.tell(queue, state));
    } else {
      // Not in the midst of a batch whose other rows are still to be read.
      state.cancel = () => undefined;
      queueMicrotask(() => this.tell(queue, state));
    }
  }

  /** The place of a ticket, or undefined when it does not stand in a line. */
  position(ticketId: string): Position | undefined {
    const { floor } = this.mirror;
    const ticket = floor.tickets.get(ticketId);
    if (!ticket || ticket.state === 'talking') return undefined;
    const next = this.next(ticket);
    const own = this.registry.get(ticketId);
    const estimate = steady(next, own?.told);
    if (own) {
      own.told = { ...next, estimate };
      own.first ??= this.forecast(ticket, next.position);
    }

    return { queue: ticket.queue, position: next.position, waiting: floor.queue(ticket.queue).waiting, estimate };
  }

  /** What somebody would be told who stood at a place. */
  estimateAt(queue: string, position: number, factor = 1): Estimate {
    const { forecast, facts } = this.estimator(queue);

    return rangeOf(forecast(position, factor), facts.ends);
  }

  facts(queueId: string): QueueFacts {
    const queue = this.mirror.floor.queue(queueId);
    const { waiting, free, occupancy } = ringFacts(queue, () => 0);
    // Nobody waits for a seat that is free.
    const estimate: Estimate = free > waiting ? [0, 0] : this.estimateAt(queueId, waiting + 1);

    return { waiting, staffed: queue.staffed.size, free, occupancy, estimate };
  }

  close(): void {
    this.closed = true;
    for (const state of this.queues.values()) state.cancel?.();
  }

  private next(ticket: FloorTicket): Told {
    const { floor } = this.mirror;
    const position = floor.position(ticket, this.engine.now());
    const { size: staffed } = floor.queue(ticket.queue).staffed;

    return { position, staffed, estimate: this.estimateAt(ticket.queue, position, this.factor(ticket)) };
  }

  private forecast(ticket: FloorTicket, position: number): Forecast {
    return this.estimator(ticket.queue).forecast(position, this.factor(ticket));
  }

  private factor(ticket: FloorTicket): number {
    return this.mirror.learner.factor(ticket.queue, kindOf(ticket));
  }

  private estimator(queueId: string): Estimator {
    const { floor, learner } = this.mirror;
    const queue = floor.queue(queueId);
    const state = this.of(queueId);
    const now = this.engine.now();
    const basis = `${learner.version(queueId)} ${queue.staffVersion}`;
    const known = state.estimator;
    if (known && now - known.madeAt < ESTIMATOR_LASTS && (known.basis === basis || queue.waiting > LONG_LINE))
      return known;
    const waited =
      queue.waiting > LONG_LINE
        ? undefined
        : floor.standing(queueId, now).map(({ enqueuedAt }) => (now - enqueuedAt) / 1_000);
    const facts = factsOf(learner.counters(queueId), { staffed: queue.staffed.size, waited });
    state.estimator = { madeAt: now, basis, facts, forecast: makeForecast(facts) };

    return state.estimator;
  }

  private tell(queue: string, state: QueueBoard): void {
    if (this.closed) return;
    Object.assign(state, { toldAt: this.engine.now(), isTelling: true, isStale: false });
    const mine = [...this.registry.all()].filter((ticket) => ticket.queue === queue);
    let isOver = false;
    const end = (): void => {
      isOver = true;
      state.isTelling = false;
      delete state.cancel;
      if (state.isStale) this.moved(queue);
    };
    const look = (some: readonly OwnTicket[]): void => {
      const moved = some.filter((ticket) => this.differs(ticket));
      this.onMoved(
        moved.map(({ ticketId }) => ticketId),
        some,
      );
    };
    const cancel = inSlices(this.engine.clock, mine, look, end);
    if (!isOver) state.cancel = cancel;
  }

  /** True when what the ticket's caller was told last is not what he would be told now. */
  private differs({ ticketId, told }: OwnTicket): boolean {
    const ticket = this.mirror.floor.tickets.get(ticketId);
    if (!ticket || !told || ticket.state === 'talking') return false;
    const next = this.next(ticket);
    if (next.position !== told.position) return true;
    const high = steady(next, told)[1];

    // A wait that has changed much is news too, for instance when seats came or went.
    return Math.abs(high - told.estimate[1]) > Math.max(15, told.estimate[1] / 4);
  }

  private of(queue: string): QueueBoard {
    let state = this.queues.get(queue);
    if (!state) {
      state = { toldAt: 0 };
      this.queues.set(queue, state);
    }

    return state;
  }
}
