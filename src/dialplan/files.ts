import type { TSchema } from '@sinclair/typebox';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Kind } from './draft';
import type { Faults, Place } from './faults';
import { didYouMean, listed, nearest } from './nearest';
import { menuSchema } from './schema-menu';
import {
  directorySchema,
  flowsSchema,
  numbersSchema,
  poolsSchema,
  queuesSchema,
  servicesSchema,
  siteSchema,
} from './schema';
import type { DoubleCodes } from './yaml';

/** A file of a dialplan is a few kB; past this it is something else. */
export const maxFileBytes = 256 * 1024;
const maxMenus = 200;
const maxAssets = 10_000;

export interface FileKind {
  readonly kind: Kind;
  readonly schema: TSchema;
  /** Whether every site needs the file. */
  readonly needed: boolean;
  /** Codes for a key that stands twice, by level. */
  readonly doubles?: DoubleCodes;
}

/** The files of a site, in the order in which they are best read. */
export const siteFiles: Readonly<Record<string, FileKind>> = {
  'site.yaml': { kind: 'site', schema: siteSchema, needed: true },
  'numbers.yaml': { kind: 'numbers', schema: numbersSchema, needed: true, doubles: { 1: 'DUPLICATE_NUMBER' } },
  'pools.yaml': { kind: 'pools', schema: poolsSchema, needed: false },
  'services.yaml': { kind: 'services', schema: servicesSchema, needed: false },
  'flows.yaml': { kind: 'flows', schema: flowsSchema, needed: true },
  'queues.yaml': { kind: 'queues', schema: queuesSchema, needed: true },
  'directory.yaml': { kind: 'directory', schema: directorySchema, needed: true, doubles: { 2: 'DUPLICATE_USER' } },
};

export const menuFile: FileKind = { kind: 'menus', schema: menuSchema, needed: false };

/** The texts of a site's folder at one moment. */
export interface Snapshot {
  /** By name relative to the folder, such as `menus/main.yaml`; undefined where the file is there but cannot be read. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Files in the folder `assets`; undefined when the site has no such folder. */
  readonly assets: ReadonlySet<string> | undefined;
  /** Files in the folder `prompts`, such as `en/main.home.wav`. */
  readonly prompts: ReadonlySet<string>;
}

/** Which names matter: editors leave others beside them while they save. */
export function isSiteFile(name: string): boolean {
  return /\.ya?ml$/i.test(name) && !/^[.#~]/.test(path.basename(name));
}

/** Reads every file of the site. What is missing, unknown, too large or not text is added to `faults`. */
export async function readSnapshot(folder: string, faults: Faults): Promise<Snapshot | undefined> {
  const names = await list(folder);
  if (!names) return addMissingSite(folder, faults);
  const menus = ((await list(path.join(folder, 'menus'))) ?? []).map((name) => `menus/${name}`);
  const found = [...names, ...menus].filter(isSiteFile);
  const read = found.filter((name) => kindOf(name) !== undefined);
  if (read.length === 0) return addEmptySite(folder, found, faults);
  for (const name of found) if (!kindOf(name)) addUnknownFile(name, faults);
  for (const [name, { needed }] of Object.entries(siteFiles)) {
    if (needed && !found.includes(name)) addMissingFile(name, found, faults);
  }
  const texts = new Map<string, string | undefined>();
  for (const name of inOrder(read, faults)) texts.set(name, await readText(folder, name, faults));

  const prompts = (await listAssets(path.join(folder, 'prompts'))) ?? new Set();

  return { texts, assets: await listAssets(path.join(folder, 'assets')), prompts };
}

/** What a file of this name holds; undefined when nothing reads it. */
export function kindOf(name: string): FileKind | undefined {
  if (Object.hasOwn(siteFiles, name)) return siteFiles[name];

  return /^menus\/[^/]+\.yaml$/.test(name) ? menuFile : undefined;
}

async function list(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return undefined;
  }
}

