import type { SimulatedPlan } from './model';
import type { Seen, SeatDay, Visit } from './visits';

/**
 * The four service levels in use, each a share of 1; undefined where nothing was to be counted. A: answered, B: abandoned,
 * (<=T): within the threshold.
 */
export interface ServiceLevels {
  /** A(<=T) / A */
  sl1?: number;
  /** A(<=T) / (A + B) */
  sl2?: number;
  /** (A(<=T) + B(<=T)) / (A + B) */
  sl3?: number;
  /** A(<=T) / (A + B - B(<=T)) */
  sl4?: number;
}

/** In seconds; of everybody who stood in the line, however it ended. Undefined where nobody did. */
export interface Waits {
  mean?: number;
  median?: number;
  p80?: number;
  p95?: number;
  longest?: number;
  /** Average speed of answer: the mean of those who were answered. */
  asa?: number;
  /** Mean wait of those who gave up. */
  abandoned?: number;
}

/** How good the range was that people were told when they came; of those who had to wait and were answered. */
export interface EstimateFigures {
  /** How many that were. */
  told: number;
  /** Share of them whose wait was inside the range. */
  inside?: number;
  /** Median of the distance between the wait and the middle of the range, in seconds. */
  medianError?: number;
  /** Median of that distance over the wait. */
  medianRelativeError?: number;
}

/** offered = answered + abandoned + overflowed + calledBack + waiting */
export interface Figures {
  offered: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  calledBack: number;
  /** Still there when the day was over. */
  waiting: number;
  /** Where overflows went: a queue, `number`, `message`, `closed`, `full` or `max-wait`. */
  overflowedTo: Record<string, number>;
  serviceLevel: ServiceLevels;
  waits: Waits;
  estimate: EstimateFigures;
  /** Of the seats that work for it: share of their time at work in talk and wrap-up. */
  occupancy?: number;
}

export interface QueueFigures extends Figures {
  queue: string;
}

export interface SeatFigures {
  seat: string;
  calls: number;
  missed: number;
  /** In seconds. */
  work: number;
  talk: number;
  wrapUp: number;
  ringing: number;
  onBreak: number;
  /** Share of the time at work that the seat was free, 0 to 1. */
  idleRate?: number;
  /** Share of the time at work in talk and wrap-up. */
  occupancy?: number;
}

/** What a day came to. Times in seconds unless said otherwise. */
export interface Report {
  site: string;
  seed: number;
  threshold: number;
  /** ms since the epoch. */
  from: number;
  end: number;
  /** Calls, each counted once, by how it ended. */
  all: Figures;
  queues: QueueFigures[];
  seats: SeatFigures[];
  /** Talks that an alarm broke. */
  preempted: number;
}

export function reportOf(
  plan: SimulatedPlan,
  seen: Seen,
  { from, seed, threshold }: Pick<Report, 'from' | 'seed' | 'threshold'>,
): Report {
  const seats = new Map(seen.seats.map((seat) => [seat.seat, seat]));
  const figures = (visits: readonly Visit[], of: readonly SeatDay[]): Figures => ({
    ...countsOf(visits),
    serviceLevel: serviceLevels(visits, threshold),
    waits: waitsOf(visits),
    estimate: estimateFigures(visits),
    ...share('occupancy', sumOf(of, busy), sumOf(of, atWork)),
  });
  const queues = [...plan.queues()].map(({ id }) => {
    const staff = [...plan.seats()]
      .filter((seat) => seat.queues.includes(id))
      .flatMap((seat) => seats.get(seat.id) ?? []);

    return {
      queue: id,
      ...figures(
        seen.visits.filter(({ queue }) => queue === id),
        staff,
      ),
    };
  });

  return {
    ...{ site: plan.site, seed, threshold, from, end: seen.end },
    all: figures(lastVisits(seen.visits), seen.seats),
    queues: queues.filter(({ offered }) => offered > 0),
    seats: seen.seats.map(seatFigures),
    preempted: seen.preempted,
  };
}

/** Of each call where it came to last. */
function lastVisits(visits: readonly Visit[]): Visit[] {
  return [...new Map(visits.map((visit) => [visit.call, visit])).values()];
}

