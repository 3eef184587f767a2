import { createHash } from 'node:crypto';
import path from 'node:path';
import { type Medium, type TicketClass, ticketClasses } from '../acd/config';
import type { Field, Form, Item, LocalText, Menu, MenuAction, Page } from '../ivr/model';
import { compileQueue, given, namesOf } from './compile-queue';
import { hasBack } from './draft';
import type {
  ActionDraft,
  Draft,
  FieldDraft,
  FormDraft,
  ItemDraft,
  MenuDraft,
  Named,
  PageDraft,
  SeatDraft,
} from './draft';
import type { TerminalDraft, TimesDraft, WishDraft } from './draft';
import { deepFreeze, frozenMap } from './frozen';
import { featureCodeNames } from './model';
import type { Flow, Look, Plan, Pool, Seat, Service, StaticNumber, Terminal } from './model';
import { media } from './schema-parts';

/** A draft without errors as a plan. */
export function compile(folder: string, draft: Draft): Plan {
  const said = contentOf(draft);
  const absolute = path.resolve(folder);

  return deepFreeze({ version: hashOf(said), site: path.basename(absolute), folder: absolute, ...said });
}

type Content = Omit<Plan, 'version' | 'site' | 'folder'>;

function contentOf(draft: Draft): Content {
  const locales = draft.site.locales.map(({ name }) => name);
  const hours = byId(draft.times.hours, idOf, (one) => one.hours);

  return {
    domain: draft.site.domain,
    realm: draft.site.realm,
    locales,
    defaultLocale: draft.site.defaultLocale.name || locales[0]!,
    trustedNetworks: draft.site.trusted.map(({ text }) => text),
    assetBase: draft.site.assetBase,
    look: compileLook(draft.site.look),
    ...compileTimes(draft.times),
    hours,
    prompts: [...draft.prompts],
    numbers: byId(draft.numbers, ({ number }) => number.name, compileNumber),
    pools: byId(draft.pools, idOf, ({ id, ...pool }): Pool => ({ id: id.name, ...pool })),
    services: byId(draft.services, idOf, compileService),
    defaultService: draft.site.defaultService.name || draft.services[0]?.id.name,
    flows: byId(draft.flows, idOf, compileFlow),
    menus: byId(draft.menus, idOf, compileMenu),
    queues: byId(draft.queues, idOf, (queue) => compileQueue(queue, hours)),
    terminals: byUser(draft.terminals, compileTerminal),
    seats: byUser(draft.seats, compileSeat),
  };
}

function idOf(one: { id: Named }): string {
  return one.id.name;
}

function byId<D, T>(drafts: readonly D[], key: (draft: D) => string, make: (draft: D) => T): ReadonlyMap<string, T> {
  return frozenMap(drafts.map((draft) => [key(draft), make(draft)]));
}

function byUser<D extends { ids: string[] }, T>(
  drafts: readonly D[],
  make: (id: string, draft: D, order: number) => T,
): ReadonlyMap<string, T> {
  const users = drafts.flatMap((draft) => draft.ids.map((id) => ({ id, draft })));

  return frozenMap(users.map(({ id, draft }, order): [string, T] => [id, make(id, draft, order)]));
}

function compileNumber({ number, flow, locale }: Draft['numbers'][number]): StaticNumber {
  return { number: number.name, flow: flow.name, ...given('locale', locale.name) };
}

function compileService({ id, label, flow, pool, whenExhausted }: Draft['services'][number]): Service {
  return {
    id: id.name,
    label,
    flow: flow.name,
    pool: pool.name,
    whenExhausted: whenExhausted === 'queue' ? 'queue' : 'refuse',
  };
}

function compileFlow({ id, menu, queue, priority, skills, wish }: Draft['flows'][number]): Flow {
  return {
    id: id.name,
    ...given('menu', menu.name),
    queue: queue.name,
    priority,
    skills: namesOf(skills),
    ...compileWish(wish),
  };
}

