/**
 * What a queue learns of itself while it works, from plain counters: each is a sum that fades, so that a queue forgets
 * slowly what no longer holds. Every function here is pure and small on purpose: the store does the same to the fields
 * of a hash. Times in seconds.
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
  const none = PATIENCE_EDGES.map(() => 0);

  return {
    handled: 0,
    handledTime: 0,
    handledSquares: 0,
    drained: 0,
    drainedTime: 0,
    entered: 0,
    overtook: 0,
    enteredTime: 0,
    gaveUp: none,
    atRisk: none,
    lowEnd: -QUANTILE,
    highEnd: QUANTILE,
  };
}

const plain = [
  ...([
    'handled',
    'handledTime',
    'handledSquares',
    'drained',
    'drainedTime',
    'entered',
    'overtook',
    'enteredTime',
  ] as const),
  ...(['lowEnd', 'highEnd'] as const),
];

/** Names of the counters as fields of a hash, in the order in which `readCounters` takes their values. */
export const counterFields: readonly string[] = [
  ...plain.map((name) => `learnt.${name}`),
  ...PATIENCE_EDGES.map((_, index) => `learnt.gaveUp${index}`),
  ...PATIENCE_EDGES.map((_, index) => `learnt.atRisk${index}`),
];

/** The counters of these values of `counterFields`; what is absent is as in a queue that has seen nothing yet. */
export function readCounters(values: readonly (string | null | undefined)[]): Counters {
  const known = noCounters();
  const at = (index: number): number | undefined => (values[index] == null ? undefined : Number(values[index]));
  plain.forEach((name, index) => (known[name] = at(index) ?? known[name]));
  const bands = (from: number): number[] => PATIENCE_EDGES.map((_, index) => at(from + index) ?? 0);

  return { ...known, gaveUp: bands(plain.length), atRisk: bands(plain.length + PATIENCE_EDGES.length) };
}

/** A seat is free again: `took` seconds after it was first rung for the ticket, wrap-up included. */
export function learnHandling(known: Counters, took: number): Counters {
  return {
    ...known,
    handled: known.handled * KEEP + 1,
    handledTime: known.handledTime * KEEP + took,
    handledSquares: known.handledSquares * KEEP + took * took,
  };
}

/**
 * `elapsed` seconds went by in which somebody waited for a seat and `staffed` seats worked for the queue, and then
 * `answered` tickets (0 or 1) were answered. Nothing fades unless a ticket is answered: time alone says nothing.
 */
export function learnDrain(known: Counters, elapsed: number, staffed: number, answered: 0 | 1): Counters {
  const keep = answered === 1 ? KEEP : 1;

  return {
    ...known,
    drained: known.drained * keep + answered,
    drainedTime: known.drainedTime * keep + elapsed * staffed,
  };
}

/** A ticket entered, `elapsed` seconds after the one before it; `overtook` when it was put ahead of somebody. */
export function learnEntry(known: Counters, elapsed: number, overtook: boolean): Counters {
  return {
    ...known,
    entered: known.entered * KEEP + 1,
    overtook: known.overtook * KEEP + (overtook ? 1 : 0),
    enteredTime: known.enteredTime * KEEP + elapsed,
  };
}

/** Somebody left the line after `waited` seconds: answered, or because he gave up. */
export function learnPatience(known: Counters, waited: number, gaveUp: boolean): Counters {
  const last = band(waited);
  const atRisk: number[] = [];
  const gone: number[] = [];
  // This comes with every ticket: without functions of their own for each band it takes half the time.
  for (let index = 0; index < known.atRisk.length; index++) {
    const from = PATIENCE_EDGES[index] ?? 0;
    const to = PATIENCE_EDGES[index + 1] ?? Infinity;
    atRisk.push((known.atRisk[index] ?? 0) * KEEP + Math.max(0, Math.min(waited, to) - from));
    gone.push((known.gaveUp[index] ?? 0) * KEEP + (gaveUp && index === last ? 1 : 0));
  }

  return { ...known, atRisk, gaveUp: gone };
}

/**
 * Somebody was answered after `waited` seconds who had been told, when he entered, a range around `middle` of this
 * `spread` (`Forecast`). Each end of the range gives way a little to the waits beyond it, and comes back a little with
 * those within, nine times as often: so it comes to rest where one in ten is beyond. Who was promised a seat at once
 * (middle 0) teaches nothing.
 */
export function learnFit(known: Counters, waited: number, middle: number, spread: number): Counters {
  if (middle <= 0 || spread <= 0) return known;
  const off = deviation(waited, middle, spread);

  return {
    ...known,
    lowEnd: -clampEnd(-known.lowEnd + END_STEP * ((off < known.lowEnd ? 1 : 0) - 0.1)),
    highEnd: clampEnd(known.highEnd + END_STEP * ((off > known.highEnd ? 1 : 0) - 0.1)),
  };
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
