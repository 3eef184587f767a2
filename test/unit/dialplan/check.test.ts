import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCheck } from '../../../src/cli/check';
import { inProject } from '../../../src/lib/paths';
import { siteWith } from './sites';

const made: string[] = [];

afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function folderWith(fixture?: string): Promise<string> {
  const folder = await siteWith(fixture);
  made.push(folder);

  return folder;
}

async function check(argv: string[], cwd = inProject()): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await runCheck(argv, {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    env: {},
    cwd: () => cwd,
  });

  return { code, ...said };
}

describe('sightline check', () => {
  test('a good site, by its name: 0 and what it holds', async () => {
    const { code, out, err } = await check(['demo']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^dialplans\/demo: good, version [0-9a-f]{16}\n/);
    for (const line of [
      '  domain     sightline.test, realm sightline',
      '  languages  en (default), de, zh',
      '  trusted    no network; every call needs credentials',
      '  numbers    6001  menu main, else queue support',
      '             6100  queue support',
      '  pools      help  7000-7999, lease 120 s, rest 60 s',
      '             support (default)  pool help, menu main, else queue support',
      '             tickets  Ticket advice, 2 seats',
      '  people     10 terminals, 10 seats',
    ]) {
      expect(out.split('\n')).toContain(line);
    }
  });

  test('a bad site, by its folder: 1, and lines that editors and terminals can jump to', async () => {
    const folder = await folderWith('unknown-key');
    const cwd = path.dirname(folder);
    const { code, out } = await check([`./${path.basename(folder)}`], cwd);
    const name = path.basename(folder);
    expect(code).toBe(1);
    expect(out).toBe(
      `${name}/queues.yaml:4:3 error UNKNOWN_KEY 'ringTimout' is not a key of a queue; did you mean 'ringTimeout'?\n` +
        '    Keys of a queue: label, strategy, first, firstFor, rings, ringStep, skills, weight, ringTimeout, wrapUp, ' +
        'wrapUpUntilDone, grace, returnWithin, maxWaiting, maxWait, noAnswerDelay, rejectDelay, busyDelay, ' +
        'unreachableDelay, autoBreak, overflow, callback, hours, closedMessage, recording, retention, hold.\n' +
        `\n${name}: 1 error; the dialplan cannot be used\n`,
    );
  });

  test('the folder one stands in', async () => {
    const folder = await folderWith();
    expect((await check(['.'], folder)).out).toMatch(/^\.: good, version/);
  });

  test('errors and warnings are counted', async () => {
    const { out } = await check([await folderWith('many-at-once')]);
    expect(out).toMatch(/: 5 errors and 1 warning; the dialplan cannot be used\n$/);
  });

  test('warnings let a site pass, unless they shall not', async () => {
    const folder = await folderWith('unused-pool');
    const lenient = await check([folder]);
    expect([lenient.code, lenient.out.includes('good with 1 warning, version')]).toEqual([0, true]);
    const strict = await check([folder, '--strict']);
    expect(strict.code).toBe(1);
    expect(strict.out).toMatch(/: 1 warning; the dialplan cannot be used under --strict\n$/);
  });

  test('--json is for programs', async () => {
    const bad = await check([await folderWith('unknown-menu'), '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      good: false,
      errors: 1,
      warnings: 0,
      faults: [{ file: 'flows.yaml', line: 1, column: 15, code: 'UNKNOWN_MENU', severity: 'error' }],
    });
    const good = await check(['bench', '--json']);
    expect(JSON.parse(good.out)).toMatchObject({ site: 'bench', good: true, summary: { seats: 1000, numbers: 1 } });
  });

  test('a site that is not there: 1, with the name that may be meant', async () => {
    const { code, out } = await check(['demoo']);
    expect([code, out.includes("did you mean 'demo'?")]).toEqual([1, true]);
  });

  test.each([
    [[], 'which site? Give its name or its folder.'],
    [['demo', 'bench'], "one site at a time; 'bench' is one too many."],
    [['demo', '--loud'], "Unknown option '--loud'"],
  ])('%j is not understood: 2 and the usage', async (argv, why) => {
    const { code, out, err } = await check(argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`sightline check: ${why}`);
    expect(err).toContain('Sites here: bench, demo.');
    expect(err).toContain('Usage: sightline check <site>');
  });

  test('--help', async () => {
    expect(await check(['--help'])).toMatchObject({ code: 0, err: '' });
  });

  test('secrets come from the environment it is given', async () => {
    const folder = await folderWith();
    const seats = 'seats:\n  2001: { password: { env: SEAT_PASSWORD }, queues: [support, sales] }\n';
    await writeFile(path.join(folder, 'directory.yaml'), seats);
    expect((await check([folder])).out).toContain(
      'error ENV_MISSING the environment variable SEAT_PASSWORD is not set',
    );
  });
});
