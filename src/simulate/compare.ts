import type { Figures, Report, SeatFigures } from './figures';
import { measures } from './print';
import { nothing, section, table } from './table';

/** One figure of two plans. `difference` is that of the second from the first. */
export interface Compared {
  group: string;
  measure: string;
  queue: string;
  first?: number;
  second?: number;
  difference?: number;
}

/** Two days of the same calls side by side: all calls, and the queues that both plans have. */
export function compare(first: Report, second: Report): Compared[] {
  return pairs(first, second).flatMap(({ name, a, b }) =>
    measures(first.threshold).flatMap(({ head, measures: group }) =>
      group.map(({ name: measure, of }) => compared(head, measure, name, of(a), of(b))),
    ),
  );
}

function compared(group: string, measure: string, queue: string, first?: number, second?: number): Compared {
  const difference = first === undefined || second === undefined ? undefined : second - first;

  return { group, measure, queue, first, second, difference };
}

function pairs(first: Report, second: Report): { name: string; a: Figures; b: Figures }[] {
  const queues = first.queues.flatMap((a) => {
    const b = second.queues.find(({ queue }) => queue === a.queue);

    return b ? [{ name: a.queue, a, b }] : [];
  });

  return [{ name: 'all calls', a: first.all, b: second.all }, ...queues];
}

export function printComparison(first: Report, second: Report): string[] {
  const many = pairs(first, second);
  const shown = many.length === 2 && first.queues.length === 1 && second.queues.length === 1 ? many.slice(0, 1) : many;
  const [a, b] = first.site === second.site ? [`${first.site} (1)`, `${second.site} (2)`] : [first.site, second.site];
  const groups = shown.flatMap(({ name, a: one, b: two }) =>
    measures(first.threshold).map(({ head, measures: group }) => ({
      head: `${head}, ${name}`,
      rows: group.map(({ name: measure, of, text }) => {
        const { first: left, second: right, difference } = compared(head, measure, name, of(one), of(two));

        return [measure, text(left), text(right), difference === undefined ? nothing : signed(apart(text(difference)))];
      }),
    })),
  );
  const spreads = [spreadRow('calls of an agent, most less fewest', ({ calls }) => calls, first, second)];
  const lines = table([['', a, b, 'difference'], ...groups.flatMap(({ rows }) => rows), ...spreads]);
  let at = 1;
  const told = groups.flatMap(({ head, rows }) => section(head, lines.slice(at, (at += rows.length))));

  return [
    `The same ${first.all.offered} calls with two plans`,
    '',
    `  ${lines[0] ?? ''}`,
    ...told.slice(1),
    ...section('Agents', lines.slice(at)),
  ];
}

function spreadRow(name: string, of: (seat: SeatFigures) => number, first: Report, second: Report): string[] {
  const range = ({ seats }: Report): number => {
    const values = seats.map(of);

    return values.length > 0 ? Math.max(...values) - Math.min(...values) : 0;
  };
  const [a, b] = [range(first), range(second)];

  return [name, String(a), String(b), signed(String(b - a))];
}

/** Per cents are so many points apart. */
function apart(text: string): string {
  return text.replace(' %', ' points');
}

function signed(text: string): string {
  return text.startsWith('-') || /^0(\.0)?( |$)/.test(text) ? text : `+${text}`;
}
