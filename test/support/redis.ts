import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { lastingPort } from './ports';

/** A redis-server for tests: on a port of its own, killed and started again at will, its data kept in between. */
export interface TestRedis {
  port: number;
  url: string;
  /** Ends it without a chance to tidy up (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port and the same data. */
  start(): Promise<void>;
  /** Stops it (SIGSTOP) so that it takes connections but answers nothing; `thaw` lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

let shared: Promise<TestRedis> | undefined;

/** The redis-server that all tests of one file share; tests keep apart by random site names. */
export function sharedRedis(): Promise<TestRedis> {
  shared ??= startRedis();

  return shared;
}

/** Ends the shared redis-server; call it in `afterAll`. */
export async function closeSharedRedis(): Promise<void> {
  const started = shared;
  shared = undefined;
  await (await started)?.close();
}

/** A site name that no other test uses. */
export function randomSite(): string {
  return `t${Math.random().toString(36).slice(2, 12)}`;
}

export async function startRedis(options: { appendonly?: boolean } = {}): Promise<TestRedis> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sightline-redis-'));
  // While it is away nobody else gets its port: not even one of those who try to reach it, as the port that he comes from.
  const port = await lastingPort();
  const server = new Server(port, dir, options.appendonly ?? false);
  await server.start();

  return server;
}

class Server implements TestRedis {
  readonly url: string;
  private child: ChildProcess | undefined;

  constructor(
    readonly port: number,
    private readonly dir: string,
    private readonly appendonly: boolean,
  ) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.dir, '--save', '', '--daemonize', 'no'];
    const append = ['--appendonly', this.appendonly ? 'yes' : 'no', '--appendfsync', 'always'];
    const child = spawn('redis-server', [...args, ...append].map(String), { stdio: 'ignore' });
    this.child = child;
    await once(child, 'spawn');
    await untilReady(this.port, child);
  }

  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** @throws Error when it ends by itself, as when somebody has taken its port a moment before. */
async function untilReady(port: number, child: ChildProcess): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 10 });
  client.on('error', () => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`redis-server has ended with code ${code}`)));
      client.once('ready', () => resolve());
      client.connect().catch(() => undefined);
    });
  } finally {
    client.disconnect();
  }
}
