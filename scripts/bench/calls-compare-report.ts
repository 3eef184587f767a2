import { wasClean, type CallsSide, type ComparedRun } from './calls-compare';
import { spreadOf } from './engine-report';
import { round } from './numbers';
import type { Report } from './report';

const sides: readonly CallsSide[] = ['Sightline', 'mod_callcenter'];

/** The rounds as a table for people: medians, with the least and the most of the CPU. */
export function comparedTable(runs: readonly ComparedRun[]): string {
  const rates = [...new Set(runs.map(({ rate }) => rate))];
  const lines = [
    '| calls/s | server | CPU a call, ms; of a core | clean, of rounds that count | failed | dispatch p50 / p99, ms | ratio |',
    '|---|---|---|---|---|---|---|',
    ...rates.flatMap((rate) => sides.flatMap((side) => line(runs, rate, side))),
    '',
    ...sides.map((side) => `${side}: clean up to ${cleanRate(runs, side)} calls/s of those tried`),
    ...runs.filter(({ report }) => !report.clean).map(why),
  ];

  return `${lines.join('\n')}\n`;
}

/** The highest rate that one side took cleanly in most rounds; 0 when there is none. */
export function cleanRate(runs: readonly ComparedRun[], side: CallsSide): number {
  return Math.max(0, ...runs.map(({ rate }) => rate).filter((rate) => wasClean(runs, side, rate)));
}

function line(runs: readonly ComparedRun[], rate: number, side: CallsSide): string[] {
  const of = (name: CallsSide): Report[] =>
    runs.filter((run) => run.rate === rate && run.side === name).map(({ report }) => report);
  const mine = of(side);
  if (mine.length === 0) return [];
  const median = (pick: (report: Report) => number): number => round(spreadOf(mine.map(pick)).median, 1);
  const cpu = spreadOf(mine.map(cpuOf));
  const other = of('mod_callcenter');
  const ratio = side === 'Sightline' && other.length > 0 ? round(cpu.median / spreadOf(other.map(cpuOf)).median) : '';
  const valid = mine.filter((report) => report.voidBecause.length === 0);
  const cells = [
    ...[rate, side, `${round(cpu.median)} (${round(cpu.min)} - ${round(cpu.max)})`],
    `${valid.filter((report) => report.clean).length} of ${valid.length}`,
    mine.reduce((all, { calls }) => all + (calls.outcomes.failed ?? 0), 0),
    `${median((report) => report.calls.latency.dispatchFree?.p50 ?? NaN)} / ` +
      `${median((report) => report.calls.latency.dispatchFree?.p99 ?? NaN)}`,
    ratio,
  ];
  cells[2] = `${cells[2]}; ${round(spreadOf(mine.map((report) => report.server?.cpuPercent.all ?? NaN)).median, 0)} %`;

  return [`| ${cells.join(' | ')} |`];
}

/** ms of CPU a call, of every process of the server. */
function cpuOf(report: Report): number {
  return (report.server?.cpuMicrosPerCall.all ?? NaN) / 1000;
}

function why({ side, rate, round: number, report }: ComparedRun): string {
  const { failures, violations, unexpected, messages } = report.calls;
  const counts = Object.entries({ ...failures, ...violations, ...unexpected }).map(
    ([name, count]) => `${count} x ${name}`,
  );
  const again = messages.callers.retransmitted + messages.seats.retransmitted;
  const sentAgain = again > 0 ? [`${again} messages sent again`] : [];
  const reasons = [...report.voidBecause.map((text) => `void: ${text}`), ...counts, ...sentAgain];

  return `${side}, ${rate}/s, round ${number + 1}: ${reasons.join('; ')}`;
}
