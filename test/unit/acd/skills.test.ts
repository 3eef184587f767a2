import fc from 'fast-check';
import { canBeMet, levelsOf, meets, needsOf, parseNeeds, skillsOf, without } from '../../../src/acd/skills';
import type { Needs } from '../../../src/acd/skills';
import { SightlineError } from '../../../src/lib/errors';

function read(text: string): Needs {
  const parsed = parseNeeds(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);

  return parsed.needs;
}

function isMet(text: string, levels: Record<string, number>): boolean {
  return meets(read(text), new Map(Object.entries(levels)));
}

describe('skill expressions', () => {
  it.each([
    ['video', { video: 1 }, true],
    ['video', {}, false],
    ['video', { video: 0 }, false],
    ['fares >= 3', { fares: 3 }, true],
    ['fares >= 3', { fares: 2 }, false],
    ['fares > 3', { fares: 3 }, false],
    ['fares < 3', {}, true],
    ['fares <= 3', { fares: 4 }, false],
    ['fares = 0', {}, true],
    ['fares=5', { fares: 5 }, true],
    ['not trainee', {}, true],
    ['not not trainee', {}, false],
    ['a or b and c', { a: 1 }, true],
    ['(a or b) and c', { a: 1 }, false],
    ['not a and b', { b: 1 }, true],
    ['not (a and b)', { b: 1 }, true],
    ['not (a or b)', { b: 1 }, false],
    ['2nd-line and constructor', { '2nd-line': 2, constructor: 3 }, true],
    ['constructor', {}, false],
  ])('%s with %j: %s', (text, levels, expected) => {
    expect(isMet(text, levels as Record<string, number>)).toBe(expected);
  });

  it.each([
    ['', 0, 'there is nothing'],
    ['a and', 5, 'a skill is missing at the end'],
    ['and a', 0, "'and' stands where"],
    ['a b', 2, "'b' follows without"],
    ['fares 3', 6, 'no comparison'],
    ['fares >= 6', 9, "'6' is no level"],
    ['fares >=', 8, 'a level is missing'],
    ['fares == 3', 6, "'==' is no comparison"],
    ['(a or b', 0, 'never closed'],
    ['a)', 1, 'closes nothing'],
    ['a && b', 2, "'&'"],
    ['Video', 0, "'V'"],
    ['a and ()', 7, "missing before ')'"],
    ['>= 3', 0, "missing before '>='"],
    ['a'.repeat(64), 0, 'too long'],
    [`${'('.repeat(600)}a`, 500, 'too long'],
  ])('refuses %j and tells where', (text, at, message) => {
    expect(parseNeeds(text)).toEqual({
      ok: false,
      at,
      message: expect.stringContaining(message) as string,
      remedy: expect.stringMatching(/^[A-Z].*\.$/) as string,
    });
  });

  it('reads whatever may be nested in what may be written at most', () => {
    expect(isMet(`${'('.repeat(249)}a${')'.repeat(249)}`, { a: 1 })).toBe(true);
    expect(isMet(`${'not '.repeat(124)}a`, { a: 1 })).toBe(true);
  });

  it('names its skills once, in their order', () => {
    expect(skillsOf(read('c and (a or not b) and c >= 2'))).toEqual(['c', 'a', 'b']);
    expect(skillsOf(needsOf([]))).toEqual([]);
  });

  it.each([
    ['fares >= 4 and fares <= 2', false],
    ['x and not x', false],
    ['x = 0 and x', false],
    ['x or not x', true],
    ['(a or b) and not a and not b', false],
    ['(a or b) and not a', true],
    ['fares > 5', false],
    ['fares < 0', false],
    ['not (fares >= 0)', false],
  ])('knows whether %s can be met: %s', (text, expected) => {
    expect(canBeMet(read(text))).toBe(expected);
  });

  it('knows it of lists, too', () => {
    expect(canBeMet(needsOf(['fares >= 4', 'fares <= 2']))).toBe(false);
    expect(canBeMet(needsOf([]))).toBe(true);
  });

  it('leaves skills out, whatever is asked of them', () => {
    const levels = new Map([['b', 3]]);
    expect(meets(without(read('a and b'), ['a']), levels)).toBe(true);
    expect(meets(without(read('a and c'), ['a']), levels)).toBe(false);
    expect(meets(without(read('not b'), ['b']), levels)).toBe(true);
    expect(meets(without(read('a or c'), ['a']), levels)).toBe(true);
    expect(meets(without(read('b and not (a and b)'), ['a']), levels)).toBe(true);
    expect(skillsOf(without(read('a and b'), ['a', 'b']))).toEqual([]);
  });

  it('takes all of a list together', () => {
    expect(meets(needsOf(['a', 'b or c']), new Map([['a', 1], ['c', 1]]))).toBe(true); // prettier-ignore
    expect(meets(needsOf(['a', 'b or c']), new Map([['a', 1]]))).toBe(false);
    expect(meets(needsOf([]), new Map())).toBe(true);
    expect(needsOf(['a', 'b or c'])).toBe(needsOf(['a', 'b or c']));
  });

  it('throws for a list with one that cannot be read', () => {
    expect(() => needsOf(['a', 'b and'])).toThrow(SightlineError);
    expect(() => needsOf(['b and'])).toThrow(/The skills 'b and': a skill is missing at the end/);
  });

  it('knows how well a seat can do what it can do', () => {
    const seat = Object.freeze({ id: 's', queues: [], skills: ['a', 'constructor'], levels: { a: 5, b: 2 } });
    expect([...levelsOf(seat)]).toEqual([['a', 5], ['constructor', 3]]); // prettier-ignore
    expect(levelsOf(seat)).toBe(levelsOf(seat));
  });
});

