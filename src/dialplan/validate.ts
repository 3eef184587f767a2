import type { TSchema } from '@sinclair/typebox';
import Ajv, { type DefinedError, type ValidateFunction } from 'ajv';
import { stringify } from 'yaml';
import { ajvOptions } from '../lib/schema';
import type { Faults, Place } from './faults';
import { didYouMean, listed } from './nearest';
import { patterns } from './schema-parts';
import { itemsOf, locate, plainOf, type Tree } from './tree';

const ajv = new Ajv({ ...ajvOptions, allErrors: true, verbose: true, strictTypes: false, allowUnionTypes: true });
const compiled = new WeakMap<TSchema, ValidateFunction>();

/** What the messages need of a schema. */
interface Spoken {
  title?: string;
  pattern?: string;
  enum?: readonly string[];
  examples?: readonly unknown[];
  properties?: Record<string, Spoken>;
  required?: readonly string[];
  additionalProperties?: unknown;
  propertyNames?: { pattern: string };
  type?: unknown;
}

/** One schema error with where it is: everything a message is made of. */
interface Found {
  error: DefinedError;
  schema: Spoken;
  path: readonly string[];
  value: Tree;
  keyAt: Place;
  /** How a sentence calls the value: `'wrapUp'`, `entry 2 of 'locales'`. */
  subject: string;
}

/** Checks a file against its schema and adds a fault in plain words for everything that is wrong. */
export function validate(tree: Tree, schema: TSchema, faults: Faults): void {
  let check = compiled.get(schema);
  if (!check) {
    check = ajv.compile(schema);
    compiled.set(schema, check);
  }
  if (check(plainOf(tree))) return;
  for (const error of (check.errors ?? []) as DefinedError[]) tell(found(error, tree), faults);
}

function found(error: DefinedError, root: Tree): Found {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const { value, keyAt } = locate(root, path);

  return { error, schema: (error.parentSchema ?? {}) as Spoken, path, value, keyAt, subject: subjectOf(root, path) };
}

function unescapePointer(step: string): string {
  return step.replace(/~1/g, '/').replace(/~0/g, '~');
}

function subjectOf(root: Tree, path: readonly string[]): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  const parent = locate(root, path.slice(0, -1));
  if (parent.value.kind !== 'list') return `'${last}'`;

  return `entry ${Number(last) + 1} of '${path.at(-2) ?? 'the file'}'`;
}

function tell(at: Found, faults: Faults): void {
  const { error } = at;
  if (error.propertyName !== undefined && error.keyword !== 'propertyNames') return;
  switch (error.keyword) {
    case 'additionalProperties':
      return tellUnknownKey(at, error.params.additionalProperty, faults);
    case 'required':
      return tellMissingKey(at, error.params.missingProperty, faults);
    case 'propertyNames':
      return tellBadName(at, error.params.propertyName, faults);
    case 'type':
      return tellWrongType(at, faults);
    case 'pattern':
      return tellPattern(at, error.params.pattern, faults);
    case 'uniqueItems':
      return tellTwice(at, error.params.j, error.params.i, faults);
    default:
      return faults.add('BAD_VALUE', at.value.at, mustBe(at), example(at));
  }
}

function tellUnknownKey(at: Found, key: string, faults: Faults): void {
  const { keyAt } = locate(at.value, [key]);
  const known = Object.keys(at.schema.properties ?? {});
  const where = Array.isArray(at.schema.type) ? 'this value' : at.schema.title;
  faults.add(
    'UNKNOWN_KEY',
    keyAt,
    `'${key}' is not a key of ${where}${didYouMean(key, known)}`,
    `Keys of ${where}: ${listed(known, 40)}.`,
  );
}

function tellMissingKey(at: Found, key: string, faults: Faults): void {
  const wanted = at.schema.properties?.[key];
  const who = at.path.length === 0 ? at.schema.title : at.subject;
  const sample = wanted?.examples?.[0];
  const remedy =
    sample === undefined ? `Add '${key}': ${wanted?.title}.` : `Add it, for instance ${sampleLine(key, sample)}`;
  faults.add('MISSING_KEY', at.keyAt, `${who} has no '${key}' (${wanted?.title})`, remedy);
}

