import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { apiToken } from '../../../src/http/api-token';

describe('the API token', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'sightline-token-'));
  });

  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  test('is the operator’s own where there is one, and nothing is written', async () => {
    expect(await apiToken('token-of-the-operator', dataDir)).toEqual({ token: 'token-of-the-operator' });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('is made at the first start, readable for the owner only, and stays', async () => {
    const folder = path.join(dataDir, 'not', 'there', 'yet');
    const first = await apiToken(undefined, folder);
    expect(first.token).toMatch(/^[0-9a-f]{32}$/);
    expect(first.file).toBe(path.join(folder, 'api-token'));
    expect(statSync(first.file!).mode & 0o777).toBe(0o600);
    expect(readFileSync(first.file!, 'utf8')).toBe(`${first.token}\n`);
    expect(await apiToken(undefined, folder)).toEqual(first);
    expect(readdirSync(folder)).toEqual(['api-token']);
  });

  test('is one for all who start at the same time', async () => {
    const started = await Promise.all(Array.from({ length: 20 }, () => apiToken(undefined, dataDir)));
    expect(new Set(started.map(({ token }) => token)).size).toBe(1);
    expect(readdirSync(dataDir)).toEqual(['api-token']);
  });

  test.each(['', '\n', 'short', 'two words', 'x'.repeat(129)])(
    'a file that holds %j is refused with the remedy',
    async (text) => {
      writeFileSync(path.join(dataDir, 'api-token'), text);
      await expect(apiToken(undefined, dataDir)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/api-token holds no token .*: remove it/),
      });
    },
  );
});
