import { FIELD_END, ROW_END } from '../store/separators';
import type { Medium, TicketClass } from './config';
import type { SeatState, TicketState } from './types';

/** What ranking sees of each ticket, seat and queue, in this order. Every node keeps its picture of the floor by it. */
export const rowFields = {
  t: [
    ...(['id', 'queue', 'state', 'node', 'callId', 'terminal', 'class', 'priority', 'skills', 'medium'] as const),
    ...(['customer', 'designated', 'last', 'frequent', 'returns', 'enqueuedAt', 'queuedAt', 'sequence'] as const),
    ...(['callback', 'offers', 'tried', 'seatId', 'answeredAt', 'how'] as const),
  ],
  s: [
    ...(['id', 'state', 'since', 'up', 'login', 'paused', 'reason', 'ticket', 'offer', 'until', 'idleSince'] as const),
    ...(['upSince', 'idleTotal', 'calls', 'talkTime', 'lastOffered', 'engagedBy'] as const),
  ],
  q: ['id', 'lastSeat'],
} as const;

/** All that the store keeps of a ticket and of a seat, in this order; what ranking sees comes first. Rows tell it whole. */
export const recordFields = {
  ticket: [
    ...rowFields.t,
    ...(['resumeKey', 'grace', 'regular', 'limited', 'offerId', 'token', 'expiresAt', 'wrapUp', 'until'] as const),
    // `broken`: the token of the talk that an alarm broke last.
    ...(['nodeLost', 'endedAt', 'broken'] as const),
  ],
  seat: [
    ...rowFields.s,
    ...(['rest', 'timed'] as const),
    ...(['missed:no-answer', 'missed:rejected', 'missed:busy', 'missed:unreachable'] as const),
  ],
} as const;

/** An offer under way, as far as ranking has to know it. Times in ms since the epoch. */
export interface FloorOffer {
  offerId: string;
  seatId: string;
  at: number;
}

/** A ticket as ranking sees it. Times in ms since the epoch. */
export interface TicketRow {
  id: string;
  queue: string;
  state: TicketState;
  node: string;
  callId: string;
  terminal: string;
  class: TicketClass;
  priority: number;
  /** Expressions, joined by semicolons. */
  skills: string;
  medium: Medium;
  customer: string;
  designated: string;
  last: string;
  frequent: string;
  /** The seat that lost this customer a moment ago. */
  returns: string;
  enqueuedAt: number;
  /** When it came to its present queue. */
  queuedAt: number;
  sequence: number;
  callback: boolean;
  offers: FloorOffer[];
  tried: ReadonlySet<string>;
  seatId: string;
  answeredAt: number;
  /** How it ended; empty before. */
  how: string;
}

/** A seat as ranking sees it. Times in ms since the epoch, durations in ms. */
export interface SeatRow {
  id: string;
  state: SeatState;
  since: number;
  /** Works: it can be rung, its agent is there and not on a break. */
  works: boolean;
  reason: string;
  ticket: string;
  offer: string;
  /** When what it does is over: the lease of an offer, a wrap-up, a rest. 0 for no such time, -1 for when it is done. */
  until: number;
  idleSince: number;
  upSince: number;
  idleTotal: number;
  calls: number;
  talkTime: number;
  lastOffered: number;
  /** Has a call that is none of the queue's, perhaps besides the offer or the talk that it is in. */
  engaged: boolean;
}

export interface QueueRow {
  id: string;
  /** The seat that was rung last for it. */
  lastSeat: string;
}

/** A ticket or a seat as the store keeps it, texts in the order of `recordFields`; of a queue those of `rowFields`. */
export type Fields = readonly string[];

/** What ranking sees of a thing that has changed. */
export type FloorRow = { kind: 't'; row: TicketRow } | { kind: 's'; row: SeatRow } | { kind: 'q'; row: QueueRow };

/** The same as the store tells it. */
export type Row = FloorRow & { fields: Fields };

const none: ReadonlySet<string> = new Set();

/** The rows of a message. */
export function readRows(text: string): Row[] {
  return text === '' ? [] : text.split(ROW_END).map(readRow);
}

/** A row is the letter of its kind, and its record as the store keeps it, or the fields of a queue. */
export function readRow(text: string): Row {
  return readFields(text[0] as Row['kind'], readRecord(text.slice(1)));
}

export function readRecord(text: string): string[] {
  return text.split(FIELD_END);
}

/** A record as the store keeps it. */
export function recordText(fields: Fields): string {
  return fields.join(FIELD_END);
}

export function readFields(kind: Row['kind'], fields: Fields): Row {
  if (kind === 't') return { kind, row: ticketRow(fields), fields };
  if (kind === 's') return { kind, row: seatRow(fields), fields };

  return { kind, row: queueRow(fields), fields };
}

function ticketRow(fields: Fields): TicketRow {
  const at = (index: number): string => fields[index] ?? '';

  return {
    id: at(0),
    queue: at(1),
    state: at(2) as TicketState,
    node: at(3),
    callId: at(4),
    terminal: at(5),
    class: (at(6) || 'normal') as TicketClass,
    priority: Number(at(7)),
    skills: at(8),
    medium: (at(9) || 'video') as Medium,
    customer: at(10),
    designated: at(11),
    last: at(12),
    frequent: at(13),
    returns: at(14),
    enqueuedAt: Number(at(15)),
    queuedAt: Number(at(16)),
    sequence: Number(at(17)),
    callback: at(18) === '1',
    offers: at(19) === '' ? [] : at(19).split(';').map(readOffer),
    tried: at(20) === '' ? none : new Set(at(20).split(',')),
    seatId: at(21),
    answeredAt: Number(at(22)),
    how: at(23),
  };
}

/** See `offersOf` in lua/includes/ticket.lua. */
function readOffer(text: string): FloorOffer {
  const [offerId = '', , seatId = '', , , , at] = text.split(',');

  return { offerId, seatId, at: Number(at) };
}

function seatRow(fields: Fields): SeatRow {
  const at = (index: number): string => fields[index] ?? '';

  return {
    id: at(0),
    state: at(1) as SeatState,
    since: Number(at(2)),
    works: at(3) === '1' && at(4) === '1' && at(5) !== '1',
    reason: at(6),
    ticket: at(7),
    offer: at(8),
    until: Number(at(9)),
    idleSince: Number(at(10)),
    upSince: Number(at(11)),
    idleTotal: Number(at(12)),
    calls: Number(at(13)),
    talkTime: Number(at(14)),
    lastOffered: Number(at(15)),
    engaged: at(16) !== '',
  };
}

function queueRow(fields: Fields): QueueRow {
  return { id: fields[0] ?? '', lastSeat: fields[1] ?? '' };
}
