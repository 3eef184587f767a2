import { createHash } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import { readEntry, type Entry } from './model';

/**
 * How recordings lie on the disk: `YYYY/MM/DD/<id>.json`, the sidecar that tells everything, and beside it the media files
 * `<id>….<ext>`. The day is that of the beginning, in UTC.
 */

/** The folder of a moment, relative to the root: `2026/05/17`. */
export function folderOf(at: number): string {
  return path.join(...new Date(at).toISOString().slice(0, 10).split('-'));
}

export const sidecarEnd = '.json';
/** Ends of files that are being made; what a crash leaves of them is worth nothing. */
const draftEnd = '.draft';
/** The rendition for browsers, made of the parts. */
export const renditionEnd = '.play.mp4';

export function draftOf(file: string): string {
  const extension = path.extname(file);

  // The extension stays the last: programs go by it.
  return `${file.slice(0, -extension.length)}.${newToken().slice(0, 8)}${draftEnd}${extension}`;
}

/** The id that the name of a file begins with; that of some drafts begins with a dot before it. */
export function idIn(name: string): string | undefined {
  return /^\.?((?:rec|snap)_[A-Za-z0-9_-]{16})/.exec(name)?.[1];
}

export function isDraft(name: string): boolean {
  return name.includes(`${draftEnd}.`);
}

/** Writes a file whole or not at all, and on the disk before it has its name. @throws STORAGE_FULL */
export async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const draft = draftOf(file);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(draft, { force: true });
    throw asStorageError(error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** No space, or no quota, left is an expected failure; anything else stays what it is. */
export function asStorageError(error: unknown): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;

  return new SightlineError('STORAGE_FULL', undefined, { cause: error });
}

export interface Measured {
  bytes: number;
  sha256: string;
}

export function measureBytes(bytes: Buffer): Measured {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Length and hash of a file; undefined when it is not there. */
export async function measure(file: string): Promise<Measured | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        hash.update(chunk);
      }
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }

  return { bytes, sha256: hash.digest('hex') };
}

/** Whether it is a file of ours: a link is not followed, for it may lead anywhere. */
export function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** When a file was written last, in ms since the epoch; 0 when it is not there. */
export function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** One day's folder: what its sidecars say, and the other files by the id that they begin with. */
export interface Day {
  /** Relative to the root. */
  folder: string;
  entries: Entry[];
  /** Sidecars that cannot be read. */
  broken: string[];
  files: Map<string, string[]>;
  drafts: string[];
}

/** The days that there are, oldest first. */
export async function* days(root: string): AsyncGenerator<Day> {
  for (const year of await numbered(root, 4)) {
    for (const month of await numbered(path.join(root, year), 2)) {
      for (const day of await numbered(path.join(root, year, month), 2)) {
        yield await readDay(root, path.join(year, month, day));
      }
    }
  }
}

async function numbered(folder: string, digits: number): Promise<string[]> {
  const found = await list(folder);
  const named = new RegExp(`^\\d{${digits}}$`);

  return found
    .filter((one) => one.isDirectory() && named.test(one.name))
    .map(({ name }) => name)
    .sort();
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readDay(root: string, folder: string): Promise<Day> {
  const day: Day = { folder, entries: [], broken: [], files: new Map(), drafts: [] };
  const sidecars: string[] = [];
  for (const found of await list(path.join(root, folder))) {
    const { name } = found;
    if (!found.isFile()) continue;
    if (isDraft(name)) day.drafts.push(name);
    else if (name.endsWith(sidecarEnd)) sidecars.push(name);
    else keep(day, name);
  }
  await Promise.all(sidecars.map((name) => readSidecar(root, day, name)));

  return day;
}

/** The names of the files in a day's folder that begin with an id: its sidecar, its media, and drafts. */
export async function namesOf(folder: string, id: string): Promise<string[]> {
  const found = await list(folder);

  return found
    .filter((one) => !one.isDirectory() && idIn(one.name) === id)
    .map(({ name }) => name)
    .sort();
}

function keep(day: Day, name: string): void {
  const id = idIn(name);
  if (id === undefined) return;
  day.files.set(id, [...(day.files.get(id) ?? []), name].sort());
}

async function readSidecar(root: string, day: Day, name: string): Promise<void> {
  const text = await readFile(path.join(root, day.folder, name), 'utf8').catch(() => '');
  const entry = readEntry(text);
  // One that says another id or day than its name would be looked for where it is not.
  if (entry && `${entry.id}${sidecarEnd}` === name && folderOf(entry.startedAt) === day.folder) day.entries.push(entry);
  else day.broken.push(name);
}

/** Takes the folders of a day away as far as they are empty. */
export async function tidy(root: string, folder: string): Promise<void> {
  for (let at = folder; at !== '.'; at = path.dirname(at)) {
    try {
      await rmdir(path.join(root, at));
    } catch {
      return;
    }
  }
}
