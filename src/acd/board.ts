import type { Engine } from './engine';
import { makeEstimator, steady } from './estimate';
import type { Estimate, QueueFacts as EstimateFacts } from './estimate';
import type { FloorQueue, FloorTicket } from './floor';
import type { Mirror } from './mirror';
import type { OwnTicket, Registry } from './registry';
import { ringFacts } from './rings';
import type { QueueRow } from './rows';
import { HANDLING_GUESS } from './scripts';
import type { Position, QueueFacts } from './types';

/** People who gave up before patience is reckoned with. */
const ENOUGH_LEFT = 3;

interface QueueBoard {
  /** When places were told last, and what ends the wait for the next time. */
  toldAt: number;
  cancel?: () => void;
  estimator?: { row: QueueRow; staffVersion: number; estimate: (position: number) => Estimate };
}

/**
 * The places in the queues, as this node's floor has them, and what is made of them. Changes are told at once, and then at most
 * every `interval` ms a queue.
 */
export class Boards {
  private readonly queues = new Map<string, QueueBoard>();
  private closed = false;

  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly mirror: Mirror,
    private readonly interval: number,
    /** Places in this queue have moved: of these tickets of this node so that their callers should know. */
    private readonly onMoved: (queue: string, ticketIds: string[]) => void,
  ) {}

  /** Something in the line has changed. */
  moved(queue: string): void {
    if (this.closed) return;
    const state = this.of(queue);
    if (state.cancel) return;
    const tell = (): void => {
      delete state.cancel;
      state.toldAt = this.engine.now();
      if (!this.closed) this.tell(queue);
    };
    const wait = Math.max(0, state.toldAt + this.interval - this.engine.now());
    if (wait > 0) {
      state.cancel = this.engine.clock.after(wait, tell);
    } else {
      // Not in the midst of a batch whose other rows are still to be read.
      state.cancel = () => undefined;
      queueMicrotask(tell);
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
    if (own) own.told = { ...next, estimate };

    return { queue: ticket.queue, position: next.position, waiting: floor.queue(ticket.queue).waiting, estimate };
  }

  /** What somebody would be told who stood at a place. */
  estimateAt(queueId: string, position: number): Estimate {
    const queue = this.mirror.floor.queue(queueId);
    const state = this.of(queueId);
    if (state.estimator?.row !== queue.row || state.estimator.staffVersion !== queue.staffVersion) {
      const { row, staffVersion } = queue;
      state.estimator = { row, staffVersion, estimate: makeEstimator(factsOf(queue)) };
    }

    return state.estimator.estimate(position);
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

  private next(ticket: FloorTicket) {
    const { floor } = this.mirror;
    const position = floor.position(ticket, this.engine.now());
    const { size: staffed } = floor.queue(ticket.queue).staffed;

    return { position, staffed, estimate: this.estimateAt(ticket.queue, position) };
  }

  private tell(queue: string): void {
    const mine = [...this.registry.all()].filter((ticket) => ticket.queue === queue && ticket.told);
    this.onMoved(
      queue,
      mine.filter((ticket) => this.differs(ticket)).map((ticket) => ticket.ticketId),
    );
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

export function factsOf({ row: { learnt }, staffed }: FloorQueue): EstimateFacts {
  const waited = Number(learnt.patienceWait ?? 0) / 1_000;
  const left = Number(learnt.patienceLeft ?? 0);

  return {
    staffed: staffed.size,
    handling: learnt.handling === undefined ? HANDLING_GUESS : Number(learnt.handling) / 1_000,
    impatience: left >= ENOUGH_LEFT && waited > 0 ? left / waited : 0,
  };
}
