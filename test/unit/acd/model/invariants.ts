import type { Redis } from 'ioredis';
import type { SeatConfig } from '../../../../src/acd/types';
import type { Keys } from '../../../../src/store/keys';

type Hash = Record<string, string>;

/** All that the store holds of a site, at one moment. */
export interface Picture {
  tickets: Map<string, Hash>;
  seats: Map<string, Hash>;
  sets: Map<string, string[]>;
  /** How much has happened to each ticket. */
  events: Map<string, number>;
  queues: Map<string, Hash>;
}

const dump = `
  local all = {}
  for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
    local kind = redis.call('TYPE', key).ok
    local value
    if kind == 'hash' then value = redis.call('HGETALL', key)
    elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1)
    elseif kind == 'set' then value = redis.call('SMEMBERS', key)
    elseif kind == 'list' then value = { tostring(redis.call('LLEN', key)) }
    else value = { redis.call('GET', key) } end
    all[#all + 1] = { string.sub(key, #ARGV[1] + 1), value }
  end
  return all`;

export async function takePicture(redis: Redis, keys: Keys): Promise<Picture> {
  const picture: Picture = {
    tickets: new Map(),
    seats: new Map(),
    sets: new Map(),
    events: new Map(),
    queues: new Map(),
  };
  const all = (await redis.eval(dump, 0, keys.root)) as [string, string[]][];
  for (const [key, value] of all) {
    const colon = key.indexOf(':');
    const [kind, id] = colon < 0 ? ['', key] : [key.slice(0, colon), key.slice(colon + 1)];
    if (kind === 'ticket') picture.tickets.set(id, toHash(value));
    else if (kind === 'seat') picture.seats.set(id, toHash(value));
    else if (kind === 'queue') picture.queues.set(id, toHash(value));
    else if (kind === 'history') picture.events.set(id, Number(value[0]));
    else picture.sets.set(key, value);
  }

  return picture;
}

function toHash(flat: readonly string[]): Hash {
  const hash: Hash = {};
  for (let index = 0; index < flat.length; index += 2) hash[flat[index] ?? ''] = flat[index + 1] ?? '';

  return hash;
}

const list = (text: string | undefined): string[] => (text ? text.split(',') : []);
const inLine = new Set(['waiting', 'offered', 'held', 'dropped']);
const engaged = new Set(['offered', 'talking']);
const sorted = (values: Iterable<string>): string[] => [...values].sort();

function assert(truth: boolean, what: string, ...details: unknown[]): void {
  if (!truth) throw new Error(`${what}: ${details.map((detail) => JSON.stringify(detail)).join(' ')}`);
}

function same(what: string, actual: Iterable<string>, expected: Iterable<string>): void {
  const [is, should] = [sorted(actual), sorted(expected)];
  assert(is.join() === should.join(), what, { is, should });
}

export function suits(seat: SeatConfig, ticket: Hash): boolean {
  return seat.queues.includes(ticket.queue ?? '') && list(ticket.skills).every((skill) => seat.skills.includes(skill));
}

/** What is true of one picture, whatever happened before. */
export function checkPicture(picture: Picture): void {
  checkEngagements(picture);
  checkLines(picture);
  checkSeatSets(picture);
  checkBalance(picture);
}

/** A seat is in at most one offer or call, a ticket at at most one seat, and both agree. */
function checkEngagements({ tickets, seats }: Picture): void {
  for (const [id, seat] of seats) {
    assert(
      engaged.has(seat.state ?? '') === (seat.ticket !== ''),
      'a seat holds a ticket if and only if engaged',
      id,
      seat,
    );
    if (!seat.ticket) continue;
    const ticket = tickets.get(seat.ticket);
    assert(
      ticket?.seatId === id && ticket.state === seat.state,
      'the ticket of an engaged seat says the same',
      seat,
      ticket,
    );
  }
  for (const [id, ticket] of tickets) {
    if (engaged.has(ticket.state ?? '')) {
      assert(seats.get(ticket.seatId ?? '')?.ticket === id, 'the seat of an engaged ticket says the same', ticket);
    } else if (ticket.state !== 'ended') {
      assert(!ticket.offerId && !ticket.seatId, 'a ticket that is not engaged has no offer', ticket);
    }
  }
}

/** Lines, lanes and deadlines hold exactly those whose state says so. */
function checkLines({ tickets, sets, queues }: Picture): void {
  const members = (where: (ticket: Hash) => boolean) =>
    [...tickets.values()].filter(where).map((ticket) => ticket.member ?? '');
  for (const queue of queues.keys()) {
    same(
      'line',
      sets.get(`line:${queue}`) ?? [],
      members((t) => t.queue === queue && inLine.has(t.state ?? '')),
    );
    const lanes = [...sets.keys()].filter((key) => key.startsWith(`lane:${queue}:`));
    same(
      'lanes',
      sets.get(`lanes:${queue}`) ?? [],
      lanes.map((lane) => lane.slice(`lane:${queue}:`.length)),
    );
    for (const lane of lanes) {
      const skills = lane.slice(`lane:${queue}:`.length);
      const wait = (t: Hash): boolean => t.queue === queue && t.state === 'waiting' && t.skills === skills;
      same('lane', sets.get(lane) ?? [], members(wait));
    }
    const ranked = sets.get(`line:${queue}`) ?? [];
    const byRank = [...tickets.values()].filter((t) => ranked.includes(t.member ?? '')).sort(compareRank);
    assert(ranked.join() === byRank.map((t) => t.member).join(), 'a line is in the order of rank', ranked);
  }
  const due = sets.get('due') ?? [];
  const should = (kind: string, state: string) =>
    [...tickets.values()].filter((t) => t.state === state).map((t) => `${kind}:${t.id}`);
  same(
    'deadlines of offers',
    due.filter((one) => one.startsWith('offer:')),
    should('offer', 'offered'),
  );
  same(
    'deadlines of graces',
    due.filter((one) => one.startsWith('grace:')),
    should('grace', 'dropped'),
  );
}