async function listAssets(folder: string): Promise<Set<string> | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true });

    return new Set(entries.slice(0, maxAssets).map((entry) => entry.split(path.sep).join('/')));
  } catch {
    return undefined;
  }
}

function inOrder(names: string[], faults: Faults): string[] {
  const menus = names.filter((name) => name.startsWith('menus/'));
  if (menus.length > maxMenus) {
    const message = `the site has ${menus.length} menus; ${maxMenus} are the most that are read`;
    faults.add('FILE_TOO_LARGE', startOf(menus[maxMenus]!), message, 'Split the site in two.');
  }

  return [...Object.keys(siteFiles).filter((name) => names.includes(name)), ...menus.slice(0, maxMenus)];
}

async function readText(folder: string, name: string, faults: Faults): Promise<string | undefined> {
  try {
    const bytes = await readBounded(path.join(folder, name));
    if (bytes) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    faults.add('FILE_TOO_LARGE', startOf(name), `${name} is larger than ${maxFileBytes / 1024} KiB`);
  } catch (error) {
    faults.add('FILE_UNREADABLE', startOf(name), `${name} cannot be read: ${reasonOf(error)}`);
  }

  return undefined;
}

/** The content, or undefined when it is larger than a dialplan may be; never more than that is read. */
async function readBounded(file: string): Promise<Buffer | undefined> {
  if ((await stat(file)).isDirectory()) throw new Error('it is a folder');
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(maxFileBytes + 1), position: 0 });

    return bytesRead > maxFileBytes ? undefined : buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'ENOENT') return 'it is a link to nowhere, or was just taken away';

  return error instanceof Error ? error.message : String(error);
}

function startOf(file: string): Place {
  return { file, line: 1, column: 1 };
}

async function addMissingSite(folder: string, faults: Faults): Promise<undefined> {
  const isFile = await stat(folder).then(
    (stats) => stats.isFile(),
    () => false,
  );
  const sites = await siteNames(path.dirname(folder));
  const near = nearest(path.basename(folder), sites);
  const meant = near === undefined ? '' : `; did you mean '${near}'?`;
  const message = isFile ? `'${folder}' is a file, not the folder of a site` : `there is no folder '${folder}'${meant}`;
  const there = sites.length > 0 ? `Sites there: ${listed(sites)}.` : undefined;
  const remedy = isFile ? `Name its folder: ${path.dirname(folder)}.` : there;
  faults.add('SITE_MISSING', startOf('site.yaml'), message, remedy);

  return undefined;
}

/** The folders beside each other that hold a site. */
export async function siteNames(folder: string): Promise<string[]> {
  const names = (await list(folder)) ?? [];
  const isSite = await Promise.all(
    names.map((name) => stat(path.join(folder, name, 'site.yaml')).then(() => true, () => false)),
  ); // prettier-ignore

  return names.filter((_, index) => isSite[index]);
}

function addEmptySite(folder: string, found: string[], faults: Faults): undefined {
  for (const name of found) addUnknownFile(name, faults);
  const names = Object.keys(siteFiles).join(', ');
  faults.add('SITE_EMPTY', startOf('site.yaml'), `the folder '${folder}' holds none of ${names}`);

  return undefined;
}

function addUnknownFile(name: string, faults: Faults): void {
  const known = Object.keys(siteFiles);
  const meant = name.endsWith('.yml') ? `; did you mean '${name.slice(0, -4)}.yaml'?` : didYouMean(name, known);
  const remedy = `Rename it or move it away. Files that are read: ${known.join(', ')}, menus/<name>.yaml.`;
  faults.add('FILE_UNKNOWN', startOf(name), `nothing reads the file ${name}${meant}`, remedy);
}

function addMissingFile(name: string, found: string[], faults: Faults): void {
  const near = nearest(
    name,
    found.filter((other) => !kindOf(other)),
  );
  const remedy =
    near === undefined ? `Create ${name}; dialplans/README.md shows what it holds.` : `Rename ${near} to ${name}.`;
  faults.add('FILE_MISSING', startOf(name), `${name} is missing`, remedy);
}
