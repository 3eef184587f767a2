import type { FieldType } from '../ivr/model';
import type { Place } from './faults';
import type { Network } from './networks';

/**
 * A site as it was read: every name with its place, nothing looked up yet. The checks work on it, and a draft without
 * errors is compiled to a Plan. A value that is missing or of the wrong type reads as empty: the schema check has told
 * of it, and later checks pass over empty names.
 */
export interface Draft {
  site: SiteDraft;
  numbers: NumberDraft[];
  pools: PoolDraft[];
  services: ServiceDraft[];
  flows: FlowDraft[];
  menus: MenuDraft[];
  queues: QueueDraft[];
  terminals: TerminalDraft[];
  seats: SeatDraft[];
  /** Files in the folder `prompts`, such as `en/main.home.wav`. */
  prompts: readonly string[];
  /** Kinds whose file could not be read: names of that kind are not judged, which would only be echoes. */
  unknown: ReadonlySet<Kind>;
}

export type Kind = 'site' | 'numbers' | 'pools' | 'services' | 'flows' | 'menus' | 'queues' | 'directory';

/** A name and where it stands. */
export interface Named {
  name: string;
  at: Place;
}

export type TextDraft = Record<string, string>;

export interface SiteDraft {
  domain: string;
  realm: string;
  locales: Named[];
  defaultLocale: Named;
  defaultService: Named;
  trusted: { text: string; network: Network; at: Place }[];
  assetBase: string | undefined;
  /** The assetBase that is there cannot be used, so paths below it cannot be judged. */
  assetBaseFaulty: boolean;
  look: LookDraft;
}

export interface LookDraft {
  background: string;
  text: string;
  accent: string;
  logo: Named;
}

export interface NumberDraft {
  number: Named;
  flow: Named;
  locale: Named;
}

export interface PoolDraft {
  id: Named;
  from: number;
  to: number;
  lease: number;
  quarantine: number;
}

export interface ServiceDraft {
  id: Named;
  label: TextDraft;
  flow: Named;
  pool: Named;
  whenExhausted: string;
}

export interface FlowDraft {
  id: Named;
  menu: Named;
  queue: Named;
  priority: number;
  skills: Named[];
}

export interface QueueDraft {
  id: Named;
  label: TextDraft;
  skills: Named[];
  ringTimeout: number;
  wrapUp: number;
  grace: number;
  maxWaiting: number | undefined;
  maxWait: number | undefined;
  noAnswerDelay: number;
  rejectDelay: number;
  busyDelay: number;
  recording: string;
  retention: number;
  hold: { video: Named; music: Named };
}

/** A terminal or a seat, or a range of them. */
export interface UserDraft {
  key: Named;
  ids: string[];
  password: string;
}

export interface TerminalDraft extends UserDraft {
  place: string | undefined;
  locale: Named;
}

export interface SeatDraft extends UserDraft {
  name: string | undefined;
  photo: string | undefined;
  queues: Named[];
  /** The list of queues could not be read, so nothing is said of the queues that the seat serves. */
  queuesFaulty: boolean;
  skills: Named[];
}

export interface MenuDraft {
  /** The name of the file; its place is the beginning of the file. */
  id: Named;
  start: Named;
  pages: PageDraft[];
}

export interface PageDraft {
  id: Named;
  title: TextDraft;
  text: TextDraft | undefined;
  image: string | undefined;
  items: ItemDraft[];
  form: FormDraft | undefined;
  back: boolean;
}

export interface ItemDraft {
  key: Named;
  label: TextDraft;
  icon: string | undefined;
  action: ActionDraft | undefined;
}

export interface FormDraft {
  fields: FieldDraft[];
  submit: TextDraft;
  action: ActionDraft | undefined;
}

export interface FieldDraft {
  name: Named;
  label: TextDraft;
  type: FieldType;
  required: boolean;
  options: { value: Named; label: TextDraft }[] | undefined;
}

export const actionTypes = ['page', 'queue', 'flow', 'home', 'back', 'end'] as const;
export type ActionType = (typeof actionTypes)[number];

export interface ActionDraft {
  type: ActionType;
  /** The page, queue or flow, or the reason of an end; empty for home and back. */
  target: Named;
  priority: number | undefined;
  skills: Named[] | undefined;
}

/** Every action of a page, of its items and of its form. */
export function actionsOf(page: PageDraft): ActionDraft[] {
  return [...page.items.map((item) => item.action), page.form?.action].filter((action) => action !== undefined);
}

/** Whether a person can go back from a page: by the page itself, or by one of its items. */
export function hasBack(page: PageDraft): boolean {
  return page.back || actionsOf(page).some((action) => action.type === 'back');
}
