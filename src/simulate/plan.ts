import type { ClassCurves, Medium, TicketClass } from '../acd/types';
import { isOpen } from '../dialplan/hours';
import type { Hours } from '../dialplan/hours';
import type { Plan } from '../dialplan/model';
import type { Route, SimulatedPlan } from './model';

/** What a plan may say besides, where it says anything of it. */
interface Extras {
  readonly site: string;
  readonly timezone?: string;
  readonly classes?: ClassCurves;
}

interface FlowExtras {
  readonly id: string;
  readonly class?: TicketClass;
  readonly medium?: Medium;
  readonly designated?: string;
}

/** The time zone in which the hours of a plan are meant. */
export function zoneOf(plan: Plan): string {
  const { timezone = 'UTC' }: Extras = plan;

  return timezone;
}

/** A compiled dialplan as the simulator sees it. */
export function simulatedPlan(plan: Plan): SimulatedPlan {
  const { classes }: Extras = plan;

  return {
    site: plan.site,
    queue: (id) => plan.queues.get(id),
    seat: (id) => plan.seats.get(id),
    queues: () => plan.queues.values(),
    seats: () => plan.seats.values(),
    ...(classes ? { curves: () => classes } : {}),
    isOpen: (id, at) => {
      const { hours }: { id?: string; hours?: Hours } = plan.queues.get(id) ?? {};

      return !hours || isOpen(hours, at);
    },
    flow: (id) => routeOf(plan, id),
    flowOf: (number) => plan.numbers.get(number)?.flow,
  };
}

function routeOf(plan: Plan, id: string): Route | undefined {
  const flow = plan.flows.get(id);
  if (!flow) return undefined;
  const { class: name, medium, designated }: FlowExtras = flow;

  return { queue: flow.queue, priority: flow.priority, skills: flow.skills, class: name, medium, designated };
}
