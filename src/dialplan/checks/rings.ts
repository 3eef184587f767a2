import { membersOf } from '../compile-queue';
import type { ConditionDraft, Draft, Named, QueueDraft, RingDraft, SeatDraft } from '../draft';
import type { Faults } from '../faults';
import { skillsOf, needsOf, parseNeeds } from '../../acd/skills';
import { listed } from '../nearest';
import { ringsOf, shorthandOf } from '../rings';
import { isOf, seatsByQueue, suitsOf, wishesOf } from './wishes';

/** Every ring of a queue opens some time, and adds somebody. */
export function checkRings(draft: Draft, faults: Faults): void {
  for (const queue of draft.queues) {
    checkStrategy(queue, faults);
    checkTimesOf(queue, faults);
  }
  if (draft.unknown.has('directory') || draft.seats.some((seat) => seat.queuesFaulty)) return;
  const seatsOf = seatsByQueue(draft.seats);
  for (const queue of draft.queues) checkSeats(queue, seatsOf.get(queue.id.name) ?? [], draft, faults);
}

function checkStrategy(queue: QueueDraft, faults: Faults): void {
  const { name, at } = queue.strategy;
  const shorthand = shorthandOf(queue);
  const [first] = queue.first;
  if (shorthand && queue.rings) {
    const remedy = `Take rings away, or write a ring for ${name} and another strategy.`;
    faults.add('BAD_STRATEGY', at, `'${name}' stands for rings, but there are rings as well`, remedy);
  }
  if (shorthand === 'vip' && !first) {
    faults.add('BAD_STRATEGY', at, "'vip' needs 'first', the seats that are rung first", 'Add first: [group:…].');
  }
  if (shorthand === 'skill-group' && queue.skills.length === 0) {
    const message = "'skill-group' needs 'skills', those of the seats that are rung first";
    faults.add('BAD_STRATEGY', at, message, 'Add skills: […].');
  }
  if (shorthand !== 'vip' && first) {
    const message = `'first' means nothing with the strategy ${name}`;
    faults.add('BAD_STRATEGY', first.at, message, 'Write strategy: vip, or take it away.');
  }
}

/** Conditions that hold some time, and rings that open before the wait is over. */
function checkTimesOf(queue: QueueDraft, faults: Faults): void {
  let since = 0;
  for (const { when, after } of ringsOf(queue)) {
    if (when) checkCondition(when, queue, faults);
    since += after.value;
    const { maxWait } = queue;
    if (maxWait === undefined || since < maxWait || since - after.value >= maxWait) continue;
    const message = `the ring would open after ${since} s at the earliest, but nobody waits longer than ${maxWait} s`;
    faults.add('NEVER_HOLDS', after.at, message, 'Make after smaller, or maxWait larger.');
  }
}

export function checkCondition(when: ConditionDraft, queue: QueueDraft, faults: Faults): void {
  const { maxWait, maxWaiting } = queue;
  const waited = when.values.get('waited');
  if (waited && maxWait !== undefined && waited.value !== true && waited.value >= maxWait) {
    const message = `nobody waits for ${waited.value} s: maxWait of the queue '${queue.id.name}' is ${maxWait} s`;
    faults.add('NEVER_HOLDS', waited.at, message, 'Make it smaller than maxWait.');
  }
  const waiting = when.values.get('waiting');
  if (waiting && maxWaiting !== undefined && waiting.value !== true && waiting.value > maxWaiting) {
    const message = `there are never ${waiting.value} waiting: maxWaiting of the queue '${queue.id.name}' is ${maxWaiting}`;
    faults.add('NEVER_HOLDS', waiting.at, message, 'Make it no more than maxWaiting.');
  }
}

/** One seat, or a range of seats where no ring tells them apart. */
interface Unit {
  id: string;
  seat: SeatDraft;
}

function checkSeats(queue: QueueDraft, seats: readonly SeatDraft[], draft: Draft, faults: Faults): void {
  const rings = ringsOf(queue);
  if (shorthandOf(queue) === 'vip' && queue.first.length === 0) return;
  const single = rings.some((ring) => ring.seats.members.length > 0);
  const units = seats.flatMap((seat): Unit[] => (single ? seat.ids : [seat.key.name]).map((id) => ({ id, seat })));
  if (units.length === 0) return;
  const roster = single ? rosterOf(draft.seats, seats) : undefined;
  const known = rings.map((ring) => !roster || checkMembers(ring, queue, roster, faults));
  for (const ring of rings) checkFree(ring, seats, queue, faults);
  // What is not known was told of, and nothing can be said of the rings after it.
  const end = known.indexOf(false);
  checkCover(end < 0 ? rings : rings.slice(0, end), queue, units, draft, faults);
}

/** Somebody can be in each ring, and each that is written out adds somebody to those before it. */
function checkCover(
  rings: readonly RingDraft[],
  queue: QueueDraft,
  units: readonly Unit[],
  draft: Draft,
  faults: Faults,
): void {
  const asked = askedOf(queue, draft);
  const covered = new Set<string>();
  for (const [index, ring] of rings.entries()) {
    const ids = unitsIn(ring, queue, units);
    if (!ids) return;
    if (ids.length === 0) tellEmpty(ring, queue, faults);
    else if (queue.rings && ids.every((id) => covered.has(id)) && !widens(ring, rings.slice(0, index), asked)) {
      const message = `${nameOf(ring, queue)} adds no seat to those of the rings before it`;
      faults.add('RING_ADDS_NOBODY', ring.at, message);
    }
    // A ring with a condition, or about one regular seat, may hold nobody when those after it open.
    const sure = !ring.when && (ring.seats.kind === 'all' || ring.seats.kind === 'named');
    if (sure) for (const id of ids) covered.add(id);
  }
}

