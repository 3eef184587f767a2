import type { Keys } from '../../store/keys';
import type { Reply } from '../../store/scripts';
import type { Effect } from '../effect';
import { kept } from '../kept';
import { readFields, recordText } from '../rows';
import type { Fields, Row } from '../rows';
import { T } from './records';

/** What a draft reads. */
export interface Known {
  ticket(id: string): Fields | undefined;
  seat(id: string): Fields | undefined;
  hasQueue(id: string): boolean;
}

/** What a draft comes to. */
export interface Outcome {
  /** Of each verb. */
  values: Reply[];
  effects: Effect[];
  /** When the earliest of what was set falls due, ms since the epoch; Infinity for nothing. */
  dueAt: number;
  /** The changed records. */
  tickets: ReadonlyMap<string, Fields>;
  seats: ReadonlyMap<string, Fields>;
  /** What was changed, as rows. */
  rows(): Row[];
}

/** A command of Redis. */
export type Words = (string | number)[];

type Kind = Row['kind'];
/** A record that a draft may change. */
export type Own = string[];

/**
 * What a batch of verbs will change, made out before it is sent. Members of sets, counters and lines of histories are gathered
 * by their keys, as the scripts do it (lua/includes/effects.lua); what was written last counts.
 */
export class Draft {
  readonly values: Reply[] = [];
  readonly effects: Effect[] = [];
  /** When the earliest of what was set falls due, ms since the epoch; Infinity for nothing. */
  dueAt = Infinity;
  /** The earliest time of a ticket that comes in, 0 for one that may come before others; Infinity for none. */
  entered = Infinity;
  /** The same of those that whoever ranked could not foresee. */
  unseen = Infinity;
  /** It needs something to hold that only the store knows: that may well be refused. */
  isGuarded = false;
  readonly nowText: string;
  /** Copies that may be changed here. */
  readonly tickets = new Map<string, Own>();
  readonly seats = new Map<string, Own>();
  /** Of each queue the seat that was rung last. */
  private readonly queues = new Map<string, Own>();
  /** What is told, in the order in which it was touched first. */
  private readonly touched = new Map<Own, Kind>();
  private readonly scores = new Map<string, Map<string, number | string | false>>();
  private readonly mine = new Map<string, boolean>();
  private readonly resumes = new Map<string, string | false>();
  private readonly forgotten: [name: string, ticketId: string][] = [];
  private readonly counters = new Map<string, Map<string, number>>();
  /** What must hold in the store besides: see lua/includes/draft.lua. */
  private readonly absent: string[] = [];
  private readonly rooms: Words = [];
  private readonly joined = new Map<string, number>();
  private readonly served = new Map<string, Words[]>();
  private readonly histories = new Map<string, string[]>();

  constructor(
    private readonly known: Known,
    readonly keys: Keys,
    readonly node: string,
    /** ms since the epoch. */
    readonly now: number,
    /** The number that the ticket before was given. */
    public sequence: number,
  ) {
    this.nowText = String(now);
  }

  /** The record, to be read and changed here; undefined when it is not known. */
  ticket(id: string): Own | undefined {
    return this.tickets.get(id) ?? copyTo(this.tickets, id, this.known.ticket(id));
  }

  seat(id: string): Own | undefined {
    return this.seats.get(id) ?? copyTo(this.seats, id, this.known.seat(id));
  }

  hasQueue(id: string): boolean {
    return this.known.hasQueue(id);
  }

  newTicket(record: Own): void {
    this.tickets.set(record[T.id] ?? '', record);
    this.touch('t', record);
  }

  /** Its row is told, after those that were touched before. */
  touch(kind: Kind, record: Own): void {
    if (!this.touched.has(record)) this.touched.set(record, kind);
  }

  /** The seat that was rung last for a queue. */
  rung(queue: string, seatId: string): void {
    const row = this.queues.get(queue) ?? [queue, ''];
    row[1] = seatId;
    this.queues.set(queue, row);
    this.touch('q', row);
  }

