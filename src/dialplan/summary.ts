import { localized } from '../ivr/model';
import type { Flow, Plan } from './model';

/** A plan in a few numbers, for `sightline check` and for operators' tools. */
export interface PlanSummary {
  domain: string;
  locales: readonly string[];
  defaultLocale: string;
  numbers: number;
  pools: number;
  /** Routing numbers in all pools together. */
  routingNumbers: number;
  services: number;
  flows: number;
  menus: number;
  pages: number;
  queues: number;
  terminals: number;
  seats: number;
}

export function summaryOf(plan: Plan): PlanSummary {
  const pages = [...plan.menus.values()].map((menu) => Object.keys(menu.pages).length);
  const pools = [...plan.pools.values()].map((pool) => pool.to - pool.from + 1);

  return {
    domain: plan.domain,
    locales: plan.locales,
    defaultLocale: plan.defaultLocale,
    numbers: plan.numbers.size,
    pools: plan.pools.size,
    routingNumbers: sum(pools),
    services: plan.services.size,
    flows: plan.flows.size,
    menus: plan.menus.size,
    pages: sum(pages),
    queues: plan.queues.size,
    terminals: plan.terminals.size,
    seats: plan.seats.size,
  };
}

/** The plan as an operator wants to see it at a glance. */
export function summaryLines(plan: Plan): string[] {
  const languages = plan.locales.map((locale) => (locale === plan.defaultLocale ? `${locale} (default)` : locale));
  const rows: [string, string[]][] = [
    ['domain', [`${plan.domain}, realm ${plan.realm}`]],
    ['languages', [languages.join(', ')]],
    ['trusted', plan.trustedNetworks.length > 0 ? [plan.trustedNetworks.join(', ')] : ['no network; every call needs credentials']],
    ['numbers', [...plan.numbers.values()].map(({ number, flow }) => `${number}  ${wayOf(plan, flow)}`)],
    ['pools', [...plan.pools.values()].map((pool) => `${pool.id}  ${pool.from}-${pool.to}, lease ${pool.lease} s, rest ${pool.quarantine} s`)],
    ['services', [...plan.services.values()].map((service) => `${service.id}${service.id === plan.defaultService ? ' (default)' : ''}  pool ${service.pool}, ${wayOf(plan, service.flow)}`)],
    ['menus', [...plan.menus.values()].map((menu) => `${menu.id}  ${many(Object.keys(menu.pages).length, 'page')}`)],
    ['queues', [...plan.queues.values()].map((queue) => `${queue.id}  ${localized(queue.label, plan.defaultLocale)}, ${many(seatsOf(plan, queue.id), 'seat')}`)],
    ['people', [`${many(plan.terminals.size, 'terminal')}, ${many(plan.seats.size, 'seat')}`]],
  ]; // prettier-ignore

  return rows.flatMap(([name, lines]) =>
    lines.map((line, index) => `  ${(index === 0 ? name : '').padEnd(10)} ${line}`),
  );
}

function wayOf(plan: Plan, flowId: string): string {
  const flow: Flow | undefined = plan.flows.get(flowId);
  if (!flow) return flowId;

  return flow.menu === undefined ? `queue ${flow.queue}` : `menu ${flow.menu}, else queue ${flow.queue}`;
}

function seatsOf(plan: Plan, queue: string): number {
  return [...plan.seats.values()].filter((seat) => seat.queues.includes(queue)).length;
}

function many(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
