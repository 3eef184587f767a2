import { canBeMet, needsOf } from '../../acd/skills';
import type { Draft, QueueDraft, SeatDraft } from '../draft';
import type { FaultCode, Faults, Place } from '../faults';
import { listed } from '../nearest';
import { media } from '../schema-parts';
import { admissionsOf, seatsByQueue, type Wish, wishesOf } from './wishes';

/** Whoever waits must be waiting for somebody. */
export function checkPeople(draft: Draft, faults: Faults): void {
  if (draft.unknown.has('directory')) return;
  for (const { login, pin, key } of draft.seats) {
    if (login.name !== 'code' || pin !== undefined) continue;
    faults.add('PIN_MISSING', login.at, `'${key.name}' has login: code but no pin, so nobody could log in`);
  }
  for (const seat of draft.seats) {
    const [noun, serves] = seat.ids.length > 1 ? ['seats', 'serve'] : ['seat', 'serves'];
    if (seat.queues.length > 0 || seat.queuesFaulty) continue;
    const message = `the ${noun} ${seat.key.name} ${serves} no queue`;
    faults.add('SEAT_WITHOUT_QUEUE', seat.key.at, message, 'Add queues: [...] with the queues it serves.');
  }
  // A seat that could not be read may serve any queue and have any skill.
  if (draft.seats.some((seat) => seat.queuesFaulty)) return;
  const seatsOf = seatsByQueue(draft.seats);
  for (const queue of draft.queues) {
    if (seatsOf.has(queue.id.name)) continue;
    const remedy = `Add '${queue.id.name}' to the queues of a seat in directory.yaml.`;
    faults.add('QUEUE_WITHOUT_SEAT', queue.id.at, `no seat serves the queue '${queue.id.name}'`, remedy);
  }
  checkWishes(draft, seatsOf, faults);
}

/** Every way into a queue must lead to a seat that can take the call. */
function checkWishes(draft: Draft, seatsOf: ReadonlyMap<string, SeatDraft[]>, faults: Faults): void {
  const queues = new Map(draft.queues.map((queue) => [queue.id.name, queue]));
  const told = new Set<string>();
  for (const wish of wishesOf(draft)) {
    const queue = queues.get(wish.queue);
    const seats = seatsOf.get(wish.queue) ?? [];
    if (!queue || seats.length === 0) continue;
    const fault = faultOf(wish, queue, seats);
    // A queue that none of its seats can serve is told of once, not again for each way into it.
    const key = fault && `${wish.queue} ${fault.key}`;
    if (!fault || told.has(key!)) continue;
    told.add(key!);
    faults.add(fault.code, fault.at, fault.message, fault.remedy);
  }
}

interface WishFault {
  key: string;
  code: FaultCode;
  at: Place;
  message: string;
  remedy: string;
}

function faultOf(wish: Wish, queue: QueueDraft, seats: readonly SeatDraft[]): WishFault | undefined {
  const skills = [...new Set([...queue.skills, ...wish.skills].map(({ name }) => name))];
  const open = admissionsOf(queue, wish.skills);
  if (!open) return undefined;
  const able = seats.filter((seat) => open.some((admits) => admits(seat)));
  if (able.length === 0 && !canBeMet(needsOf(skills))) return contradiction(wish, queue, skills);
  if (able.length === 0) return unskilled(wish, skills);
  const { name, at } = wish.medium;
  if (!media.some((one) => one === name) || able.some((seat) => takes(seat, name))) return undefined;
  const message = `no seat of the queue '${wish.queue}' that could be rung takes ${name} calls`;

  return {
    key: name,
    code: 'MEDIUM_WITHOUT_SEAT',
    at,
    message,
    remedy: `Add ${name} to media of a seat of that queue.`,
  };
}

/** Nothing where the one list or the other contradicts itself: that was told of. */
function contradiction(wish: Wish, queue: QueueDraft, skills: readonly string[]): WishFault | undefined {
  const possible = [queue.skills, wish.skills].every((list) => canBeMet(needsOf(list.map(({ name }) => name))));
  if (!possible) return undefined;
  const message = `nobody can meet both the skills of the queue '${wish.queue}' and those asked for here: ${listed(skills)}`;
  const remedy = 'Ask for less here or in the queue.';

  return { key: skills.join(' '), code: 'IMPOSSIBLE_SKILLS', at: wish.at, message, remedy };
}

function unskilled(wish: Wish, skills: readonly string[]): WishFault {
  const plain = skills.every((skill) => /^[a-z0-9-]+$/.test(skill));
  const what = plain ? `has ${skills.length > 1 ? 'all the skills' : 'the skill'}` : 'meets';
  const message = `no seat of the queue '${wish.queue}' ${what} ${listed(skills)}`;
  const remedy = 'Add the skill to a seat of that queue in directory.yaml, or ask for less.';

  return { key: skills.join(' '), code: 'SKILL_WITHOUT_SEAT', at: wish.at, message, remedy };
}

function takes(seat: SeatDraft, medium: string): boolean {
  return !seat.media || seat.media.some(({ name }) => name === medium);
}
