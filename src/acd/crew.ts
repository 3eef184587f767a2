import { defaultCurves } from './classes';
import { levelsOf, meets, needsOf, without } from './skills';
import type { Needs } from './skills';
import type { AcdConfig, ClassCurves, QueueConfig, Ring, SeatConfig } from './config';

/** A seat as one queue sees it. */
export interface Member {
  seatId: string;
  config: SeatConfig;
  levels: ReadonlyMap<string, number>;
  penalty: number;
  /** Place in the order of the directory. */
  order: number;
  /** Works for the queue; otherwise rings name it, and it takes part in those only. */
  own: boolean;
}

/** A queue with everybody who may take its tickets. */
export interface CrewQueue {
  id: string;
  config: QueueConfig;
  rings: readonly Ring[];
  weight: number;
  members: ReadonlyMap<string, Member>;
  /** Rings ask who served a customer before. */
  asksRegulars: boolean;
  /** Some ring rings several seats for one ticket. */
  gathers: boolean;
  /** Needs of a ticket in a ring, by ring and skills of the ticket. */
  readonly needs: Map<string, Needs>;
  /** Members that may take tickets of a kind in a ring of many seats; see rings.ts. */
  readonly fit: Map<string, ReadonlySet<Member>>;
}

/**
 * Who may take what by the plan in force: queues with their members and rings, indexed once a plan. Ranking asks this
 * instead of the plan itself.
 */
export class Crew {
  private readonly queues = new Map<string, CrewQueue>();
  private readonly queuesOfSeat = new Map<string, string[]>();
  readonly curves: ClassCurves;

  constructor(config: AcdConfig, seats: Iterable<SeatConfig>, queues: Iterable<QueueConfig>) {
    this.curves = config.curves?.() ?? defaultCurves;
    const all = [...seats];
    for (const queue of queues) this.queues.set(queue.id, crewQueue(queue, all));
    for (const { id, members } of this.queues.values()) {
      for (const seat of members.keys()) this.queuesOfSeat.set(seat, [...(this.queuesOfSeat.get(seat) ?? []), id]);
    }
  }

  queue(id: string): CrewQueue | undefined {
    return this.queues.get(id);
  }

  all(): IterableIterator<CrewQueue> {
    return this.queues.values();
  }

  /** Queues whose tickets the seat may take. */
  queuesOf(seatId: string): readonly string[] {
    return this.queuesOfSeat.get(seatId) ?? [];
  }
}

function crewQueue(config: QueueConfig, seats: readonly SeatConfig[]): CrewQueue {
  const rings = ringsOf(config);
  const named = new Set(seats.filter((seat) => rings.some((ring) => isNamed(ring, seat))).map((seat) => seat.id));
  const members = new Map<string, Member>();
  for (const seat of seats) {
    const own = seat.queues.includes(config.id);
    if (own || named.has(seat.id)) members.set(seat.id, memberOf(seat, config.id, own));
  }

  return {
    id: config.id,
    config,
    rings,
    weight: config.weight ?? 1,
    members,
    asksRegulars: rings.some(({ seats: { kind } }) => kind === 'last-agent' || kind === 'frequent-agent'),
    gathers: rings.some((ring) => isGathering(ring)),
    needs: new Map(),
    fit: new Map(),
  };
}

/** The rings of a queue; one with all its seats where it names none. */
export function ringsOf(config: QueueConfig): readonly Ring[] {
  const { rings = [], strategy } = config;

  return rings.length > 0 ? rings : [{ seats: { kind: 'all' }, strategy, after: 0 }];
}

/** Rings that bring a ticket several seats at a time. */
export function isGathering({ strategy }: Ring): boolean {
  return strategy === 'ring-all' || strategy === 'ring-progressively';
}

function memberOf(config: SeatConfig, queue: string, own: boolean): Member {
  const { id: seatId, penalties, order = Number.MAX_SAFE_INTEGER } = config;

  return { seatId, config, levels: levelsOf(config), penalty: penalties?.[queue] ?? 0, order, own };
}

function isNamed({ seats }: Ring, seat: SeatConfig): boolean {
  if (seats.kind !== 'named') return false;

  return seats.seats.includes(seat.id) || seats.groups.some((group) => seat.groups?.includes(group));
}

/** Whether a ring is about this seat, skills aside. */
export function ringNames(ring: Ring, member: Member): boolean {
  return ring.seats.kind === 'named' ? isNamed(ring, member.config) : member.own;
}

/** What a seat must be able to do for a ticket with these skills (joined by semicolons) in a ring of the queue. */
export function needsIn(queue: CrewQueue, index: number, skills: string): Needs {
  const key = `${index}|${skills}`;
  let needs = queue.needs.get(key);
  if (!needs) {
    const ring = queue.rings[index];
    const texts = [...(ring?.skills ?? queue.config.skills), ...(skills === '' ? [] : skills.split(';'))];
    needs = without(needsOf(texts), ring?.disregard ?? []);
    queue.needs.set(key, needs);
  }

  return needs;
}

/** Whether a seat is able to take a ticket with these skills in a ring of the queue. */
export function isAble(queue: CrewQueue, index: number, skills: string, member: Member): boolean {
  return meets(needsIn(queue, index, skills), member.levels);
}
