import type { SeatConfig } from '../../../../src/acd/config';
import { assert, offersOf, same } from './picture';
import type { Hash, Picture } from './picture';

export const inLine = (ticket: Hash): boolean => ['waiting', 'offered', 'held', 'dropped'].includes(ticket.state ?? '');
const isRung = (seat: Hash): boolean => seat.state === 'reserved' || seat.state === 'ringing';
const isTaken = (seat: Hash): boolean => isRung(seat) || seat.state === 'talking';
const isTimed = (seat: Hash): boolean => seat.state === 'wrap-up' || seat.state === 'resting';
/** It could be rung if nothing else kept it. */
const works = (seat: Hash): boolean =>
  seat.up === '1' && seat.login === '1' && seat.paused !== '1' && seat.engagedBy === '';

/** How long, in ms; docs/acd.md. */
const RETURN_FIRST = 20_000;

/** What is true of one picture, whatever happened before. */
export function checkPicture(picture: Picture): void {
  checkSeats(picture);
  checkTickets(picture);
  checkLines(picture);
  checkDeadlines(picture);
  checkOwners(picture);
  checkBalance(picture);
}

/** A seat is in at most one offer or call, and its ticket says the same. */
function checkSeats({ tickets, seats }: Picture): void {
  for (const [id, seat] of seats) {
    assert(isTaken(seat) === (seat.ticket !== ''), 'a seat holds a ticket if and only if it is taken', id, seat);
    assert(
      (seat.ticket === '') === (seat.offer === ''),
      'a seat holds an offer if and only if it holds a ticket',
      seat,
    );
    if (!isTaken(seat)) assert(seat.state === settledState(seat), 'a seat is in the state of its marks', seat);
    const ticket = tickets.get(seat.ticket ?? '');
    if (seat.state === 'talking') {
      const agrees = ticket?.state === 'talking' && ticket.seatId === id && ticket.offerId === seat.offer;
      assert(agrees, 'the ticket of a seat that talks says the same', seat, ticket);
    } else if (isRung(seat)) {
      const offer = ticket && offersOf(ticket).find(({ offerId }) => offerId === seat.offer);
      assert(offer?.seatId === id, 'the ticket of a seat that rings says the same', seat, ticket);
    }
  }
}

function settledState(seat: Hash): string {
  if (seat.up !== '1' || seat.login !== '1') return 'offline';
  if (seat.engagedBy !== '') return 'engaged';
  if (seat.paused === '1') return 'break';
  // Whether it is over is looked at where leases are.
  return isTimed(seat) ? (seat.rest === 'wrap' ? 'wrap-up' : 'resting') : 'available';
}

/** A ticket has at most one answering seat; each of its offers is that of a seat, which says the same. */
function checkTickets({ tickets, seats }: Picture): void {
  for (const ticket of tickets.values()) {
    const offers = offersOf(ticket);
    assert((ticket.state === 'offered') === offers.length > 0, 'offers live while a ticket is offered', ticket);
    for (const { offerId, seatId, expiresAt } of offers) {
      const seat = seats.get(seatId);
      const agrees = seat?.ticket === ticket.id && seat?.offer === offerId && seat.until === expiresAt;
      assert(agrees && isRung(seat), 'the seat of an offer says the same', ticket, seat);
    }
    if (ticket.state === 'talking') {
      assert(seats.get(ticket.seatId ?? '')?.ticket === ticket.id, 'the seat of a talk says the same', ticket);
    } else if (ticket.state !== 'ended') {
      assert(!ticket.seatId && !ticket.answeredAt, 'only who talks, or has talked, has a seat', ticket);
    }
  }
}