/** The seats that can be in the ring for a ticket that asks for nothing. */
function unitsIn(ring: RingDraft, queue: QueueDraft, units: readonly Unit[]): string[] | undefined {
  const suits = suitsOf(queue, ring, []);
  if (!suits) return undefined;
  const { seats, groups } = membersOf(ring.seats.members);
  const named = new Set(seats);
  const isMember = ({ id, seat }: Unit): boolean => ring.seats.kind !== 'named' || named.has(id) || isOf(seat, groups);
  const suiting = new Set([...new Set(units.map(({ seat }) => seat))].filter(suits));

  return units.filter((unit) => suiting.has(unit.seat) && isMember(unit)).map(({ id }) => id);
}

/** A ring that disregards what tickets ask for, and what rings before it did not, lets others in for those. */
function widens(ring: RingDraft, before: readonly RingDraft[], asked: ReadonlySet<string>): boolean {
  return ring.disregard.some(
    ({ name }) => asked.has(name) && !before.every((other) => other.disregard.some((one) => one.name === name)),
  );
}

/** Skills that the ways into the queue ask for. */
function askedOf(queue: QueueDraft, draft: Draft): Set<string> {
  const texts = wishesOf(draft)
    .filter((wish) => wish.queue === queue.id.name)
    .flatMap((wish) => wish.skills.map(({ name }) => name));

  return new Set(texts.filter((text) => parseNeeds(text).ok).flatMap((text) => skillsOf(needsOf([text]))));
}

function checkFree(ring: RingDraft, seats: readonly SeatDraft[], queue: QueueDraft, faults: Faults): void {
  const free = ring.when?.values.get('free');
  const all = seats.reduce((sum, seat) => sum + seat.ids.length, 0);
  if (!free || free.value === true || free.value <= all) return;
  const message = `there are never ${free.value} seats free: ${all} serve the queue '${queue.id.name}'`;
  faults.add('NEVER_HOLDS', free.at, message, `Make it no more than ${all}.`);
}

/** Which seats there are, so that names need not be looked for in lists. */
interface Roster {
  everyone: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  /** Those of one queue. */
  serving: ReadonlySet<string>;
  groupsServing: ReadonlySet<string>;
}

function rosterOf(all: readonly SeatDraft[], serving: readonly SeatDraft[]): Roster {
  const ids = (seats: readonly SeatDraft[]): Set<string> => new Set(seats.flatMap((seat) => seat.ids));
  const groups = (seats: readonly SeatDraft[]): Set<string> =>
    new Set(seats.flatMap((seat) => seat.groups.map(({ name }) => name)));

  return { everyone: ids(all), groups: groups(all), serving: ids(serving), groupsServing: groups(serving) };
}

/** @returns whether all that the ring names is there. */
function checkMembers(ring: RingDraft, queue: QueueDraft, roster: Roster, faults: Faults): boolean {
  return ring.seats.members.map((member) => checkMember(member, queue, roster, faults)).every(Boolean);
}

function checkMember(member: Named, { id: queue }: QueueDraft, roster: Roster, faults: Faults): boolean {
  const { seats, groups } = membersOf([member]);
  // Names that are not there at all are told of with all other names.
  if (seats.some((id) => !roster.everyone.has(id)) || groups.some((group) => !roster.groups.has(group))) return false;
  const idle = seats.filter((id) => !roster.serving.has(id));
  if (idle.length > 0) {
    const who = idle.length > 1 ? `the seats ${listed(idle)} do` : `the seat ${listed(idle)} does`;
    const message = `${who} not serve the queue '${queue.name}'`;
    faults.add('UNKNOWN_SEAT', member.at, message, `Add '${queue.name}' to its queues, or take it out of the ring.`);
  }
  const empty = groups.filter((group) => !roster.groupsServing.has(group));
  for (const group of empty) {
    faults.add('EMPTY_GROUP', member.at, `no seat of the group '${group}' serves the queue '${queue.name}'`);
  }

  return idle.length === 0 && empty.length === 0;
}

function tellEmpty(ring: RingDraft, queue: QueueDraft, faults: Faults): void {
  const why = ring.maxPenalty === undefined ? 'skills' : 'skills and a penalty that low';
  const message = `no seat can ever be in ${nameOf(ring, queue)}: none of the seats it is about has its ${why}`;
  faults.add('RING_EMPTY', ring.at, message);
}

function nameOf(ring: RingDraft, queue: QueueDraft): string {
  const rings = ringsOf(queue);
  const number = queue.rings ? queue.rings.indexOf(ring) + 1 : rings.findIndex((one) => one.name === ring.name) + 1;

  return `ring ${number}${ring.name === undefined ? '' : ` ('${ring.name}')`} of the queue '${queue.id.name}'`;
}
