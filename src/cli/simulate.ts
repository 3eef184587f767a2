import { readFile } from 'node:fs/promises';
import { type Fault, faultLine, hasErrors } from '../dialplan/faults';
import { loadSite } from '../dialplan/load';
import type { Plan } from '../dialplan/model';
import { compare, printComparison } from '../simulate/compare';
import { dayDefaults, dayOf, demandOf, midnightOf, patienceSpread, spreadOf } from '../simulate/day';
import { reportOf } from '../simulate/figures';
import type { Report } from '../simulate/figures';
import type { Arrival } from '../simulate/model';
import { play } from '../simulate/play';
import { simulatedPlan } from '../simulate/plan';
import { printReport } from '../simulate/print';
import { readArrivals } from '../simulate/recorded';
import { readScenario } from '../simulate/scenario';
import type { Scenario } from '../simulate/scenario';
import { shiftsOfCsv } from '../simulate/shifts-file';
import type { CheckIo } from './check';
import { readSimulateOptions } from './simulate-options';
import type { SimulateOptions } from './simulate-options';
import { shownPath, siteFolder, sitesHint } from './sites';

const usage = `Usage: sightline simulate <site> [options]

Plays a day of calls through the ranking of the dialplan, without a server, and prints service levels, waits, occupancy.
docs/simulate.md explains every figure and the files.

  <site>                  the name of a folder in dialplans/, or the path of a folder
  --scenario FILE         a day as YAML: calls, talks, patience, shifts; options take the place of what it says
  --arrivals FILE         recorded calls as CSV or JSON, in place of calls by chance
  --rate [QUEUE=]N        calls an hour; 24 numbers joined by commas for the hours of the day; once a queue
  --talk MEAN[,CV]        length of talks in seconds, lognormal (180,0.8)
  --patience MEAN[,CV]    how long people wait in seconds (nobody gives up)
  --seats N               the first N seats of the directory work all day (all)
  --shifts FILE           who works when, as CSV: seat, from, to, breaks
  --answer MEAN[,CV]      seconds until a seat answers (5,0.5)
  --no-answer SHARE       share of calls that a seat lets ring out (0)
  --reject SHARE          share of calls that a seat rejects (0)
  --hours FROM-TO         when calls come, and seats work (00:00-24:00)
  --day DATE              the date of the day, for opening hours (2026-01-05)
  --seed N                seed of all chance (1): the same seed gives the same day
  --threshold T           seconds for the service level (20)
  --compare OTHER-SITE    plays the same calls with another plan, too, and prints the differences
  --agents                lists every agent
  --json                  prints JSON

Exit code: 0 the day was played, 1 a site or a file has errors, 2 the command was not understood.
`;

/** What keeps a day from being played: lines for the person at the command line. */
class Unplayable extends Error {
  constructor(
    readonly lines: readonly string[],
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(lines[0]);
  }
}

/** `sightline simulate`. Returns the exit code: 0 played, 1 errors in files, 2 wrong usage. */
export async function runSimulate(argv: readonly string[], io: CheckIo): Promise<number> {
  const options = readSimulateOptions(argv);
  if (options === 'help') return print(io.stdout, [usage.trimEnd()], 0);
  if (typeof options === 'string') {
    return print(io.stderr, [`sightline simulate: ${options}`, `${await sitesHint()}`, usage.trimEnd()], 2);
  }
  try {
    return print(io.stdout, await simulate(options, io), 0);
  } catch (error) {
    if (!(error instanceof Unplayable)) throw error;

    return print(io.stderr, error.lines, error.exitCode);
  }
}

function print(to: { write(text: string): unknown }, lines: readonly string[], code: number): number {
  to.write(`${lines.join('\n')}\n`);

  return code;
}

async function simulate(options: SimulateOptions, io: CheckIo): Promise<string[]> {
  const plans = [await planOf(options.site, io)];
  if (options.compare !== undefined) plans.push(await planOf(options.compare, io));
  const [first] = plans;
  if (!first) return [];
  const zone = first.timezone;
  const scenario = await scenarioOf(options, first);
  const midnight = midnightOf(scenario, zone);
  if (!Number.isFinite(midnight)) throw new Unplayable([`sightline simulate: '${scenario.day}' is no date`], 2);
  const arrivals = await arrivalsFor(options, scenario, midnight, zone);
  const reports = plans.map((plan) => reportFor(plan, scenario, { arrivals, midnight, io }));
  const [one, other] = reports;
  if (!one) return [];
  if (options.json) return [JSON.stringify(other ? { reports, compared: compare(one, other) } : one, undefined, 2)];
  if (other) return printComparison(one, other);

  return printReport(one, zone, options.agents);
}