function checkLines({ tickets, scores, queues, hashes }: Picture): void {
  const standing = [...tickets.values()].filter(inLine);
  for (const queue of queues.keys()) {
    const line = scores.get(`line:${queue}`) ?? new Map<string, number>();
    const should = standing.filter((ticket) => ticket.queue === queue);
    same(
      'line',
      [...line].map(([id, score]) => `${id}@${score}`),
      should.map((ticket) => `${ticket.id}@${ticket.enqueuedAt}`),
    );
  }
  for (const [key, id] of Object.entries(hashes.get('resumes') ?? {})) {
    const ticket = tickets.get(id);
    assert(ticket !== undefined && inLine(ticket), 'only who stands in a line can be resumed', key, ticket);
    assert(key === `${ticket?.terminal}|${ticket?.resumeKey}`, 'a ticket is resumed by its terminal', key, ticket);
  }
}

/** Exactly those fall due whose state says so, each when it says so. */
function checkDeadlines({ tickets, seats, scores }: Picture): void {
  const all = [...tickets.values()];
  const should = [
    ...all.flatMap((ticket) =>
      offersOf(ticket).map((offer) => `offer:${ticket.id}:${offer.offerId}@${offer.expiresAt}`),
    ),
    ...all
      .filter((ticket) => ticket.state === 'held' && Number(ticket.until ?? 0) > 0)
      .map((t) => `unhold:${t.id}@${t.until}`),
    ...[...seats.values()].filter((seat) => isTimed(seat) && seat.until !== '-1').map((s) => `seat:${s.id}@${s.until}`),
  ];
  const due = [...(scores.get('due') ?? [])];
  const exact = due.filter(([entry]) => !/^(grace|wait):/.test(entry)).map(([entry, at]) => `${entry}@${at}`);
  same('deadlines', exact, should);
  const kept = due.map(([entry]) => entry);
  same(
    'deadlines of graces',
    kept.filter((entry) => entry.startsWith('grace:')),
    all.filter(({ state }) => state === 'dropped').map(({ id }) => `grace:${id}`),
  );
  same(
    'deadlines of waits',
    kept.filter((entry) => entry.startsWith('wait:')),
    all.filter((ticket) => inLine(ticket) && ticket.limited === '1').map(({ id }) => `wait:${id}`),
  );
}

/** Every ticket is in the set of its node, or an orphan of the node's name, and in no other set. */
function checkOwners({ tickets, sets }: Picture): void {
  for (const [key, ids] of sets) {
    const [kind, owner = ''] = key.split(/:(.*)/s);
    if (kind !== 'node-tickets' && kind !== 'orphans') continue;
    for (const id of ids) {
      const ticket = tickets.get(id);
      const isOf = kind === 'orphans' ? ticket?.node?.startsWith(`${owner}~`) : ticket?.node === owner;
      assert(isOf === true && ticket?.state !== 'ended', `a ticket is in ${key} by right`, id, ticket);
    }
  }
}

/** Offered = answered + abandoned + overflowed + called back + waiting. */
function checkBalance({ queues, scores }: Picture): void {
  for (const [id, queue] of queues) {
    const count = (name: string): number => Number(queue[name] ?? 0);
    const waiting = scores.get(`line:${id}`)?.size ?? 0;
    const out = count('answered') + count('abandoned') + count('overflowed') + count('calledBack');
    assert(count('offered') === out + waiting, 'the counters balance', queue, waiting);
  }
}

/** No seat is reserved longer than its lease, and everything that falls due is swept; a sweep has a second. */
export function checkLeases({ seats, scores }: Picture, now: number): void {
  for (const [entry, at] of scores.get('due') ?? [])
    assert(at > now - 1_000, 'something due was not swept', entry, at, now);
  for (const seat of seats.values()) {
    if (!isRung(seat) && !(isTimed(seat) && seat.until !== '-1')) continue;
    assert(Number(seat.until) > now - 1_000, 'a seat is kept beyond its time', seat, now);
  }
}

/** Queues without rings in the model's plan: whoever is of the queue and able to may take a ticket at any time. */
const plain = new Set(['q1', 'q2', 'all', 'one-more']);

