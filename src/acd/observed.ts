/**
 * What a queue learns of itself while it works, from plain counters: each is a sum that fades, so that a queue forgets
 * slowly what no longer holds. Each ticket teaches several times, so the counters are changed in place. Times in seconds.
 */
export interface Counters {
  /** Talks that ended. */
  handled: number;
  /** Seconds that they took their seats: from the first ring until the seat was free again. */
  handledTime: number;
  /** The squares of those. */
  handledSquares: number;
  /** Tickets that were answered while others had to wait for a seat. */
  drained: number;
  /** Seat-seconds that went by meanwhile: staffed seats times the time in which somebody waited for a seat. */
  drainedTime: number;
  /** Tickets that entered. */
  entered: number;
  /** Of those, the ones that were put ahead of somebody. */
  overtook: number;
  /** Seconds over which they entered. */
  enteredTime: number;
  /** By how long they had waited (`PATIENCE_EDGES`): how many gave up. */
  gaveUp: number[];
  /** By how long they had waited: seconds that were waited, by those who gave up and by those who did not. */
  atRisk: number[];
  /** The low end of the range, in spreads from the middle: the value that one wait in ten falls short of. */
  lowEnd: number;
  /** The high end: the value that one wait in ten exceeds. */
  highEnd: number;
}

/** What remains of a counter with each event that is added to it: about the last 200 count. */
export const KEEP = 0.995;
/** Patience is not the same all the time; it is counted apart from 0 s, from 15 s and so on. */
export const PATIENCE_EDGES: readonly number[] = [0, 15, 30, 60, 120, 240, 480, 960];
/** Standard normal quantile of 90 %. */
export const QUANTILE = 1.2816;
/** How far one wait moves an end of the range. */
const END_STEP = 0.015;
/** Ends of the range stay within these multiples of the normal ones. */
const END_LIMITS = [0.2, 4] as const;
/** How far one wait moves the factor of its kind, relative. */
const FACTOR_STEP = 0.0025;
/** A factor and its inverse stay below this. */
const FACTOR_LIMIT = 5;

export function noCounters(): Counters {
  return {
    handled: 0,
    handledTime: 0,
    handledSquares: 0,
    drained: 0,
    drainedTime: 0,
    entered: 0,
    overtook: 0,
    enteredTime: 0,
    gaveUp: PATIENCE_EDGES.map(() => 0),
    atRisk: PATIENCE_EDGES.map(() => 0),
    lowEnd: -QUANTILE,
    highEnd: QUANTILE,
  };
}

/** A seat is free again: `took` seconds after it was first rung for the ticket, wrap-up included. */
export function learnHandling(known: Counters, took: number): void {
  known.handled = known.handled * KEEP + 1;
  known.handledTime = known.handledTime * KEEP + took;
  known.handledSquares = known.handledSquares * KEEP + took * took;
}

/**
 * `elapsed` seconds went by in which somebody waited for a seat and `staffed` seats worked for the queue, and then
 * `answered` tickets (0 or 1) were answered. Nothing fades unless a ticket is answered: time alone says nothing.
 */
export function learnDrain(known: Counters, elapsed: number, staffed: number, answered: 0 | 1): void {
  const keep = answered === 1 ? KEEP : 1;
  known.drained = known.drained * keep + answered;
  known.drainedTime = known.drainedTime * keep + elapsed * staffed;
}

/** A ticket entered, `elapsed` seconds after the one before it; `overtook` when it was put ahead of somebody. */
export function learnEntry(known: Counters, elapsed: number, overtook: boolean): void {
  known.entered = known.entered * KEEP + 1;
  known.overtook = known.overtook * KEEP + (overtook ? 1 : 0);
  known.enteredTime = known.enteredTime * KEEP + elapsed;
}

/** Somebody left the line after `waited` seconds: answered, or because he gave up. */
export function learnPatience(known: Counters, waited: number, gaveUp: boolean): void {
  const { atRisk, gaveUp: gone } = known;
  const last = band(waited);
  for (let index = 0; index < atRisk.length; index++) {
    const from = PATIENCE_EDGES[index] ?? 0;
    const to = PATIENCE_EDGES[index + 1] ?? Infinity;
    atRisk[index] = (atRisk[index] ?? 0) * KEEP + Math.max(0, Math.min(waited, to) - from);
    gone[index] = (gone[index] ?? 0) * KEEP + (gaveUp && index === last ? 1 : 0);
  }
}

/**
 * Somebody was answered after `waited` seconds who had been told, when he entered, a range around `middle` of this
 * `spread` (`Forecast`). Each end of the range gives way a little to the waits beyond it, and comes back a little with
 * those within, nine times as often: so it comes to rest where one in ten is beyond. Who was promised a seat at once
 * (middle 0) teaches nothing.
 */
export function learnFit(known: Counters, waited: number, middle: number, spread: number): void {
  if (middle <= 0 || spread <= 0) return;
  const off = deviation(waited, middle, spread);
  known.lowEnd = -clampEnd(-known.lowEnd + END_STEP * ((off < known.lowEnd ? 1 : 0) - 0.1));
  known.highEnd = clampEnd(known.highEnd + END_STEP * ((off > known.highEnd ? 1 : 0) - 0.1));
}

/**
 * What places cannot tell: tickets of one kind (the same skills, medium and class) wait so many times longer than others
 * at the same place, since fewer seats suit them. It grows a little with each wait that is longer than the middle of
 * what was told (which had this factor in it) and shrinks with each shorter one, so half come to be longer. 1 at first.
 */
export function learnFactor(factor: number, waited: number, middle: number): number {
  if (middle <= 0) return factor;
  const next = factor * Math.exp(waited > middle ? FACTOR_STEP : -FACTOR_STEP);

  return Math.min(FACTOR_LIMIT, Math.max(1 / FACTOR_LIMIT, next));
}

/** Which of the bands of `PATIENCE_EDGES` a wait belongs to. */
export function band(waited: number): number {
  let index = 0;
  while ((PATIENCE_EDGES[index + 1] ?? Infinity) <= waited) index++;

  return index;
}

/** How many spreads a wait is from the middle, on the scale of cube roots, on which waits are spread normally. */
function deviation(waited: number, middle: number, spread: number): number {
  return (Math.cbrt(Math.max(0, waited) / middle) - 1) / spread;
}

function clampEnd(end: number): number {
  return Math.min(QUANTILE * END_LIMITS[1], Math.max(QUANTILE * END_LIMITS[0], end));
}
