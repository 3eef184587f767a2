import type { ClassCurves } from '../acd/config';
import type { FieldType } from '../ivr/model';
import type { Place } from './faults';
import type { Hours } from './hours';
import type { FeatureCodeName } from './model';
import type { Network } from './networks';

/**
 * A site as it was read: every name with its place, nothing looked up yet. The checks work on it, and a draft without
 * errors is compiled to a Plan. A value that is missing or of the wrong type reads as empty: the schema check has told
 * of it, and later checks pass over empty names.
 */
export interface Draft {
  site: SiteDraft;
  times: TimesDraft;
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

/** What site.yaml says of opening hours, classes, codes and emergencies. */
export interface TimesDraft {
  timezone: string;
  hours: { id: Named; hours: Hours }[];
  classes: ClassCurves;
  /** Where the curves are written. */
  classesAt: Place;
  /** A curve could not be read, so the curves are not judged together. */
  classesFaulty: boolean;
  overtakeLimit: number;
  emergency: { text: TextDraft; refuse: boolean } | undefined;
  codes: Record<FeatureCodeName, Named>;
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
  wish: WishDraft;
}

/** What a way into a queue says of the ticket; empty names where it says nothing. */
export interface WishDraft {
  class: Named;
  medium: Named;
  designated: Named;
}

export interface QueueDraft {
  id: Named;
  label: TextDraft;
  strategy: Named;
  /** Whom the strategies that begin with some seats begin with. */
  first: Named[];
  firstFor: number;
  /** Undefined when none are written. */
  rings: RingDraft[] | undefined;
  ringStep: number | undefined;
  skills: Named[];
  weight: number | undefined;
  ringTimeout: number;
  wrapUp: number;
  wrapUpUntilDone: boolean;
  grace: number;
  returnWithin: number;
  maxWaiting: number | undefined;
  maxWait: number | undefined;
  noAnswerDelay: number;
  rejectDelay: number;
  busyDelay: number;
  unreachableDelay: number | undefined;
  autoBreak: Record<string, number>;
  overflow: OverflowDraft[];
  callback: CallbackDraft | undefined;
  hours: Named;
  closedMessage: TextDraft | undefined;
  recording: string;
  retention: number;
  hold: { video: Named; music: Named };
}

export const ringKinds = ['all', 'last-agent', 'frequent-agent', 'designated-agent'] as const;
export type RingKind = (typeof ringKinds)[number];

export interface RingDraft {
  at: Place;
  name: string | undefined;
  seats: { kind: RingKind | 'named'; at: Place; members: Named[] };
  /** Empty: that of the queue. */
  strategy: string;
  after: { value: number; at: Place };
  when: ConditionDraft | undefined;
  skills: Named[] | undefined;
  disregard: Named[];
  maxPenalty: number | undefined;
}

/** Numbers by key; `true` for a condition that has no number. */
export interface ConditionDraft {
  at: Place;
  values: ReadonlyMap<string, { value: number | true; at: Place }>;
}

export const overflowKinds = ['queue', 'number', 'message', 'callback'] as const;
export type OverflowKind = (typeof overflowKinds)[number];

export interface OverflowDraft {
  at: Place;
  when: ConditionDraft;
  /** Undefined when it does not say exactly one thing, which was told of. */
  to: { kind: OverflowKind; target: Named; text: TextDraft } | undefined;
}

export interface CallbackDraft {
  order: string;
  attempts: number;
  retryDelay: number;
  ringTimeout: number;
  hours: Named;
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
  class: string;
  customer: string | undefined;
}

export interface SeatDraft extends UserDraft {
  name: string | undefined;
  photo: string | undefined;
  queues: Named[];
  /** The list of queues could not be read, so nothing is said of the queues that the seat serves. */
  queuesFaulty: boolean;
  penalties: Record<string, number>;
  skills: Named[];
  levels: Record<string, number>;
  groups: Named[];
  /** Everything when undefined. */
  media: Named[] | undefined;
  login: Named;
  pin: string | undefined;
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
  wish: WishDraft;
}

/** Every action of a page, of its items and of its form. */
export function actionsOf(page: PageDraft): ActionDraft[] {
  return [...page.items.map((item) => item.action), page.form?.action].filter((action) => action !== undefined);
}

/** Whether a person can go back from a page: by the page itself, or by one of its items. */
export function hasBack(page: PageDraft): boolean {
  return page.back || actionsOf(page).some((action) => action.type === 'back');
}
