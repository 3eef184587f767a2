import type { TSchema } from '@sinclair/typebox';
import { faultTable } from './faults';
import { menuFile, siteFiles } from './files';

/**
 * What is written about dialplans and made from the schemas: the JSON schemas for editors, and the tables of
 * dialplans/README.md. `scripts/write-dialplan-docs.ts` writes them and a test says when they are stale.
 */

interface Described {
  title?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Described>;
  required?: string[];
  additionalProperties?: Described | boolean;
  items?: Described;
  type?: unknown;
}

/** The JSON schema files by name. */
export function schemaFiles(): Map<string, string> {
  const files = Object.entries({ ...siteFiles, 'menu.yaml': menuFile });

  return new Map(files.map(([file, { schema }]) => [file.replace(/yaml$/, 'json'), schemaText(schema, file)]));
}

function schemaText(schema: TSchema, file: string): string {
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made from src/dialplan/schema.ts; not edited by hand.',
    $id: `https://sightline.test/schema/${file.replace(/yaml$/, 'json')}`,
  };

  return `${JSON.stringify({ ...head, ...schema }, undefined, 2)}\n`;
}

/** The README with its tables made anew. They stand between `<!-- table NAME -->` and `<!-- end -->`. */
export function withTables(readme: string): string {
  const tables = readmeTables();

  return readme.replace(
    /(<!-- table ([\w.]+) -->\n)[^]*?(<!-- end -->)/g,
    (whole, head: string, name: string, end: string) => {
      const table = tables.get(name);

      return table === undefined ? whole : `${head}${table}\n${end}`;
    },
  );
}

/** Every table that the README has to have, by name: one a file, and one of the fault codes. */
export function readmeTables(): Map<string, string> {
  const files: [string, TSchema][] = [...Object.entries(siteFiles), ['menu.yaml', menuFile] as const].map(
    ([file, { schema }]) => [file, schema],
  );
  const tables = files.map(([file, schema]): [string, string] => [file, keyTable(schema as Described)]);

  return new Map([...tables, ['faults', faultRows()]]);
}

function keyTable(schema: Described): string {
  const rows = keyRows(schema, '');
  const head = ['| key | needed | value | meaning |', '|---|---|---|---|'];

  return [...head, ...rows].join('\n');
}

/** A row for each key, with its way from the top of the file: `<name>.items[].label`. */
function keyRows(schema: Described, prefix: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const way = prefix + key;
    const needed = schema.required?.includes(key) ? 'yes' : fallbackOf(value);
    const row = `| \`${way}\` | ${needed} | ${value.title ?? ''} | ${value.description ?? ''} |`;

    return [row, ...innerRows(value, way)];
  });
  const any = schema.additionalProperties;

  return typeof any === 'object' && isObject(any) ? [...own, ...keyRows(any, `${prefix}<name>.`)] : own;
}

function innerRows(value: Described, way: string): string[] {
  // Texts and passwords are told of in a paragraph of their own.
  if (Array.isArray(value.type)) return [];
  if (value.items && isObject(value.items)) return keyRows(value.items, `${way}[].`);

  return isObject(value) ? keyRows(value, `${way}.`) : [];
}

function isObject(schema: Described): boolean {
  return schema.type === 'object';
}

function fallbackOf({ default: fallback }: Described): string {
  if (fallback === undefined) return 'no';
  if (Array.isArray(fallback) && fallback.length === 0) return 'no: none';

  return `no: \`${JSON.stringify(fallback).replaceAll('"', '')}\``;
}

function faultRows(): string {
  const rows = Object.entries(faultTable).map(([code, [severity, meaning, remedy]]) => {
    return `| \`${code}\` | ${severity} | ${meaning} | ${remedy.replaceAll('<', '&lt;')} |`;
  });

  return ['| code | severity | meaning | remedy |', '|---|---|---|---|', ...rows].join('\n');
}
