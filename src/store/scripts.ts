import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { SightlineError } from '../lib/errors';
import { inProject } from '../lib/paths';
import { codeOf, luaCodes } from './codes';

/** What Redis can return to us from a script. */
export type Reply = null | number | string | Reply[];

export type LuaTable = readonly string[] | { readonly [key: string]: string | number | boolean | undefined | LuaTable };

export interface ScriptDefinition<K extends readonly string[], A extends readonly string[]> {
  /** Path below src/, e.g. `acd/lua/offerTicket.lua`. */
  file: string;
  /** Names of KEYS in order; the head of the file must list the same. */
  keys: K;
  /** Names of ARGV in order; the head of the file must list the same. */
  args: A;
  /** Constants that the script gets as local tables, e.g. the arrows of a state machine. */
  tables?: Readonly<Record<string, LuaTable>>;
}

/** The contract that a script tells at its head. */
export interface ScriptHead {
  keys: string[];
  args: string[];
  /** The negative codes named under Output. */
  codes: string[];
  sections: string[];
}

const includeLine = /^--- @include "([\w-]+)"$/;

/**
 * One atomic change of state. In the script, KEYS and ARGV are reached by their names (`K.ticket`, `A.now`) and the
 * error codes as `CODE.<name>`; a negative number as answer becomes a SightlineError here, and only here.
 */
export class Script<K extends string = string, A extends string = string> {
  readonly text: string;
  readonly sha: string;
  readonly head: ScriptHead;

  constructor(
    readonly file: string,
    private readonly keyNames: readonly K[],
    private readonly argNames: readonly A[],
    tables: Readonly<Record<string, LuaTable>>,
  ) {
    const source = readFileSync(inProject('src', file), 'utf8');
    this.head = readHead(source);
    compare(file, 'KEYS', this.head.keys, keyNames);
    compare(file, 'ARGV', this.head.args, argNames);
    const included = include(source, path.dirname(inProject('src', file)), new Set());
    this.text = [...this.prelude(tables), included].join('\n');
    this.sha = createHash('sha1').update(this.text).digest('hex');
  }

  /**
   * @throws SightlineError with the code that the script returned, or STORE_UNAVAILABLE.
   */
  async run(redis: Redis, keys: Record<K, string>, args: Record<A, string | number>): Promise<Reply> {
    const parameters = [...this.keyNames.map((name) => keys[name]), ...this.argNames.map((name) => args[name])];
    const reply = await this.send(redis, parameters);
    if (typeof reply === 'number' && reply < 0) {
      throw new SightlineError(codeOf(reply), undefined, { cause: `${path.basename(this.file)} returned ${reply}` });
    }

    return reply;
  }

  private send(redis: Redis, parameters: (string | number)[]): Promise<Reply> {
    return evaluate(redis, this, this.keyNames.length, parameters);
  }

  private prelude(tables: Readonly<Record<string, LuaTable>>): string[] {
    const fields = (names: readonly string[], source: string): string =>
      names.map((name, index) => `['${name}'] = ${source}[${index + 1}]`).join(', ');

    return [
      `local K = { ${fields(this.keyNames, 'KEYS')} }`,
      `local A = { ${fields(this.argNames, 'ARGV')} }`,
      `local CODE = ${toLua(luaCodes)}`,
      ...Object.entries(tables).map(([name, table]) => `local ${name} = ${toLua(table)}`),
    ];
  }
}

/** Runs a script by its hash. A Redis that was restarted has forgotten its scripts; the full text brings this one back. */
export async function evaluate(
  redis: Redis,
  { text, sha }: { text: string; sha: string },
  keyCount: number,
  parameters: (string | number)[],
): Promise<Reply> {
  try {
    return (await redis.evalsha(sha, keyCount, ...parameters)) as Reply;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;

    return (await redis.eval(text, keyCount, ...parameters)) as Reply;
  }
}

/** @throws Error when the names given here and those at the head of the file differ. */
export function defineScript<const K extends readonly string[], const A extends readonly string[]>(
  definition: ScriptDefinition<K, A>,
): Script<K[number], A[number]> {
  const { file, keys, args, tables = {} } = definition;

  return new Script<K[number], A[number]>(file, keys, args, tables);
}

/** Reads the block comment that a script begins with. */
export function readHead(source: string): ScriptHead {
  const block = /^--\[\[\n([\s\S]*?)\n\]\]/.exec(source)?.[1] ?? '';
  const names = (kind: string): string[] =>
    [...block.matchAll(new RegExp(`^\\s+${kind}\\[(\\d+)\\]\\s+(\\w+)`, 'gm'))]
      .sort((a, b) => Number(a[1]) - Number(b[1]))
      .map((match) => match[2] ?? '');

  return {
    keys: names('KEYS'),
    args: names('ARGV'),
    codes: [...block.matchAll(/^\s+(-\d+)\s+([A-Z_]+)/gm)].map((match) => `${match[2]}=${match[1]}`),
    sections: [...block.matchAll(/^ {2}(Input|Output|Events):/gm)].map((match) => match[1] ?? ''),
  };
}

export function include(source: string, folder: string, seen: Set<string>): string {
  const lines = source.split('\n').map((line) => {
    const name = includeLine.exec(line)?.[1];
    if (name === undefined) return line;
    if (seen.has(name)) return '';
    seen.add(name);

    return include(readFileSync(findInclude(name, folder), 'utf8'), folder, seen);
  });

  return lines.join('\n');
}

export function findInclude(name: string, folder: string): string {
  const places = [path.join(folder, 'includes'), inProject('src', 'store', 'lua', 'includes')];
  const found = places.map((place) => path.join(place, `${name}.lua`)).find((file) => existsSync(file));
  if (!found) throw new Error(`No Lua include '${name}' in ${places.join(' or ')}`);

  return found;
}

export function compare(file: string, kind: string, head: readonly string[], given: readonly string[]): void {
  if (head.join() === given.join()) return;
  throw new Error(`${file}: the head lists ${kind} (${head.join(', ')}), the caller gives (${given.join(', ')})`);
}

export function toLua(value: LuaTable | string | number | boolean | undefined): string {
  if (Array.isArray(value)) return `{ ${value.map((one: string) => toLua(one)).join(', ')} }`;
  if (typeof value === 'object') {
    const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);

    return `{ ${fields.map(([key, inner]) => `[${JSON.stringify(key)}] = ${toLua(inner)}`).join(', ')} }`;
  }

  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
