import fc from 'fast-check';
import { defaultCurves } from '../../../src/acd/classes';
import { checkExits } from '../../../src/dialplan/checks/exits';
import { graphOf } from '../../../src/dialplan/checks/graph';
import type { ActionDraft, ActionType, Draft, PageDraft } from '../../../src/dialplan/draft';
import { Faults } from '../../../src/dialplan/faults';

const nowhere = { file: 'x', line: 1, column: 1 };

/** A page by what its items do: the name of another page, or `home`, `back`, `end`. */
type Sketch = readonly string[];

function named(name: string): { name: string; at: typeof nowhere } {
  return { name, at: nowhere };
}

const wish = { class: named(''), medium: named(''), designated: named('') };

function action(what: string): ActionDraft {
  const type: ActionType = what === 'home' || what === 'back' || what === 'end' ? what : 'page';

  return { type, target: named(type === 'page' ? what : ''), priority: undefined, skills: undefined, wish };
}

function page(name: string, sketch: Sketch): PageDraft {
  const items = sketch.map((what, index) => ({
    key: named(String(index)),
    label: {},
    icon: undefined,
    action: action(what),
  }));

  return { id: named(name), title: {}, text: undefined, image: undefined, items, form: undefined, back: false };
}

function draftOf(pages: Readonly<Record<string, Sketch>>): Draft {
  const site = { domain: '', realm: '', locales: [], defaultLocale: named(''), defaultService: named(''), trusted: [], assetBase: undefined, assetBaseFaulty: false, look: { background: '', text: '', accent: '', logo: named('') } }; // prettier-ignore
  const codes = { login: named(''), logout: named(''), break: named(''), available: named(''), done: named('') };
  const times = { timezone: 'UTC', hours: [], classes: defaultCurves, classesAt: nowhere, classesFaulty: false, overtakeLimit: 300, emergency: undefined, codes }; // prettier-ignore
  const menu = {
    id: named('main'),
    start: named('a'),
    pages: Object.entries(pages).map(([name, one]) => page(name, one)),
  };
  const flow = { id: named('main'), menu: named('main'), queue: named('q'), priority: 0, skills: [], wish };

  return {
    site,
    times,
    numbers: [],
    pools: [],
    services: [],
    flows: [flow],
    menus: [menu],
    queues: [],
    terminals: [],
    seats: [],
    prompts: [],
    unknown: new Set(),
  };
}

/** Names in the one NO_EXIT fault. */
function caught(pages: Readonly<Record<string, Sketch>>): string[] {
  const draft = draftOf(pages);
  const faults = new Faults();
  checkExits(draft, graphOf(draft), faults);
  const message = faults.sorted.find((fault) => fault.code === 'NO_EXIT')?.message ?? '';

  return [...message.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
}

const deepest = 12;

/** Walks as a person would, with the pages before on a stack, and finds the pages where somebody can be caught. */
function caughtByWalking(pages: Readonly<Record<string, Sketch>>): string[] {
  const next = (way: string): string[] =>
    pages[way.at(-1)!]!.flatMap((what) => {
      if (what === 'end') return [];
      if (what === 'home') return ['a'];
      if (what === 'back') return way.length > 1 ? [way.slice(0, -1)] : [];

      return way.length < deepest ? [way + what] : [];
    });
  const ways = new Set(['a']);
  for (const way of ways) for (const one of next(way)) ways.add(one);
  const free = new Set([...ways].filter((way) => pages[way.at(-1)!]!.includes('end')));
  for (let grown = true; grown;) {
    const more = [...ways].filter((way) => !free.has(way) && next(way).some((one) => free.has(one)));
    for (const way of more) free.add(way);
    grown = more.length > 0;
  }
  // Near the depth limit a person seems caught only because the walk is cut off there.
  const stuck = [...ways].filter((way) => way.length <= deepest / 2 && !free.has(way)).map((way) => way.at(-1)!);

  return [...new Set(stuck)].sort();
}

describe('pages that lead only to each other', () => {
  test.each<[string, Record<string, Sketch>, string[]]>([
    ['a way out at the first page', { a: ['b', 'end'], b: ['back'] }, []],
    ['a way out by home', { a: ['b', 'end'], b: ['c'], c: ['home'] }, []],
    ['no way out at all', { a: ['b'], b: ['a'] }, ['a', 'b']],
    ['back to a page without a way out', { a: ['b', 'end'], b: ['c'], c: ['back'] }, ['b', 'c']],
    ['back at the first page leads nowhere', { a: ['back'] }, ['a']],
    ['a page that nobody comes to does no harm', { a: ['b', 'end'], b: ['back'], c: ['b'] }, []],
  ])('%s', (_, pages, expected) => {
    expect(caught(pages)).toEqual(expected);
  });

  test('are found exactly where a person who walks the menu would be caught', () => {
    const what = fc.constantFrom('a', 'b', 'c', 'd', 'home', 'back', 'end');
    const sketch = fc.uniqueArray(what, { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(fc.record({ a: sketch, b: sketch, c: sketch, d: sketch }), (pages) => {
        expect(caught(pages).sort()).toEqual(caughtByWalking(pages));
      }),
      { numRuns: 3000 },
    );
  });
});
