import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { ticketClasses } from '../acd/config';
import type { Medium, TicketClass } from '../acd/config';
import { Faults } from '../dialplan/faults';
import type { Fault } from '../dialplan/faults';
import { didYouMean } from '../dialplan/nearest';
import { patienceOf, talkOf } from './demand';
import type { Arrival, Spread } from './model';
import { randomOf } from './random';

const columns = [
  ...(['time', 'queue', 'flow', 'class', 'priority', 'skills', 'medium', 'customer', 'designated'] as const),
  ...(['talk', 'patience'] as const),
];
type Column = (typeof columns)[number];
type Cells = Partial<Record<Column, string>>;

const media: readonly Medium[] = ['video', 'voice', 'text'];

/** What is drawn by chance where a file says nothing. */
export interface Missing {
  talk: Spread;
  patience?: Spread;
  seed: number;
  /** The day of times that name none; ms since the epoch. */
  midnight: number;
  zone: string;
}

/** Calls of a file, in the order in which they came. */
export async function readArrivals(file: string, missing: Missing): Promise<{ arrivals: Arrival[]; faults: Fault[] }> {
  const faults = new Faults();
  const arrivals: Arrival[] = [];
  try {
    const text = await readFile(file, 'utf8');
    const rows = path.extname(file) === '.json' ? jsonRows(text) : csvRows(file, text, faults);
    for (const [index, { line, cells }] of rows.entries()) {
      const arrival = arrivalOf(cells, { file, line, index, missing, faults });
      if (arrival) arrivals.push(arrival);
    }
  } catch (error) {
    const message = `${file} cannot be read: ${(error as Error).message}`;
    faults.add('FILE_UNREADABLE', { file, line: 1, column: 1 }, message, 'Give a file of calls, as CSV or JSON.');
  }

  return { arrivals: arrivals.sort((a, b) => a.at - b.at), faults: faults.sorted };
}

interface Row {
  line: number;
  cells: Cells;
}

/** The line of a call in JSON is its place in the list. */
function jsonRows(text: string): Row[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error('it is not a list of calls');

  return list.map((one: unknown, index) => {
    const cells: Cells = {};
    for (const name of columns) {
      const value = one !== null && typeof one === 'object' ? (one as Record<string, unknown>)[name] : undefined;
      if (Array.isArray(value)) cells[name] = value.join(';');
      else if (typeof value === 'string' || typeof value === 'number') cells[name] = String(value);
    }

    return { line: index + 1, cells };
  });
}

/** RFC 4180; a field may be quoted, no field holds a line break. */
function csvRows(file: string, text: string, faults: Faults): Row[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = fieldsOf(lines[0] ?? '').map((name) => name.trim().toLowerCase());
  for (const name of header) {
    if (columns.includes(name as Column)) continue;
    const message = `'${name}' is no column of a file of calls${didYouMean(name, columns)}`;
    faults.add('UNKNOWN_KEY', { file, line: 1, column: 1 }, message, `Columns: ${columns.join(', ')}.`);
  }

  return lines.flatMap((line, index) => {
    if (index === 0 || line.trim() === '') return [];
    const fields = fieldsOf(line);
    const cells: Cells = {};
    header.forEach((name, at) => (cells[name as Column] = fields[at]?.trim()));

    return [{ line: index + 1, cells }];
  });
}

export function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(quoted === undefined ? (plain ?? '') : quoted.replace(/""/g, '"'));
  }

  return fields;
}

interface Where {
  file: string;
  line: number;
  index: number;
  missing: Missing;
  faults: Faults;
}

function arrivalOf(cells: Cells, where: Where): Arrival | undefined {
  const { file, line, index, missing, faults } = where;
  const wrong = (message: string, remedy: string): undefined => {
    faults.add('BAD_VALUE', { file, line, column: 1 }, message, remedy);
  };
  const random = randomOf(missing.seed, 'recorded', index);
  const at = momentOf(cells.time ?? '', missing);
  const { class: name, medium, queue, flow, customer, designated } = cells;
  const [talk, patience, priority] = [secondsOf(cells.talk), secondsOf(cells.patience), numberOf(cells.priority)];
  if (at === undefined) return wrong(`'${cells.time ?? ''}' is no time`, 'Write 2026-01-05T08:30:00 or 08:30:00.');
  if (!queue && !flow) return wrong('the call has neither a queue nor a flow', 'Name one of the two.');
  if (name && !ticketClasses.includes(name as TicketClass))
    return wrong(`'${name}' is no class`, `Classes: ${ticketClasses.join(', ')}.`);
  if (medium && !media.includes(medium as Medium))
    return wrong(`'${medium}' is no medium`, `Media: ${media.join(', ')}.`);
  if ([talk, patience, priority].some(Number.isNaN))
    return wrong('talk, patience or priority is not a number', 'Write seconds, such as 180.');

  return {
    at,
    ...{ queue: queue || undefined, flow: flow || undefined, class: (name || undefined) as TicketClass | undefined },
    ...{ priority, medium: (medium || undefined) as Medium | undefined, designated: designated || undefined },
    skills: (cells.skills ?? '').split(';').map((one) => one.trim()).filter(Boolean),
    customer: customer || `call-${index + 1}`,
    talk: talk === undefined ? talkOf(missing.talk, random) : talk * 1_000,
    patience: patience === undefined ? patienceOf(missing.patience, random) : patience * 1_000,
  }; // prettier-ignore
}

/** ISO 8601, with the date or the time of the day alone. */
function momentOf(text: string, { midnight, zone }: Missing): number | undefined {
  const clock = /^(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?$/.exec(text);
  if (clock) {
    const [hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map((part) => Number(part ?? 0));

    return Math.round(midnight + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
  }
  const moment = DateTime.fromISO(text, { zone });

  return moment.isValid ? moment.toMillis() : undefined;
}

function secondsOf(text: string | undefined): number | undefined {
  const value = numberOf(text);

  return value !== undefined && value < 0 ? NaN : value;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}
