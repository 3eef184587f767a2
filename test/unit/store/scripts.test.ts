import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { readRow } from '../../../src/acd/rows';
import { program } from '../../../src/acd/scripts';
import { errorTable } from '../../../src/lib/errors';
import { inProject } from '../../../src/lib/paths';
import { codeOf, luaCodes } from '../../../src/store/codes';
import { makeKeys } from '../../../src/store/keys';
import { defineProgram } from '../../../src/store/program';
import type { Command } from '../../../src/store/program';
import { defineScript, evaluate, readHead } from '../../../src/store/scripts';
import { WORD_END } from '../../../src/store/separators';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';

/** A room of its own for scripts that exist for this test only; scripts are found below src/. */
const folder = path.join('..', '.sightline', `scripts-${process.pid}`);
let redis: Redis;

function script(name: string, text: string): string {
  writeFileSync(inProject('src', folder, name), text);

  return path.join(folder, name);
}

const head = (keys: string[], args: string[]): string =>
  [
    '--[[',
    '  A script for a test.',
    '',
    '  Input:',
    ...keys.map((name, index) => `    KEYS[${index + 1}] ${name}`),
    ...args.map((name, index) => `    ARGV[${index + 1}] ${name}  told here`),
    '',
    '  Output:',
    '    -2 OFFER_GONE  when it is',
    '',
    '  Events:',
    '    none',
    ']]',
    '',
  ].join('\n');

beforeAll(async () => {
  mkdirSync(inProject('src', folder, 'includes'), { recursive: true });
  redis = new Redis((await sharedRedis()).url);
});

afterAll(async () => {
  rmSync(inProject('src', folder), { recursive: true, force: true });
  redis.disconnect();
  await closeSharedRedis();
});

describe('a script', () => {
  it('reaches keys, arguments and tables by their names, also those that are words of Lua', async () => {
    const file = script(
      'names.lua',
      `${head(['thing'], ['until', 'end'])}redis.call('SET', K.thing, A['until'] .. A['end'])\nreturn T.a.b`,
    );
    const names = defineScript({ file, keys: ['thing'], args: ['until', 'end'], tables: { T: { a: { b: 'c' } } } });
    const key = randomSite();
    expect(await names.run(redis, { thing: key }, { until: 1, end: 2 })).toBe('c');
    expect(await redis.get(key)).toBe('12');
  });

  it('is sent in full to a Redis that has forgotten it', async () => {
    const again = defineScript({ file: script('again.lua', `${head([], [])}return 7`), keys: [], args: [] });
    await again.run(redis, {}, {});
    await redis.script('FLUSH');
    expect(await again.run(redis, {}, {})).toBe(7);
  });

  it('that returns a code becomes an error of the table', async () => {
    const gone = defineScript({
      file: script('gone.lua', `${head([], [])}return CODE.OFFER_GONE`),
      keys: [],
      args: [],
    });
    await expect(gone.run(redis, {}, {})).rejects.toMatchObject({ code: 'OFFER_GONE' });
    const odd = defineScript({ file: script('odd.lua', `${head([], [])}return -999`), keys: [], args: [] });
    await expect(odd.run(redis, {}, {})).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is refused when its head and its caller name different things', () => {
    const file = script('head.lua', `${head(['a', 'b'], ['c'])}return 1`);
    expect(() => defineScript({ file, keys: ['b', 'a'], args: ['c'] })).toThrow(
      /KEYS \(a, b\), the caller gives \(b, a\)/,
    );
    expect(() => defineScript({ file, keys: ['a', 'b'], args: [] })).toThrow(/ARGV \(c\), the caller gives \(\)/);
  });

  it('takes in each include once, and names the one that is missing', async () => {
    writeFileSync(inProject('src', folder, 'includes', 'one.lua'), '--- @include "two"\ncount = (count or 0) + 1');
    writeFileSync(inProject('src', folder, 'includes', 'two.lua'), '-- nothing');
    const text = `${head([], [])}local count\n--- @include "one"\n--- @include "two"\n--- @include "one"\nreturn count`;
    const twice = defineScript({ file: script('twice.lua', text), keys: [], args: [] });
    expect(await twice.run(redis, {}, {})).toBe(1);
    const missing = script('missing.lua', `${head([], [])}--- @include "nowhere"`);
    expect(() => defineScript({ file: missing, keys: [], args: [] })).toThrow(/No Lua include 'nowhere'/);
  });
});

