import type { Acd } from '../../../../src/acd/acd';
import type { Floor, FloorQueue, FloorTicket } from '../../../../src/acd/floor';
import { match } from '../../../../src/acd/match';
import type { Match } from '../../../../src/acd/match';
import { readFields, recordFields, rowFields } from '../../../../src/acd/rows';
import type { Row } from '../../../../src/acd/rows';
import { assert, same } from './picture';
import type { Hash, Picture } from './picture';

/** What a node keeps in memory is what the store holds, and nothing is left that it could bring together. */
export function checkFloor(acd: Acd, picture: Picture, living: ReadonlySet<string>, now: number): void {
  const { floor, seen } = acd['parts'].mirror;
  assert(seen === picture.revision, 'a node knows all revisions', { node: acd.node, seen, revision: picture.revision });
  const present = new Map([...picture.tickets].filter(([, ticket]) => ticket.state !== 'ended'));
  same('tickets on the floor', floor.tickets.keys(), present.keys());
  for (const [id, hash] of present) {
    const { start: _start, lane: _lane, ...ticket } = floor.tickets.get(id) as FloorTicket;
    equal('a ticket on the floor', ticket, rowOf('t', hash));
  }
  same('seats on the floor', floor.seats.keys(), picture.seats.keys());
  for (const [id, hash] of picture.seats) equal('a seat on the floor', floor.seats.get(id), rowOf('s', hash));
  for (const [id, hash] of picture.queues) {
    equal('a queue on the floor', floor.queue(id).row.lastSeat, (rowOf('q', hash) as FloorQueue['row']).lastSeat);
    checkQueue(acd, id, picture);
  }
  assert(floor.pendingSeats.size + floor.pendingTickets.size === 0, 'no claim is under way at rest', acd.node);
  assert(
    ![...floor.deaf.keys()].some((node) => living.has(node)),
    'nobody who lives is thought to be deaf',
    floor.deaf,
  );
  const matches = matchesOfLiving(floor, living, now);
  assert(
    matches.length === 0,
    'nothing is left to be matched',
    matches.map(({ ticket, choice }) => [ticket.id, choice]),
  );
}

/** That a node is gone is known only to those who have tried to offer it a seat: here it is known of all. */
function matchesOfLiving(floor: Floor, living: ReadonlySet<string>, now: number): Match[] {
  const added = [...floor.tickets.values()]
    .map(({ node }) => node)
    .filter((node) => !living.has(node) && !floor.deaf.has(node));
  for (const node of added) floor.deaf.set(node, Infinity);
  try {
    return match(floor, { now, random: () => 0.5, estimate: () => 0 }).matches;
  } finally {
    for (const node of added) floor.deaf.delete(node);
  }
}

function checkQueue(acd: Acd, id: string, { tickets, seats }: Picture): void {
  const { floor } = acd['parts'].mirror;
  const queue = floor.queue(id);
  const members = [...(floor.crew.queue(id)?.members.keys() ?? [])];
  const where = (holds: (seat: Hash) => boolean): string[] =>
    members.filter((member) => {
      const seat = seats.get(member);

      return seat !== undefined && holds(seat);
    });
  same(
    `free seats of ${id}`,
    queue.free,
    where((seat) => seat.state === 'available'),
  );
  same(
    `staff of ${id}`,
    queue.staffed,
    where((seat) => seat.up === '1' && seat.login === '1' && seat.paused !== '1'),
  );
  const there = [...tickets.values()].filter((ticket) => ticket.queue === id);
  const ids = (states: string[]): string[] =>
    there.filter(({ state = '' }) => states.includes(state)).map((t) => t.id ?? '');
  const lines = [...queue.lines.values()].flatMap((line) => [...line].map((ticket) => ticket.id));
  same(`line of ${id}`, lines, ids(['waiting', 'offered', 'held', 'dropped']));
  const lanes = [...queue.lanes.values()].flatMap((lane) => [...lane.tickets].map((ticket) => ticket.id));
  same(`lanes of ${id}`, lanes, ids(['waiting']));
  const gathers = floor.crew.queue(id)?.gathers ?? false;
  same(
    `gathering of ${id}`,
    [...queue.gathering].map((ticket) => ticket.id),
    gathers ? ids(['offered']) : [],
  );
}

const told = { t: recordFields.ticket, s: recordFields.seat, q: rowFields.q };

/** The row that the store would tell of a hash. */
function rowOf(kind: Row['kind'], hash: Hash): Row['row'] {
  return readFields(
    kind,
    told[kind].map((name) => hash[name] ?? ''),
  ).row;
}

function equal(what: string, actual: unknown, expected: unknown): void {
  const [is, should] = [plainText(actual), plainText(expected)];
  assert(is === should, what, { is, should });
}

function plainText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Set ? [...(inner as Set<unknown>)] : inner));
}
