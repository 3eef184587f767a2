import Ajv from 'ajv';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { schemaFiles, readmeTables, withTables } from '../../../src/dialplan/docs';
import { faultTable } from '../../../src/dialplan/faults';
import { kindOf } from '../../../src/dialplan/files';
import { inProject } from '../../../src/lib/paths';

const folder = inProject('dialplans');
const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
const stale = 'run: npm run build && node dist/scripts/write-dialplan-docs.js';

/** Every file of the sites that come with the project. */
const siteFiles = ['demo', 'bench'].flatMap((site) =>
  readdirSync(path.join(folder, site), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ site, name })),
);

describe('schemas for editors', () => {
  test.each([...schemaFiles()])('%s is up to date', (file, text) => {
    const written = readFileSync(path.join(folder, 'schema', file), 'utf8');
    expect({ text: written, stale }).toEqual({ text, stale });
  });

  test('there are no others', () => {
    expect(readdirSync(path.join(folder, 'schema')).sort()).toEqual([...schemaFiles().keys()].sort());
  });

  test.each(siteFiles)('$site/$name names its schema and agrees with it', ({ site, name }) => {
    const file = path.join(folder, site, name);
    const text = readFileSync(file, 'utf8');
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
    expect(named).toBeDefined();
    const schema = path.resolve(path.dirname(file), named!);
    expect(existsSync(schema)).toBe(true);
    const validate = new Ajv({ strictTypes: false, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync(schema, 'utf8')) as object,
    );
    expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
    expect(kindOf(name)).toBeDefined();
  });
});

describe('dialplans/README.md', () => {
  test('its tables are up to date', () => {
    expect({ text: readme, stale }).toEqual({ text: withTables(readme), stale });
  });

  test.each([...readmeTables().keys()])('it has the table %s', (name) => {
    expect(readme).toContain(`<!-- table ${name} -->`);
  });

  test('it tells of every fault code, once', () => {
    const told = [...readme.matchAll(/^\| `([A-Z_]+)` \| (error|warning) \|/gm)].map(([, code]) => code);
    expect(told.sort()).toEqual(Object.keys(faultTable).sort());
  });

  test('its examples are files that the schemas take', () => {
    const examples = [...readme.matchAll(/```yaml\n# yaml-language-server: \$schema=\S*\/(\w+)\.json\n([^]*?)```/g)];
    expect(examples.map(([, name]) => name)).toEqual([
      'site', 'numbers', 'pools', 'services', 'flows', 'menu', 'queues', 'directory',
    ]); // prettier-ignore
    for (const [, name, text] of examples) {
      const schema = JSON.parse(schemaFiles().get(`${name}.json`)!) as object;
      const validate = new Ajv({ strictTypes: false, allowUnionTypes: true }).compile(schema);
      expect([name, validate(parse(text!)), validate.errors]).toEqual([name, true, null]);
    }
  });
});
