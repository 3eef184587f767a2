import { SightlineError } from '../lib/errors';
import type { Paging } from './face';
import { checkForm, type FieldFaults, type FieldRule, type FormValues } from './form';
import type {
  PageMessage,
  ServerMessage,
  SubmittedValues,
  SurveyMessage,
  TerminalInput,
  TerminalMessage,
} from './messages';
import type { LocalText, Menu, MenuAction, OutsideAction, Page } from './model';
import { MORE_KEY, PREVIOUS_KEY, partId, partsOf, renderPage, type PagePart, type PartField } from './paging';
import type { MenuState, Phase, View } from './state';
import { connectedMessage, endMessage, noticeMessage, queueMessage, surveyMessage, type QueueFacts } from './views';
import { CALLBACK_KEY } from './keys';
import { wordsFor } from './words';

/** What a step asks the call to do, besides the actions of the menu. */
export type StepAction =
  | OutsideAction
  /** The person gives up: the place in the queue, the talk, or the call, depending on the phase. */
  | { readonly type: 'leave' }
  | { readonly type: 'callback' }
  /** The person reads the menu while the ticket goes on waiting; no queue page is to be shown meanwhile. */
  | { readonly type: 'detour' }
  /** A form that keys cannot fill in, and that must be: somebody has to ask the questions of this page. */
  | { readonly type: 'ask'; readonly page: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'shown'; readonly ref: string }
  | { readonly type: 'failed'; readonly ref: string; readonly reason: string }
  | { readonly type: 'survey'; readonly id: string; readonly values: FormValues };

/** A telephone key that was pressed, whichever way it came. */
export interface DigitInput {
  readonly type: 'digit';
  readonly digit: string;
}

export interface StepResult {
  readonly state: MenuState;
  /** What to put on the screen, in order. */
  readonly send: readonly ServerMessage[];
  readonly action?: StepAction;
  /** The values of a form that was completed by this step; all of the call so far are in `state.values`. */
  readonly values?: FormValues;
  /** The message has been here before (or came late): answer 200, do nothing. */
  readonly duplicate?: true;
}

const MAX_TRAIL = 30;

/** The state of a call that begins on the first page of a menu, and that page. */
export function startMenu(menu: Menu, locale: string, face?: Paging): StepResult {
  const state: MenuState = {
    menu: menu.id,
    locale,
    phase: 'menu',
    ...(face && face !== 'screen' && { face }),
    trail: [{ page: menu.start, part: 0 }],
    draft: {},
    values: {},
    seqIn: -1,
    seqOut: 0,
  };

  return again(menu, state);
}

/** Leads a call into another menu; what was entered so far and the sequence numbers stay. */
export function enterMenu(menu: Menu, state: MenuState): StepResult {
  const { values, seqIn, seqOut, locale, face } = state;

  return again(menu, { ...startMenu(menu, locale, face).state, values, seqIn, seqOut });
}

/**
 * The state for a person who goes on by another face: on the same page, at the part that begins with what was to be seen, because each
 * face divides pages in its own way.
 */
export function onFace(menu: Menu, state: MenuState, face: Paging): MenuState {
  const { face: former = 'screen', ...rest } = state;
  if (former === face) return state;
  const trail = state.trail.map(({ page, part }) => ({ page, part: partOn(pageOf(menu, page), part, state, face) }));

  return { ...rest, trail, ...(face !== 'screen' && { face }) };
}

/** The part of a page that has the first item, or question, of this part as `state` divides it; the first where there is none. */
function partOn(page: Page | undefined, part: number, { locale, face: former }: MenuState, face: Paging): number {
  if (!page || part === 0) return 0;
  const { items = [], fields = [] } = partsOf(page, locale, former)[part] ?? {};
  const isHere = (other: PagePart): boolean =>
    other.items.some(({ key }) => key === items[0]?.key) ||
    other.fields.some(({ field }) => field.name === fields[0]?.field.name);

  return Math.max(0, partsOf(page, locale, face).findIndex(isHere));
}

/**
 * One thing that the person did, or one receipt of the terminal. Pure: the same state and input give the same result. What cannot
 * be done where the person is leaves everything as it is and shows the screen again.
 */
