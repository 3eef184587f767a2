import { drawPatience, drawTalk, makeRandom } from './day';
import type { DayPlan, Random } from './day';

/**
 * What others say of waits, for comparison: the formulae of Erlang, the estimators of Ibrahim and Whitt, and an oracle
 * that knows everything but what is to come.
 */

/** Erlang C: the share of callers who have to wait, and the mean wait of all in seconds; nobody gives up. */
export function erlangC(seats: number, arrivals: number, handling: number): { wait: number; mean: number } {
  const load = arrivals * handling;
  let blocked = 1;
  for (let seat = 1; seat <= seats; seat++) blocked = (load * blocked) / (seat + load * blocked);
  const wait = blocked / (1 - (load / seats) * (1 - blocked));

  return { wait, mean: wait / (seats / handling - arrivals) };
}

/** Erlang A: how likely there are n people in the system, for n from 0 on. */
export function erlangA(seats: number, arrivals: number, handling: number, patience: number, limit = 2_000): number[] {
  const weights = [1];
  for (let n = 1; n < limit; n++) {
    const leave = Math.min(n, seats) / handling + Math.max(0, n - seats) / patience;
    weights.push(((weights[n - 1] ?? 0) * arrivals) / leave);
  }
  const all = weights.reduce((sum, weight) => sum + weight, 0);

  return weights.map((weight) => weight / all);
}

/** QL: the length of the queue over the rate at which seats free; as though nobody gave up. */
export function queueLength(position: number, seats: number, handling: number): number {
  return (position * handling) / seats;
}

/** QLm: the mean of the Erlang A model with the true rates. */
export function queueLengthMarkov(position: number, seats: number, handling: number, patience: number): number {
  let mean = 0;
  for (let ahead = 0; ahead < position; ahead++) mean += 1 / (seats / handling + ahead / patience);

  return mean;
}

export interface Scene {
  /** For how long each seat at work has been busy; undefined when free. */
  busy: (number | undefined)[];
  /** For how long those ahead have waited, the next one first. */
  waited: number[];
}

/** Draws of the plan's laws, in order, so that one can be drawn under the condition that it is longer than so much. */
export function makeOracle(plan: DayPlan, draws = 20_000): (scene: Scene, runs: number) => number[] {
  const random = makeRandom(plan.seed + 1_000_000);
  const sorted = (draw: () => number): Float64Array => Float64Array.from({ length: draws }, draw).sort();
  const cycles = sorted(() => drawTalk(random, plan.talk) + plan.wrapUp);
  const patiences = sorted(() => drawPatience(random, plan.patience));

  return (scene, runs) =>
    Array.from({ length: runs }, () => playOn(scene, random, cycles, patiences)).sort((a, b) => a - b);
}

/** One way in which it may go on for a caller with infinite patience who stands behind the others of the scene. */
function playOn({ busy, waited }: Scene, random: Random, cycles: Float64Array, patiences: Float64Array): number {
  const frees = busy.map((since) => (since === undefined ? 0 : longer(cycles, since, random) - since));
  for (const before of waited) {
    const givesUp = longer(patiences, before, random) - before;
    const seat = first(frees);
    const at = frees[seat] ?? 0;
    if (givesUp > at) frees[seat] = at + longer(cycles, 0, random);
  }

  return frees[first(frees)] ?? 0;
}

function first(frees: number[]): number {
  let least = 0;
  for (let index = 1; index < frees.length; index++) if ((frees[index] ?? 0) < (frees[least] ?? 0)) least = index;

  return least;
}

function longer(sorted: Float64Array, than: number, random: Random): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) > than) high = middle;
    else low = middle + 1;
  }

  return sorted[Math.min(sorted.length - 1, low + Math.floor(random() * (sorted.length - low)))] ?? than;
}