/** What the plan of the model asks of a seat, worked out without the code under test: tickets ask for plain skills only. */
export function suits(seat: SeatConfig | undefined, ticket: Hash): boolean {
  if (!seat?.queues.includes(ticket.queue ?? '') || !plain.has(ticket.queue ?? '')) return false;
  const skills = ticket.skills ? ticket.skills.split(';') : [];
  const able = skills.every((text) => {
    const [skill = '', least = '1'] = text.split(' >= ');
    const level = seat.skills.includes(skill) ? (seat.levels?.[skill] ?? 3) : 0;

    return level >= Number(least);
  });

  return able && (!seat.media || seat.media.includes((ticket.medium ?? 'video') as 'video'));
}

/** Whose talk broke off has the seat of that talk to himself at first, while its agent works. */
function waitsForHisSeat({ returns = '', queuedAt }: Hash, seats: Picture['seats'], now: number): boolean {
  const seat = seats.get(returns);

  return seat?.up === '1' && seat.login === '1' && seat.paused !== '1' && now < Number(queuedAt) + RETURN_FIRST;
}

/** Nobody of a living node waits while a seat that suits is free; no alarm waits while such a seat serves somebody else. */
export function checkNoneLeft(
  { tickets, seats }: Picture,
  living: ReadonlySet<string>,
  configs: ReadonlyMap<string, SeatConfig>,
  now: number,
): void {
  for (const ticket of tickets.values()) {
    if (ticket.state !== 'waiting' || !living.has(ticket.node ?? '') || waitsForHisSeat(ticket, seats, now)) continue;
    for (const [id, seat] of seats) {
      if (!suits(configs.get(id), ticket)) continue;
      assert(seat.state !== 'available', 'somebody waits beside a free seat', ticket, seat);
      const other = tickets.get(seat.ticket ?? '');
      const takes = ticket.class === 'alarm' && isTaken(seat) && works(seat) && other?.class !== 'alarm';
      assert(!takes, 'an alarm waits beside a seat that serves another', ticket, seat, other);
    }
  }
}

/** Between two pictures: of those alike who waited all the time the one who came first was offered, if his node was heard all the time. */
export function checkOrder(before: Picture, after: Picture, heard: ReadonlySet<string>): void {
  const known = (id: string): Set<string> =>
    new Set(offersOf(before.tickets.get(id) ?? {}).map(({ offerId }) => offerId));
  for (const [id, ticket] of after.tickets) {
    if (ticket.state !== 'offered' || offersOf(ticket).some(({ offerId }) => known(id).has(offerId))) continue;
    // Who was ranked anew at the same moment may have been offered by the rank that he had.
    if (isRankedAnew(before.tickets.get(id), ticket)) continue;
    for (const [otherId, other] of after.tickets) {
      if (other.state !== 'waiting' || !heard.has(other.node ?? '')) continue;
      if (!untouched(before, after, otherId) || !isAlike(ticket, other)) continue;
      assert(isBefore(ticket, other), 'a ticket was offered before one of its kind that came earlier', {
        ticket,
        other,
      });
    }
  }
}

function isRankedAnew(before: Hash | undefined, after: Hash): boolean {
  return before !== undefined && (before.priority !== after.priority || before.class !== after.class);
}

/** It has waited all the time, and for the same node: one that a living node took over had been passed over by rights. */
function untouched(before: Picture, after: Picture, id: string): boolean {
  const [was, is] = [before.tickets.get(id), after.tickets.get(id)];

  return was?.state === 'waiting' && was.node === is?.node && before.events.get(id) === after.events.get(id);
}

/** All that decides who may be rung, but for who served whom before. */
function isAlike(a: Hash, b: Hash): boolean {
  const kinds = ['queue', 'class', 'priority', 'skills', 'medium', 'last', 'frequent', 'returns', 'designated'];
  const cameThere = (ticket: Hash): boolean => ticket.queuedAt === ticket.enqueuedAt;

  return kinds.every((kind) => (a[kind] ?? '') === (b[kind] ?? '')) && cameThere(a) && cameThere(b);
}

function isBefore(a: Hash, b: Hash): boolean {
  return (
    Number(a.enqueuedAt) - Number(b.enqueuedAt) < 0 ||
    (a.enqueuedAt === b.enqueuedAt && Number(a.sequence) < Number(b.sequence))
  );
}