export function step(menu: Menu, state: MenuState, input: TerminalMessage | TerminalInput | DigitInput): StepResult {
  if ('seq' in input) {
    if (input.seq <= state.seqIn) return { state, send: [], duplicate: true };
    state = { ...state, seqIn: input.seq };
  }
  if (state.phase === 'ended') return { state, send: [] };
  switch (input.type) {
    case 'text':
      return { state, send: [], action: { type: 'text', text: input.text } };
    case 'shown':
      return { state, send: [], action: { type: 'shown', ref: input.ref } };
    case 'failed':
      return { state, send: [], action: { type: 'failed', ref: input.ref, reason: input.reason } };
    case 'leave':
      return { state, send: [], action: { type: 'leave' } };
    default:
      return state.pending ? { state, send: [] } : steps[state.phase](menu, state, input);
  }
}

/** What the screen should show now: after a take-over, or when it has to be drawn again. */
export function currentScreen(menu: Menu, state: MenuState): ServerMessage {
  return state.phase === 'menu' || !state.view ? drawPage(menu, settled(menu, state)) : state.view;
}

/** Back to the menu where it was left: an action could not be carried out, the person left the queue, or the talk is over. */
export function showMenu(menu: Menu, state: MenuState): StepResult {
  return again(menu, { ...state, phase: 'menu', view: undefined, pending: undefined });
}

export function showQueue(state: MenuState, facts: QueueFacts): StepResult {
  return show(state, 'queue', queueMessage(facts, state.locale));
}

export function showConnected(state: MenuState, agent: { name: string; photo?: string }, video: boolean): StepResult {
  return show(state, 'connected', connectedMessage(agent, video));
}

/** @throws SightlineError BODY_TOO_LARGE when the questions do not fit into one message. */
export function showSurvey(state: MenuState, survey: Parameters<typeof surveyMessage>[0]): StepResult {
  return show(state, 'survey', surveyMessage(survey, state.locale));
}

/** A text that the person can only take note of. */
export function showNotice(state: MenuState, notice: { title: LocalText; text: LocalText }): StepResult {
  return show(state, 'notice', noticeMessage(notice, state.locale));
}

export function showEnd(state: MenuState, reason: string): StepResult {
  return show(state, 'ended', endMessage(reason));
}

function show(state: MenuState, phase: Phase, view: View): StepResult {
  return { state: { ...state, phase, view, pending: undefined }, send: [view] };
}

type MenuInput = Extract<TerminalInput, { type: 'choose' | 'back' | 'home' | 'submit' | 'callback' }> | DigitInput;
type Step = (menu: Menu, state: MenuState, input: MenuInput) => StepResult;

const steps: Readonly<Record<Exclude<Phase, 'ended'>, Step>> = {
  menu: (menu, state, input) => menuStep(menu, settled(menu, state), input),
  queue: queueStep,
  connected: (menu, state, input) => (input.type === 'digit' ? { state, send: [] } : again(menu, state)),
  survey: surveyStep,
  notice: (menu, state, input) => (input.type === 'digit' ? { state, send: [] } : again(menu, state)),
};

function menuStep(menu: Menu, state: MenuState, input: MenuInput): StepResult {
  switch (input.type) {
    case 'choose':
      return choose(menu, state, input.item, input.page);
    case 'digit':
      return choose(menu, state, input.digit, shownId(state));
    case 'back':
      return perform(menu, state, { type: 'back' });
    case 'home':
      return perform(menu, state, { type: 'home' });
    case 'submit':
      return input.page === shownId(state) ? submit(menu, state, input.values) : again(menu, state);
    case 'callback':
      return again(menu, state);
  }
}

function queueStep(menu: Menu, state: MenuState, input: MenuInput): StepResult {
  if (input.type === 'digit') return queueKey(menu, state, input.digit);
  const allowed = state.view?.type === 'queue' ? state.view.actions : [];
  if (input.type === 'callback' && allowed.includes('callback'))
    return { state, send: [], action: { type: 'callback' } };
  const away = input.type === 'home' || input.type === 'back';
  if (!away || !mayLookAway(state)) return again(menu, state);
  const trail = input.type === 'home' ? [{ page: menu.start, part: 0 }] : state.trail;

  return { ...again(menu, { ...state, phase: 'menu', view: undefined, trail, draft: {} }), action: { type: 'detour' } };
}

