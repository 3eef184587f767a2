import { levelsOf, meets, type Needs, needsOf, parseNeeds, without } from '../../acd/skills';
import { membersOf } from '../compile-queue';
import { actionsOf, type Draft, type Named, type QueueDraft, type RingDraft, type SeatDraft } from '../draft';
import type { Place } from '../faults';
import { ringsOf } from '../rings';

/** A way into a queue with what it asks for. */
export interface Wish {
  queue: string;
  skills: readonly Named[];
  medium: Named;
  at: Place;
}

/** Every way into a queue; first that which asks for nothing more than the queue does. */
export function wishesOf(draft: Draft): Wish[] {
  const queues = draft.queues.map(({ id, skills: [first] }): Wish => {
    return { queue: id.name, skills: [], medium: { name: '', at: id.at }, at: first?.at ?? id.at };
  });
  const flows = draft.flows.map(({ queue, skills, wish }): Wish => {
    return { queue: queue.name, skills, medium: wish.medium, at: skills[0]?.at ?? queue.at };
  });
  const actions = draft.menus.flatMap((menu) => menu.pages.flatMap(actionsOf));
  const choices = actions.flatMap(({ type, target, skills = [], wish }): Wish[] =>
    type === 'queue' ? [{ queue: target.name, skills, medium: wish.medium, at: skills[0]?.at ?? target.at }] : [],
  );

  return [...queues, ...flows, ...choices];
}

export function seatsByQueue(seats: readonly SeatDraft[]): Map<string, SeatDraft[]> {
  const byQueue = new Map<string, SeatDraft[]>();
  for (const seat of seats) {
    for (const { name } of seat.queues) byQueue.set(name, [...(byQueue.get(name) ?? []), seat]);
  }

  return byQueue;
}

/** Whether a seat is let into a ring, whoever is named in it. Of a range of seats any may be meant. */
export type Admission = (seat: SeatDraft) => boolean;

/** The rings of a queue as far as they let seats in; one that lets in all when it has none. Undefined when a skill cannot be read. */
export function admissionsOf(queue: QueueDraft, asked: readonly Named[]): Admission[] | undefined {
  const rings = ringsOf(queue);
  const read = rings.length > 0 ? rings.map((ring) => admissionOf(queue, ring, asked)) : [plain(queue, asked)];
  const known = read.filter((one) => one !== undefined);

  return known.length === read.length ? known : undefined;
}

function plain(queue: QueueDraft, asked: readonly Named[]): Admission | undefined {
  const needs = needsFrom([...queue.skills, ...asked]);

  return needs && ((seat) => meets(needs, levelsIn(seat)));
}

function admissionOf(queue: QueueDraft, ring: RingDraft, asked: readonly Named[]): Admission | undefined {
  const suits = suitsOf(queue, ring, asked);
  if (ring.seats.kind !== 'named') return suits;
  const { seats, groups } = membersOf(ring.seats.members);

  return suits && ((seat) => suits(seat) && (isOf(seat, groups) || seats.some((id) => seat.ids.includes(id))));
}

/** Whether a seat has the skills of a ring and no more than its penalty. */
export function suitsOf(queue: QueueDraft, ring: RingDraft, asked: readonly Named[]): Admission | undefined {
  const needs = needsFrom([...(ring.skills ?? queue.skills), ...asked]);
  if (!needs) return undefined;
  const rest = without(
    needs,
    ring.disregard.map(({ name }) => name),
  );
  const most = ring.maxPenalty ?? Infinity;

  return (seat) => (seat.penalties[queue.id.name] ?? 0) <= most && meets(rest, levelsIn(seat));
}

export function isOf(seat: SeatDraft, groups: readonly string[]): boolean {
  return seat.groups.some(({ name }) => groups.includes(name));
}

function needsFrom(list: readonly Named[]): Needs | undefined {
  const texts = list.map(({ name }) => name);

  return texts.every((text) => parseNeeds(text).ok) ? needsOf(texts) : undefined;
}

function levelsIn(seat: SeatDraft): ReadonlyMap<string, number> {
  return levelsOf({ id: '', queues: [], skills: seat.skills.map(({ name }) => name), levels: seat.levels });
}