function tellBadName(at: Found, name: string, faults: Faults): void {
  // The languages of a text are judged against those of the site, which says more.
  if (at.schema.propertyNames?.pattern === patterns.locale.pattern) return;
  const says = saysOf(at.schema.propertyNames?.pattern);
  const { keyAt } = locate(at.value, [name]);
  faults.add('BAD_NAME', keyAt, `'${name}' is not allowed as a name in ${at.schema.title}`, `Use ${says}.`);
}

function tellWrongType(at: Found, faults: Faults): void {
  const text = at.value.kind === 'scalar' ? at.value.source : '';
  const glued = at.path.length === 0 && /^\S+:\S/.test(text);
  faults.add('WRONG_TYPE', at.value.at, mustBe(at), glued ? 'Put a space after each colon.' : example(at));
}

function tellPattern(at: Found, pattern: string, faults: Faults): void {
  const isName = pattern === patterns.name.pattern;
  faults.add(isName ? 'BAD_NAME' : 'BAD_VALUE', at.value.at, mustBe(at), `Use ${saysOf(pattern)}.`);
}

function tellTwice(at: Found, first: number, second: number, faults: Faults): void {
  const item = itemsOf(at.value)[Math.max(first, second)] ?? at.value;
  faults.add(
    'BAD_VALUE',
    item.at,
    `${valueOf(item, false)} stands twice in ${at.subject}`,
    'Take one of the two away.',
  );
}

function mustBe(at: Found): string {
  const must = `must be ${allowed(at.schema)}`;
  const secret = at.path.includes('password') || at.path.includes('pin');
  if (at.value.kind === 'scalar' && at.value.value === null) return `${at.subject} has no value; it ${must}`;
  const text = at.value.kind === 'scalar' ? String(at.value.value) : '';
  const meant = at.schema.enum ? didYouMean(text, at.schema.enum) : '';
  const long = text.length > 60 ? `has ${text.length} characters` : `is ${valueOf(at.value, secret)}`;

  return `${at.subject} ${must}, but ${long}${meant}`;
}

/** What may stand there. A title says it for single values; a mapping is better told by its keys. */
function allowed(schema: Spoken): string {
  if (schema.type !== 'object') return schema.title ?? 'another value';
  const keys = Object.keys(schema.properties ?? {});

  return keys.length > 0 ? `a mapping with the keys ${listed(keys)}` : `a mapping: ${schema.title}, each by its name`;
}

function valueOf(tree: Tree, secret: boolean): string {
  if (tree.kind === 'list') return tree.items.length === 0 ? 'an empty list' : 'a list';
  if (tree.kind === 'map') return tree.entries.length === 0 ? 'an empty mapping' : 'a mapping of keys';
  if (tree.value === '') return 'empty';
  if (typeof tree.value === 'string') return secret ? 'another text' : `'${tree.value}'`;

  return typeof tree.value === 'number' ? (secret ? 'a number' : `the number ${tree.source}`) : String(tree.value);
}

function example(at: Found): string {
  const sample = at.schema.examples?.[0];
  const key = at.path.at(-1);
  if (at.schema.enum) return `Write one of ${at.schema.enum.join(', ')}.`;
  if (at.schema.type === 'object' && sample === undefined) return mappingExample(at.schema, key);
  if (sample === undefined || key === undefined || /^\d+$/.test(key))
    return `Write ${at.schema.title ?? 'another value'}.`;

  return `Write it like this: ${sampleLine(key, sample)}`;
}

function mappingExample(schema: Spoken, key: string | undefined): string {
  const needed = schema.required ?? Object.keys(schema.properties ?? {}).slice(0, 1);
  const keys = needed.length > 0 ? needed : ['<name>'];
  if (key === undefined || /^\d$/.test(key)) return `Write ${keys.map((one) => `${one}: …`).join(', ')}.`;

  return `Write it like this: ${key}: {${keys.map((one) => `${one}: …`).join(', ')}}`;
}

function sampleLine(key: string, sample: unknown): string {
  return stringify({ [key]: sample }, { collectionStyle: 'flow', flowCollectionPadding: false })
    .trim()
    .replace(/^\{|\}$/g, '');
}

function saysOf(pattern: string | undefined): string {
  return Object.values(patterns).find((one) => one.pattern === pattern)?.says ?? 'other characters';
}
