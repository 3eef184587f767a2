import { SightlineError } from '../lib/errors';
import type { SeatConfig } from './config';

/**
 * Skill expressions: what a seat must be able to do for a ticket.
 *
 *     video                    has the skill, at whatever level
 *     fares >= 4               also >, <, <= and =; levels are 1 to 5, and 0 for who lacks the skill
 *     (german or fares >= 4) and not trainee
 *
 * `not` binds closest, then `and`, then `or`.
 */
export interface Needs {
  readonly expression: Expression;
  readonly test: (levels: ReadonlyMap<string, number>) => boolean;
}

/**
 * `not` is not there: it was pushed inwards, where it turns a set of levels around. In `levels` bit n says that level n
 * will do.
 */
type Expression =
  | { kind: 'skill'; skill: string; levels: number }
  | { kind: 'and'; of: readonly Expression[] }
  | { kind: 'or'; of: readonly Expression[] };

export type ParsedNeeds = { ok: true; needs: Needs } | { ok: false; at: number; message: string; remedy: string };

/** Level of a skill that a seat has without saying how well. */
export const DEFAULT_LEVEL = 3;
export const MAX_LEVEL = 5;

const LONGEST = 500;
const LONGEST_NAME = 63;
const EVERY_LEVEL = 2 ** (MAX_LEVEL + 1) - 1;
/** Any level but 0. */
const HAS_IT = EVERY_LEVEL - 1;

const operators: Record<string, (level: number) => number> = {
  '>=': (level) => levelsWhere((one) => one >= level),
  '>': (level) => levelsWhere((one) => one > level),
  '<=': (level) => levelsWhere((one) => one <= level),
  '<': (level) => levelsWhere((one) => one < level),
  '=': (level) => levelsWhere((one) => one === level),
};

function levelsWhere(holds: (level: number) => boolean): number {
  let levels = 0;
  for (let level = 0; level <= MAX_LEVEL; level++) if (holds(level)) levels |= 1 << level;

  return levels;
}

/** @returns for text that is no expression: the offset in it from 0, what is wrong there, and what to write. */
export function parseNeeds(text: string): ParsedNeeds {
  try {
    return { ok: true, needs: needsFrom(new Parser(text).parse()) };
  } catch (thrown) {
    if (!(thrown instanceof Slip)) throw thrown;

    return { ok: false, at: thrown.at, message: thrown.message, remedy: thrown.remedy };
  }
}

export function meets(needs: Needs, levels: ReadonlyMap<string, number>): boolean {
  return needs.test(levels);
}

/** Every skill that the expression names, in its order, each once. */
export function skillsOf(needs: Needs): string[] {
  const names = new Set<string>();
  const visit = (one: Expression): void => {
    if (one.kind === 'skill') names.add(one.skill);
    else one.of.forEach(visit);
  };
  visit(needs.expression);

  return [...names];
}

/** How many ways `canBeMet` tries at most. An expression that is no clearer after so many is held to be possible. */
const MOST_WAYS = 20_000;

/** Whether a seat is thinkable that meets it: `fares >= 4 and fares <= 2` cannot be met by any. */
export function canBeMet(needs: Needs): boolean {
  let ways = 0;
  // Every alternative of every `or` in turn, with the levels that are still left for each skill.
  const search = (open: readonly Expression[], left: ReadonlyMap<string, number>): boolean => {
    const [first, ...rest] = open;
    if (!first || ++ways > MOST_WAYS) return true;
    if (first.kind === 'and') return search([...first.of, ...rest], left);
    // Alternatives last, when more is known.
    if (first.kind === 'or') {
      const plain = rest.findIndex((one) => one.kind !== 'or');
      if (plain >= 0) return search([rest[plain]!, first, ...rest.toSpliced(plain, 1)], left);

      return first.of.some((one) => search([one, ...rest], left));
    }
    const levels = (left.get(first.skill) ?? EVERY_LEVEL) & first.levels;

    return levels !== 0 && search(rest, new Map(left).set(first.skill, levels));
  };

  return search([needs.expression], new Map());
}

