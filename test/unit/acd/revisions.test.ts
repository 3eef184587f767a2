import { Revisions } from '../../../src/acd/revisions';

test('knows the last revision of what is there, and of what has gone', () => {
  const revisions = new Revisions();
  expect(revisions.of('a')).toBeUndefined();
  revisions.set('a', 3);
  revisions.set('a', 5);
  revisions.set('b', 6);
  revisions.setGone('a', 7);
  expect([revisions.of('a'), revisions.of('b')]).toEqual([7, 6]);
  // It has come again.
  revisions.set('a', 9);
  expect(revisions.of('a')).toBe(9);
  revisions.clear();
  expect([revisions.of('a'), revisions.of('b')]).toEqual([undefined, undefined]);
});

test('remembers at least ten thousand of those that went last, and not all', () => {
  const revisions = new Revisions();
  revisions.set('stays', 1);
  for (let count = 0; count < 35_000; count++) {
    revisions.set(`t${count}`, 2 * count);
    revisions.setGone(`t${count}`, 2 * count + 1);
  }
  expect(revisions.of('t34999')).toBe(69_999);
  expect(revisions.of('t25000')).toBe(50_001);
  expect(revisions.of('t14999')).toBeUndefined();
  expect(revisions.of('stays')).toBe(1);
});
