import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Fault, faultLine, hasErrors } from '../dialplan/faults';
import { loadSite } from '../dialplan/load';
import type { Environment } from '../dialplan/reader';
import { summaryLines, summaryOf } from '../dialplan/summary';
import { shownPath, siteFolder, sitesHint } from './sites';

/** What the command needs of the process. */
export interface CheckIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Environment;
  cwd(): string;
}

const usage = `Usage: sightline check <site> [--json] [--strict]

  <site>     the name of a folder in dialplans/, or the path of a folder
  --json     faults and summary as JSON
  --strict   warnings count as errors

Every fault is told with its file, line, column and remedy; dialplans/README.md explains the codes.
Exit code: 0 the dialplan can be used, 1 it has errors, 2 the command was not understood.
`;

interface Options {
  site: string;
  json: boolean;
  strict: boolean;
}

/** `sightline check`: tells every fault of a site. Returns the exit code: 0 good, 1 errors, 2 wrong usage. */
export async function runCheck(argv: readonly string[], io: CheckIo): Promise<number> {
  const options = readOptions(argv);
  if (options === 'help') return print(io.stdout, usage, 0);
  if (typeof options === 'string')
    return print(io.stderr, `sightline check: ${options}\n${await sitesHint()}\n${usage}`, 2);
  const folder = siteFolder(options.site, io.cwd());
  const { plan, faults } = await loadSite(folder, { env: io.env });
  const good = !hasErrors(faults) && !(options.strict && faults.length > 0);
  const shown = shownPath(folder, io.cwd());
  if (options.json) {
    const summary = plan ? { version: plan.version, summary: summaryOf(plan) } : {};
    const report = { site: path.basename(folder), folder: shown, good, ...count(faults), faults, ...summary };

    return print(io.stdout, `${JSON.stringify(report, undefined, 2)}\n`, good ? 0 : 1);
  }
  const prefix = shown === '.' ? '' : `${shown}/`;
  const lines = faults.flatMap((fault) => [faultLine(fault, prefix), `    ${fault.remedy}`]);
  const end =
    good && plan
      ? [`${shown}: good${warned(faults)}, version ${plan.version}`, ...summaryLines(plan)]
      : [verdict(shown, faults)];

  return print(io.stdout, `${[...lines, ...(lines.length > 0 ? [''] : []), ...end].join('\n')}\n`, good ? 0 : 1);
}

function print(to: { write(text: string): unknown }, text: string, code: number): number {
  to.write(text);

  return code;
}

/** The options; or `help`; or what is wrong with them. */
function readOptions(argv: readonly string[]): Options | string {
  let read: { values: { json?: boolean; strict?: boolean; help?: boolean }; positionals: string[] };
  try {
    const flag = { type: 'boolean' } as const;
    const options = { json: flag, strict: flag, help: { ...flag, short: 'h' } } as const;
    read = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    return (error as Error).message.split('. ')[0]!;
  }
  const { values, positionals } = read;
  if (values.help) return 'help';
  const [site, ...more] = positionals;
  if (site === undefined || site === '') return 'which site? Give its name or its folder.';
  if (more.length > 0) return `one site at a time; '${more[0]}' is one too many.`;

  return { site, json: values.json === true, strict: values.strict === true };
}

function count(faults: readonly Fault[]): { errors: number; warnings: number } {
  const errors = faults.filter((fault) => fault.severity === 'error').length;

  return { errors, warnings: faults.length - errors };
}

function verdict(shown: string, faults: readonly Fault[]): string {
  const { errors, warnings } = count(faults);
  const also = warnings > 0 ? ` and ${many(warnings, 'warning')}` : '';
  const told = errors > 0 ? `${many(errors, 'error')}${also}` : many(warnings, 'warning');

  return `${shown}: ${told}; the dialplan cannot be used${errors > 0 ? '' : ' under --strict'}`;
}

function warned(faults: readonly Fault[]): string {
  return faults.length > 0 ? ` with ${many(faults.length, 'warning')}` : '';
}

function many(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
