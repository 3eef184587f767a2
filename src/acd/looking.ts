import { SightlineError } from '../lib/errors';
import type { Boards } from './board';
import type { Dispatcher } from './dispatcher';
import type { Engine } from './engine';
import type { Estimates } from './estimates';
import { explain } from './explain';
import type { Mirror } from './mirror';
import { queueTickets } from './queue-tickets';
import type { QueueTicket } from './queue-tickets';
import type { Tickets } from './tickets';
import type { Explanation, Position, QueueFacts } from './types';
import { decisionsOf } from './views';

/** What is answered from the floor of this node. What each method promises is told at `Acd`. */
export class Looking {
  constructor(
    private readonly engine: Engine,
    private readonly mirror: Mirror,
    private readonly dispatcher: Dispatcher,
    private readonly estimates: Estimates,
    private readonly boards: Boards,
    private readonly tickets: Tickets,
  ) {}

  position(ticketId: string): Promise<Position> {
    const position = this.boards.position(ticketId);

    return position ? Promise.resolve(position) : Promise.reject(new SightlineError('TICKET_GONE'));
  }

  facts(queue: string): Promise<QueueFacts> {
    if (this.engine.queueConfig(queue)) return Promise.resolve(this.estimates.facts(queue));

    return Promise.reject(new SightlineError('QUEUE_UNKNOWN', `There is no queue '${queue}'`));
  }

  queueTickets(queue: string, limit: number): Promise<QueueTicket[]> {
    const estimate = (position: number) => this.estimates.at(queue, position);

    return Promise.resolve(queueTickets(this.mirror.floor, queue, { now: this.engine.now(), limit, estimate }));
  }

  async explain(ticketId: string): Promise<Explanation | undefined> {
    const lines = await this.tickets.historyLines(ticketId);
    const decisions = decisionsOf(lines);
    const ticket = this.mirror.floor.tickets.get(ticketId);
    if (ticket) return explain(this.mirror.floor, ticket, this.dispatcher.rankContext(), decisions);
    const view = await this.tickets.view(ticketId);
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
}
