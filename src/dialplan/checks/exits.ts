import { type Draft, type FlowDraft, hasBack, type MenuDraft } from '../draft';
import type { Faults } from '../faults';
import { listed } from '../nearest';
import { type Graph, reachableIn, spread, type Station } from './graph';

/** Nobody may be caught: from every page there is a way to a queue or an end. */
export function checkExits(draft: Draft, graph: Graph, faults: Faults): void {
  const dead = graph.stations.filter((station) => isDeadEnd(station, graph));
  for (const { page, menu } of dead) {
    const first = page.id.name === menu.start.name;
    const what = first ? 'offers nothing to choose' : 'offers nothing to choose and no way back';
    faults.add(
      'DEAD_END',
      page.id.at,
      `the page '${page.id.name}' ${what}`,
      first ? 'Add items or a form.' : undefined,
    );
  }
  const caught = caughtStations(draft, graph, new Set(dead));
  const loops = flowLoops(draft, graph, caught);
  for (const loop of loops) {
    const chain = [...loop, loop[0]!].map((flow) => `'${flow.id.name}'`).join(' -> ');
    const message = `the flows ${chain} lead only to each other`;
    faults.add(
      'FLOW_LOOP',
      loop[0]!.id.at,
      message,
      'Add an item that leads to a queue, or that ends the call, to one of their menus.',
    );
  }
  for (const menu of draft.menus) tellCaught(menu, graph, caught, faults);
}

function isDeadEnd({ page, menu }: Station, graph: Graph): boolean {
  const isStart = graph.start(menu)?.page === page;

  return page.items.length === 0 && !page.form && (isStart || !page.back);
}

/**
 * The stations where a person can be caught. Somebody is caught at a page that leads on to no way out and has no way back,
 * or leads back only to where the same holds. Dead ends count as ways out here: they were told of.
 */
function caughtStations(draft: Draft, graph: Graph, dead: ReadonlySet<Station>): Set<Station> {
  const reachable = new Set(draft.menus.flatMap((menu) => [...reachableIn(menu, graph)]));
  const free = leadingOut(graph, dead);
  const stuck = [...reachable].filter((station) => !free.has(station));
  // At the first page there is nothing to go back to.
  const ends = stuck.filter((station) => !hasBack(station.page) || graph.start(station.menu) === station);
  const leadsOn = new Map<Station, Station[]>();
  for (const station of stuck) {
    for (const before of station.before) leadsOn.set(before, [...(leadsOn.get(before) ?? []), station]);
  }

  return spread(ends, (station) => leadsOn.get(station) ?? []);
}

/** The stations from which some way on, without going back, leads out. */
function leadingOut(graph: Graph, dead: ReadonlySet<Station>): Set<Station> {
  const cameFrom = new Map<Station, Station[]>();
  for (const station of graph.stations) {
    for (const next of station.next) cameFrom.set(next, [...(cameFrom.get(next) ?? []), station]);
  }
  const out = graph.stations.filter((station) => station.exit || dead.has(station));

  return spread(out, (station) => cameFrom.get(station) ?? []);
}

/** Rings of flows whose menus lead only into each other, each told once. */
function flowLoops(draft: Draft, graph: Graph, caught: ReadonlySet<Station>): FlowDraft[][] {
  const next = (flow: FlowDraft): FlowDraft[] => {
    const menu = graph.menu(flow.menu.name);
    const stations = menu ? [...reachableIn(menu, graph)].filter((station) => caught.has(station)) : [];

    return stations.flatMap((station) => [...station.flows]);
  };
  const told = new Set<FlowDraft>();
  const loops: FlowDraft[][] = [];
  for (const flow of draft.flows) {
    const ring = told.has(flow) ? undefined : ringFrom(flow, next);
    if (!ring) continue;
    for (const one of spread([flow], next)) told.add(one);
    loops.push(ring);
  }

  return loops;
}

/** The shortest way from a flow back to itself. */
function ringFrom(flow: FlowDraft, next: (flow: FlowDraft) => FlowDraft[]): FlowDraft[] | undefined {
  const ways: FlowDraft[][] = [[flow]];
  const seen = new Set<FlowDraft>();
  for (const way of ways) {
    for (const other of next(way.at(-1)!)) {
      if (other === flow) return way;
      if (!seen.has(other)) ways.push([...way, other]);
      seen.add(other);
    }
  }

  return undefined;
}

/** Pages of one menu that lead only to each other; those that lead on to a ring of flows were told of with the ring. */
function tellCaught(menu: MenuDraft, graph: Graph, caught: ReadonlySet<Station>, faults: Faults): void {
  const own = graph.stations.filter((station) => station.menu === menu && caught.has(station));
  const ways = (station: Station): Station[] => [...station.next].filter((next) => next.menu === menu);
  const pages = own.filter((station) => ![...spread([station], ways)].some((one) => one.flows.size > 0));
  const [first] = pages;
  if (!first) return;
  const names = listed(pages.map((station) => `'${station.page.id.name}'`));
  const message = `from ${pages.length > 1 ? 'the pages' : 'the page'} ${names} a person reaches neither a queue nor an end`;
  faults.add(
    'NO_EXIT',
    first.page.id.at,
    message,
    'Add an item that leads to a queue, or one with action: {end: done}.',
  );
}