describe('a program of verbs', () => {
  const run = (site: string, ...commands: Command[]): ReturnType<typeof program.run> => {
    const { due: key, root } = makeKeys(site);

    return program.run(redis, { key, root, now: 1_000, node: 'one~1' }, commands);
  };
  const pause = (seatId: string, reason = ''): Command => program.command('pauseSeat', { seatId, reason });

  it('runs the commands of a batch in their order, and tells each thing once, as it is last', async () => {
    const site = randomSite();
    const { values, rest } = await run(site, pause('s1', 'lunch'), pause('s2'), pause('s1', 'tea'));
    expect(values).toEqual(['offline', 'offline', 'offline']);
    const [revision, rows] = rest as [number, string[]];
    expect(revision).toBe(1);
    expect(rows.map((text) => readRow(text).row)).toMatchObject([{ id: 's1', reason: 'tea' }, { id: 's2' }]);
  });

  it('leaves the others alone when one fails or answers with a code', async () => {
    const site = randomSite();
    await redis.set(makeKeys(site).seat('odd'), 'not a record');
    const gone = program.command('callbackTicket', { ticketId: 'nothing' });
    const { values, rest } = await run(site, pause('s1', 'lunch'), pause('odd'), gone, pause('s1', 'tea'), pause('s2'));
    expect([values[0], values[3], values[4]]).toEqual(['offline', 'offline', 'offline']);
    expect(values[1]).toBeInstanceOf(Error);
    expect(values[1]).not.toHaveProperty('code');
    expect(String(values[1])).toMatch(/pauseSeat.*holds no record/);
    expect(values[2]).toMatchObject({ code: 'TICKET_GONE' });
    expect((rest[1] as string[]).map((text) => readRow(text).row)).toMatchObject([
      { id: 's1', reason: 'tea' },
      { id: 's2' },
    ]);
  });

  it('says nothing of a batch that changes nothing', async () => {
    const site = randomSite();
    const { values, rest } = await run(site, program.command('dropTicket', { ticketId: 'nothing' }));
    expect([values, rest]).toEqual([[''], ['', [], '', '', 0]]);
    expect(await redis.exists(makeKeys(site).revision)).toBe(0);
  });

  it('is sent in full to a Redis that has forgotten it', async () => {
    const site = randomSite();
    await run(site, pause('s1'));
    await redis.function('FLUSH');
    expect((await run(site, pause('s1'))).values).toEqual(['offline']);
  });

  it('is a script where there are no functions', async () => {
    const site = randomSite();
    const { due: key, root } = makeKeys(site);
    const parameters = [key, root, 1_000, 'one~1', '', ['pauseSeat', 2, 's1', 'tea'].join(WORD_END)];
    const evaluated = await evaluate(redis, program, 1, parameters);
    expect(evaluated).toEqual([['offline'], 1, [expect.stringContaining('tea')], '', '', 0]);
  });

  it('is refused when a head and its caller name different things', () => {
    script('verb.lua', `${head([], ['a', 'b'])}return 1`);
    script(path.join('includes', 'last.lua'), 'return {}');
    const definition = { folder, main: 'last', constants: {} };
    expect(() => defineProgram({ ...definition, verbs: { verb: ['b', 'a'] } })).toThrow(
      /ARGV \(a, b\), the caller gives \(b, a\)/,
    );
    expect(defineProgram({ ...definition, verbs: { verb: ['a', 'b'] } }).text).toContain('verb = function(i)');
  });
});

describe('every script of the project', () => {
  const files = readdirSync(inProject('src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lua') && !file.includes('includes'))
    .map((file) => [file]);

  it.each(files)('%s opens with its contract', (file) => {
    const source = readFileSync(inProject('src', file), 'utf8');
    const { sections, codes, keys, args } = readHead(source);
    expect(sections).toEqual(['Input', 'Output', 'Events']);
    // Codes are told with their numbers, and every code that the script itself returns is told.
    for (const code of codes) expect(code).toBe(`${nameOf(code)}=${luaCodes[nameOf(code)]}`);
    for (const [, used] of source.matchAll(/CODE\.([A-Z_]+)/g)) expect(codes.map(nameOf)).toContain(used);
    const all = source + includesOf(source, file);
    for (const key of keys) expect(all).toMatch(new RegExp(`K\\.${key}\\b`));
    for (const arg of args) expect(all).toMatch(new RegExp(`A\\.${arg}\\b|A\\['${arg}'\\]`));
  });

  function nameOf(code: string): keyof typeof luaCodes {
    return code.slice(0, code.indexOf('=')) as keyof typeof luaCodes;
  }

  function includesOf(source: string, file: string): string {
    const names = [...source.matchAll(/^--- @include "([\w-]+)"$/gm)].map((match) => match[1] ?? '');
    const texts = names.map((name) => {
      const places = [path.join(path.dirname(file), 'includes'), path.join('store', 'lua', 'includes')];
      for (const place of places) {
        try {
          const text = readFileSync(inProject('src', place, `${name}.lua`), 'utf8');

          return text + includesOf(text, file);
        } catch {
          continue;
        }
      }

      return '';
    });

    return texts.join('\n');
  }
});

describe('codes and keys', () => {
  it('has one number for each code, and codes of the error table only', () => {
    const numbers = Object.values(luaCodes);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [code, number] of Object.entries(luaCodes)) {
      expect(errorTable).toHaveProperty(code);
      expect(number).toBeLessThan(0);
      expect(codeOf(number)).toBe(code);
    }
  });

  it('makes the same keys in Lua and in TypeScript', async () => {
    const keys = makeKeys('site');
    const text = `${head([], ['root'])}--- @include "keys"
      return { keyOf('ticket', 'x'), keyOf('history', 'x') }`;
    const made = defineScript({ file: script('keys.lua', text), keys: [], args: ['root'] });
    expect(await made.run(redis, {}, { root: keys.root })).toEqual([keys.ticket('x'), keys.ticketHistory('x')]);
    expect(keys.ticket('x')).toBe('sl:{site}:ticket:x');
  });

  it('has every key in its list that a verb of the ACD makes', () => {
    const made = Object.values(makeKeys('site')).map((key) => (typeof key === 'function' ? key('', '', '') : key));
    const folder = inProject('src', 'acd', 'lua');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.lua'));
    const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
    const withId = [...text.matchAll(/keyOf\('([\w-]+)'/g)].map((match) => `sl:{site}:${match[1]}:`);
    const single = [...text.matchAll(/ROOT \.\. '([\w-]+)'/g)].map((match) => `sl:{site}:${match[1]}`);
    expect(withId.length).toBeGreaterThan(20);
    expect(single.length).toBeGreaterThan(10);
    for (const key of [...withId, ...single]) expect(made).toContain(key);
  });

  it('refuses a site that would break the hash tag', () => {
    for (const site of ['', 'a{b', 'a}b', 'a:b', 'a b']) expect(() => makeKeys(site)).toThrow(TypeError);
  });
});
