import { overflows } from '../acd/overflow';
import type { OverflowRule, QueueConfig } from '../acd/config';
import type { SimulatedPlan } from './model';
import type { Person } from './person';
import type { World } from './world';

/** How often the rules of a queue are looked at when it moves, and when it does not; as in the server, in ms. */
const MOVED_EVERY = 250;
const SWEEP_EVERY = 1_000;

/** What watching needs of those around it. */
export interface RuleContext {
  readonly plan: SimulatedPlan;
  readonly world: World;
  /** Those of a queue, in the order in which they came; some of them may talk. */
  in(queue: string): Person[];
  /** A rule sends a person elsewhere who has waited so many seconds. */
  sendOn(person: Person, to: OverflowRule['to'], waited: number): void;
}

interface Looked {
  at: number;
  waiting: number;
  staffVersion: number;
}

/** Watches those who wait, and sends them elsewhere when a rule of their queue says so. */
export class RuleWatch {
  private readonly ruled: QueueConfig[];
  private readonly looked = new Map<string, Looked>();

  constructor(private readonly context: RuleContext) {
    this.ruled = [...context.plan.queues()].filter(({ overflow = [] }) => overflow.length > 0);
  }

  /** Something may have moved. */
  look(): void {
    const { store, agenda, now } = this.context.world;
    for (const config of this.ruled) {
      const { waiting, staffVersion } = store.floor.queue(config.id);
      const last = this.looked.get(config.id) ?? { at: -Infinity, waiting: 0, staffVersion: 0 };
      if (last.waiting === waiting && last.staffVersion === staffVersion) continue;
      this.looked.set(config.id, { ...last, waiting, staffVersion });
      agenda.put(`rules:${config.id}`, Math.max(now, last.at + MOVED_EVERY), () => this.lookAt(config));
    }
  }

  private lookAt(config: QueueConfig): void {
    const { store, agenda, now } = this.context.world;
    const { waiting, staffVersion } = store.floor.queue(config.id);
    this.looked.set(config.id, { at: now, waiting, staffVersion });
    if (waiting === 0) return;
    const next = (Math.floor(now / SWEEP_EVERY) + 1) * SWEEP_EVERY;
    agenda.put(`rules:${config.id}`, next, () => this.lookAt(config));
    for (const person of this.context.in(config.id)) this.judge(person, config.overflow ?? []);
  }

  /** Each rule sends a person once, whatever came of it. */
  private judge(person: Person, rules: readonly OverflowRule[]): void {
    const { store, estimates, now } = this.context.world;
    const ticket = store.floor.tickets.get(person.ticketId);
    if (ticket?.state !== 'waiting' || ticket.callback) return;
    const { position, staffed, estimate } = estimates.of(ticket);
    const facts = {
      waited: (now - ticket.enqueuedAt) / 1_000,
      ahead: position - 1,
      estimate: () => estimate[1],
      staffed,
    };
    const index = rules.findIndex(({ when }) => overflows(when, facts));
    const rule = rules[index];
    if (!rule || person.tried.has(index)) return;
    person.tried.add(index);
    this.context.sendOn(person, rule.to, facts.waited);
  }
}
