import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { verbs } from '../../../src/acd/scripts';
import { seatArrows, ticketArrows } from '../../../src/acd/states';
import { recordFields } from '../../../src/acd/rows';
import { inProject } from '../../../src/lib/paths';

const doc = readFileSync(inProject('docs', 'acd.md'), 'utf8');

function section(title: string): string[][] {
  const text = doc.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

  return [...text.matchAll(/^\|(?! *-) *(.*?) *\|$/gm)].slice(1).map((row) => (row[1] ?? '').split(/ *\| */));
}

const arrowsOf = (table: Readonly<Record<string, Readonly<Record<string, string>>>>): string[] =>
  Object.entries(table).flatMap(([from, row]) => Object.entries(row).map(([input, to]) => `${from} ${input} ${to}`));

const byName = ([a = '']: (string | undefined)[], [b = '']: (string | undefined)[]): number => (a < b ? -1 : 1);

describe('docs/acd.md', () => {
  it.each([
    ['The way of a ticket', ticketArrows],
    ['The way of a seat', seatArrows],
  ])('%s: numbers every arrow of the table', (title, table) => {
    const rows = section(title);
    expect(rows.map(([number]) => Number(number))).toEqual(rows.map((_, index) => index + 1));
    expect(rows.map(([, from, input, to]) => `${from} ${input} ${to}`)).toEqual(arrowsOf(table));
    const names = rows.flatMap((row) => (row[5] ?? '').split(', ')).filter((name) => !name.startsWith('as arrow'));
    for (const name of names) expect(Object.keys(verbs)).toContain(name);
    // The picture shows arrows of the table only, under their numbers.
    const picture = doc.split(`## ${title}\n`)[1]?.split('```')[1] ?? '';
    const drawn = [...picture.matchAll(/^ +(\w+) --> (\w+): (\d+) (\w+)$/gm)];
    expect(drawn.length).toBeGreaterThan(5);
    for (const [, from, to, number, input] of drawn) {
      const names = [from, input, to].map((name) => name?.replace('_', '-'));
      expect(rows[Number(number) - 1]?.slice(0, 4)).toEqual([number, ...names]);
    }
  });

  it('names every verb, and what it does', () => {
    const files = readdirSync(inProject('src', 'acd', 'lua')).filter((file) => file.endsWith('.lua'));
    const heads = files.map((file) => readFileSync(inProject('src', 'acd', 'lua', file), 'utf8'));
    const told = heads.map((text) => (/^--\[\[\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? '').trim().replace(/\n? +/g, ' '));
    const names = files.map((file) => file.replace('.lua', ''));
    expect(section('Verbs')).toEqual(names.map((name, index) => [name, told[index]]).sort(byName));
    expect(Object.keys(verbs).sort()).toEqual(names.sort());
  });

  it('names every key and channel that the verbs make', () => {
    const folder = inProject('src', 'acd', 'lua');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.lua'));
    const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
    const made = [...text.matchAll(/(?:keyOf\(|ROOT \.\. )'([\w-]+)'/g)].map((match) => match[1] ?? '');
    const rows = section('Keys').flatMap(([names = '']) => [...names.matchAll(/`([\w-]+)/g)].map((match) => match[1]));
    // Records are read by their kind.
    expect(new Set([...made, ...Object.keys(recordFields)])).toEqual(new Set(rows));
  });

  it('says of records what they are: every field once', () => {
    for (const names of Object.values(recordFields)) expect(new Set<string>(names).size).toBe(names.length);
  });
});
