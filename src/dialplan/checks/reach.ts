import { actionsOf, type Draft, type FlowDraft, type MenuDraft } from '../draft';
import type { FaultCode, Faults, Place } from '../faults';
import { nameMeant } from '../nearest';
import { type Graph, reachableIn, spread } from './graph';

/** What nobody can come to is told of, so that it is not mistaken for something that works. */
export function checkReach(draft: Draft, graph: Graph, faults: Faults): void {
  for (const menu of draft.menus) checkPages(menu, graph, faults);
  if (!isSure(draft)) return;
  const flows = reachableFlows(draft, graph);
  for (const flow of draft.flows) {
    if (!flows.has(flow))
      tell(
        'UNREACHABLE_FLOW',
        flow.id.at,
        `no number, service or menu that can be reached leads to the flow '${flow.id.name}'`,
        faults,
      );
  }
  const menus = new Set([...flows].map((flow) => nameMeant(flow.menu.name, draft.menus)));
  for (const menu of draft.menus) {
    if (!menus.has(menu.id.name))
      tell('UNREACHABLE_MENU', menu.id.at, `no flow that can be reached shows the menu '${menu.id.name}'`, faults);
  }
  const queues = reachableQueues(flows, menus, draft, graph);
  for (const queue of draft.queues) {
    if (!queues.has(queue.id.name))
      tell(
        'UNREACHABLE_QUEUE',
        queue.id.at,
        `nothing that can be reached leads to the queue '${queue.id.name}'`,
        faults,
      );
  }
}

/** Whether all the ways are known: what could not be read may lead anywhere. */
function isSure(draft: Draft): boolean {
  const entries = [...draft.numbers, ...draft.services];
  const read = (['numbers', 'services', 'flows', 'menus'] as const).every((kind) => !draft.unknown.has(kind));
  const actions = draft.menus.flatMap((menu) => menu.pages.flatMap((page) => page.items.map((item) => item.action)));

  return (
    read && entries.length > 0 && entries.every(({ flow }) => flow.name !== '') && actions.every((action) => action)
  );
}

function tell(code: FaultCode, at: Place, message: string, faults: Faults): void {
  faults.add(code, at, message);
}

function checkPages(menu: MenuDraft, graph: Graph, faults: Faults): void {
  if (!graph.start(menu)) return;
  const reachable = new Set([...reachableIn(menu, graph)].map((station) => station.page));
  for (const page of menu.pages) {
    if (!reachable.has(page))
      tell('UNREACHABLE_PAGE', page.id.at, `no item leads to the page '${page.id.name}'`, faults);
  }
}

function reachableFlows(draft: Draft, graph: Graph): Set<FlowDraft> {
  const named = [...draft.numbers, ...draft.services].map(({ flow }) => graph.flow(flow.name));
  const first = named.filter((flow) => flow !== undefined);

  return spread(first, (flow) => {
    const menu = graph.menu(flow.menu.name);

    return menu ? [...reachableIn(menu, graph)].flatMap((station) => [...station.flows]) : [];
  });
}

function reachableQueues(
  flows: ReadonlySet<FlowDraft>,
  menus: ReadonlySet<string>,
  draft: Draft,
  graph: Graph,
): Set<string> {
  const pages = draft.menus.filter((menu) => menus.has(menu.id.name)).flatMap((menu) => [...reachableIn(menu, graph)]);
  const actions = pages.flatMap((station) => actionsOf(station.page));
  const chosen = actions.filter((action) => action.type === 'queue').map((action) => action.target.name);

  const named = [...[...flows].map((flow) => flow.queue.name), ...chosen];

  const queues = new Map(draft.queues.map((queue) => [queue.id.name, queue]));
  const first = named.map((name) => nameMeant(name, draft.queues));

  return spread(first, (name) =>
    (queues.get(name)?.overflow ?? []).flatMap(({ to }) =>
      to?.kind === 'queue' ? [nameMeant(to.target.name, draft.queues)] : [],
    ),
  );
}