function countsOf(visits: readonly Visit[]) {
  const many = (outcome: Visit['outcome']): number => visits.filter((visit) => visit.outcome === outcome).length;
  const overflowedTo: Record<string, number> = {};
  for (const { outcome, to } of visits) {
    if (outcome === 'overflowed' && to !== undefined) overflowedTo[to] = (overflowedTo[to] ?? 0) + 1;
  }

  return {
    offered: visits.length,
    answered: many('answered'),
    abandoned: many('abandoned'),
    overflowed: many('overflowed'),
    calledBack: many('called-back'),
    waiting: many('waiting'),
    overflowedTo,
  };
}

export function serviceLevels(visits: readonly Visit[], threshold: number): ServiceLevels {
  const within = (visit: Visit): boolean => waitOf(visit) <= threshold;
  const [a, b] = [ended(visits, 'answered'), ended(visits, 'abandoned')];
  const [soonA, soonB] = [a.filter(within).length, b.filter(within).length];

  return {
    ...share('sl1', soonA, a.length),
    ...share('sl2', soonA, a.length + b.length),
    ...share('sl3', soonA + soonB, a.length + b.length),
    ...share('sl4', soonA, a.length + b.length - soonB),
  };
}

function waitsOf(visits: readonly Visit[]): Waits {
  const waits = visits.filter(({ entered }) => entered).map(waitOf);
  waits.sort((a, b) => a - b);
  if (waits.length === 0) return {};
  const at = (share: number): number => quantile(waits, share);

  return {
    mean: mean(waits),
    ...{ median: at(0.5), p80: at(0.8), p95: at(0.95), longest: waits.at(-1) },
    asa: mean(ended(visits, 'answered').map(waitOf)),
    abandoned: mean(ended(visits, 'abandoned').map(waitOf)),
  };
}

function estimateFigures(visits: readonly Visit[]): EstimateFigures {
  const errors: number[] = [];
  const relative: number[] = [];
  let inside = 0;
  for (const { told, endedAt } of ended(visits, 'answered')) {
    if (!told) continue;
    const waited = (endedAt - told.at) / 1_000;
    const [low, high] = told.range;
    if (waited >= low && waited <= high) inside++;
    const error = Math.abs(waited - (low + high) / 2);
    errors.push(error);
    relative.push(error / Math.max(1, waited));
  }
  const median = (values: number[]): number =>
    quantile(
      values.sort((a, b) => a - b),
      0.5,
    );
  if (errors.length === 0) return { told: 0 };

  return {
    told: errors.length,
    inside: inside / errors.length,
    medianError: median(errors),
    medianRelativeError: median(relative),
  };
}

function seatFigures(seat: SeatDay): SeatFigures {
  const work = atWork(seat);

  return {
    ...{ seat: seat.seat, calls: seat.calls, missed: seat.missed, work: work / 1_000 },
    ...{ talk: seat.talking / 1_000, wrapUp: seat.wrapUp / 1_000, ringing: seat.ringing / 1_000 },
    onBreak: seat.onBreak / 1_000,
    ...share('idleRate', seat.free, work),
    ...share('occupancy', busy(seat), work),
  };
}

function ended(visits: readonly Visit[], outcome: Visit['outcome']): Visit[] {
  return visits.filter((visit) => visit.outcome === outcome);
}

/** In seconds. */
function waitOf({ since, endedAt }: Visit): number {
  return (endedAt - since) / 1_000;
}

function busy({ talking, wrapUp }: SeatDay): number {
  return talking + wrapUp;
}

function atWork({ free, ringing, talking, wrapUp, resting }: SeatDay): number {
  return free + ringing + talking + wrapUp + resting;
}

function sumOf<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((sum, one) => sum + value(one), 0);
}

function share<K extends string>(name: K, part: number, whole: number): Partial<Record<K, number>> {
  return whole > 0 ? ({ [name]: part / whole } as Record<K, number>) : {};
}

function mean(values: readonly number[]): number | undefined {
  return values.length > 0 ? sumOf(values, (value) => value) / values.length : undefined;
}

/** The smallest value that so large a share of them does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