type Tree = { text: string; holds: (levels: Record<string, number>) => boolean };

/** Expressions with what they mean, told apart from the code under test. */
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', 'c').map((name): Tree => ({ text: name, holds: (levels) => levels[name]! > 0 })),
    fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('>=', '>', '<=', '<', '='), fc.integer({ min: 0, max: 5 }))
      .map(([name, sign, level]): Tree => ({
        text: `${name} ${sign} ${level}`,
        holds: (levels) => {
          const has = levels[name]!;
          if (has === level) return sign !== '>' && sign !== '<';

          return has > level ? sign.startsWith('>') : sign.startsWith('<');
        },
      })),
    tie('tree').map((one): Tree => ({ text: `not (${one.text})`, holds: (levels) => !one.holds(levels) })),
    fc.tuple(tie('tree'), fc.boolean(), tie('tree')).map(([left, and, right]): Tree => ({
      text: `(${left.text}) ${and ? 'and' : 'or'} (${right.text})`,
      holds: (levels) => (and ? left.holds(levels) && right.holds(levels) : left.holds(levels) || right.holds(levels)),
    })),
  ),
}));

const everyLevels = Array.from({ length: 216 }, (_, index) => ({
  a: index % 6,
  b: Math.floor(index / 6) % 6,
  c: Math.floor(index / 36),
}));

describe('any skill expression', () => {
  it('holds for the seats that it says, and can be met when it holds for any', () => {
    fc.assert(
      fc.property(tree, ({ text, holds }) => {
        fc.pre(text.length <= 500);
        const needs = read(text);
        const met = everyLevels.filter((levels) => meets(needs, new Map(Object.entries(levels))));
        expect(met).toEqual(everyLevels.filter(holds));
        expect(canBeMet(needs)).toBe(met.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('is asked for no more when its skills are left out', () => {
    fc.assert(
      fc.property(tree, ({ text }) => {
        fc.pre(text.length <= 500);
        const needs = read(text);
        expect(meets(without(needs, skillsOf(needs)), new Map())).toBe(true);
      }),
    );
  });

  it('never keeps the server busy, however many ways there are to meet it', () => {
    const pairs = Array.from({ length: 30 }, (_, index) => `(x${index} or y${index})`).join(' and ');
    const none = Array.from({ length: 12 }, (_, index) => `not (x${index} and y${index})`).join(' and ');
    expect(canBeMet(needsOf([pairs, none, 'z and not z']))).toBe(false);
    const holes = [
      '(a1 or a2) and (b1 or b2) and (c1 or c2)',
      'not (a1 and b1) and not (a1 and c1) and not (b1 and c1)',
    ];
    expect(canBeMet(needsOf([...holes, 'not (a2 and b2) and not (a2 and c2) and not (b2 and c2)']))).toBe(false);
  });
});
