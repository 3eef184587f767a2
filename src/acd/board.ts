import type { Engine } from './engine';
import { steady } from './estimate';
import type { Estimates } from './estimates';
import type { Mirror } from './mirror';
import type { OwnTicket, Registry } from './registry';
import { inSlices } from './slices';
import type { Position } from './types';

interface QueueBoard {
  /** When places were told last, and what ends the wait for the next time, or the telling that is under way. */
  toldAt: number;
  cancel?: () => void;
  isTelling?: boolean;
  /** The line has moved since the telling that is under way began. */
  isStale?: boolean;
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
    private readonly estimates: Estimates,
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
    const { forecast, ...next } = this.estimates.of(ticket);
    const own = this.registry.get(ticketId);
    const estimate = steady(next, own?.told);
    if (own) {
      own.told = { ...next, estimate };
      own.first ??= forecast;
    }

    return { queue: ticket.queue, position: next.position, waiting: floor.queue(ticket.queue).waiting, estimate };
  }

  close(): void {
    this.closed = true;
    for (const state of this.queues.values()) state.cancel?.();
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
    const next = this.estimates.of(ticket);
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
