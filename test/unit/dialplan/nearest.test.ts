import fc from 'fast-check';
import { didYouMean, distance, listed, nearest } from '../../../src/dialplan/nearest';

test.each([
  ['ringTimout', 'ringTimeout'],
  ['suport', 'support'],
  ['lost-proprety', 'lost-property'],
  ['Wrapup', 'wrapUp'],
  ['colour', undefined],
  ['xy', undefined],
])('%s -> %s', (wrong, meant) => {
  expect(nearest(wrong, ['ringTimeout', 'support', 'lost-property', 'wrapUp', 'xz'])).toBe(meant);
});

test('words of the messages', () => {
  expect(didYouMean('suport', ['support'])).toBe("; did you mean 'support'?");
  expect(didYouMean('pony', ['support'])).toBe('');
  expect(listed(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});

test('a distance is symmetric, zero only for equals, and cut at its limit', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 1, max: 9 }), (a, b, limit) => {
      const whole = distance(a, b);
      expect(distance(b, a)).toBe(whole);
      expect(whole === 0).toBe(a === b);
      expect(distance(a, b, limit)).toBe(Math.min(whole, limit));
    }),
  );
});

test('one slip of the finger is one edit', () => {
  expect(['abd', 'abcd', 'ac', 'acb'].map((typed) => distance('abc', typed))).toEqual([1, 1, 1, 1]);
});
