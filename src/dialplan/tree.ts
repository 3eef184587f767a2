import type { Place } from './faults';

/** A YAML document with the place of every key and value kept, so that each fault can name its line. */
export type Tree = MapTree | ListTree | ScalarTree;

export interface Entry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: Tree;
}

export interface MapTree {
  readonly kind: 'map';
  readonly at: Place;
  /** In the order of the file; keys are unique. */
  readonly entries: readonly Entry[];
}

export interface ListTree {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly Tree[];
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: Place;
  readonly value: string | number | boolean | null;
  /** As written, so that `0100` and `+4930` stay what they are. */
  readonly source: string;
}

export function emptyMap(at: Place): MapTree {
  return { kind: 'map', at, entries: [] };
}

export function entriesOf(tree: Tree | undefined): readonly Entry[] {
  return tree?.kind === 'map' ? tree.entries : [];
}

export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  return tree?.kind === 'list' ? tree.items : [];
}

export function entryOf(tree: Tree | undefined, key: string): Entry | undefined {
  return entriesOf(tree).find((entry) => entry.key === key);
}

export function childOf(tree: Tree | undefined, key: string): Tree | undefined {
  return entryOf(tree, key)?.value;
}

/** The tree as plain data for the schema check. Objects have no prototype, so a key such as `__proto__` is a key like any other. */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainOf);
  const plain = Object.create(null) as Record<string, unknown>;
  for (const entry of tree.entries) plain[entry.key] = plainOf(entry.value);

  return plain;
}

/** The value at the end of a path of keys and list positions, and the key that holds it. */
export function locate(root: Tree, path: readonly string[]): { value: Tree; keyAt: Place; key: string | undefined } {
  let found = { value: root, keyAt: root.at, key: undefined as string | undefined };
  for (const step of path) {
    const entry = entryOf(found.value, step);
    const item = itemsOf(found.value)[Number(step)];
    if (entry) found = { value: entry.value, keyAt: entry.keyAt, key: entry.key };
    else if (item) found = { value: item, keyAt: item.at, key: undefined };
    else return found;
  }

  return found;
}