  count(queue: string, counter: string): void {
    let ofQueue = this.counters.get(queue);
    if (!ofQueue) this.counters.set(queue, (ofQueue = new Map()));
    ofQueue.set(counter, (ofQueue.get(counter) ?? 0) + 1);
  }

  /** Only if there is no such key. */
  needsAbsent(key: string): void {
    this.absent.push(key);
  }

  /** Only if a queue has room for one more. */
  needsRoom(queue: string, limit: number): void {
    this.isGuarded = true;
    this.rooms.push(this.keys.line(queue), limit - (this.joined.get(queue) ?? 0));
  }

  /** Only if nothing is remembered of who served a customer. @returns false when this draft itself has something to remember. */
  needsStranger(customer: string): boolean {
    if (this.served.has(customer)) return false;
    this.isGuarded = true;
    this.needsAbsent(this.keys.regulars(customer));

    return true;
  }

  /** What is to be remembered of who served a customer. */
  noteService(customer: string, commands: Words[]): void {
    this.served.set(customer, [...(this.served.get(customer) ?? []), ...commands]);
  }

  joinLine(ticket: Fields): void {
    const queue = ticket[T.queue] ?? '';
    this.joined.set(queue, (this.joined.get(queue) ?? 0) + 1);
    this.score(this.keys.line(ticket[T.queue] ?? ''), ticket[T.id] ?? '', ticket[T.enqueuedAt] ?? '');
  }

  quitLine(ticket: Fields): void {
    this.score(this.keys.line(ticket[T.queue] ?? ''), ticket[T.id] ?? '', false);
    if (ticket[T.limited] === '1') this.oweNothing(`wait:${ticket[T.id]}`);
  }

  /** Something falls due at `at`, ms since the epoch. */
  owe(entry: string, at: number): void {
    this.score(this.keys.due, entry, at);
    this.dueAt = Math.min(this.dueAt, at);
  }

  oweNothing(entry: string): void {
    this.score(this.keys.due, entry, false);
  }

  /** Whether the ticket is one of this node. */
  own(ticketId: string, isOwn: boolean): void {
    this.mine.set(ticketId, isOwn);
  }

  rememberResume(ticket: Fields): void {
    this.resumes.set(resumeName(ticket), ticket[T.id] ?? '');
  }

  forgetResume(ticket: Fields): void {
    const [name, id] = [resumeName(ticket), ticket[T.id] ?? ''];
    const lately = this.resumes.get(name);
    if (lately === id) this.resumes.set(name, false);
    else if (lately === undefined) this.forgotten.push([name, id]);
  }

  /** A line of the ticket's history. */
  addLine(ticketId: string, line: string): void {
    const lines = this.histories.get(ticketId);
    if (lines) lines.push(line);
    else this.histories.set(ticketId, [line]);
  }

  /** As `remember` in lua/includes/ticket.lua. */
  remember(ticketId: string, what: string, seatId = '', detail = ''): void {
    const seat = seatId === '' ? '' : `,"seatId":"${seatId}"`;
    const more = detail === '' ? '' : `,"detail":"${detail}"`;
    this.addLine(ticketId, `{"at":${this.nowText},"what":"${what}"${seat}${more}}`);
  }

  /** What is left to be done when the store has taken it. All else of a draft need not be kept until then. */
  outcome(): Outcome {
    const { values, effects, dueAt, tickets, seats, touched } = this;
    // In the order in which the scripts would tell it.
    const rows = (): Row[] => Array.from(touched, ([record, kind]) => readFields(kind, record));

    return { values, effects, dueAt, tickets, seats, rows };
  }

  /** The same as the channel of changes has it. */
  rowTexts(): string[] {
    return Array.from(this.touched, ([record, kind]) => kind + recordText(record));
  }

  /** Adds the keys that must not be, and lines with what they must be shorter than; each after the count of its words. */
  sayGuards(words: Words): void {
    for (const guard of [this.absent, this.rooms]) {
      words.push(guard.length);
      for (const word of guard) words.push(word);
    }
  }

