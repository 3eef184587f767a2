import { readFileSync } from 'node:fs';
import { parseNeeds } from '../../../src/acd/skills';
import { strategies, ticketClasses } from '../../../src/acd/config';
import { shorthands } from '../../../src/dialplan/rings';
import { inProject } from '../../../src/lib/paths';

const text = readFileSync(inProject('docs', 'strategies.md'), 'utf8');

/** What stands in the first column of the tables of a section. */
function rowsOf(heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';

  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
}

describe('docs/strategies.md', () => {
  test('tells every strategy, in their order', () => {
    expect(rowsOf('Strategies')).toEqual([...strategies, ...shorthands]);
  });

  test('tells every class', () => {
    expect(rowsOf('Classes')).toEqual([...ticketClasses]);
  });

  test('has expressions that can be read', () => {
    const rows = rowsOf('Skill expressions');
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.map((row) => parseNeeds(row).ok)).toEqual(rows.map(() => true));
  });
});
