import { membersOf } from '../compile-queue';
import { actionsOf, type Draft, type Kind, type MenuDraft, type Named, type QueueDraft } from '../draft';
import type { FaultCode, Faults } from '../faults';
import { didYouMean, listed } from '../nearest';
import { patterns } from '../schema-parts';

const isName = new RegExp(patterns.name.pattern);

const isUser = new RegExp(patterns.user.pattern);
const isNumber = new RegExp(patterns.number.pattern);

interface Target {
  kind: Kind;
  /** What cannot be a name at all was told of as such. */
  pattern: RegExp;
  code: FaultCode;
  noun: string;
  names: ReadonlySet<string>;
}

/** Every name has to lead somewhere. */
export function checkReferences(draft: Draft, faults: Faults): void {
  const target = targetsOf(draft);
  const look: Look = (what, where) => lookUp(what, where, draft.unknown, faults);
  look(draft.site.defaultService, target.service);
  for (const number of draft.numbers) look(number.flow, target.flow);
  for (const service of draft.services) {
    look(service.flow, target.flow);
    look(service.pool, target.pool);
  }
  for (const flow of draft.flows) {
    look(flow.menu, target.menu);
    look(flow.queue, target.queue);
    look(flow.wish.designated, target.seat);
  }
  for (const queue of draft.queues) checkQueue(queue, target, look);
  for (const seat of draft.seats) for (const queue of seat.queues) look(queue, target.queue);
  for (const menu of draft.menus) checkMenu(menu, target, look);
}

type Look = (what: Named, where: Target) => void;
type Targets = Record<'queue' | 'menu' | 'flow' | 'service' | 'pool' | 'seat' | 'group' | 'hours' | 'number', Target>;

function targetsOf(draft: Draft): Targets {
  const names = (list: readonly { id: Named }[]): ReadonlySet<string> => new Set(list.map(({ id }) => id.name));

  return {
    queue: { kind: 'queues', pattern: isName, code: 'UNKNOWN_QUEUE', noun: 'queue', names: names(draft.queues) },
    menu: { kind: 'menus', pattern: isName, code: 'UNKNOWN_MENU', noun: 'menu', names: names(draft.menus) },
    flow: { kind: 'flows', pattern: isName, code: 'UNKNOWN_FLOW', noun: 'flow', names: names(draft.flows) },
    service: {
      kind: 'services',
      pattern: isName,
      code: 'UNKNOWN_SERVICE',
      noun: 'service',
      names: names(draft.services),
    },
    pool: { kind: 'pools', pattern: isName, code: 'UNKNOWN_POOL', noun: 'pool', names: names(draft.pools) },
    ...moreTargetsOf(draft),
  };
}

function moreTargetsOf(draft: Draft): Pick<Targets, 'seat' | 'group' | 'hours' | 'number'> {
  const seats = new Set(draft.seats.flatMap(({ ids }) => ids));
  const groups = new Set(draft.seats.flatMap((seat) => seat.groups.map(({ name }) => name)));
  const hours = new Set(draft.times.hours.map(({ id }) => id.name));
  const numbers = new Set(draft.numbers.map(({ number }) => number.name));

  return {
    seat: { kind: 'directory', pattern: isUser, code: 'UNKNOWN_SEAT', noun: 'seat', names: seats },
    group: { kind: 'directory', pattern: isName, code: 'UNKNOWN_GROUP', noun: 'group', names: groups },
    hours: { kind: 'site', pattern: isName, code: 'UNKNOWN_HOURS', noun: 'entry of hours', names: hours },
    number: { kind: 'numbers', pattern: isNumber, code: 'UNKNOWN_NUMBER', noun: 'number', names: numbers },
  };
}

/** Whom its rings name, where it overflows to, and its hours. */
function checkQueue(queue: QueueDraft, target: Targets, look: Look): void {
  look(queue.hours, target.hours);
  if (queue.callback) look(queue.callback.hours, target.hours);
  for (const { to } of queue.overflow) {
    if (to?.kind === 'queue') look(to.target, target.queue);
    if (to?.kind === 'number') look(to.target, target.number);
  }
  for (const member of [...(queue.rings ?? []).flatMap((ring) => ring.seats.members), ...queue.first]) {
    const { seats, groups } = membersOf([member]);
    for (const name of seats) look({ name, at: member.at }, target.seat);
    for (const name of groups) look({ name, at: member.at }, target.group);
  }
}

function checkMenu(menu: MenuDraft, target: Targets, look: Look): void {
  const names = new Set(menu.pages.map((page) => page.id.name));
  const page: Target = { kind: 'menus', pattern: isName, code: 'UNKNOWN_PAGE', noun: 'page', names };
  if (names.size > 0) look(menu.start, page);
  for (const action of menu.pages.flatMap(actionsOf)) {
    if (action.type === 'page') look(action.target, page);
    if (action.type === 'queue') look(action.target, target.queue);
    look(action.wish.designated, target.seat);
    if (action.type === 'flow') look(action.target, target.flow);
  }
}

function lookUp(what: Named, where: Target, unknown: ReadonlySet<Kind>, faults: Faults): void {
  const { name } = what;
  // With a file missing or unreadable, every name of its kind would be unknown; menus are known by the names of their files.
  const unsure = where.kind !== 'menus' && unknown.has(where.kind);
  if (!where.pattern.test(name) || where.names.has(name) || unsure) return;
  const known = where.names.size > 0 ? `There are: ${listed(where.names)}.` : `There is no ${where.noun} yet.`;
  faults.add(where.code, what.at, `there is no ${where.noun} '${name}'${didYouMean(name, where.names)}`, known);
}