  /**
   * Adds commands of Redis, each after the count of its words; `FORGET name ticket` is one of lua/includes/draft.lua, and stands before all others.
   * @param before the number that the last ticket had before this draft.
   */
  sayCommands(words: Words, before: number): void {
    const { keys } = this;
    for (const [name, id] of this.forgotten) words.push(3, 'FORGET', name, id);
    if (this.sequence !== before) words.push(3, 'SET', keys.sequence, this.sequence);
    for (const [key, members] of this.scores) sayMembers(words, 'ZADD', 'ZREM', key, members);
    sayMembers(words, 'SADD', 'SREM', keys.nodeTickets(this.node), this.mine);
    sayMembers(words, 'HSET', 'HDEL', keys.resumes, this.resumes);
    for (const [queue, [, seat = '']] of this.queues) words.push(4, 'HSET', keys.queue(queue), 'lastSeat', seat);
    for (const [queue, counters] of this.counters)
      for (const [name, by] of counters) words.push(4, 'HINCRBY', keys.queue(queue), name, by);
    for (const commands of this.served.values()) for (const command of commands) say(words, command);
    for (const [ticket, lines] of this.histories) {
      words.push(2 + lines.length, 'RPUSH', keys.ticketHistory(ticket));
      for (const line of lines) words.push(line);
    }
    this.sayEnded(words);
    this.sayRecords(words);
  }

  private sayEnded(words: Words): void {
    const { keys } = this;
    for (const [id, ticket] of this.tickets) {
      if (ticket[T.state] !== 'ended') continue;
      words.push(3, 'PEXPIRE', keys.ticketHistory(id), kept.history);
      words.push(5, 'SET', keys.ticket(id), recordText(ticket), 'PX', kept.ended);
    }
  }

  private sayRecords(words: Words): void {
    const { keys } = this;
    const at = open(words, 'MSET');
    for (const [id, seat] of this.seats) words.push(keys.seat(id), recordText(seat));
    for (const [id, ticket] of this.tickets)
      if (ticket[T.state] !== 'ended') words.push(keys.ticket(id), recordText(ticket));
    close(words, at, 1);
  }

  private score(key: string, member: string, score: number | string | false): void {
    let members = this.scores.get(key);
    if (!members) this.scores.set(key, (members = new Map()));
    members.set(member, score);
  }
}

function copyTo(changed: Map<string, Own>, id: string, fields: Fields | undefined): Own | undefined {
  if (!fields) return undefined;
  const copy = fields.slice();
  changed.set(id, copy);

  return copy;
}

function resumeName(ticket: Fields): string {
  return `${ticket[T.terminal]}|${ticket[T.resumeKey]}`;
}

/** Adds a command. */
function say(words: Words, command: Words): void {
  words.push(command.length);
  for (const word of command) words.push(word);
}

/** Begins a command whose count of words is not known yet. @returns where that stands. */
function open(words: Words, ...first: string[]): number {
  return words.push(0, ...first) - first.length - 1;
}

/** Ends a command that was begun at `at`; one that has not got beyond its first words is taken back. */
function close(words: Words, at: number, first: number): void {
  const count = words.length - at - 1;
  if (count > first) words[at] = count;
  else words.length = at;
}

/** Of a sorted set those that come in with their scores, of a hash with their values, of a set alone; and those that go. */
function sayMembers(
  words: Words,
  add: 'ZADD' | 'SADD' | 'HSET',
  remove: string,
  key: string,
  members: ReadonlyMap<string, number | string | boolean>,
): void {
  const adding = open(words, add, key);
  for (const [member, value] of members) {
    if (value === true) words.push(member);
    else if (value !== false && add === 'ZADD') words.push(value, member);
    else if (value !== false) words.push(member, value);
  }
  close(words, adding, 2);
  const removing = open(words, remove, key);
  for (const [member, value] of members) if (value === false) words.push(member);
  close(words, removing, 2);
}
