import { readdirSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { faultTable, hasErrors } from '../../../src/dialplan/faults';
import { maxFileBytes } from '../../../src/dialplan/files';
import { loadSite } from '../../../src/dialplan/load';
import { siteWith, testData, told } from './sites';

const fixtures = readdirSync(path.join(testData, 'faults')).sort();
const made: string[] = [];

afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function folderWith(fixture?: string): Promise<string> {
  const folder = await siteWith(fixture);
  made.push(folder);

  return folder;
}

describe('a site with faults', () => {
  test.each(fixtures)('%s: every fault is told with its exact place and remedy', async (fixture) => {
    const folder = await folderWith(fixture);
    const { plan, faults } = await loadSite(folder, { env: {} });
    const expected = await readFile(path.join(testData, 'faults', fixture, 'expected.txt'), 'utf8');
    expect(told(faults).replaceAll(folder, '<site>')).toBe(expected);
    expect(plan === undefined).toBe(hasErrors(faults));
  });

  test('every code has a fixture or a test here', async () => {
    const lines = await Promise.all(
      fixtures.map((fixture) => readFile(path.join(testData, 'faults', fixture, 'expected.txt'), 'utf8')),
    );
    const seen = new Set(lines.join('').match(/(?<= (error|warning) )[A-Z_]+/g));
    const here = ['SITE_MISSING', 'FILE_TOO_LARGE'];
    expect([...seen, ...here].sort()).toEqual(Object.keys(faultTable).sort());
  });

  test('a folder that is not there is told with the site that may be meant', async () => {
    const sites = await mkdtemp(path.join(tmpdir(), 'sites-'));
    made.push(sites);
    await cp(path.join(testData, 'good'), path.join(sites, 'station'), { recursive: true });
    const missing = path.join(sites, 'statoin');
    const { faults } = await loadSite(missing);
    expect(told(faults)).toBe(
      `site.yaml:1:1 error SITE_MISSING there is no folder '${missing}'; did you mean 'station'?\n` +
        '    Sites there: station.\n',
    );
  });

  test('a file in place of a folder', async () => {
    const folder = await folderWith();
    const { faults } = await loadSite(path.join(folder, 'site.yaml'));
    expect(told(faults)).toContain(`is a file, not the folder of a site\n    Name its folder: ${folder}.`);
  });

  test('a file that is too large is not read', async () => {
    const folder = await folderWith();
    await writeFile(path.join(folder, 'flows.yaml'), '#'.repeat(maxFileBytes + 1));
    const { faults } = await loadSite(folder);
    expect(told(faults)).toBe(
      'flows.yaml:1:1 error FILE_TOO_LARGE flows.yaml is larger than 256 KiB\n' +
        '    Check that it is the right file; use ranges.\n',
    );
  });

  test('more menus than are read', async () => {
    const folder = await folderWith();
    const menu = await readFile(path.join(folder, 'menus/main.yaml'));
    for (let n = 0; n < 200; n++) await writeFile(path.join(folder, `menus/n${n}.yaml`), menu);
    const { faults } = await loadSite(folder);
    expect(told(faults)).toContain('error FILE_TOO_LARGE the site has 201 menus; 200 are the most that are read');
  });

  test('a folder in the place of a file, and a link to nowhere', async () => {
    const folder = await folderWith();
    await rm(path.join(folder, 'flows.yaml'));
    await mkdir(path.join(folder, 'flows.yaml'));
    await rm(path.join(folder, 'pools.yaml'));
    await symlink('nowhere', path.join(folder, 'pools.yaml'));
    const { faults } = await loadSite(folder);
    expect(told(faults)).toContain('flows.yaml:1:1 error FILE_UNREADABLE flows.yaml cannot be read: it is a folder\n');
    expect(told(faults)).toContain('pools.yaml:1:1 error FILE_UNREADABLE pools.yaml cannot be read: it is a link');
  });

  test('a file that this user may not read', async () => {
    const folder = await folderWith();
    await chmod(folder, 0o755);
    await chmod(path.join(folder, 'flows.yaml'), 0);
    const { faults } = await asNobody(() => loadSite(folder));
    expect(told(faults)).toContain('flows.yaml cannot be read: this user may not read it');
  });
});

/** Root may read everything, so that it has to be somebody else for a moment. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

test('text of the files neither breaks the lines of the report nor commands the terminal', async () => {
  const folder = await folderWith();
  const hostile = '"red\\e[31m\\nsite.yaml:1:1 error\\u202e"';
  await writeFile(path.join(folder, 'site.yaml'), `domain: ${hostile}\nlocales: [en, de]\n${hostile}: 1\n`);
  const { faults } = await loadSite(folder);
  const text = faults.map((fault) => fault.message + fault.remedy).join('');
  expect(text).toContain('red [31m site.yaml:1:1 error');
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('names without end are cut, and not compared for hours', async () => {
  const folder = await folderWith();
  await writeFile(path.join(folder, 'flows.yaml'), `? ${'a'.repeat(100_000)}\n: { queue: ${'b'.repeat(100_000)} }\n`);
  const { faults } = await loadSite(folder);
  expect(faults.length).toBeGreaterThan(2);
  expect(Math.max(...faults.map((fault) => fault.message.length))).toBeLessThan(700);
});

test('whatever is wrong with a password, it is not shown', async () => {
  const folder = await folderWith();
  const entries = [
    'password: 12345678',
    'password: [ten-secrets]',
    'password: { env: "not secret" }',
    `password: ${'secret'.repeat(40)}`,
  ];
  const seats = entries.map((entry, index) => `  ${2001 + index}: { ${entry}, queues: [support, sales] }\n`);
  await writeFile(path.join(folder, 'directory.yaml'), `seats:\n${seats.join('')}`);
  const { faults } = await loadSite(folder);
  expect(faults).toHaveLength(4);
  expect(told(faults)).not.toMatch(/12345678|secrets|not secret|secretsecret/);
});

describe('files that have nothing to do with a site', () => {
  test('what editors leave behind is not read', async () => {
    const folder = await folderWith();
    for (const name of ['.flows.yaml.swp', '#flows.yaml#', 'flows.yaml~', '.#flows.yaml', '4913', 'notes.txt']) {
      await writeFile(path.join(folder, name), 'a: [');
    }
    expect((await loadSite(folder)).faults).toEqual([]);
  });

  test('Windows line ends and a byte order mark are taken', async () => {
    const folder = await folderWith();
    const file = path.join(folder, 'flows.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, `\ufeff${text.replaceAll('\n', '\r\n')}`);
    expect((await loadSite(folder)).faults).toEqual([]);
  });
});
