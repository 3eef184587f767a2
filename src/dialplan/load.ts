import path from 'node:path';
import { checkExits } from './checks/exits';
import { checkFiles } from './checks/files';
import { graphOf } from './checks/graph';
import { checkMenus } from './checks/menus';
import { checkOverflow } from './checks/overflow';
import { checkNumbers } from './checks/numbers';
import { checkPeople } from './checks/people';
import { checkReach } from './checks/reach';
import { checkReferences } from './checks/references';
import { checkRings } from './checks/rings';
import { checkSkills } from './checks/skills';
import { checkTimes } from './checks/times';
import { compile } from './compile';
import type { Draft, Kind, Named } from './draft';
import { type Fault, Faults, hasErrors } from './faults';
import { kindOf, readSnapshot, siteFiles, type Snapshot } from './files';
import type { Plan } from './model';
import { readMenu } from './read-menu';
import { readQueues } from './read-queues';
import * as read from './read-site';
import { readTimes } from './read-times';
import { type Environment, Reader } from './reader';
import { patterns } from './schema-parts';
import { emptyMap, type Tree } from './tree';
import { validate } from './validate';
import { parseYaml } from './yaml';

export interface Loaded {
  /** Absent when there is any error; warnings do not keep it away. */
  plan?: Plan;
  faults: Fault[];
}

export interface LoadOptions {
  /** Where `{env: NAME}` is looked up; the environment of the process by default. */
  env?: Environment;
  /** Keeps what was read, so that an edit costs the reading of one file only. */
  cache?: FileCache;
}

interface ParsedFile {
  text: string;
  tree: Tree | undefined;
  faults: Fault[];
}

/** Files as they were parsed last, by name. */
export type FileCache = Map<string, ParsedFile>;

/** Reads, checks and compiles the site in a folder. Every fault is told at once; nothing is thrown for a bad site. */
export async function loadSite(folder: string, options: LoadOptions = {}): Promise<Loaded> {
  const faults = new Faults();
  const snapshot = await readSnapshot(folder, faults);
  if (!snapshot) return { faults: faults.sorted };

  return compileSite(folder, snapshot, faults, options);
}

function compileSite(folder: string, snapshot: Snapshot, faults: Faults, options: LoadOptions): Loaded {
  const cache: FileCache = options.cache ?? new Map();
  const trees = new Map<string, Tree | undefined>();
  for (const [name, text] of snapshot.texts) {
    trees.set(name, text === undefined ? undefined : parsed(name, text, cache, faults));
  }
  for (const name of cache.keys()) if (!snapshot.texts.has(name)) cache.delete(name);
  const draft = draftOf(trees, snapshot, faults, options.env ?? process.env);
  check(draft, snapshot, faults);
  const told = faults.sorted;

  return hasErrors(told) ? { faults: told } : { plan: compile(folder, draft), faults: told };
}

/** The tree of a file that is a mapping and was checked against its schema; undefined when there is no such tree. */
function parsed(name: string, text: string, cache: FileCache, faults: Faults): Tree | undefined {
  let file = cache.get(name);
  if (file?.text !== text) {
    file = parseFile(name, text);
    cache.set(name, file);
  }
  faults.addAll(file.faults);

  return file.tree;
}

function parseFile(name: string, text: string): ParsedFile {
  const faults = new Faults();
  const kind = kindOf(name)!;
  const tree = parseYaml(name, text, faults, kind.doubles);
  const syntax = new Set(faults.sorted.map(placeOf));
  const ofSchema = new Faults();
  if (tree) validate(tree, kind.schema, ofSchema);
  // Where the text is not YAML, what the schema says of the rest is an echo.
  faults.addAll(ofSchema.sorted.filter((fault) => !syntax.has(placeOf(fault))));

  return { text, tree: tree?.kind === 'map' ? tree : undefined, faults: faults.sorted };
}

function placeOf({ line, column }: Fault): string {
  return `${line}:${column}`;
}

function draftOf(
  trees: ReadonlyMap<string, Tree | undefined>,
  { assets, prompts }: Snapshot,
  faults: Faults,
  env: Environment,
): Draft {
  const treeOf = (file: string): Tree => trees.get(file) ?? emptyMap({ file, line: 1, column: 1 });
  const site = read.readSite(treeOf('site.yaml'), faults);
  const unknown = unknownKinds(trees);
  const reader = new Reader(faults, { site, siteKnown: !unknown.has('site'), assets, env });
  const directory = treeOf('directory.yaml');
  const menus = [...trees.keys()].filter((name) => name.startsWith('menus/'));

  return {
    site,
    times: readTimes(treeOf('site.yaml'), reader),
    numbers: read.readNumbers(treeOf('numbers.yaml'), reader),
    pools: read.readPools(treeOf('pools.yaml'), reader),
    services: read.readServices(treeOf('services.yaml'), reader),
    flows: read.readFlows(treeOf('flows.yaml'), reader),
    queues: readQueues(treeOf('queues.yaml'), reader),
    terminals: read.readTerminals(directory, reader),
    seats: read.readSeats(directory, reader),
    menus: menus.map((file) => readMenu(menuName(file, faults), treeOf(file), reader)),
    prompts: [...prompts].sort(),
    unknown,
  };
}

/** A menu has the name of its file. */
function menuName(file: string, faults: Faults): Named {
  const id = { name: path.basename(file, '.yaml'), at: { file, line: 1, column: 1 } };
  if (!new RegExp(patterns.name.pattern).test(id.name)) {
    faults.add(
      'BAD_NAME',
      id.at,
      `'${id.name}' cannot be the name of a menu`,
      `Rename the file; use ${patterns.name.says}.`,
    );
  }

  return id;
}

function unknownKinds(trees: ReadonlyMap<string, Tree | undefined>): Set<Kind> {
  const missing = Object.entries(siteFiles).filter(([name, { needed }]) => needed && !trees.has(name));
  const unread = [...trees].filter(([, tree]) => !tree).map(([name]) => kindOf(name)!);

  return new Set([...missing.map(([, { kind }]) => kind), ...unread.map(({ kind }) => kind)]);
}

function check(draft: Draft, { assets }: Snapshot, faults: Faults): void {
  checkReferences(draft, faults);
  checkNumbers(draft, faults);
  checkMenus(draft, faults);
  checkTimes(draft, faults);
  checkSkills(draft, faults);
  checkPeople(draft, faults);
  checkRings(draft, faults);
  checkOverflow(draft, faults);
  checkFiles(draft, assets ?? new Set(), faults);
  const graph = graphOf(draft);
  checkExits(draft, graph, faults);
  checkReach(draft, graph, faults);
}
