import type { Estimates } from './estimates';
import type { Engine } from './engine';
import type { OwnTicket, Registry } from './registry';
import type { Mirror } from './mirror';
import { inSlices } from './slices';
import type { OverflowCondition, OverflowRule } from './config';

/** What the condition of a rule looks at. Times in seconds. */
export interface OverflowFacts {
  waited: number;
  /** How many stand before the ticket. */
  ahead: number;
  /** Upper end of the estimate. */
  estimate(): number;
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
    estimate === undefined ? undefined : facts.estimate() >= estimate,
    empty === undefined ? undefined : (facts.staffed === 0) === empty,
    closed === undefined ? undefined : facts.closed === closed,
  ].filter((test) => test !== undefined);

  return tests.length > 0 && tests.every(Boolean);
}

/** Watches the tickets of this node that wait, and tells when a rule of their queue sends them elsewhere. */
export class Overflows {
  private isLooking = false;
  private closed = false;
  private cancel = (): void => undefined;

  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly mirror: Mirror,
    private readonly estimates: Estimates,
    private readonly onOverflow: (ticketId: string, rule: OverflowRule) => void,
  ) {}

  /** Looks at all tickets that wait, a few at a time. */
  checkAll(): void {
    if (this.isLooking) return;
    this.isLooking = true;
    const look = (some: readonly OwnTicket[]): void => {
      if (!this.closed) this.check(some);
    };
    this.cancel = inSlices(this.engine.clock, [...this.registry.all()], look, () => (this.isLooking = false));
  }

  check(tickets: readonly OwnTicket[]): void {
    for (const ticket of tickets) this.checkTicket(ticket);
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  /** Those to be called back have left already; a seat that rings gets its chance. */
  private checkTicket(ticket: OwnTicket): void {
    if (ticket.state !== 'waiting' || ticket.callback || this.registry.get(ticket.ticketId) !== ticket) return;
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
    const { floor } = this.mirror;
    let known: ReturnType<Estimates['of']> | undefined;
    const told = (): ReturnType<Estimates['of']> => (known ??= this.estimates.of(ticket));

    return {
      waited: (this.engine.now() - enqueuedAt) / 1_000,
      // Made out only where a rule asks for it.
      get ahead() {
        return told().position - 1;
      },
      estimate: () => told().estimate[1],
      staffed: floor.queue(ticket.queue).staffed.size,
    };
  }
}
