import { DateTime, IANAZone } from 'luxon';

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

/** Minutes since midnight by the clock on the wall; `to` is not in it. A span whose `to` is not after `from` ends on the next day. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Opening hours by the clock on the wall of a time zone. A span over midnight belongs to the day it begins on: a holiday
 * does not end the night before it.
 */
export interface Hours {
  /** IANA name such as Europe/Vienna. */
  readonly zone: string;
  readonly week: Readonly<Partial<Record<Day, readonly Span[]>>>;
  /** Spans that take the place of those of the week, by date (yyyy-mm-dd); none: closed. */
  readonly holidays: Readonly<Record<string, readonly Span[]>>;
}

const MINUTE = 60_000;
const MINUTES_A_DAY = 1_440;
/** How far ahead an opening is looked for. */
const MOST_DAYS = 400;

/** `08:00-12:00`; midnight at the end is `24:00`. Undefined for what is no span, such as one of no length. */
export function parseSpan(text: string): Span | undefined {
  const match = /^(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)$/.exec(text.trim());
  if (!match) return undefined;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  const span = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };

  return span.from < MINUTES_A_DAY && span.to <= MINUTES_A_DAY && span.from !== span.to ? span : undefined;
}

export function isZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** Whether `text` is a date of the calendar, written yyyy-mm-dd. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text, { zone: 'UTC' }).isValid;
}

/**
 * Whether it is open by the clock on the wall. An hour that comes twice in autumn is open, or closed, both times.
 *
 * @param at ms since the epoch.
 */
export function isOpen(hours: Hours, at: number): boolean {
  const now = DateTime.fromMillis(at, { zone: hours.zone });
  const minute = now.hour * 60 + now.minute;
  const today = spansOn(hours, now).some(({ from, to }) => minute >= from && (minute < to || to <= from));

  return today || spansOn(hours, now.minus({ days: 1 })).some(({ from, to }) => to <= from && minute < to);
}

/** The first moment from `at` on when it is open, ms since the epoch; undefined when there is none within 400 days. */
export function nextOpening(hours: Hours, at: number): number | undefined {
  if (isOpen(hours, at)) return at;
  const today = DateTime.fromMillis(at, { zone: hours.zone }).startOf('day');
  for (let ahead = 0; ahead < MOST_DAYS; ahead++) {
    const opening = openingOn(hours, today.plus({ days: ahead }), at);
    if (opening !== undefined) return opening;
  }

  return undefined;
}

function spansOn(hours: Hours, day: DateTime): readonly Span[] {
  const date = day.toFormat('yyyy-MM-dd');
  if (Object.hasOwn(hours.holidays, date)) return hours.holidays[date] ?? [];

  return hours.week[days[day.weekday - 1] ?? 'mon'] ?? [];
}

/** The first opening after `at`, when it is closed, on the day that begins at `midnight`. */
function openingOn(hours: Hours, midnight: DateTime, at: number): number | undefined {
  const start = midnight.toMillis();
  const tomorrow = midnight.plus({ days: 1 }).startOf('day');
  if (tomorrow.offset !== midnight.offset) return firstOpenMinute(hours, Math.max(start, at), tomorrow.toMillis());
  const openings = spansOn(hours, midnight).map(({ from }) => start + from * MINUTE);

  return openings.filter((opening) => opening > at).sort((a, b) => a - b)[0];
}

/** On a day when the clocks change, spans may begin twice or in an hour that is left out, so every minute is looked at. */
function firstOpenMinute(hours: Hours, from: number, to: number): number | undefined {
  for (let minute = Math.ceil(from / MINUTE) * MINUTE; minute < to; minute += MINUTE) {
    if (isOpen(hours, minute)) return minute;
  }

  return undefined;
}
