import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../../../lib/logger';
import { newToken } from '../../../lib/ids';

/** Values by key, bounded by the sum of their sizes; what was not asked for longest goes first. */
export class MemoryCache<V> {
  private readonly entries = new Map<string, { value: V; size: number }>();
  private total = 0;

  constructor(private readonly most: number) {}

  get bytes(): number {
    return this.total;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);

    return entry.value;
  }

  /** A value larger than half of all is not kept: it would push out everything that is asked for often. */
  set(key: string, value: V, size: number): void {
    this.delete(key);
    if (size > this.most / 2) return;
    this.entries.set(key, { value, size });
    this.total += size;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.most) return;
      this.delete(oldest);
    }
  }

  private delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.size;
  }

  clear(): void {
    this.entries.clear();
    this.total = 0;
  }
}

const extension = '.clip';
/** Temporary files older than this were left by a process that was killed. Milliseconds. */
const abandoned = 600_000;

/**
 * Files by key in one folder, bounded by the sum of their sizes; several processes may share it. A file appears whole or not at all.
 * A cache must never keep anybody from working: a folder that cannot be written is told once in the log.
 */
export class DiskCache {
  private told = false;
  /** Bytes in the folder as far as known; undefined before the first look. */
  private total: number | undefined;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly dir: string,
    private readonly most: number,
    private readonly log: Logger,
  ) {}

  async get(key: string): Promise<Buffer | undefined> {
    const file = this.fileOf(key);
    try {
      const bytes = await readFile(file);
      // The time of use decides what goes first when there is too much.
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);

      return bytes;
    } catch {
      return undefined;
    }
  }

  async set(key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.most / 4) return;
    const temporary = path.join(this.dir, `${key}.${newToken()}.tmp`);
    try {
      await mkdir(this.dir, { recursive: true });
      await writeFile(temporary, bytes);
      await rename(temporary, this.fileOf(key));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      this.tell(error);

      return;
    }
    if (this.total !== undefined) this.total += bytes.length;
    if (this.total === undefined || this.total > this.most) await this.sweep();
  }

  private fileOf(key: string): string {
    return path.join(this.dir, key + extension);
  }

  private tell(error: unknown): void {
    if (this.told) return;
    this.told = true;
    this.log.warn(
      { err: error, folder: this.dir },
      'made pictures and sounds cannot be kept on disk; they are made again',
    );
  }

  /** Brings the folder down to three quarters of its bound, so that it is not swept at each new file. */
  private sweep(): Promise<void> {
    this.sweeping ??= this.sweepOnce()
      .catch((error: unknown) => this.tell(error))
      .finally(() => {
        this.sweeping = undefined;
      });

    return this.sweeping;
  }

  private async sweepOnce(): Promise<void> {
    const files = await this.list();
    let total = files.reduce((sum, { size }) => sum + size, 0);
    const bound = total > this.most ? this.most * 0.75 : this.most;
    files.sort((a, b) => a.usedAt - b.usedAt);
    for (const { file, size, stale } of files) {
      if (total <= bound && !stale) continue;
      await rm(file, { force: true });
      total -= size;
    }
    this.total = total;
  }

  private async list(): Promise<{ file: string; size: number; usedAt: number; stale: boolean }[]> {
    const names = (await readdir(this.dir)).filter((name) => name.endsWith(extension) || name.endsWith('.tmp'));
    const found = names.map(async (name) => {
      const file = path.join(this.dir, name);
      const entry = await stat(file).catch(() => undefined);
      if (!entry?.isFile()) return [];
      const stale = name.endsWith('.tmp') && Date.now() - entry.mtimeMs > abandoned;

      return name.endsWith('.tmp') && !stale ? [] : [{ file, size: entry.size, usedAt: entry.mtimeMs, stale }];
    });

    return (await Promise.all(found)).flat();
  }
}
