import fc from 'fast-check';
import { Faults } from '../../../src/dialplan/faults';
import { plainOf } from '../../../src/dialplan/tree';
import { parseYaml } from '../../../src/dialplan/yaml';

function read(text: string): { value: unknown; codes: string[] } {
  const faults = new Faults();
  const tree = parseYaml('x.yaml', text, faults);

  return { value: tree && plainOf(tree), codes: faults.sorted.map((fault) => fault.code) };
}

describe('parseYaml', () => {
  test('keys are taken as written', () => {
    const { value } = read('0100: a\n+4930: b\n1e3: c\nnull: d\ntrue: e\n"6001": f\n');
    expect(new Set(Object.keys(value as object))).toEqual(new Set(['0100', '+4930', '1e3', 'null', 'true', '6001']));
  });

  test('a key called __proto__ is a key like any other', () => {
    const { value } = read('__proto__: { polluted: true }\n');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('an empty file is an empty mapping', () => {
    expect(read('')).toEqual({ value: {}, codes: [] });
    expect(read('# nothing yet\n')).toEqual({ value: {}, codes: [] });
  });

  test('aliases stand for what they name', () => {
    expect(read('a: &x { b: 1 }\nc: *x\n').value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(50_000)],
    ['dashes', '- '.repeat(50_000)],
    ['questions', '? '.repeat(50_000)],
    ['indentation', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('%s nested without end are refused before they are parsed', (_, text) => {
    expect(read(text)).toEqual({ value: undefined, codes: ['YAML_TOO_DEEP'] });
  });

  test('whatever the text is, it is read or told of, never thrown', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '*',
      '&',
      '!',
      '|',
      '>',
      '#',
      '\t',
      '%',
      '\0',
      'é',
      '---\n',
      '? ',
      '<<',
    );
    const text = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (one) => {
        const { value, codes } = read(one);
        expect(value !== undefined || codes.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
