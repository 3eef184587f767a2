import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { SightlineError } from '../lib/errors';
import { inProject } from '../lib/paths';
import { codeOf, luaCodes } from './codes';
import { compare, evaluate, findInclude, include, readHead, toLua } from './scripts';
import type { LuaTable, Reply } from './scripts';
import { storedText, WORD_END } from './separators';

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
  args: readonly string[];
}

/** What a batch is going to change, made out beforehand. */
export interface ProgramDraft {
  words: readonly (string | number)[];
  /** The commands themselves are not sent along: where the draft is refused, nothing is done. */
  isBare: boolean;
}

export interface BatchReply {
  /** For each command its value, or the error that it ended with; none when the commands were not run. */
  values: (Reply | Error)[];
  rest: Reply[];
}

/**
 * Many verbs in one script, so that what is asked for at the same time costs one round trip and one start of the script.
 * Each verb is one atomic change of state, and the whole batch is one too. In a verb, its arguments are reached by their names
 * (`A.ticketId`), the error codes as `CODE.<name>`; ROOT, NOW (ms; NOW_TEXT as a text) and NODE hold for the batch. A verb that fails leaves
 * the others alone.
 */
export class Program<V extends Verbs = Verbs> {
  readonly text: string;
  readonly sha: string;
  /** As a library of functions, which Redis keeps ready: from version 7. Its name tells its version, too. */
  readonly library: string;
  readonly name: string;

  constructor(private readonly definition: ProgramDefinition<V>) {
    const { folder, verbs, main, constants } = definition;
    const place = inProject('src', folder);
    const seen = new Set<string>();
    const bodies = Object.keys(verbs).map((verb) => this.body(verb, place, seen));
    const last = split(readFileSync(findInclude(main, place), 'utf8'), place, seen);
    const text = [
      'local ARGS, ROOT, NOW, NOW_TEXT, NODE, ENTERED, UNSEEN, READS',
      // What has to be set anew for every batch: a library outlives it.
      'local BEGIN = {}',
      `local CODE = ${toLua(luaCodes)}`,
      ...Object.entries(constants).map(([name, value]) => `local ${name} = ${toLua(value)}`),
      ...bodies.map(({ includes }) => includes),
      'local VERB = {',
      ...bodies.map(({ text }) => text),
      '}',
      last.includes,
      `local function RUN(args)\n${start}\n${last.rest}\nend`,
    ].join('\n');
    this.text = `${text}\nreturn RUN(ARGV)`;
    this.sha = createHash('sha1').update(this.text).digest('hex');
    this.name = `sightline_${folder.replace(/\W+/g, '_')}_${this.sha.slice(0, 16)}`;
    this.library = `#!lua name=${this.name}\n${text}\nredis.register_function('${this.name}', function(_, args) return RUN(args) end)`;
  }

  /** The arguments of a verb in order. */
  command<K extends keyof V & string>(verb: K, args: Record<V[K][number], string | number>): Command {
    const names = this.definition.verbs[verb] ?? [];

    return {
      verb,
      args: names.map((name) => {
        const value = args[name as V[K][number]];

        return typeof value === 'string' ? storedText(value) : String(value);
      }),
    };
  }

  /**
   * Runs the commands in order, as one.
   * @param keys one key of the site, by which a cluster finds the node; what else is touched has the same hash tag.
   * @param draft what they are going to change, for the program to apply in place of running them if it still holds.
   * @throws what the connection throws; the outcome is unknown then.
   */
  async run(
    redis: Redis,
    { key, root, now, node }: { key: string; root: string; now: number; node: string },
    commands: readonly Command[],
    draft?: ProgramDraft,
  ): Promise<BatchReply> {
    const words = draft ? draft.words.join(WORD_END) : '';
    const parameters = [key, root, now, node, words, draft?.isBare ? '' : packed(commands)];
    const [values, ...rest] = (await callOrEvaluate(redis, this, parameters)) as Reply[];

    return { values: (values as Reply[]).map((value, index) => readValue(value, commands[index]?.verb ?? '')), rest };
  }

  /** What a verb includes stands before all verbs, each include once. */
  private body(verb: string, place: string, seen: Set<string>): { includes: string; text: string } {
    const file = path.join(place, `${verb}.lua`);
    const source = readFileSync(file, 'utf8');
    const names = this.definition.verbs[verb] ?? [];
    compare(file, 'ARGV', readHead(source).args, names);
    const { includes, rest } = split(source, place, seen);
    const fields = names.map((name, index) => `['${name}'] = ARGS[i + ${index + 1}]`).join(', ');

    return { includes, text: `${verb} = function(i)\nlocal A = { ${fields} }\n${rest}\nend,` };
  }
}

const start = `ARGS, ROOT, NOW, NOW_TEXT, NODE = args, args[1], tonumber(args[2]), args[2], args[3]
ENTERED, UNSEEN, READS = false, false, false
for i = 1, #BEGIN do BEGIN[i]() end`;

/** Commands as one text: of each its name, the count of its arguments, and those. */
function packed(commands: readonly Command[]): string {
  const words: string[] = [];
  for (const { verb, args } of commands) words.push(verb, String(args.length), ...args);

  return words.join(WORD_END);
}

/** What a file includes, and the file without that. */
function split(source: string, place: string, seen: Set<string>): { includes: string; rest: string } {
  const lines = source.split('\n');
  const isInclude = (line: string): boolean => line.startsWith('--- @include ');

  return {
    includes: include(lines.filter(isInclude).join('\n'), place, seen),
    rest: lines.filter((line) => !isInclude(line)).join('\n'),
  };
}

/** Connections whose Redis has no functions, or lets us load none: there the program is a script. */
const withoutFunctions = new WeakSet<Redis>();

/** A library is ready in Redis; a script is built anew each time that it is run, which costs more than most batches do. */
async function callOrEvaluate(redis: Redis, program: Program, parameters: (string | number)[]): Promise<Reply> {
  if (withoutFunctions.has(redis)) return evaluate(redis, program, 1, parameters);
  try {
    return (await redis.fcall(program.name, 1, ...parameters)) as Reply;
  } catch (error) {
    if (!isReply(error, /Function not found|unknown command|NOPERM/)) throw error;
  }
  if (!(await loadLibrary(redis, program))) withoutFunctions.add(redis);

  return callOrEvaluate(redis, program, parameters);
}

async function loadLibrary(redis: Redis, { library }: Program): Promise<boolean> {
  try {
    await redis.function('LOAD', library);

    return true;
  } catch (error) {
    // Another node was faster.
    if (isReply(error, /already exists/)) return true;
    if (isReply(error, /unknown command|NOPERM/)) return false;
    throw error;
  }
}

function isReply(error: unknown, what: RegExp): boolean {
  return error instanceof Error && error.name === 'ReplyError' && what.test(error.message);
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
