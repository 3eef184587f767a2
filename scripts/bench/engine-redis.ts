import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A redis-server for one run, reached by a Unix socket, whose data is thrown away afterwards. */
export class BenchRedis {
  private constructor(
    readonly socket: string,
    readonly redis: Redis,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<BenchRedis> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'sightline-bench-'));
    const socket = path.join(folder, 'redis.sock');
    const options = {
      port: '0',
      unixsocket: socket,
      dir: folder,
      save: '',
      appendonly: 'no',
      logfile: `${folder}/log`,
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn('redis-server', words, { stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    await new Promise((resolve, reject) => child.once('spawn', () => resolve(undefined)).once('error', reject));
    const redis = new Redis({ path: socket, retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    await redis.ping();

    return new BenchRedis(socket, redis, child, folder);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Empties it, and sets how it keeps its data. */
  async reset(fsync: string): Promise<void> {
    await this.redis.config('SET', 'appendonly', 'no');
    await this.redis.flushall();
    await this.redis.call('SCRIPT', 'FLUSH');
    await this.redis.config('RESETSTAT');
    if (fsync === 'off') return;
    await this.redis.config('SET', 'appendfsync', fsync);
    await this.redis.config('SET', 'appendonly', 'yes');
    while ((await this.redis.info('persistence')).includes('aof_rewrite_in_progress:1')) await pause(20);
  }

  /** µs of CPU of the server itself, as it tells, without its children. */
  async cpuMicros(): Promise<number> {
    const text = await this.redis.info('cpu');
    const at = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? NaN);

    return (at('used_cpu_user') + at('used_cpu_sys')) * 1e6;
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
