import { newId, newToken } from '../../../src/lib/ids';
import { inProject, projectRoot } from '../../../src/lib/paths';
import { existsSync } from 'node:fs';

describe('ids', () => {
  test('have their prefix and 96 random bits that are safe in URLs, SIP headers and file names', () => {
    expect(newId('call')).toMatch(/^call_[A-Za-z0-9_-]{16}$/);
  });

  test('tokens have 128 random bits in hexadecimal', () => {
    expect(newToken()).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['newId', () => newId('t')],
    ['newToken', newToken],
  ])('%s never gives the same twice', (_name, make) => {
    expect(new Set(Array.from({ length: 20_000 }, make)).size).toBe(20_000);
  });
});

describe('paths', () => {
  test('the root is where package.json is, and paths lead from there', () => {
    expect(existsSync(inProject('package.json'))).toBe(true);
    expect(inProject('src', 'lib')).toBe(`${projectRoot}/src/lib`);
  });
});
