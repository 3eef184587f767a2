import { spreadOf } from './engine-report';
import { round } from './numbers';
import type { Step } from './uas-load';
import type { SideName } from './uas-sides';

const sides: readonly SideName[] = ['Sightline', 'drachtio-server'];

/** The rates that one side took cleanly in more than half of its rounds: the highest of them, 0 when there is none. */
export function cleanRate(steps: readonly Step[], side: SideName): number {
  const mine = steps.filter((step) => step.side === side);
  const clean = mine.filter(({ rate }) => {
    const there = mine.filter((step) => step.rate === rate);

    return there.filter((step) => step.clean).length * 2 > there.length;
  });

  return Math.max(0, ...clean.map(({ rate }) => rate));
}

/** The rounds as a table for people: medians, with the least and the most of the CPU. */
export function uasTable(steps: readonly Step[]): string {
  const rates = [...new Set(steps.map(({ rate }) => rate))];
  const there = sides.filter((side) => steps.some((step) => step.side === side));
  const lines = [
    '| calls/s | server | server: CPU a call, µs; of a core | application, µs | callers, µs | failed; clean | p50 / p99, ms | ratio |',
    '|---|---|---|---|---|---|---|---|',
    ...rates.flatMap((rate) => there.map((side) => line(steps, rate, side))),
    '',
    ...there.map((side) => `${side}: clean up to ${cleanRate(steps, side)} calls/s of those tried`),
  ];

  return `${lines.join('\n')}\n`;
}

function line(steps: readonly Step[], rate: number, side: SideName): string {
  const of = (name: SideName): Step[] => steps.filter((step) => step.rate === rate && step.side === name);
  const mine = of(side);
  const median = (pick: (step: Step) => number, among = mine): number => spreadOf(among.map(pick)).median;
  const cpu = spreadOf(mine.map(serverOf));
  const other = of('drachtio-server');
  const ratio = side === 'Sightline' && other.length > 0 ? round(cpu.median / median(serverOf, other)) : '';
  const failed = mine.reduce((all, step) => all + step.failed, 0);
  const cells = [
    ...[
      rate,
      side,
      `${cpu.median} (${cpu.min} - ${cpu.max}); ${round(
        median((step) => step.serverCore ?? NaN),
        0,
      )} %`,
    ],
    ...[median((step) => step.applicationMicros), median((step) => step.callerMicros)],
    `${failed}; ${mine.filter((step) => step.clean).length} of ${mine.length}`,
    ...[`${median((step) => step.p50)} / ${median((step) => step.p99)}`, ratio],
  ];

  return `| ${cells.join(' | ')} |`;
}

function serverOf(step: Step): number {
  return step.serverMicros ?? NaN;
}