/** `*` leads back to the menu, as everywhere; `#` asks to be called back. */
function queueKey(menu: Menu, state: MenuState, digit: string): StepResult {
  if (digit === PREVIOUS_KEY && mayLookAway(state)) return queueStep(menu, state, { type: 'back' });
  if (digit === CALLBACK_KEY && state.view?.type === 'queue' && state.view.actions.includes('callback'))
    return queueStep(menu, state, { type: 'callback' });

  return { state, send: [] };
}

function mayLookAway({ view }: MenuState): boolean {
  return view?.type === 'queue' && view.actions.includes('home');
}

function surveyStep(menu: Menu, state: MenuState, input: MenuInput): StepResult {
  if (input.type === 'digit') return { state, send: [] };
  if (state.view?.type !== 'survey' || input.type !== 'submit' || input.page !== state.view.id)
    return again(menu, state);
  const { values, faults } = checkForm(state.view.form.fields, input.values);
  if (Object.keys(faults).length === 0) {
    return { state, send: [], action: { type: 'survey', id: state.view.id, values } };
  }

  return { state, send: [withFaults(state.view, faults, state.locale)] };
}

function withFaults(survey: SurveyMessage, faults: FieldFaults, locale: string): SurveyMessage {
  const words = wordsFor(locale);
  const fields = survey.form.fields.map((field) => {
    const fault = Object.hasOwn(faults, field.name) ? faults[field.name] : undefined;

    return fault ? { ...field, error: words[fault] } : field;
  });

  return { ...survey, form: { ...survey.form, fields } };
}

/** An item counts whichever part of its page is shown; the keys between parts only on the part they were shown on. */
function choose(menu: Menu, state: MenuState, key: string, shown: string): StepResult {
  const { page, part } = here(state);
  const item = pageOf(menu, page)?.items.find((candidate) => candidate.key === key);
  const last = partsOf(pageOf(menu, page) as Page, state.locale, state.face).length - 1;
  if (shown === shownId(state)) {
    if (key === MORE_KEY && part < last) return again(menu, withPart(state, part + 1));
    if (key === PREVIOUS_KEY && part > 0) return again(menu, withPart(state, part - 1));
    if (key === MORE_KEY && state.face && pageOf(menu, page)?.form) return skipForm(menu, state);
    if (key === PREVIOUS_KEY && !item) return perform(menu, state, { type: 'back' });
  }
  const onPage = shown === page || shown.startsWith(`${page}~`);

  return item && onPage ? perform(menu, state, item.action) : again(menu, state);
}

function perform(menu: Menu, state: MenuState, action: MenuAction): StepResult {
  switch (action.type) {
    case 'page':
      return again(menu, pageOf(menu, action.page) ? pushed(state, action.page) : state);
    case 'home':
      return again(menu, { ...state, trail: [{ page: menu.start, part: 0 }], draft: {} });
    case 'back':
      return again(menu, mayGoBack(menu, state) ? { ...state, trail: state.trail.slice(0, -1), draft: {} } : state);
    default:
      return { state: { ...state, pending: action }, send: [], action };
  }
}

/** Goes on from a form on a face that has keys only. A form that leads to a human needs no answers: they will be asked for. */
function skipForm(menu: Menu, state: MenuState): StepResult {
  const { page } = here(state);
  const form = pageOf(menu, page)?.form;
  if (!form) return again(menu, state);
  const isAnswered = !form.fields.some((field) => field.required);
  if (isAnswered || form.action.type === 'queue') return perform(menu, state, form.action);

  return { state, send: [], action: { type: 'ask', page } };
}

