import { actionsOf, type Draft, type Kind, type MenuDraft, type Named } from '../draft';
import type { FaultCode, Faults } from '../faults';
import { didYouMean, listed } from '../nearest';
import { patterns } from '../schema-parts';

const isName = new RegExp(patterns.name.pattern);

interface Target {
  kind: Kind;
  code: FaultCode;
  noun: string;
  names: ReadonlySet<string>;
}

/** Every name has to lead somewhere. */
export function checkReferences(draft: Draft, faults: Faults): void {
  const target = targetsOf(draft);
  const look = (what: Named, where: Target): void => lookUp(what, where, draft.unknown, faults);
  look(draft.site.defaultService, target.service);
  for (const number of draft.numbers) look(number.flow, target.flow);
  for (const service of draft.services) {
    look(service.flow, target.flow);
    look(service.pool, target.pool);
  }
  for (const flow of draft.flows) {
    look(flow.menu, target.menu);
    look(flow.queue, target.queue);
  }
  for (const seat of draft.seats) for (const queue of seat.queues) look(queue, target.queue);
  for (const menu of draft.menus) checkMenu(menu, target, look);
}

type Targets = Record<'queue' | 'menu' | 'flow' | 'service' | 'pool', Target>;

function targetsOf(draft: Draft): Targets {
  const names = (list: readonly { id: Named }[]): ReadonlySet<string> => new Set(list.map(({ id }) => id.name));

  return {
    queue: { kind: 'queues', code: 'UNKNOWN_QUEUE', noun: 'queue', names: names(draft.queues) },
    menu: { kind: 'menus', code: 'UNKNOWN_MENU', noun: 'menu', names: names(draft.menus) },
    flow: { kind: 'flows', code: 'UNKNOWN_FLOW', noun: 'flow', names: names(draft.flows) },
    service: { kind: 'services', code: 'UNKNOWN_SERVICE', noun: 'service', names: names(draft.services) },
    pool: { kind: 'pools', code: 'UNKNOWN_POOL', noun: 'pool', names: names(draft.pools) },
  };
}

function checkMenu(menu: MenuDraft, target: Targets, look: (what: Named, where: Target) => void): void {
  const names = new Set(menu.pages.map((page) => page.id.name));
  const page: Target = { kind: 'menus', code: 'UNKNOWN_PAGE', noun: 'page', names };
  if (names.size > 0) look(menu.start, page);
  for (const action of menu.pages.flatMap(actionsOf)) {
    if (action.type === 'page') look(action.target, page);
    if (action.type === 'queue') look(action.target, target.queue);
    if (action.type === 'flow') look(action.target, target.flow);
  }
}

function lookUp(what: Named, where: Target, unknown: ReadonlySet<Kind>, faults: Faults): void {
  const { name } = what;
  // With a file missing or unreadable, every name of its kind would be unknown; menus are known by the names of their files.
  const unsure = where.kind !== 'menus' && unknown.has(where.kind);
  // What cannot be a name at all was told of as such.
  if (!isName.test(name) || where.names.has(name) || unsure) return;
  const known = where.names.size > 0 ? `There are: ${listed(where.names)}.` : `There is no ${where.noun} yet.`;
  faults.add(where.code, what.at, `there is no ${where.noun} '${name}'${didYouMean(name, where.names)}`, known);
}