/** The same without what it says about some skills: whatever is asked of those counts as met, also that they be lacking. */
export function without(needs: Needs, disregard: readonly string[]): Needs {
  if (disregard.length === 0) return needs;
  const drop = (one: Expression): Expression => {
    if (one.kind !== 'skill') return joined(one.kind, one.of.map(drop));

    return disregard.includes(one.skill) ? met : one;
  };

  return needsFrom(drop(needs.expression));
}

const met: Expression = { kind: 'and', of: [] };

/** Plans are frozen, so what was worked out for one of their seats stays true. */
const levelsOfSeats = new WeakMap<SeatConfig, ReadonlyMap<string, number>>();

/** How well a seat can do what it can do; a skill that is not there is of level 0. */
export function levelsOf(seat: SeatConfig): ReadonlyMap<string, number> {
  const known = levelsOfSeats.get(seat);
  if (known) return known;
  const given = new Map(Object.entries(seat.levels ?? {}));
  const levels = new Map(seat.skills.map((skill) => [skill, given.get(skill) ?? DEFAULT_LEVEL]));
  if (Object.isFrozen(seat)) levelsOfSeats.set(seat, levels);

  return levels;
}

const noNeeds = needsFrom(joined('and', []));
const MOST_KEPT = 2_000;
const keptTexts = new Map<string, Needs>();
const keptLists = new Map<string, Needs>();

/**
 * All of the expressions together; an empty list is met by everybody.
 *
 * @throws SightlineError BAD_REQUEST when one of them cannot be read.
 */
export function needsOf(texts: readonly string[]): Needs {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return needsOfText(only);
  if (only === undefined) return noNeeds;

  return kept(keptLists, JSON.stringify(texts), () =>
    needsFrom(
      joined(
        'and',
        texts.map((text) => needsOfText(text).expression),
      ),
    ),
  );
}

function needsOfText(text: string): Needs {
  return kept(keptTexts, text, () => {
    const parsed = parseNeeds(text);
    if (parsed.ok) return parsed.needs;
    throw new SightlineError('BAD_REQUEST', `The skills '${text}': ${parsed.message}. ${parsed.remedy}`);
  });
}

/** What is kept, or is made and kept now; the oldest goes when there is too much of it. */
function kept(store: Map<string, Needs>, key: string, make: () => Needs): Needs {
  const known = store.get(key);
  if (known) return known;
  const made = make();
  const [oldest] = store.keys();
  if (store.size >= MOST_KEPT && oldest !== undefined) store.delete(oldest);
  store.set(key, made);

  return made;
}

function needsFrom(expression: Expression): Needs {
  return { expression, test: compiled(expression) };
}

function compiled(expression: Expression): Needs['test'] {
  if (expression.kind === 'skill') {
    const { skill, levels: will } = expression;

    return (levels) => ((will >> (levels.get(skill) ?? 0)) & 1) === 1;
  }
  const tests = expression.of.map(compiled);
  if (expression.kind === 'and') return (levels) => tests.every((test) => test(levels));

  return (levels) => tests.some((test) => test(levels));
}

/** One list for what stands side by side, and nothing around what stands alone; with what is always met taken away. */
function joined(kind: 'and' | 'or', parts: readonly Expression[]): Expression {
  const isMet = (one: Expression): boolean => one.kind === 'and' && one.of.length === 0;
  if (kind === 'or' && parts.some(isMet)) return met;
  const of = parts.filter((one) => !isMet(one)).flatMap((one) => (one.kind === kind ? one.of : [one]));

  return of.length === 1 ? of[0]! : { kind, of };
}

function negated(one: Expression): Expression {
  if (one.kind === 'skill') return { ...one, levels: EVERY_LEVEL ^ one.levels };

  return joined(one.kind === 'and' ? 'or' : 'and', one.of.map(negated));
}

