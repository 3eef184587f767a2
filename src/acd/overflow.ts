import type { Estimates } from './estimates';
import type { Engine } from './engine';
import type { OwnTicket, Registry } from './registry';
import type { Mirror } from './mirror';
import type { OverflowCondition, OverflowRule } from './types';

/** What the condition of a rule looks at. Times in seconds. */
export interface OverflowFacts {
  waited: number;
  /** How many stand before the ticket. */
  ahead: number;
  /** Upper end of the estimate. */
  estimate: number;
  /** Seats that work for the queue. */
  staffed: number;
  /** Closed by its opening hours; known only when a call comes. */
  closed?: boolean;
}

/** Whether all that a condition names holds. One that names nothing never does. */
export function overflows(when: OverflowCondition, facts: OverflowFacts): boolean {
  const { waited, waiting, estimate, empty, closed } = when;
  const tests = [
    waited === undefined ? undefined : facts.waited >= waited,
    waiting === undefined ? undefined : facts.ahead >= waiting,
    estimate === undefined ? undefined : facts.estimate >= estimate,
    empty === true ? facts.staffed === 0 : undefined,
    closed === true ? facts.closed === true : undefined,
  ].filter((test) => test !== undefined);

  return tests.length > 0 && tests.every(Boolean);
}

/** Watches the tickets of this node that wait, and tells when a rule of their queue sends them elsewhere. */
export class Overflows {
  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly mirror: Mirror,
    private readonly estimates: Estimates,
    private readonly onOverflow: (ticketId: string, rule: OverflowRule) => void,
  ) {}

  /** Looks at all tickets that wait, or at those of one queue. */
  check(queue?: string): void {
    for (const ticket of this.registry.all()) {
      if (queue === undefined || ticket.queue === queue) this.checkTicket(ticket);
    }
  }

  /** Those to be called back have left already; a seat that rings gets its chance. */
  private checkTicket(ticket: OwnTicket): void {
    if (ticket.state !== 'waiting' || ticket.callback) return;
    const rules = this.engine.queueConfig(ticket.queue)?.overflow ?? [];
    if (rules.length === 0) return;
    const facts = this.factsOf(ticket);
    const index = facts ? rules.findIndex(({ when }) => overflows(when, facts)) : -1;
    const rule = rules[index];
    if (!rule || ticket.overflowed?.has(index)) return;
    (ticket.overflowed ??= new Set()).add(index);
    this.onOverflow(ticket.ticketId, rule);
  }

  private factsOf({ ticketId, enqueuedAt }: OwnTicket): OverflowFacts | undefined {
    const ticket = this.mirror.floor.tickets.get(ticketId);
    if (!ticket) return undefined;
    const { position, staffed, estimate } = this.estimates.of(ticket);
    const waited = (this.engine.now() - enqueuedAt) / 1_000;

    return { waited, ahead: position - 1, estimate: estimate[1], staffed };
  }
}
