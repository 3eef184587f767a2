import type { Arrival, Demand, Spread } from './model';
import { exponential, lognormal, pick, randomOf } from './random';
import type { Random } from './random';

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** The calls of a day by chance, in the order in which they come. `midnight` in ms since the epoch. */
export function arrivalsOf(demands: readonly Demand[], midnight: number, seed: number): Arrival[] {
  const all = demands.flatMap((demand, index) => callsOf(demand, midnight, seed, index));

  return all.sort((a, b) => a.at - b.at);
}

function callsOf(demand: Demand, midnight: number, seed: number, index: number): Arrival[] {
  const name = demand.queue ?? demand.flow ?? '';
  const random = randomOf(seed, 'arrivals', name, index);
  const calls: Arrival[] = [];
  for (const { span, perHour } of demand.rates) {
    if (perHour <= 0) continue;
    const end = midnight + (span.to > span.from ? span.to : span.to + 24 * 60) * MINUTE;
    const gap = HOUR / perHour;
    for (let at = midnight + span.from * MINUTE + exponential(random, gap); at < end; at += exponential(random, gap)) {
      // What a call is like does not hang on how many came before it in another plan or at another rate.
      const own = randomOf(seed, 'call', name, index, calls.length);
      calls.push(callOf(demand, Math.round(at), own, `${name}-${calls.length + 1}`));
    }
  }

  return calls;
}

function callOf(demand: Demand, at: number, random: Random, name: string): Arrival {
  const { queue, flow, classes, skills, media, customers } = demand;
  const talk = talkOf(demand.talk, random);
  const patience = patienceOf(demand.patience, random);
  const customer = customers === undefined ? name : `c${1 + Math.floor(random() * customers)}`;
  const ticketClass = pick(random, classes);
  const medium = pick(random, media);

  return {
    ...{ at, queue, flow, talk, patience, customer, class: ticketClass, medium },
    skills: Object.entries(skills).flatMap(([skill, share]) => (random() < share ? [skill] : [])),
  };
}

/** In ms. */
export function talkOf({ mean, cv }: Spread, random: Random): number {
  return Math.round(lognormal(random, mean, cv) * 1_000);
}

/** In ms. People who give up at a constant rate have a patience without memory: a `cv` of 1. */
export function patienceOf(patience: Spread | undefined, random: Random): number {
  if (!patience) return Infinity;
  const { mean, cv } = patience;

  return Math.round((cv === 1 ? exponential(random, mean) : lognormal(random, mean, cv)) * 1_000);
}