function compileWish(wish: WishDraft): Pick<Flow, 'class' | 'medium' | 'designated'> {
  return {
    ...given('class', classOf(wish.class.name)),
    ...given('medium', mediaOf([wish.medium])[0]),
    ...given('designated', wish.designated.name),
  };
}

function classOf(name: string): TicketClass | undefined {
  return ticketClasses.find((one) => one === name);
}

function mediaOf(list: readonly Named[]): Medium[] {
  return list.flatMap(({ name }) => media.filter((one) => one === name));
}

type Times = Pick<Plan, 'timezone' | 'classes' | 'overtakeLimit' | 'emergency' | 'codes'>;

function compileTimes({ timezone, classes, overtakeLimit, emergency, codes }: TimesDraft): Times {
  return {
    timezone,
    // A copy: what the plan holds is frozen.
    classes: structuredClone(classes),
    overtakeLimit,
    ...given('emergency', emergency),
    codes: Object.fromEntries(featureCodeNames.map((name) => [name, codes[name].name])) as Plan['codes'],
  };
}

function compileLook({ logo, ...colours }: Draft['site']['look']): Look {
  return { ...colours, ...given('logo', logo.name) };
}

function compileTerminal(id: string, draft: TerminalDraft): Terminal {
  return {
    id,
    password: draft.password,
    ...given('place', draft.place?.replaceAll('{id}', id)),
    ...given('locale', draft.locale.name),
    ...given('class', classOf(draft.class)),
    ...given('customer', draft.customer),
  };
}

function compileSeat(id: string, draft: SeatDraft, order: number): Seat {
  const shown = (draft.name ?? id).replaceAll('{id}', id);

  return {
    id,
    password: draft.password,
    name: shown,
    ...given('photo', draft.photo),
    queues: namesOf(draft.queues),
    skills: namesOf(draft.skills),
    levels: draft.levels,
    penalties: draft.penalties,
    groups: namesOf(draft.groups),
    order,
    ...given('media', draft.media && mediaOf(draft.media)),
    login: draft.login.name === 'code' ? 'code' : 'registration',
    ...given('pin', draft.pin),
  };
}

function compileMenu({ id, start, pages }: MenuDraft): Menu {
  return {
    id: id.name,
    start: start.name,
    pages: Object.fromEntries(pages.map((page) => [page.id.name, compilePage(page)])),
  };
}

function compilePage(page: PageDraft): Page {
  const { id, title, text, image, items, form } = page;

  return {
    id: id.name,
    title,
    ...given('text', text),
    ...given('image', image),
    items: items.map(compileItem),
    ...given('form', form && compileForm(form)),
    back: hasBack(page),
  };
}

function compileItem({ key, label, icon, action }: ItemDraft): Item {
  return { key: key.name, label, ...given('icon', icon), action: compileAction(action) };
}

function compileForm({ fields, submit, action }: FormDraft): Form {
  return { fields: fields.map(compileField), submit, action: compileAction(action) };
}

function compileField({ name, label, type, required, options }: FieldDraft): Field {
  const choices = options?.map((option): { value: string; label: LocalText } => ({
    value: option.value.name,
    label: option.label,
  }));

  return { name: name.name, label, type, required, ...given('options', choices) };
}

function compileAction(action: ActionDraft | undefined): MenuAction {
  if (!action) throw new Error('A draft with errors was compiled');
  const { type, target, priority, skills, wish } = action;
  if (type === 'page') return { type, page: target.name };
  if (type === 'flow') return { type, flow: target.name };
  if (type === 'end') return { type, reason: target.name };
  if (type !== 'queue') return { type };

  return {
    type,
    queue: target.name,
    ...given('priority', priority),
    ...given('skills', skills && namesOf(skills)),
    ...compileWish(wish),
  };
}

/** The same for plans that say the same, in whatever order: 16 hexadecimal digits. */
function hashOf(content: Content): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(content)))
    .digest('hex')
    .slice(0, 16);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Map) return sorted(Object.fromEntries(value as Map<string, unknown>));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

  return entries.map(([key, one]) => [key, sorted(one)]);
}