function submit(menu: Menu, state: MenuState, submitted: SubmittedValues): StepResult {
  const { page, part } = here(state);
  const form = pageOf(menu, page)?.form;
  const parts = partsOf(pageOf(menu, page) as Page, state.locale, state.face);
  const shown = parts[part]?.fields ?? [];
  if (!form || shown.length === 0) return again(menu, state);

  const { values, faults } = checkForm(shown.map(ruleOf), submitted);
  const filled = { ...state, draft: { ...without(state.draft, shown), ...values } };
  if (hasFaults(faults)) return again(menu, filled, faults);
  const next = parts.findIndex((later, index) => index > part && later.fields.length > 0);
  if (next > part) return again(menu, withPart(filled, next));

  const whole = checkForm(form.fields, filled.draft);
  if (hasFaults(whole.faults)) {
    const faulty = parts.findIndex((some) => some.fields.some(({ field }) => Object.hasOwn(whole.faults, field.name)));

    return again(menu, withPart(filled, faulty), whole.faults);
  }
  const done = { ...filled, draft: {}, values: { ...state.values, ...whole.values } };

  return { ...perform(menu, done, form.action), values: whole.values };
}

/** The rule for a field as one part shows it: from a divided list nothing need be chosen here. */
function ruleOf({ field, options, divided }: PartField): FieldRule {
  return { name: field.name, type: field.type, required: field.required && !divided, ...(options && { options }) };
}

/** The draft without the fields that are submitted anew; a choice made in another part of a divided list stays. */
function without(draft: FormValues, shown: readonly PartField[]): FormValues {
  const dropped = new Set(shown.filter(({ divided }) => !divided).map(({ field }) => field.name));

  return Object.fromEntries(Object.entries(draft).filter(([name]) => !dropped.has(name)));
}

function hasFaults(faults: FieldFaults): boolean {
  return Object.keys(faults).length > 0;
}

/** The screen as the state has it, sent (again). */
function again(menu: Menu, state: MenuState, faults?: FieldFaults): StepResult {
  if (state.phase !== 'menu' && state.view) return { state, send: [state.view] };
  const placed = settled(menu, state);

  return { state: placed, send: [drawPage(menu, placed, faults)] };
}

function drawPage(menu: Menu, state: MenuState, faults?: FieldFaults): PageMessage {
  const { page, part } = here(state);

  return renderPage(pageOf(menu, page) as Page, {
    locale: state.locale,
    part,
    back: state.trail.length > 1,
    paging: state.face,
    values: { ...state.values, ...state.draft },
    faults,
  });
}

/** The state with its trail on pages and parts that the menu has: the plan may not be the one the state was stored under. */
function settled(menu: Menu, state: MenuState): MenuState {
  const known = state.trail.filter(({ page }) => pageOf(menu, page));
  if (known.length === 0 && !pageOf(menu, menu.start)) {
    throw new SightlineError('PLAN_INVALID', `Menu '${menu.id}' has no page '${menu.start}'`);
  }
  const trail = known.length > 0 ? known : [{ page: menu.start, part: 0 }];
  const draft = known.at(-1) === state.trail.at(-1) ? state.draft : {};
  const { page, part } = trail.at(-1) as MenuState['trail'][number];
  const last = partsOf(pageOf(menu, page) as Page, state.locale, state.face).length - 1;

  return withPart({ ...state, trail, draft }, Math.min(part, last));
}

function pageOf(menu: Menu, id: string): Page | undefined {
  return Object.hasOwn(menu.pages, id) ? menu.pages[id] : undefined;
}

function here(state: MenuState): { page: string; part: number } {
  return state.trail.at(-1) as { page: string; part: number };
}

function shownId(state: MenuState): string {
  const { page, part } = here(state);

  return partId(page, part);
}

function mayGoBack(menu: Menu, state: MenuState): boolean {
  return state.trail.length > 1 && (pageOf(menu, here(state).page)?.back ?? false);
}

function pushed(state: MenuState, page: string): MenuState {
  // The first page stays, so that a person who went round in circles still comes out at the start.
  const kept = state.trail.length < MAX_TRAIL ? state.trail : state.trail.toSpliced(1, 1);

  return { ...state, trail: [...kept, { page, part: 0 }], draft: {} };
}

function withPart(state: MenuState, part: number): MenuState {
  return { ...state, trail: [...state.trail.slice(0, -1), { page: here(state).page, part }] };
}
