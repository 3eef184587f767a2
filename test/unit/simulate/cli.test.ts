import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readCommand } from '../../../src/cli/args';
import { runSimulate } from '../../../src/cli/simulate';
import { inProject } from '../../../src/lib/paths';
import type { Report } from '../../../src/simulate/figures';
import { siteWith } from '../dialplan/sites';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'simulate-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function simulate(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await runSimulate(argv, {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    env: {},
    cwd: () => inProject(),
  });

  return { code, ...said };
}

async function file(name: string, text: string): Promise<string> {
  const where = path.join(folder, name);
  await writeFile(where, text);

  return where;
}

const bench = ['bench', '--rate', '60', '--seats', '4', '--hours', '08:00-10:00'];

describe('sightline simulate', () => {
  test('is a command', () => {
    expect(readCommand(['simulate', 'demo', '--json'])).toEqual({ name: 'simulate', args: ['demo', '--json'] });
  });

  test('tells a day: 0, named figures, every agent', async () => {
    const { code, out, err } = await simulate(...bench);
    expect([code, err]).toEqual([0, '']);
    for (const words of [
      'SL1 = A(<=T) / A ',
      'SL4 = A(<=T) / (A + B - B(<=T))',
      'mean of the answered (ASA)',
      ' a4 ',
    ]) {
      expect(out).toContain(words);
    }
    expect(out).toMatch(/^bench: \d+ calls, 4 seats, 2026-01-05 08:00 to 2026-01-05 10:\d\d \(UTC\), seed 1\n/);
    expect((await simulate(...bench)).out).toBe(out);
    expect((await simulate(...bench, '--seed', '2')).out).not.toBe(out);
  });

  test('tells it as JSON', async () => {
    const { out } = await simulate(...bench, '--json', '--threshold', '5');
    const report = JSON.parse(out) as Report;
    expect([report.threshold, report.queues[0]?.queue, report.seats.length]).toEqual([5, 'support', 4]);
  });

  test('compares two sites', async () => {
    const { code, out } = await simulate(...bench, '--compare', 'bench');
    expect(code).toBe(0);
    expect(out).toMatch(/^The same \d+ calls with two plans\n/);
    expect(out).toMatch(/ +bench \(1\) +bench \(2\) +difference\n/);
    expect(out).toMatch(/median +\d[\d.]* s +\d[\d.]* s +0\.0 s\n/);
  });

  test('plays recorded calls, with what they do not say drawn by chance', async () => {
    const calls = await file(
      'calls.csv',
      'time,queue,talk,patience,skills,class\n08:00:00,support,60,,,vip\n2026-01-05T08:00:30,support,,30,"",\n',
    );
    const csv = await simulate('bench', '--arrivals', calls, '--seats', '1', '--answer', '1,0', '--json');
    const { all, seats } = JSON.parse(csv.out) as Report;
    expect([all.offered, all.answered, all.abandoned, seats[0]?.talk]).toEqual([2, 1, 1, 60]);
    const list = await file('calls.json', '[{"time":"08:00","flow":"support","talk":60,"skills":[]}]');
    const json = await simulate('bench', '--arrivals', list, '--seats', '1', '--json');
    expect((JSON.parse(json.out) as Report).all).toMatchObject({ offered: 1, answered: 1 });
  });

  test('plays a scenario, and shifts of a file', async () => {
    const scenario = await file(
      'day.yaml',
      'hours: "08:00-10:00"\ncalls:\n  support: { rate: { "08:00-09:00": 30, "09:00-10:00": 90 }, classes: { vip: 0.2 } }\n' +
        'patience: { mean: 120 }\nshifts:\n  - { seats: [a1-a3], hours: "08:00-10:00", breaks: ["09:00-09:15"] }\n',
    );
    const { code, out, err } = await simulate('bench', '--scenario', scenario, '--json');
    expect([code, err]).toEqual([0, '']);
    expect((JSON.parse(out) as Report).seats.map(({ seat }) => seat)).toEqual(['a1', 'a2', 'a3']);
    const shifts = await file('shifts.csv', 'seat,from,to,breaks\na7,08:00,09:00,08:15-08:20 08:40-08:45\n');
    const other = await simulate('bench', '--scenario', scenario, '--shifts', shifts, '--json');
    expect((JSON.parse(other.out) as Report).seats.map(({ seat }) => seat)).toEqual(['a7']);
  });

  test.each([
    [['--rate', '60'], 'which site?'],
    [['bench', 'demo'], "'demo' is one too many"],
    [['bench'], 'which calls come?'],
    [['bench', '--rate', '1,2'], 'has 2 numbers; give one, or 24'],
    [['bench', '--rate', 'sixty'], "'sixty' is not a number"],
    [['bench', '--rate', '60', '--no-answer', '2'], "--no-answer: '2' is not a number from 0 to 1"],
    [['bench', '--rate', '60', '--hours', '8-18'], '--hours: write a span'],
    [['bench', '--rate', '60', '--day', '2026-02-31'], 'is no date'],
    [['bench', '--rate', '60', '--sets', '4'], "Unknown option '--sets'"],
    [['demo', '--rate', '60'], 'for which queue?'],
  ])('wrong usage is 2 and told: %j', async (argv, words) => {
    const { code, out, err } = await simulate(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(words);
  });

  test('errors in files are 1, with file, line and remedy', async () => {
    const scenario = await file('bad.yaml', 'calls:\n  support: { rat: 60 }\nhours: "25:00-26:00"\n');
    const bad = await simulate('bench', '--scenario', scenario);
    expect(bad.code).toBe(1);
    expect(bad.err).toContain(`${scenario}:2:14 error UNKNOWN_KEY 'rat' is not a key`);
    const spans = await file('spans.yaml', 'calls:\n  support: { rate: 60 }\nhours: "25:00-26:00"\n');
    expect((await simulate('bench', '--scenario', spans)).err).toContain(`${spans}:3:8 error BAD_VALUE`);
    const calls = await file('bad.csv', 'time,queue,talk\n08:00,support,60\nnoon,support,60\n');
    const told = await simulate('bench', '--arrivals', calls);
    expect([told.code, told.err.split('\n')[0]]).toEqual([1, `${calls}:3:1 error BAD_VALUE 'noon' is no time`]);
    const gone = await simulate('bench', '--arrivals', path.join(folder, 'none.csv'));
    expect([gone.code, gone.err.includes('FILE_UNREADABLE')]).toEqual([1, true]);
  });

  test('what a site does not have is 1', async () => {
    const queue = await simulate('bench', '--rate', 'suport=60');
    expect([queue.code, queue.err.includes("has no queue 'suport'; did you mean 'support'?")]).toEqual([1, true]);
    const seats = await simulate('demo', '--rate', 'support=60', '--seats', '11');
    expect([seats.code, seats.err]).toEqual([1, 'sightline simulate: the site demo has 10 seats, not 11\n']);
    const site = await siteWith('unknown-key');
    const faulty = await simulate(site, '--rate', '60');
    await rm(site, { recursive: true, force: true });
    expect([faulty.code, faulty.err.includes('UNKNOWN_KEY')]).toEqual([1, true]);
  });
});
