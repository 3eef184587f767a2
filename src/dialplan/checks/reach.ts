import { actionsOf, type Draft, type FlowDraft, type MenuDraft } from '../draft';
import type { FaultCode, Faults, Place } from '../faults';
import { type Graph, reachableIn, spread } from './graph';

/** What nobody can come to is told of, so that it is not mistaken for something that works. */
export function checkReach(draft: Draft, graph: Graph, faults: Faults): void {
  for (const menu of draft.menus) checkPages(menu, graph, faults);
  const entries: Draft['unknown'] = draft.unknown;
  if (['numbers', 'services', 'flows', 'menus'].some((kind) => entries.has(kind as 'numbers'))) return;
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
  const menus = new Set([...flows].map((flow) => flow.menu.name));
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
  const named = [...draft.numbers, ...draft.services].map(({ flow }) => graph.flowsById.get(flow.name));
  const first = named.filter((flow) => flow !== undefined);

  return spread(first, (flow) => {
    const menu = graph.menusById.get(flow.menu.name);

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

  return new Set([...[...flows].map((flow) => flow.queue.name), ...chosen]);
}
