import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SightlineError } from '../lib/errors';
import { newId, newToken } from '../lib/ids';

/**
 * The bearer token of the REST API: the operator's own, or one that is made at the first start and kept in `api-token`
 * in the data folder, readable for the server's user only.
 *
 * @returns the token, and the file it is kept in when the operator has not set one.
 * @throws SightlineError CONFIG_INVALID when the file holds no token; an empty one would let everybody in.
 */
export async function apiToken(own: string | undefined, dataDir: string): Promise<{ token: string; file?: string }> {
  if (own !== undefined) return { token: own };
  const file = path.join(dataDir, 'api-token');
  await mkdir(dataDir, { recursive: true });
  await makeOnce(file);
  const token = (await readFile(file, 'utf8')).trim();
  if (!/^[\x21-\x7e]{8,128}$/.test(token)) {
    throw new SightlineError(
      'CONFIG_INVALID',
      `${file} holds no token of 8 to 128 visible characters: remove it, and a new one is made at the next start`,
    );
  }

  return { token, file };
}

/** Written whole before it gets its name: whoever finds the file finds a token in it, and nobody overwrites it. */
async function makeOnce(file: string): Promise<void> {
  const draft = `${file}.${newId('draft')}`;
  await writeFile(draft, `${newToken()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
