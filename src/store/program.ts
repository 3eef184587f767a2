import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { SightlineError } from '../lib/errors';
import { inProject } from '../lib/paths';
import { codeOf, luaCodes } from './codes';
import { compare, evaluate, include, readHead, toLua } from './scripts';
import type { LuaTable, Reply } from './scripts';

/** Verb -> names of its ARGV in order; the head of `<folder>/<verb>.lua` must list the same. */
export type Verbs = Readonly<Record<string, readonly string[]>>;

export interface ProgramDefinition<V extends Verbs> {
  /** Path below src/, e.g. `acd/lua`. */
  folder: string;
  verbs: V;
  /** The include that ends the program: it runs the commands. */
  main: string;
  /** Constants that verbs reach as local names: tables, texts and numbers. */
  constants: Readonly<Record<string, LuaTable | string | number>>;
}

/** One command of a batch: a verb with its arguments in the order of its list. */
export interface Command {
  verb: string;
  args: readonly (string | number)[];
}

export interface BatchReply {
  /** For each command its value, or the error that it ended with. */
  values: (Reply | Error)[];
  rest: Reply[];
}

/**
 * Many verbs in one script, so that what is asked for at the same time costs one round trip and one start of the script.
 * Each verb is one atomic change of state, and the whole batch is one too. In a verb, its arguments are reached by their names
 * (`A.ticketId`), the error codes as `CODE.<name>`; ROOT, NOW (ms) and NODE hold for the batch. A verb that fails leaves
 * the others alone.
 */
export class Program<V extends Verbs = Verbs> {
  readonly text: string;
  readonly sha: string;

  constructor(private readonly definition: ProgramDefinition<V>) {
    const { folder, verbs, main, constants } = definition;
    const place = inProject('src', folder);
    const seen = new Set<string>();
    const bodies = Object.keys(verbs).map((verb) => this.body(verb, place, seen));
    const last = include(`--- @include "${main}"`, place, seen);
    const prelude = [
      'local ROOT, NOW, NODE = ARGV[1], tonumber(ARGV[2]), ARGV[3]',
      'local ENTERED, READS = false, false',
      `local CODE = ${toLua(luaCodes)}`,
      ...Object.entries(constants).map(([name, value]) => `local ${name} = ${toLua(value)}`),
    ];
    this.text = [
      ...prelude,
      ...bodies.map(({ includes }) => includes),
      'local VERB = {',
      ...bodies.map(({ text }) => text),
      '}',
      last,
    ].join('\n');
    this.sha = createHash('sha1').update(this.text).digest('hex');
  }

  /** The arguments of a verb in order. */
  command<K extends keyof V & string>(verb: K, args: Record<V[K][number], string | number>): Command {
    const names = this.definition.verbs[verb] ?? [];

    return { verb, args: names.map((name) => args[name as V[K][number]]) };
  }

  /**
   * Runs the commands in order, as one.
   * @param keys one key of the site, by which a cluster finds the node; what else is touched has the same hash tag.
   * @throws what the connection throws; the outcome is unknown then.
   */
  async run(
    redis: Redis,
    { key, root, now, node }: { key: string; root: string; now: number; node: string },
    commands: readonly Command[],
  ): Promise<BatchReply> {
    const parameters: (string | number)[] = [key, root, now, node];
    for (const { verb, args } of commands) parameters.push(verb, args.length, ...args);
    const [values, ...rest] = (await evaluate(redis, this, 1, parameters)) as Reply[];

    return { values: (values as Reply[]).map((value, index) => readValue(value, commands[index]?.verb ?? '')), rest };
  }

  /** What a verb includes stands before all verbs, each include once. */
  private body(verb: string, place: string, seen: Set<string>): { includes: string; text: string } {
    const file = path.join(place, `${verb}.lua`);
    const source = readFileSync(file, 'utf8');
    const names = this.definition.verbs[verb] ?? [];
    compare(file, 'ARGV', readHead(source).args, names);
    const lines = source.split('\n');
    const isInclude = (line: string): boolean => line.startsWith('--- @include ');
    const includes = include(lines.filter(isInclude).join('\n'), place, seen);
    const rest = lines.filter((line) => !isInclude(line)).join('\n');
    const fields = names.map((name, index) => `['${name}'] = ARGV[i + ${index + 1}]`).join(', ');

    return { includes, text: `${verb} = function(i)\nlocal A = { ${fields} }\n${rest}\nend,` };
  }
}

function readValue(value: Reply, verb: string): Reply | Error {
  if (typeof value === 'number' && value < 0) {
    return new SightlineError(codeOf(value), undefined, { cause: `${verb} returned ${value}` });
  }
  if (Array.isArray(value) && value[0] === '!') return new Error(`${verb}: ${String(value[1])}`);

  return value;
}

/** @throws Error when the names given here and those at the head of a file differ. */
export function defineProgram<const V extends Verbs>(definition: ProgramDefinition<V>): Program<V> {
  return new Program(definition);
}
