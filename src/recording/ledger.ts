import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../lib/clock';
import { asSightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Catalogue } from './catalogue';
import { folderOf, sidecarEnd, tidy, writeWhole } from './files';
import type { Entry } from './model';

/** How long until what could not be written is tried again, in ms. */
const retryMs = 30_000;

export interface LedgerPorts {
  root: string;
  catalogue: Catalogue;
  clock: Clock;
  log: Logger;
}

/**
 * Writes what is known of recordings: first the sidecar, which is the truth, then the index. What cannot be written now
 * (a full disk, a store that is away) is kept and tried again.
 */
export class Ledger {
  /** By id: the newest state that is not on the disk, or not in the index. */
  private readonly behind = new Map<string, { entry: Entry; disk: boolean }>();
  private stopRetry: (() => void) | undefined;
  private closed = false;

  constructor(private readonly ports: LedgerPorts) {}

  /** The absolute path of a file that belongs to an entry. */
  pathOf(entry: Pick<Entry, 'startedAt'>, file: string): string {
    return path.join(this.ports.root, folderOf(entry.startedAt), file);
  }

  /** A first sidecar: without it nothing may be recorded. @throws STORAGE_FULL and what else the disk says */
  async begin(entry: Entry): Promise<void> {
    await this.toDisk(entry);
    await this.toIndex(entry);
  }

  /** A later state. Never rejects. */
  async update(entry: Entry): Promise<void> {
    const state = structuredClone(entry);
    try {
      await this.toDisk(state);
      this.behind.delete(state.id);
    } catch (error) {
      this.ports.log.error(
        { err: error, recording: state.id },
        'a sidecar could not be written; it will be tried again',
      );
      this.keep(state, true);
    }
    await this.toIndex(state);
  }

  /** Takes an entry out of the index and its sidecar off the disk, last: a crash in between leaves what can be done again. */
  async forget(entry: Entry): Promise<void> {
    this.behind.delete(entry.id);
    await rm(this.pathOf(entry, entry.id + sidecarEnd), { force: true });
    await tidy(this.ports.root, folderOf(entry.startedAt));
    try {
      await this.ports.catalogue.remove(entry);
    } catch (error) {
      // The walk that follows the return of the store finds that the sidecar is gone.
      this.ports.log.warn({ err: error, recording: entry.id }, 'a deleted recording is still in the index');
    }
  }

  /** The store is back: what it has not heard is told. */
  async retry(): Promise<void> {
    this.stopRetry?.();
    this.stopRetry = undefined;
    for (const { entry, disk } of [...this.behind.values()]) {
      if (disk) await this.update(entry);
      else await this.toIndex(entry);
    }
  }

  /** Tries once more what is left. */
  async close(): Promise<void> {
    this.closed = true;
    await this.retry();
  }

  private toDisk(entry: Entry): Promise<void> {
    return writeWhole(this.pathOf(entry, entry.id + sidecarEnd), `${JSON.stringify(entry, undefined, 2)}\n`);
  }

  private async toIndex(entry: Entry): Promise<void> {
    try {
      await this.ports.catalogue.put(entry);
      if (this.behind.get(entry.id)?.disk === false) this.behind.delete(entry.id);
    } catch (error) {
      const level = asSightlineError(error).code === 'STORE_UNAVAILABLE' ? 'warn' : 'error';
      this.ports.log[level]({ err: error, recording: entry.id }, 'a recording is not in the index yet');
      this.keep(entry, this.behind.get(entry.id)?.disk ?? false);
    }
  }

  private keep(entry: Entry, disk: boolean): void {
    this.behind.set(entry.id, { entry, disk });
    if (this.closed) return;
    this.stopRetry ??= this.ports.clock.after(retryMs, () => {
      this.stopRetry = undefined;
      void this.retry();
    });
  }
}
