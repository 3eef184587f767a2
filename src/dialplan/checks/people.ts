import { actionsOf, type Draft, type Named, type SeatDraft } from '../draft';
import type { Faults, Place } from '../faults';
import { listed } from '../nearest';

/** Whoever waits must be waiting for somebody. */
export function checkPeople(draft: Draft, faults: Faults): void {
  if (draft.unknown.has('directory')) return;
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
  checkSkills(draft, seatsOf, faults);
}

function seatsByQueue(seats: readonly SeatDraft[]): Map<string, SeatDraft[]> {
  const byQueue = new Map<string, SeatDraft[]>();
  for (const seat of seats) {
    for (const { name } of seat.queues) byQueue.set(name, [...(byQueue.get(name) ?? []), seat]);
  }

  return byQueue;
}

interface Wish {
  queue: string;
  skills: readonly Named[];
  at: Place;
}

function checkSkills(draft: Draft, seatsOf: ReadonlyMap<string, SeatDraft[]>, faults: Faults): void {
  const ofQueue = new Map(draft.queues.map((queue) => [queue.id.name, queue.skills]));
  const told = new Set<string>();
  for (const wish of wishesOf(draft)) {
    const skills = [...new Set([...(ofQueue.get(wish.queue) ?? []), ...wish.skills].map(({ name }) => name))];
    const seats = seatsOf.get(wish.queue) ?? [];
    const able = seats.some((seat) => skills.every((skill) => seat.skills.some(({ name }) => name === skill)));
    // A queue that none of its seats can serve is told of once, not again for each way into it.
    const key = `${wish.queue} ${skills.join(' ')}`;
    if (able || seats.length === 0 || told.has(key)) continue;
    told.add(key);
    const message = `no seat of the queue '${wish.queue}' has ${skills.length > 1 ? 'all the skills' : 'the skill'} ${listed(skills)}`;
    faults.add(
      'SKILL_WITHOUT_SEAT',
      wish.at,
      message,
      'Add the skill to a seat of that queue in directory.yaml, or ask for less.',
    );
  }
}

/** Every way into a queue with the skills it asks for. */
function wishesOf(draft: Draft): Wish[] {
  const queues = draft.queues.map((queue) => ({
    queue: queue.id.name,
    skills: [],
    at: queue.skills[0]?.at ?? queue.id.at,
  }));
  const flows = draft.flows.map((flow) => ({
    queue: flow.queue.name,
    skills: flow.skills,
    at: flow.skills[0]?.at ?? flow.queue.at,
  }));
  const actions = draft.menus.flatMap((menu) => menu.pages.flatMap(actionsOf));
  const choices = actions.flatMap(({ type, target, skills = [] }) =>
    type === 'queue' ? [{ queue: target.name, skills, at: skills[0]?.at ?? target.at }] : [],
  );

  return [...queues, ...flows, ...choices];
}