class Slip extends Error {
  constructor(
    readonly at: number,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

interface Token {
  text: string;
  at: number;
  kind: 'name' | 'word' | 'operator' | 'bracket' | 'end';
}

const words = ['and', 'or', 'not'];

/** What people write who know it from elsewhere. */
const habits: Record<string, string> = {
  '&': 'Write and.',
  '|': 'Write or.',
  '!': 'Write not before the skill.',
  ',': 'Write and, or begin a new line of the list.',
  '+': 'Write and.',
  ':': 'Write the level as in fares >= 3.',
};

function tokensOf(text: string): Token[] {
  if (text.length > LONGEST)
    throw new Slip(LONGEST, 'the expression is too long', `Write at most ${LONGEST} characters.`);
  const tokens: Token[] = [];
  const pattern = /\s+|(?<name>[a-z0-9][a-z0-9-]*)|(?<operator>[<>=]=?)|(?<bracket>[()])|[^]/gy;
  for (const match of text.matchAll(pattern)) {
    const { name, operator, bracket } = match.groups ?? {};
    const at = match.index;
    if (name !== undefined) tokens.push({ text: name, at, kind: words.includes(name) ? 'word' : 'name' });
    else if (operator !== undefined) tokens.push({ text: operator, at, kind: 'operator' });
    else if (bracket !== undefined) tokens.push({ text: bracket, at, kind: 'bracket' });
    else if (match[0].trim() !== '') throw strange(match[0], at);
  }

  return [...tokens, { text: '', at: text.length, kind: 'end' }];
}

function strange(sign: string, at: number): Slip {
  const remedy = /[A-Z]/.test(sign) ? 'Write skills, and, or and not in lower case.' : undefined;

  return new Slip(at, `'${sign}' has no meaning here`, remedy ?? habits[sign] ?? 'Take it away.');
}

class Parser {
  private readonly tokens: readonly Token[];
  private next = 0;

  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  parse(): Expression {
    const whole = this.or();
    const { text, at, kind } = this.peek();
    if (kind === 'end') return whole;
    if (text === ')') throw new Slip(at, 'this bracket closes nothing', 'Take it away, or open one before it.');
    if (/^[0-9]$/.test(text)) throw new Slip(at, `there is no comparison before '${text}'`, `Write >= ${text}.`);
    throw new Slip(at, `'${text}' follows without and or or`, 'Write and or or before it.');
  }

  private peek(): Token {
    return this.tokens[this.next]!;
  }

  private take(text: string): boolean {
    if (this.peek().kind === 'name' || this.peek().text !== text || text === '') return false;
    this.next++;

    return true;
  }

  private or(): Expression {
    const parts = [this.and()];
    while (this.take('or')) parts.push(this.and());

    return joined('or', parts);
  }

  private and(): Expression {
    const parts = [this.not()];
    while (this.take('and')) parts.push(this.not());

    return joined('and', parts);
  }

  private not(): Expression {
    let turns = false;
    while (this.take('not')) turns = !turns;
    const one = this.single();

    return turns ? negated(one) : one;
  }

  private single(): Expression {
    const { text, at, kind } = this.peek();
    if (this.take('(')) {
      const inner = this.or();
      if (!this.take(')')) throw new Slip(at, 'this bracket is never closed', 'Write ) where it ends.');

      return inner;
    }
    if (kind !== 'name') throw missing(this.peek());
    if (text.length > LONGEST_NAME)
      throw new Slip(at, 'the name of the skill is too long', 'Use at most 63 characters.');
    this.next++;

    return { kind: 'skill', skill: text, levels: this.peek().kind === 'operator' ? this.comparison() : HAS_IT };
  }

  private comparison(): number {
    const sign = this.tokens[this.next++]!;
    const level = this.tokens[this.next]!;
    const holds = operators[sign.text];
    if (!holds) throw new Slip(sign.at, `'${sign.text}' is no comparison`, 'Write one of >=, >, <, <= and =.');
    if (!/^[0-5]$/.test(level.text)) {
      const found = level.kind === 'end' ? `after '${sign.text}' a level is missing` : `'${level.text}' is no level`;
      throw new Slip(level.at, found, `Write a level from 0 to ${MAX_LEVEL}.`);
    }
    this.next++;

    return holds(Number(level.text));
  }
}

function missing({ text, at, kind }: Token): Slip {
  const remedy = 'Write the name of a skill: lower-case letters, digits and hyphens.';
  if (kind === 'end') return new Slip(at, at === 0 ? 'there is nothing' : 'a skill is missing at the end', remedy);
  if (kind === 'word') return new Slip(at, `'${text}' stands where a skill is needed`, remedy);

  return new Slip(at, `a skill is missing before '${text}'`, remedy);
}
