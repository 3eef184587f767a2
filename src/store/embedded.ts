import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';

/** A redis-server of our own, reached by a Unix socket only. */
export interface EmbeddedRedis {
  url: string;
  pid: number | undefined;
  close(): Promise<void>;
}

/** The longest path that fits into a Unix socket address on Linux, less the closing zero. */
const SOCKET_PATH_MAX = 107;
const START_DEADLINE = 10_000;
const JOIN_DEADLINE = 1_000;
const RESTART_DELAY = 100;

/** The folders whose server this process will stop. */
const ownedHere = new Set<string>();

/**
 * Starts redis-server on the data in `dataDir`, or joins the one that already serves it: the child outlives a killed
 * application on purpose, so that calls and tickets are still there when the application comes back. It is restarted
 * when it dies, and stopped by `close` of the process that owns it.
 *
 * @throws SightlineError STORE_UNAVAILABLE when redis-server is missing or does not get ready.
 */
export async function startEmbedded(dataDir: string, log: Logger): Promise<EmbeddedRedis> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const server = new RedisProcess(path.resolve(dataDir), log);
  await server.start();

  return server;
}

class RedisProcess implements EmbeddedRedis {
  readonly url: string;
  private readonly socket: string;
  private readonly ownerFile: string;
  private child: ChildProcess | undefined;
  private owner = false;
  private closing: Promise<void> | undefined;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataDir: string,
    private readonly log: Logger,
  ) {
    this.socket = socketFor(dataDir);
    this.ownerFile = path.join(dataDir, 'owner.pid');
    this.url = `unix:${this.socket}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(): Promise<void> {
    // One that another process is just starting is waited for: two servers must never write the same data.
    const joined =
      (await answers(this.socket)) || (this.isOwned() && (await answersWithin(this.socket, JOIN_DEADLINE)));
    this.owner = !joined || !this.isOwned();
    if (this.owner) {
      writeFileSync(this.ownerFile, String(process.pid));
      ownedHere.add(this.dataDir);
    }
    if (joined) {
      this.log.info(
        { socket: this.socket, owner: this.owner },
        'joined the redis-server that serves this data already',
      );
    } else {
      this.spawn();
      await this.untilReady();
    }
  }

  close(): Promise<void> {
    this.closing ??= this.stop();

    return this.closing;
  }

  /** True when a living process, or another part of this one, will stop the server. */
  private isOwned(): boolean {
    const pid = readPid(this.ownerFile);

    // The number of a dead process may have become ours.
    return pid === process.pid ? ownedHere.has(this.dataDir) : isAlive(pid);
  }

  private spawn(): void {
    const child = spawn('redis-server', this.arguments(), {
      cwd: this.dataDir,
      // A group of its own: Ctrl-C at the terminal must not take the store away before the application has tidied up.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    child.unref();
    child.once('error', (error) => this.log.error({ err: error }, 'redis-server cannot be started'));
    child.once('exit', (code, signal) => this.onExit(child, code, signal));
    this.child = child;
  }

  private arguments(): string[] {
    const options: Record<string, string> = {
      port: '0',
      unixsocket: this.socket,
      unixsocketperm: '700',
      dir: this.dataDir,
      daemonize: 'no',
      logfile: path.join(this.dataDir, 'redis.log'),
      save: '',
      appendonly: 'yes',
      appendfsync: 'everysec',
      'maxmemory-policy': 'noeviction',
    };

    return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  }

  private onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.child !== child) return;
    this.child = undefined;
    if (this.closing) return;
    this.log.error({ code, signal }, 'redis-server has ended; starting it again');
    this.restart = setTimeout(() => this.spawn(), RESTART_DELAY);
    this.restart.unref();
  }

  private async untilReady(): Promise<void> {
    const child = this.child;
    let failure: string | undefined;
    child?.once('error', (error) => (failure = (error as NodeJS.ErrnoException).code ?? error.message));
    child?.once('exit', (code) => (failure = `ended with code ${code}`));
    for (const end = Date.now() + START_DEADLINE; Date.now() < end && failure === undefined;) {
      if (await answers(this.socket)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.close();
    throw new SightlineError('STORE_UNAVAILABLE', this.advice(failure ?? `not ready after ${START_DEADLINE / 1000} s`));
  }

  private advice(failure: string): string {
    return failure === 'ENOENT'
      ? 'redis-server is not installed: run ./scripts/setup, or set REDIS_URL to a Redis that runs elsewhere'
      : `redis-server could not be started on ${this.dataDir} (${failure}); see redis.log there, or set REDIS_URL`;
  }

  private async stop(): Promise<void> {
    clearTimeout(this.restart);
    const child = this.child;
    const gone = child && new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // Its end is waited for: with nothing else left to do this process would leave before, and say nothing of why it stops.
    child?.ref();
    if (this.owner) {
      ownedHere.delete(this.dataDir);
      await shutDown(this.socket);
    }
    if (gone && child.exitCode === null && child.pid !== undefined) {
      child.kill('SIGTERM');
      await gone;
    }
  }
}

function socketFor(dataDir: string): string {
  const inside = path.join(dataDir, 'redis.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_MAX) return inside;
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);

  return path.join(os.tmpdir(), `sightline-${name}.sock`);
}

async function withClient<T>(socket: string, use: (client: Redis) => Promise<T>): Promise<T | undefined> {
  // By then all is said. ioredis waits also for a connection that Redis has closed before, which would hold up the end of the process.
  const end: RedisOptions = { disconnectTimeout: 0 };
  const client = new Redis(socket, { ...end, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();

    return await use(client);
  } catch {
    return undefined;
  } finally {
    client.disconnect();
  }
}

async function answers(socket: string): Promise<boolean> {
  return (await withClient(socket, (client) => client.ping())) === 'PONG';
}

async function answersWithin(socket: string, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (await answers(socket)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  return false;
}

async function shutDown(socket: string): Promise<void> {
  await withClient(socket, (client) => client.shutdown());
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);

    return true;
  } catch {
    return false;
  }
}
