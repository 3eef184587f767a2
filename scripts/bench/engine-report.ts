import { round } from './numbers';
import type { EngineOptions } from './engine-options';
import type { Adding } from './engine-sides';

export type SideName = 'sightline' | 'bullmq';

/** One measurement of one side. */
export interface Measured {
  side: SideName;
  width: number;
  adding: Adding;
  /** Assignments a second. */
  perSecond: number;
  /** µs of CPU an assignment. */
  clientMicros: number;
  redisMicros: number;
  /** The same as Redis itself tells. */
  redisOwnMicros: number;
  /** ms from put in to assigned. */
  p50: number;
  p99: number;
}

/** Both sides under the same conditions. */
export interface Compared {
  fsync: string;
  clients: number;
  /** 0 for a closed loop. */
  rate: number;
  rounds: Measured[];
}

export interface EngineReport {
  when: string;
  machine: { cpus: number; model: string; node: string; redis: string; bullmq: string };
  options: EngineOptions;
  compared: Compared[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const half = sorted.length / 2;
  const median = sorted.length % 2 === 0 ? (at(half - 1) + at(half)) / 2 : at(Math.floor(half));

  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** How many times as many assignments a second, by the medians. */
export function ratioOf({ rounds }: Compared): number {
  return medianOf(rounds, 'sightline', 'perSecond') / medianOf(rounds, 'bullmq', 'perSecond');
}

export function engineTable({ compared }: EngineReport): string {
  const loops = compared.filter(({ rate }) => rate === 0);
  const rates = compared.filter(({ rate }) => rate > 0);
  const lines = [
    '| AOF | clients | engine | assignments/s: median (min - max) | client CPU, µs | Redis CPU, µs (as it tells) | ratio |',
    '|---|---|---|---|---|---|---|',
    ...loops.flatMap((one) => sides.map((side) => loopLine(one, side))),
    '',
    '| AOF | clients | arrivals/s | engine | to a seat or worker, ms: p50 | p99 | done/s | client CPU, µs | Redis CPU, µs |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rates.flatMap((one) => sides.map((side) => rateLine(one, side))),
  ];

  return `${lines.join('\n')}\n`;
}

const sides: readonly SideName[] = ['sightline', 'bullmq'];

function loopLine(one: Compared, side: SideName): string {
  const { median, min, max } = spreadOf(valuesOf(one.rounds, side, 'perSecond'));
  const at = (what: Figure): number => round(medianOf(one.rounds, side, what), 0);
  const { width = 0, adding } = one.rounds.find((measured) => measured.side === side) ?? {};
  const name = side === 'bullmq' ? `BullMQ, ${width} workers, added: ${adding}` : `Sightline, ${width} seats`;
  const ratio = side === 'sightline' ? `${round(ratioOf(one))}` : '';

  return row([
    ...[one.fsync, one.clients, name, `${round(median, 0)} (${round(min, 0)} - ${round(max, 0)})`],
    ...[at('clientMicros'), `${at('redisMicros')} (${at('redisOwnMicros')})`, ratio],
  ]);
}

function rateLine(one: Compared, side: SideName): string {
  const at = (what: Figure, digits: number): number => round(medianOf(one.rounds, side, what), digits);

  return row([
    ...[one.fsync, one.clients, one.rate, side, at('p50', 2), at('p99', 2), at('perSecond', 0)],
    ...[at('clientMicros', 0), at('redisMicros', 0)],
  ]);
}

type Figure = 'perSecond' | 'clientMicros' | 'redisMicros' | 'redisOwnMicros' | 'p50' | 'p99';

function valuesOf(rounds: readonly Measured[], side: SideName, what: Figure): number[] {
  return rounds.filter((measured) => measured.side === side).map((measured) => measured[what]);
}

function medianOf(rounds: readonly Measured[], side: SideName, what: Figure): number {
  return spreadOf(valuesOf(rounds, side, what)).median;
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
