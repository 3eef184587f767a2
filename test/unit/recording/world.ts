import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pino from 'pino';
import { ManualClock } from '../../../src/lib/clock';
import { recover } from '../../../src/calls/recorded';
import type { About, Asker } from '../../../src/recording/model';
import { RecordingStore, type RecordingStoreOptions } from '../../../src/recording/store';
import { makeKeys } from '../../../src/store/keys';
import { randomSite, sharedRedis } from '../../support/redis';

export const agent: Asker = { kind: 'agent', who: '2001' };

export const about: About = {
  call: 'call_1',
  queue: 'support',
  seat: '2001',
  terminal: '1001',
  by: agent,
  why: 'a contract is agreed on',
  retention: 30,
};

/** Folder, Redis and clock of one test; stores over them are opened and closed at will. */
export class RecordingWorld {
  readonly clock = new ManualClock(Date.UTC(2026, 4, 17, 12));
  readonly log: Record<string, unknown>[] = [];
  /** What `compose` was asked for. */
  readonly composed: string[][] = [];
  private readonly opened: RecordingStore[] = [];

  private constructor(
    readonly folder: string,
    readonly redis: Redis,
    readonly site: string,
  ) {}

  static async start(folder?: string): Promise<RecordingWorld> {
    const { url } = await sharedRedis();
    const own = folder ?? (await mkdtemp(path.join(os.tmpdir(), 'sightline-recordings-')));

    return new RecordingWorld(own, new Redis(url), randomSite());
  }

  /** Opens the folder, and waits until what was left in it is looked through. */
  async store(options: Partial<RecordingStoreOptions> = {}): Promise<RecordingStore> {
    const store = await this.open(options);
    await store.settled();

    return store;
  }

  async open(options: Partial<RecordingStoreOptions> = {}): Promise<RecordingStore> {
    const store = await RecordingStore.open({
      folder: this.folder,
      redis: this.redis,
      keys: makeKeys(this.site),
      node: 'node-a',
      clock: this.clock,
      log: pino({ level: 'debug' }, { write: (line: string) => void this.log.push(JSON.parse(line) as never) }),
      compose: async (parts, target) => {
        this.composed.push(parts.map(({ file }) => file));
        await copyFile(parts[0]!.file, target);
      },
      recover,
      ...options,
    });
    this.opened.push(store);

    return store;
  }

  logged(message: RegExp): Record<string, unknown>[] {
    return this.log.filter(({ msg }) => message.test(String(msg)));
  }

  /** Every file below the folder, relative to it. */
  async files(): Promise<string[]> {
    const found = await readdir(this.folder, { recursive: true, withFileTypes: true });

    return found
      .filter((one) => one.isFile())
      .map((one) => path.relative(this.folder, path.join(one.parentPath, one.name)))
      .sort();
  }

  async sidecar(id: string): Promise<Record<string, unknown>> {
    const name = (await this.files()).find((file) => file.endsWith(`${id}.json`));

    return JSON.parse(await readFile(path.join(this.folder, name ?? id), 'utf8')) as Record<string, unknown>;
  }

  async indexed(): Promise<string[]> {
    return (await this.redis.keys(`${makeKeys(this.site).root}*`)).sort();
  }

  async close(): Promise<void> {
    for (const store of this.opened) await store.close();
    this.redis.disconnect();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** A real Matroska file of one second with sound and picture. */
export async function writeMedia(file: string): Promise<void> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=10:duration=1'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=1'];
  const codecs = ['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'pcm_mulaw', '-ar', '8000'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', ...picture, ...sound, ...codecs, '-y', file]);
}
