import fc from 'fast-check';
import { isInPool, poolNumbers, userNames } from '../../../src/dialplan/ranges';

function names(key: string): string[] | string {
  const read = userNames(key);

  return read.ok ? read.value : read.message;
}

describe('userNames', () => {
  test.each([
    ['1001', ['1001']],
    ['anna', ['anna']],
    ['hall1-desk2', ['hall1-desk2']],
    ['kiosk-7', ['kiosk-7']],
    ['7-7', ['7']],
    ['a9-a11', ['a9', 'a10', 'a11']],
    ['08-11', ['08', '09', '10', '11']],
    ['x.y1-x.y2', ['x.y1', 'x.y2']],
    ['b2-k1-b2-k3', ['b2-k1', 'b2-k2', 'b2-k3']],
  ])('%s', (key, expected) => {
    expect(names(key)).toEqual(expected);
  });

  test.each(['9-8', 'a2-a1', '01-100', '1-100001', 'a1-5'])('%s is refused', (key) => {
    expect(typeof names(key)).toBe('string');
  });

  test('a range has every name once, from the first to the last', () => {
    const range = fc.tuple(fc.constantFrom('', 'a', 'kiosk-', 'x_'), fc.nat(5000), fc.nat(200));
    fc.assert(
      fc.property(range, ([prefix, from, more]) => {
        const list = names(`${prefix}${from}-${prefix}${from + more}`);
        expect(list).toEqual(Array.from({ length: more + 1 }, (_, i) => `${prefix}${from + i}`));
      }),
    );
  });
});

describe('pools', () => {
  test.each([
    ['7000-7999', { from: 7000, to: 7999 }],
    ['7000 - 7999', { from: 7000, to: 7999 }],
    ['7000', { from: 7000, to: 7000 }],
  ])('%s', (text, value) => {
    expect(poolNumbers(text)).toEqual({ ok: true, value });
  });

  test.each(['', '7999-7000', '0700-0799', 'a-b', '1-2-3', '-5', '1-9999999', '1000000000000000-1000000000000001'])(
    "'%s' is refused",
    (text) => {
      expect(poolNumbers(text).ok).toBe(false);
    },
  );

  test.each(['07000', '7000 ', '+7000', '7e3', '0x1b58', '7000.0', '', '６０００'])("'%s' is in no pool", (dialled) => {
    expect(isInPool({ from: 1, to: 999_999 }, dialled)).toBe(false);
  });

  test('a number is in the pool exactly when it is between its ends', () => {
    const pool = { from: 7000, to: 7999 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (number) => {
        expect(isInPool(pool, String(number))).toBe(number >= 7000 && number <= 7999);
      }),
    );
  });
});
