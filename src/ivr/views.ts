import { SightlineError } from '../lib/errors';
import { bodyBytes, jsonBytes } from './codec';
import {
  MAX_BODY_BYTES,
  type ConnectedMessage,
  type EndMessage,
  type PageMessage,
  type PushKind,
  type PushMessage,
  type QueueMessage,
  type SurveyMessage,
  type TextMessage,
} from './messages';
import { LIMITS, localized, type Form, type LocalText } from './model';
import { clip, cutAt, cutAtCodePoint } from './text';

/** What a person who waits may ask for: to give up, to be called back, to look at the menu meanwhile without losing the place. */
export type QueueAction = 'leave' | 'callback' | 'home';

export interface QueueFacts {
  readonly label: LocalText;
  /** From 1. */
  readonly position: number;
  readonly waiting: number;
  /** Seconds. */
  readonly estimate: readonly [number, number];
  readonly actions: readonly QueueAction[];
}

/** The page of a person who waits. */
export function queueMessage(facts: QueueFacts, locale: string): QueueMessage {
  const [low, high] = facts.estimate;
  const position = Math.max(1, Math.round(facts.position));

  return {
    type: 'queue',
    queue: clip(localized(facts.label, locale), LIMITS.title),
    position,
    waiting: Math.max(position, Math.round(facts.waiting)),
    estimate: [seconds(low), Math.max(seconds(low), seconds(high))],
    actions: [...facts.actions],
  };
}

function seconds(value: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0;
}

export function connectedMessage(agent: { name: string; photo?: string }, video: boolean): ConnectedMessage {
  const photo = agent.photo !== undefined && isWebUrl(agent.photo) && jsonBytes(agent.photo) <= LIMITS.image;

  return {
    type: 'connected',
    agent: { name: clip(agent.name, LIMITS.title), ...(photo && { photo: agent.photo }) },
    video,
  };
}

export interface PushFacts {
  /** Comes back in the receipt. */
  readonly ref: string;
  readonly kind: PushKind;
  readonly url?: string;
  readonly text?: string;
  readonly title?: string;
}

/**
 * Something shown over the present screen. @throws SightlineError BAD_REQUEST when a text has no text or the others no http(s) URL,
 * BODY_TOO_LARGE when it does not fit into one body: a push has one receipt, so it is not divided.
 */
export function pushMessage(facts: PushFacts): PushMessage {
  const { ref, kind, url, text, title } = facts;
  if (kind === 'text' && !text) throw new SightlineError('BAD_REQUEST', 'A text push needs a text');
  if (kind !== 'text' && !isWebUrl(url)) throw new SightlineError('BAD_REQUEST', `A ${kind} push needs an http(s) URL`);

  return fitting({
    type: 'push',
    ref,
    kind,
    ...(url !== undefined && { url }),
    ...(text !== undefined && { text }),
    ...(title !== undefined && { title: clip(title, LIMITS.title) }),
  });
}

/** What an agent writes, in as many messages as it takes; the texts joined are the whole text. */
export function textMessages(from: string, text: string): TextMessage[] {
  const frame: TextMessage = { type: 'text', from: clip(from, LIMITS.title), text: '' };
  const room = MAX_BODY_BYTES - bodyBytes(frame);
  const messages: TextMessage[] = [];
  for (let rest = text; rest !== '';) {
    const cut = cutAt(rest, room) || cutAtCodePoint(rest, room);
    messages.push({ ...frame, text: rest.slice(0, cut) });
    rest = rest.slice(cut);
  }

  return messages;
}

/** Questions after the talk. @throws SightlineError BODY_TOO_LARGE when they do not fit into one body. */
export function surveyMessage(
  survey: { id: string; title: LocalText; form: Pick<Form, 'fields' | 'submit'> },
  locale: string,
): SurveyMessage {
  const fields = survey.form.fields.map(({ name, label, type, required, options }) => ({
    name,
    label: localized(label, locale),
    type,
    required,
    ...(options && { options: options.map((option) => ({ ...option, label: localized(option.label, locale) })) }),
  }));
  const form = { fields, submit: localized(survey.form.submit, locale) };

  return fitting({ type: 'survey', id: survey.id, title: clip(localized(survey.title, locale), LIMITS.title), form });
}

/** A page with nothing but a text; what does not fit into one message is left out. */
export function noticeMessage(notice: { title: LocalText; text: LocalText }, locale: string): PageMessage {
  // No page of a menu has this name, so that none is chosen from, and none of its recorded prompts is said.
  const frame: PageMessage = {
    type: 'page',
    id: '-notice',
    title: clip(localized(notice.title, locale), LIMITS.title),
    text: '',
    items: [],
  };

  return { ...frame, text: clip(localized(notice.text, locale), MAX_BODY_BYTES - bodyBytes(frame)) };
}

export function endMessage(reason: string): EndMessage {
  return { type: 'end', reason: clip(reason, LIMITS.title) };
}

function fitting<T extends PushMessage | SurveyMessage>(message: T): T {
  const bytes = bodyBytes(message);
  if (bytes <= MAX_BODY_BYTES) return message;
  throw new SightlineError(
    'BODY_TOO_LARGE',
    `This ${message.type} takes ${bytes} bytes; a message holds ${MAX_BODY_BYTES}`,
  );
}

function isWebUrl(url: string | undefined): boolean {
  return url !== undefined && /^https?:\/\/[^\s]+$/.test(url);
}
