import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

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
  const port = await freePort();
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
    this.child = spawn('redis-server', [...args, ...append].map(String), { stdio: 'ignore' });
    await once(this.child, 'spawn');
    await untilReady(this.port);
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

async function untilReady(port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 10 });
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    client.once('ready', () => resolve());
    client.connect().catch(() => undefined);
  });
  client.disconnect();
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');

  return port;
}