function checkSeatSets({ seats, sets, queues }: Picture): void {
  const idle = new Map<string, string[]>();
  const staff = new Map<string, string[]>();
  for (const [id, seat] of seats) {
    for (const queue of list(seat.queues)) {
      if (seat.up === '1' && seat.paused === '0') staff.set(queue, [...(staff.get(queue) ?? []), id]);
      if (seat.state !== 'available') continue;
      for (const key of ['', ...list(seat.skills)].map((skill) => `idle:${queue}:${skill}`)) {
        idle.set(key, [...(idle.get(key) ?? []), id]);
      }
    }
    if (seat.up !== '1' || seat.paused === '1') {
      assert(!['available', 'wrapup', 'resting'].includes(seat.state ?? ''), 'a seat that is away is not free', seat);
    }
  }
  same(
    'idle sets',
    [...sets.keys()].filter((key) => key.startsWith('idle:')),
    idle.keys(),
  );
  for (const [key, ids] of idle) same(key, sets.get(key) ?? [], ids);
  for (const queue of queues.keys()) same('staff', sets.get(`staff:${queue}`) ?? [], staff.get(queue) ?? []);
  const resting = [...seats.values()].filter((seat) => seat.state === 'wrapup' || seat.state === 'resting');
  const due = (sets.get('due') ?? []).filter((one) => one.startsWith('seat:'));
  same(
    'deadlines of seats',
    due,
    resting.map((seat) => `seat:${seat.id}`),
  );
}

/** Offered = answered + abandoned + overflowed + called back + waiting. */
function checkBalance({ queues, sets }: Picture): void {
  for (const [id, queue] of queues) {
    const count = (name: string): number => Number(queue[name] ?? 0);
    const waiting = sets.get(`line:${id}`)?.length ?? 0;
    const out = count('answered') + count('abandoned') + count('overflowed') + count('calledBack');
    assert(count('offered') === out + waiting, 'the counters balance', queue, waiting);
  }
}

export function compareRank(a: Hash, b: Hash): number {
  return Number(a.score) - Number(b.score) || ((a.member ?? '') < (b.member ?? '') ? -1 : 1);
}

/** Nobody waits while a seat that suits is free. */
export function checkNoneLeft({ tickets, seats }: Picture, configs: ReadonlyMap<string, SeatConfig>): void {
  for (const ticket of tickets.values()) {
    if (ticket.state !== 'waiting') continue;
    for (const [id, seat] of seats) {
      const config = configs.get(id);
      assert(
        !(seat.state === 'available' && config && suits(config, ticket)),
        'somebody waits beside a free seat',
        ticket,
        seat,
      );
    }
  }
}

/** No seat is reserved longer than its lease; a sweep has a second. */
export function checkLeases({ seats }: Picture, now: number): void {
  for (const seat of seats.values()) {
    if (seat.state === 'offered')
      assert(Number(seat.until) > now - 1_000, 'a seat is reserved beyond its lease', seat, now);
    if (seat.state === 'wrapup' || seat.state === 'resting') {
      assert(Number(seat.until) > now - 1_000, 'a seat rests too long', seat, now);
    }
  }
}

/** Between two pictures: who was offered was the best for that seat, and the seat the one idle longest for that ticket. */
export function checkOrder(before: Picture, after: Picture, configs: ReadonlyMap<string, SeatConfig>): void {
  for (const [id, ticket] of after.tickets) {
    if (ticket.state !== 'offered' || before.tickets.get(id)?.offerId === ticket.offerId) continue;
    const seat = after.seats.get(ticket.seatId ?? '');
    const config = configs.get(ticket.seatId ?? '');
    if (!seat || !config) continue;
    for (const [otherId, other] of after.tickets) {
      if (!untouched(before, after, otherId) || other.state !== 'waiting' || !suits(config, other)) continue;
      assert(compareRank(other, ticket) > 0, 'a ticket was offered before one of better rank', { ticket, other });
    }
    for (const [otherId, other] of after.seats) {
      const was = before.seats.get(otherId);
      const suitable = configs.get(otherId);
      if (other.state !== 'available' || was?.state !== 'available' || was.idleSince !== other.idleSince) continue;
      if (was.since !== other.since || !suitable || !suits(suitable, ticket)) continue;
      assert(Number(other.idleSince) >= Number(seat.idleSince), 'a seat was rung before one idle longer', {
        seat,
        other,
      });
    }
  }
}

function untouched(before: Picture, after: Picture, id: string): boolean {
  return before.tickets.get(id)?.state === 'waiting' && before.events.get(id) === after.events.get(id);
}
