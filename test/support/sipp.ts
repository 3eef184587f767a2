import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';
import { Child } from '../../scripts/phone/child';
import { freeUdpPort } from './ports';

export interface SippOptions {
  /** File in test/scenarios without `.xml`, or a path. */
  scenario: string;
  /** The other side; left out for a scenario that waits to be called. */
  remote?: { host: string; port: number };
  /** `[service]` of the scenario: the user called. */
  service?: string;
  /** `[user]` of the scenario, and what `[authentication]` answers with. */
  login?: { user: string; password: string };
  /** Own UDP port; left out: any free one. */
  port?: number;
  /** Default 1. */
  calls?: number;
  /** s until it is given up; default 40. */
  timeout?: number;
}

export interface SippResult {
  /** 0: every call went through the scenario; 1: at least one did not. */
  code: number;
  /** What sipp wrote about errors, and what of the messages it saw last. */
  report: string;
}

/** A running sipp. */
export class Sipp {
  private constructor(
    private readonly child: Child,
    private readonly dir: string,
    readonly port: number,
    private readonly options: SippOptions,
  ) {}

  static async start(options: SippOptions): Promise<Sipp> {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'sipp-'));
    const port = options.port ?? (await freeUdpPort());
    const child = await Child.start({
      name: `sipp ${options.scenario}`,
      command: 'sipp',
      args: sippArguments(options, port),
      cwd: dir,
      env: { TERM: 'dumb' },
    });

    return new Sipp(child, dir, port, options);
  }

  /** Waits for its end. */
  async finish(): Promise<SippResult> {
    const exit = await this.child.exited;
    const report = await this.report();
    await rm(this.dir, { recursive: true, force: true });

    return { code: exit.code ?? 255, report };
  }

  /** Ends one that waits for calls. */
  async stop(): Promise<SippResult> {
    // SIGUSR1 lets sipp end what is under way and exit (its manual, "traffic control").
    await this.child.stop('SIGUSR1', 2000);

    return this.finish();
  }

  private async report(): Promise<string> {
    const parts = [`sipp ${this.options.scenario}: ${this.child.describeExit()}`];
    for (const name of await readdir(this.dir)) {
      const text = await readFile(path.join(this.dir, name), 'utf8');
      if (name.includes('errors')) parts.push(text.slice(-3000));
      if (name.includes('messages')) parts.push(`its messages:\n${text.slice(-6000)}`);
    }
    if (parts.length === 1) parts.push(this.child.tail());

    return parts.join('\n');
  }
}

function sippArguments(options: SippOptions, port: number): string[] {
  const { scenario, remote, service, login, calls = 1, timeout = 40 } = options;
  const file = scenario.includes('/') ? scenario : inProject('test', 'scenarios', `${scenario}.xml`);
  const args = ['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-m', String(calls), '-nostdin'];
  args.push('-timeout', `${timeout}s`, '-timeout_error', '-trace_err', '-trace_msg', '-trace_screen');
  if (service !== undefined) args.push('-s', service);
  if (login) args.push('-key', 'user', login.user, '-au', login.user, '-ap', login.password);
  if (remote) args.push(`${remote.host}:${remote.port}`);

  return args;
}

/** Runs a scenario to its end. @throws Error with sipp's own report when it did not go through. */
export async function runSipp(options: SippOptions): Promise<void> {
  const result = await (await Sipp.start(options)).finish();
  if (result.code !== 0) throw new Error(result.report);
}
