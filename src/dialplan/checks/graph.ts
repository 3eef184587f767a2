import { nameMeant } from '../nearest';
import { actionsOf, type ActionDraft, type Draft, type FlowDraft, type MenuDraft, type PageDraft } from '../draft';

/** A page as a station on the way of a person through the menus. */
export interface Station {
  readonly menu: MenuDraft;
  readonly page: PageDraft;
  /** Pages that an item or the form leads to: in this menu, or the first of another flow's menu. */
  readonly next: Set<Station>;
  /** Pages of this menu that lead here: where `back` goes. */
  readonly before: Set<Station>;
  /** Flows that an item or the form leads to. */
  readonly flows: Set<FlowDraft>;
  /** Whether a person can leave the menus from here: to a queue or an end, or by a name that is not known, told of elsewhere. */
  exit: boolean;
}

/** The pages of a site and the ways between them. */
export interface Graph {
  readonly stations: readonly Station[];
  /**
   * The flow or menu of a name; of a name that is not known, the one that was most likely meant, so that one slip is told
   * of once.
   */
  flow(name: string): FlowDraft | undefined;
  menu(name: string): MenuDraft | undefined;
  /** The first page of a menu, if its name is right. */
  start(menu: MenuDraft): Station | undefined;
  station(menu: MenuDraft, page: string): Station | undefined;
}

export function graphOf(draft: Draft): Graph {
  const stations = draft.menus.flatMap((menu) => menu.pages.map((page) => newStation(menu, page)));
  const byName = new Map(stations.map((station) => [nameOf(station.menu, station.page.id.name), station]));
  const flows = new Map(draft.flows.map((flow) => [flow.id.name, flow]));
  const menus = new Map(draft.menus.map((menu) => [menu.id.name, menu]));
  const station = (menu: MenuDraft, page: string): Station | undefined =>
    byName.get(nameOf(menu, page)) ?? byName.get(nameOf(menu, nameMeant(page, menu.pages)));
  const graph: Graph = {
    stations,
    flow: (name) => flows.get(name) ?? flows.get(nameMeant(name, draft.flows)),
    menu: (name) => menus.get(name) ?? menus.get(nameMeant(name, draft.menus)),
    start: (menu) => station(menu, menu.start.name),
    station,
  };
  for (const one of stations) for (const action of everyAction(one.page)) connect(one, action, graph);

  return graph;
}

function nameOf(menu: MenuDraft, page: string): string {
  return `${menu.id.name}/${page}`;
}

function newStation(menu: MenuDraft, page: PageDraft): Station {
  return { menu, page, next: new Set(), before: new Set(), flows: new Set(), exit: false };
}

/** The actions of a page; undefined stands for one that could not be read. */
function everyAction(page: PageDraft): (ActionDraft | undefined)[] {
  const unread = page.items.some((item) => !item.action) || (page.form && !page.form.action);

  return unread ? [...actionsOf(page), undefined] : actionsOf(page);
}

function connect(from: Station, action: ActionDraft | undefined, graph: Graph): void {
  switch (action?.type) {
    case 'page':
      return linkPage(from, action.target.name, graph);
    case 'home':
      return link(from, graph.start(from.menu), false);
    case 'flow':
      return linkFlow(from, action.target.name, graph);
    case 'back':
      return;
    default:
      from.exit = true;
  }
}

function linkPage(from: Station, name: string, graph: Graph): void {
  const to = graph.station(from.menu, name);
  link(from, to, true);
  // A page that is not there was told of; it may well have been the way out.
  if (to?.page.id.name !== name) from.exit = true;
}

function link(from: Station, to: Station | undefined, canGoBack: boolean): void {
  if (!to) {
    from.exit = true;

    return;
  }
  from.next.add(to);
  if (canGoBack) to.before.add(from);
}

function linkFlow(from: Station, name: string, graph: Graph): void {
  const flow = graph.flow(name);
  const menu = flow && graph.menu(flow.menu.name);
  const start = menu && graph.start(menu);
  if (flow) from.flows.add(flow);
  if (start) from.next.add(start);
  // A flow without a menu leads straight to its queue; a name that is not known may well have been the way out.
  if (!start || flow.id.name !== name || menu.id.name !== flow.menu.name) from.exit = true;
}

/** The stations of one menu that a person can come to from its first page. */
export function reachableIn(menu: MenuDraft, graph: Graph): Set<Station> {
  const start = graph.start(menu);

  return start ? spread([start], (station) => [...station.next].filter((next) => next.menu === menu)) : new Set();
}

/** Everything that can be come to from `seeds`, themselves included. */
export function spread<T>(seeds: Iterable<T>, next: (one: T) => Iterable<T>): Set<T> {
  const seen = new Set(seeds);
  for (const one of seen) for (const other of next(one)) seen.add(other);

  return seen;
}
