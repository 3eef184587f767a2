import { DateTime } from 'luxon';
import type { Figures, Report, SeatFigures } from './figures';
import { duration, nothing, percent, seconds, section, table } from './table';

/** One figure: how it is called, what it is, how it is written. */
export interface Measure {
  name: string;
  of(figures: Figures): number | undefined;
  text(value: number | undefined): string;
}

const count = (value: number | undefined): string => (value === undefined ? nothing : String(value));

/** The figures of a queue, in groups. `T` is the threshold. */
export function measures(threshold: number): { head: string; measures: Measure[] }[] {
  const level = (name: keyof Figures['serviceLevel'], formula: string): Measure => ({
    name: `${name.toUpperCase()} = ${formula}`,
    of: ({ serviceLevel }) => serviceLevel[name],
    text: percent,
  });
  const wait = (name: keyof Figures['waits'], words: string): Measure => ({
    ...{ name: words, of: ({ waits }) => waits[name], text: seconds },
  });

  return [
    {
      head: 'Calls',
      measures: (['offered', 'answered', 'abandoned', 'overflowed', 'calledBack', 'waiting'] as const).map((name) => ({
        name: name === 'calledBack' ? 'called back' : name === 'waiting' ? 'left waiting' : name,
        of: (figures) => figures[name],
        text: count,
      })),
    },
    {
      head: `Service level (A answered, B abandoned, T = ${threshold} s)`,
      measures: [
        level('sl1', 'A(<=T) / A'),
        level('sl2', 'A(<=T) / (A + B)'),
        level('sl3', '(A(<=T) + B(<=T)) / (A + B)'),
        level('sl4', 'A(<=T) / (A + B - B(<=T))'),
      ],
    },
    {
      head: 'Waits',
      measures: [
        wait('asa', 'mean of the answered (ASA)'),
        wait('mean', 'mean of all'),
        ...[wait('median', 'median'), wait('p80', '80 % wait at most'), wait('p95', '95 % wait at most')],
        ...[wait('longest', 'longest'), wait('abandoned', 'mean of who gave up')],
      ],
    },
    {
      head: 'Estimate that callers were told (who had to wait and were answered)',
      measures: [
        { name: 'callers', of: ({ estimate }) => estimate.told, text: count },
        { name: 'waits inside the range', of: ({ estimate }) => estimate.inside, text: percent },
        { name: 'median error', of: ({ estimate }) => estimate.medianError, text: seconds },
        { name: 'median error, of the wait', of: ({ estimate }) => estimate.medianRelativeError, text: percent },
      ],
    },
    { head: 'Seats', measures: [{ name: 'occupancy', of: ({ occupancy }) => occupancy, text: percent }] },
  ];
}

/** A report for people. `agents`: every agent; otherwise the busiest and the least busy when there are many. */
export function printReport(report: Report, zone: string, agents: boolean): string[] {
  const { queues, all, threshold } = report;
  const columns: Figures[] = queues.length === 1 ? queues : [...queues, all];
  const names =
    queues.length === 1 ? queues.map(({ queue }) => queue) : [...queues.map(({ queue }) => queue), 'all calls'];
  const rows = measures(threshold).map(({ head, measures: group }) => ({
    head,
    rows: group.map(({ name, of, text }) => [name, ...columns.map((figures) => text(of(figures)))]),
  }));
  // One width for all groups, so that the eye can go down a column.
  const lines = table([['', ...names], ...rows.flatMap((group) => group.rows)]);
  let at = 1;
  const groups = rows.flatMap((group) => section(group.head, lines.slice(at, (at += group.rows.length))));

  return [
    titleOf(report, zone),
    '',
    `  ${lines[0] ?? ''}`,
    ...groups.slice(1),
    ...overflowLines(report),
    ...section('Agents', agentLines(report.seats, agents)),
  ];
}

function titleOf({ site, from, end, seed, all, seats, preempted }: Report, zone: string): string {
  const at = (ms: number): string => DateTime.fromMillis(ms, { zone }).toFormat('yyyy-MM-dd HH:mm');
  const alarms = preempted > 0 ? `, ${preempted} talks broken by alarms` : '';

  return `${site}: ${all.offered} calls, ${seats.length} seats, ${at(from)} to ${at(end)} (${zone}), seed ${seed}${alarms}`;
}

function overflowLines({ queues }: Report): string[] {
  const rows = queues.flatMap(({ queue, overflowedTo }) =>
    Object.entries(overflowedTo).map(([to, calls]) => [`${queue} to ${to}`, String(calls)]),
  );

  return rows.length > 0 ? section('Overflows', table(rows)) : [];
}

/** Agents that are listed without being asked for. */
const FEW = 24;

function agentLines(seats: readonly SeatFigures[], all: boolean): string[] {
  const head = ['', 'calls', 'missed', 'at work', 'talk', 'wrap-up', 'ringing', 'break', 'idle rate', 'occupancy'];
  const row = (seat: SeatFigures): string[] => [
    ...[seat.seat, String(seat.calls), String(seat.missed), duration(seat.work), duration(seat.talk)],
    ...[duration(seat.wrapUp), duration(seat.ringing), duration(seat.onBreak)],
    ...[percent(seat.idleRate), percent(seat.occupancy)],
  ];
  if (all || seats.length <= FEW) return table([head, ...seats.map(row)]);
  const sorted = [...seats].sort((a, b) => (b.occupancy ?? 0) - (a.occupancy ?? 0));
  const shown = [...sorted.slice(0, FEW / 4), ...sorted.slice(-FEW / 4)];

  return [...table([head, ...shown.map(row)]), `the busiest and the least busy of ${seats.length}; --agents lists all`];
}