async function planOf(site: string, io: CheckIo): Promise<Plan> {
  const folder = siteFolder(site, io.cwd());
  const { plan, faults } = await loadSite(folder, { env: io.env });
  if (plan) return plan;
  const shown = shownPath(folder, io.cwd());
  const errors = faults.filter((fault) => fault.severity === 'error');

  throw new Unplayable([
    ...linesOf(errors, shown === '.' ? '' : `${shown}/`),
    '',
    `${shown}: the dialplan cannot be used; sightline check tells all of its faults`,
  ]);
}

function linesOf(faults: readonly Fault[], prefix = ''): string[] {
  return faults.flatMap((fault) => [faultLine(fault, prefix), `    ${fault.remedy}`]);
}

async function scenarioOf(options: SimulateOptions, plan: Plan): Promise<Scenario> {
  const { scenario: file, shifts: shiftsFile, given, rates } = options;
  const { scenario = {}, faults } = file === undefined ? { faults: [] } : await readScenario(file);
  if (hasErrors(faults)) throw new Unplayable(linesOf(faults));
  const calls = { ...scenario.calls };
  for (const [name, rate] of Object.entries(rates)) {
    const queue = name === '' ? onlyQueue(plan) : name;
    calls[queue] = { ...calls[queue], rate };
  }
  const merged: Scenario = { ...scenario, ...given, calls };
  if (shiftsFile !== undefined) merged.shifts = await shiftsFrom(shiftsFile);
  else if (given.seats !== undefined) delete merged.shifts;

  return merged;
}

function onlyQueue({ queues }: Plan): string {
  const [only, ...more] = queues.keys();
  if (only !== undefined && more.length === 0) return only;
  const names = [...queues.keys()].join(', ');

  throw new Unplayable([`sightline simulate: --rate: for which queue? Write --rate QUEUE=N; queues: ${names}`], 2);
}

async function shiftsFrom(file: string): Promise<NonNullable<Scenario['shifts']>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Unplayable([`sightline simulate: ${file} cannot be read: ${(error as Error).message}`]);
  }
  const { shifts, faults } = shiftsOfCsv(file, text);
  if (faults.length > 0) throw new Unplayable(linesOf(faults));

  return shifts;
}

async function arrivalsFor(
  { arrivals: file }: SimulateOptions,
  scenario: Scenario,
  midnight: number,
  zone: string,
): Promise<Arrival[]> {
  if (file === undefined) {
    const isEmpty = Object.keys(scenario.calls ?? {}).length + Object.keys(scenario.flows ?? {}).length === 0;
    if (isEmpty) {
      throw new Unplayable(['sightline simulate: which calls come? Give --rate, --scenario or --arrivals.', usage], 2);
    }

    return demandOf(scenario, midnight);
  }
  const { arrivals, faults } = await readArrivals(file, {
    ...{ talk: spreadOf(scenario.talk, dayDefaults.talk), patience: patienceSpread(scenario.patience) },
    ...{ seed: scenario.seed ?? dayDefaults.seed, midnight, zone },
  });
  if (hasErrors(faults)) throw new Unplayable(linesOf(faults));

  return arrivals;
}

function reportFor(
  source: Plan,
  scenario: Scenario,
  { arrivals, midnight, io }: { arrivals: Arrival[]; midnight: number; io: CheckIo },
): Report {
  const plan = simulatedPlan(source);
  const day = dayOf(plan, scenario, arrivals, midnight);
  if ('wrong' in day) throw new Unplayable(day.wrong.map((one) => `sightline simulate: ${one}`));
  const seen = play(plan, day, progressTo(io, plan.site));
  const { threshold = dayDefaults.threshold } = scenario;

  return reportOf(plan, seen, { from: day.from, seed: day.seed, threshold });
}

/** Says once a second how far a long day is. */
function progressTo({ stderr }: CheckIo, site: string): (done: number) => void {
  let said = Date.now();

  return (done) => {
    if (Date.now() - said < 1_000) return;
    said = Date.now();
    stderr.write(`${site}: ${Math.min(100, Math.round(done * 100))} % of the day\n`);
  };
}
