import { isOpen } from '../dialplan/hours';
import type { Plan } from '../dialplan/model';
import type { Route, SimulatedPlan } from './model';

/** A compiled dialplan as the simulator sees it. */
export function simulatedPlan(plan: Plan): SimulatedPlan {
  return {
    site: plan.site,
    queue: (id) => plan.queues.get(id),
    seat: (id) => plan.seats.get(id),
    queues: () => plan.queues.values(),
    seats: () => plan.seats.values(),
    curves: () => plan.classes,
    isOpen: (id, at) => {
      const hours = plan.queues.get(id)?.hours;

      return !hours || isOpen(hours, at);
    },
    flow: (id) => routeOf(plan, id),
    flowOf: (number) => plan.numbers.get(number)?.flow,
  };
}

function routeOf(plan: Plan, id: string): Route | undefined {
  const flow = plan.flows.get(id);
  if (!flow) return undefined;
  const { queue, priority, skills, class: name, medium, designated } = flow;

  return { queue, priority, skills, class: name, medium, designated };
}
