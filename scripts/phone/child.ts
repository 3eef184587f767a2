import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { WaitError } from './wait';

export interface ChildOptions {
  /** How it is called in error messages. */
  name: string;
  command: string;
  args?: readonly string[];
  /** Added to, or with undefined taken out of, the environment of this process. */
  env?: Record<string, string | undefined>;
  cwd?: string;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const keptLines = 400;
const running = new Set<ChildProcess>();

// Whatever ends this process, no child outlives it; a server gets the chance to end its own children.
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** A process that this one started: its lines can be waited for, and its errors are told with its last lines. */
export class Child {
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  private readonly listeners = new Set<(line: string) => void>();
  private readonly partial = { stdout: '', stderr: '' };

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    running.add(child);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => this.take(stream, text));
    }
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  /** @throws Error when the program cannot be started. */
  static async start(options: ChildOptions): Promise<Child> {
    const env = { ...process.env, ...options.env };
    // In a group of its own: Ctrl-C reaches this process alone, which then ends its children in order.
    const spawnOptions: SpawnOptions = { cwd: options.cwd, env, stdio: 'pipe', detached: true };
    const child = spawn(options.command, [...(options.args ?? [])], spawnOptions);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Error(`${options.name} cannot be started: ${error.message}`)));
    });

    return new Child(options.name, child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  onLine(listener: (line: string) => void): () => void {
    this.listeners.add(listener);

    return () => this.listeners.delete(listener);
  }

  /**
   * The first line, past or to come, of which `read` makes something.
   * @throws Error with the last lines when the process ends before, or after `timeout` ms.
   */
  waitForLine<T>(what: string, read: (line: string) => T | undefined, timeout = 20_000): Promise<T> {
    for (const line of this.lines) {
      const found = read(line);
      if (found !== undefined) return Promise.resolve(found);
    }

    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(limit);
        off();
      };
      const off = this.onLine((line) => {
        const found = read(line);
        if (found === undefined) return;
        end();
        resolve(found);
      });
      const limit = setTimeout(() => {
        end();
        reject(new WaitError(`${what} from ${this.name}`, timeout, this.tail()));
      }, timeout);
      void this.exited.then(() => {
        end();
        reject(new Error(`${this.name} ended (${this.describeExit()}) before ${what}; ${this.tail()}`));
      });
    });
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.exit) this.child.kill(signal);
  }

  /** Asks it to end and waits for that; after `grace` ms it is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', grace = 10_000): Promise<Exit> {
    if (this.exit) return this.exit;
    this.child.kill(signal);
    const hard = setTimeout(() => this.child.kill('SIGKILL'), grace);
    const exit = await this.exited;
    clearTimeout(hard);

    return exit;
  }

  /** The last lines in words, for an error message. */
  tail(count = 15): string {
    const last = this.lines.slice(-count);

    return last.length === 0 ? 'it printed nothing' : `its last lines:\n  ${last.join('\n  ')}`;
  }

  describeExit(): string {
    if (!this.exit) return 'running';

    return this.exit.signal === null ? `exit code ${this.exit.code}` : `signal ${this.exit.signal}`;
  }

  private take(stream: 'stdout' | 'stderr', text: string): void {
    const parts = (this.partial[stream] + text).split('\n');
    this.partial[stream] = parts.pop()!;
    for (const line of parts) {
      this.lines.push(line);
      if (this.lines.length > keptLines) this.lines.shift();
      for (const listener of [...this.listeners]) listener(line);
    }
  }
}
