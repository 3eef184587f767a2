import { readFileSync, readdirSync } from 'node:fs';
import { scripts } from '../../../src/acd/scripts';
import { seatArrows, ticketArrows } from '../../../src/acd/states';
import { inProject } from '../../../src/lib/paths';

const doc = readFileSync(inProject('docs', 'acd.md'), 'utf8');

function section(title: string): string[][] {
  const text = doc.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

  return [...text.matchAll(/^\|(?! *-) *(.*?) *\|$/gm)].slice(1).map((row) => (row[1] ?? '').split(/ *\| */));
}

const arrowsOf = (table: Readonly<Record<string, Readonly<Record<string, string>>>>): string[] =>
  Object.entries(table).flatMap(([from, row]) => Object.entries(row).map(([input, to]) => `${from} ${input} ${to}`));

describe('docs/acd.md', () => {
  it.each([
    ['The way of a ticket', ticketArrows],
    ['The way of a seat', seatArrows],
  ])('%s: numbers every arrow of the table', (title, table) => {
    const rows = section(title);
    expect(rows.map(([number]) => Number(number))).toEqual(rows.map((_, index) => index + 1));
    expect(rows.map(([, from, input, to]) => `${from} ${input} ${to}`)).toEqual(arrowsOf(table));
    const names = rows.flatMap((row) => (row[5] ?? '').split(', ')).filter((name) => !name.startsWith('as arrow'));
    for (const name of names) expect(Object.keys(scripts)).toContain(name);
    // The picture shows arrows of the table only, under their numbers.
    const picture = doc.split(`## ${title}\n`)[1]?.split('```')[1] ?? '';
    const drawn = [...picture.matchAll(/^ +(\w+) --> (\w+): (\d+) (\w+)$/gm)];
    expect(drawn.length).toBeGreaterThan(5);
    for (const [, from, to, number, input] of drawn) {
      expect(rows[Number(number) - 1]?.slice(0, 4)).toEqual([number, from, input, to]);
    }
  });

  it('names every script', () => {
    const files = readdirSync(inProject('src', 'acd', 'lua')).filter((file) => file.endsWith('.lua'));
    const names = files.map((file) => file.replace('.lua', '')).sort();
    expect(section('Scripts').map(([name]) => name)).toEqual(names);
    expect(Object.keys(scripts).sort()).toEqual(names);
  });
});
