import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Redis } from 'ioredis';
import type { Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { Keys } from '../store/keys';
import { Catalogue, type Filter, type Page } from './catalogue';
import {
  asStorageError,
  days,
  draftOf,
  isThere,
  measure,
  measureBytes,
  namesOf,
  renditionEnd,
  sidecarEnd,
  writeWhole,
  type Day,
} from './files';
import { Ledger } from './ledger';
import { daysMs, isOpen } from './model';
import type { About, Asker, Entry, RecordingRecord, Side, SnapshotRecord, StoredPart } from './model';
import { OpenRecording } from './open-recording';
import { filesOf, takeIn, type Recover } from './take-in';

const dayMs = daysMs(1);
/** Days for which files are kept that nobody knows the queue of. */
export const defaultRetention = 90;

/** What a browser plays, made of the parts of a recording: `parts` with whole paths, in ms since the epoch. */
export type Compose = (
  parts: readonly StoredPart[],
  target: string,
  recording: Readonly<RecordingRecord>,
  /** Nobody waits for it any more. */
  signal: AbortSignal,
) => Promise<void>;

export interface RecordingStoreOptions {
  /** The folder `recordings`; made when it is not there. */
  folder: string;
  redis: Redis;
  keys: Keys;
  node: string;
  clock: Clock;
  log: Logger;
  compose: Compose;
  recover: Recover;
  /**
   * How long the files of a former process are left alone after they have changed, and at the start, in ms: an engine that has outlived it may
   * still write them. 0, the default, where none can.
   */
  linger?: number;
}

/** A file to be sent, and what it is. */
export interface FileRef {
  /** Whole path. */
  path: string;
  type: string;
  sha256: string;
}

const types: Record<string, string> = {
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.mp4': 'video/mp4',
  '.wav': 'audio/wav',
  '.png': 'image/png',
};

/** Recordings and snapshots: on the disk with a sidecar each, found by an index in Redis, deleted when their time is over. */
export class RecordingStore {
  private readonly ledger: Ledger;
  private readonly catalogue: Catalogue;
  /** Recordings of this process that are going on. */
  private readonly running = new Map<string, OpenRecording>();
  /** Renditions that are being made, so that two who ask share one. */
  private readonly making = new Map<string, Promise<FileRef>>();
  /** They are made one at a time: calls need the machine, too. */
  private lastMade: Promise<unknown> = Promise.resolve();
  private readonly giveUp = new AbortController();
  private stopSweeps: () => void = () => undefined;
  private stopWaiting: () => void = () => undefined;
  private readonly openedAt: number;
  private walking: Promise<void> | undefined;
  /** What this process has begun while it is looking for what a crash has left. */
  private readonly begun = new Set<string>();
  /** That is taken in. */
  private tookIn = false;
  private closed = false;

  private constructor(private readonly options: RecordingStoreOptions) {
    const { redis, keys, clock, log, folder } = options;
    this.openedAt = clock.now();
    this.catalogue = new Catalogue(redis, keys);
    this.ledger = new Ledger({ root: folder, catalogue: this.catalogue, clock, log });
  }

  /**
   * Opens the folder. From then on, and once a day, what a crash has left is taken in, the index is made to agree with the disk,
   * and what is due is deleted; recordings that begin meanwhile do not wait for that. @throws Error when the folder cannot be made.
   */
  static async open(options: RecordingStoreOptions): Promise<RecordingStore> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const store = new RecordingStore(options);
    store.sweep();

    return store;
  }

  /** Resolves when the walk through the folder that is under way, if one is, is over. */
  async settled(): Promise<void> {
    await this.walking?.catch(() => undefined);
  }

  /**
   * Begins a recording: its sidecar is on the disk when this resolves. What is recorded goes to files that begin with `base`.
   * @throws STORAGE_FULL
   */
  async begin(about: About): Promise<OpenRecording> {
    const startedAt = this.options.clock.now();
    const record: RecordingRecord = {
      ...this.head('recording', about, startedAt),
      ...{ kind: 'recording', parts: [], masked: [], cut: false },
      events: [{ at: startedAt, what: 'start', by: about.by, ...(about.why === undefined ? {} : { why: about.why }) }],
    };
    const recording = new OpenRecording(record, this.ledger, this.options, (id) => this.running.delete(id));
    this.running.set(record.id, recording);
    if (!this.tookIn) this.begun.add(record.id);
    try {
      await this.ledger.begin(record);
    } catch (error) {
      this.running.delete(record.id);
      throw error;
    }

    return recording;
  }

  /** Keeps a picture of what one side showed. @throws STORAGE_FULL */
  async saveSnapshot(about: About, side: Side, png: Buffer): Promise<SnapshotRecord> {
    const head = this.head('snapshot', about, this.options.clock.now());
    const file = `${head.id}.png`;
    const record: SnapshotRecord = { ...head, kind: 'snapshot', side, file, ...measureBytes(png) };
    await this.ledger.begin(record);
    try {
      await writeWhole(this.ledger.pathOf(record, file), png);
    } catch (error) {
      await this.ledger.forget(record);
      throw error;
    }

    return record;
  }

  /** @throws RECORDING_UNKNOWN, STORE_UNAVAILABLE */
  async find(id: string): Promise<RecordingRecord> {
    const running = this.running.get(id);
    if (running) return structuredClone(running.record);
    const entry = await this.catalogue.find(id);
    if (entry?.kind !== 'recording') throw new SightlineError('RECORDING_UNKNOWN');

    return entry;
  }

  /** @throws STORE_UNAVAILABLE */
  recordings(filter: Filter): Promise<Page<RecordingRecord>> {
    return this.catalogue.page('recording', filter);
  }

  /** @throws STORE_UNAVAILABLE */
  snapshots(filter: Filter): Promise<Page<SnapshotRecord>> {
    return this.catalogue.page('snapshot', filter);
  }

  /** The PNG of a snapshot. @throws RECORDING_UNKNOWN, MEDIA_GONE */
  async picture(id: string): Promise<FileRef> {
    const entry = await this.snapshot(id);

    return this.fileOf(entry, entry);
  }

  /** One file as it was recorded; `index` from 0. @throws RECORDING_UNKNOWN, WRONG_STATE while it runs, MEDIA_GONE */
  async part(id: string, index: number): Promise<FileRef> {
    const entry = await this.ended(id);
    const part = entry.parts[index];
    if (!part) throw new SightlineError('NOT_FOUND', `The recording has ${entry.parts.length} parts, counted from 0`);

    return this.fileOf(entry, part);
  }

  /**
   * Both sides in one file that any browser plays; made at the first wish, then kept.
   * @throws RECORDING_UNKNOWN, WRONG_STATE while it runs, MEDIA_GONE, MEDIA_UNAVAILABLE, STORAGE_FULL
   */
  async rendition(id: string): Promise<FileRef> {
    const entry = await this.ended(id);
    if (entry.rendition && (await isThere(this.ledger.pathOf(entry, entry.rendition.file)))) {
      return this.fileOf(entry, entry.rendition);
    }
    let making = this.making.get(id);
    if (!making) {
      making = this.lastMade.then(() => this.makeRendition(entry)).finally(() => this.making.delete(id));
      this.lastMade = making.catch(() => undefined);
      this.making.set(id, making);
    }

    return making;
  }

  /** Deletes a recording, or a snapshot, with all its files. @throws RECORDING_UNKNOWN, WRONG_STATE while it runs */
  async remove(id: string, by: Asker): Promise<void> {
    const entry = id.startsWith('snap_') ? await this.snapshot(id) : await this.ended(id);
    await this.here(entry);
    await this.making.get(id)?.catch(() => undefined);
    // Should the process end in between, the next sweep goes on.
    await this.ledger.update({ ...entry, retainUntil: this.options.clock.now() });
    await this.delete(entry, by.who === undefined ? by.kind : `${by.kind}: ${by.who}`);
  }

  /** Redis is back: it may have lost the index, or missed what was recorded meanwhile. */
  async reindex(): Promise<void> {
    await this.ledger.retry();
    for (const { record } of this.running.values()) await this.ledger.update(record);
    await this.walk();
  }

  /** Ends what is going on, keeps what is written. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.stopSweeps();
    this.stopWaiting();
    this.giveUp.abort();
    await this.settled();
    await Promise.allSettled(this.making.values());
    await this.ledger.close();
  }

  private head(kind: Entry['kind'], about: About, startedAt: number) {
    const { retention, ...rest } = about;
    const { keys, node } = this.options;
    const id = newId(kind === 'recording' ? 'rec' : 'snap');

    return { v: 1 as const, id, site: keys.site, node, ...rest, startedAt, retainUntil: startedAt + daysMs(retention) };
  }

  private async snapshot(id: string): Promise<SnapshotRecord> {
    const entry = await this.catalogue.find(id);
    if (entry?.kind !== 'snapshot') throw new SightlineError('RECORDING_UNKNOWN', 'There is no such snapshot');

    return entry;
  }

  private async ended(id: string): Promise<RecordingRecord> {
    const entry = await this.find(id);
    if (isOpen(entry)) throw new SightlineError('WRONG_STATE', 'It is still being recorded');

    return entry;
  }

  /** Files are on the machine that has recorded them, unless nodes share a folder. */
  private async here(entry: Entry, file = entry.id + sidecarEnd): Promise<string> {
    const full = this.ledger.pathOf(entry, file);
    if (await isThere(full)) return full;
    const { node } = entry;
    const where = node === this.options.node ? 'The file is not there any more' : `The file is on the node ${node}`;
    throw new SightlineError('MEDIA_GONE', where);
  }

  private async fileOf(entry: Entry, { file, sha256 }: { file: string; sha256: string }): Promise<FileRef> {
    const full = await this.here(entry, file);

    return { path: full, type: types[path.extname(file)] ?? 'application/octet-stream', sha256 };
  }

  private async makeRendition(entry: RecordingRecord): Promise<FileRef> {
    if (this.closed) throw new SightlineError('SHUTTING_DOWN');
    await this.here(entry);
    if (entry.parts.length === 0) throw new SightlineError('MEDIA_GONE', 'Nothing was recorded');
    const target = this.ledger.pathOf(entry, entry.id + renditionEnd);
    const draft = draftOf(target);
    const parts = entry.parts.map((part) => ({ ...part, file: this.ledger.pathOf(entry, part.file) }));
    try {
      await this.options.compose(parts, draft, entry, this.giveUp.signal);
      await chmod(draft, 0o600);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw asStorageError(error);
    }
    const measured = (await measure(target)) ?? { bytes: 0, sha256: '' };
    const rendition = { file: path.basename(target), ...measured, madeAt: this.options.clock.now() };
    await this.ledger.update({ ...entry, rendition });

    return this.fileOf(entry, rendition);
  }

  /** Now, and again each day. */
  private sweep(): void {
    this.lookThrough();
    this.stopSweeps = this.options.clock.after(dayMs, () => this.sweep());
  }

  private lookThrough(): void {
    this.walk().catch((error: unknown) => {
      // It is walked through again when the store is back.
      this.options.log.error({ err: error }, 'the folder of recordings could not be looked through');
    });
  }

  /** Once through the folder; those who ask meanwhile share it. */
  private walk(): Promise<void> {
    this.walking ??= this.walkOnce().finally(() => {
      this.walking = undefined;
    });

    return this.walking;
  }

  private async walkOnce(): Promise<void> {
    const seen = new Set<string>();
    let waits = false;
    for await (const day of days(this.options.folder)) {
      if (this.closed) return;
      const found = this.tookIn ? { entries: day.entries, waits: false } : await this.takeIn(day);
      const { entries } = found;
      waits ||= found.waits;
      for (const { id } of entries) seen.add(id);
      // One that goes on is told to the index by itself; what was read of it here may be old already.
      await this.lookAfter(entries.filter((entry) => !isOpen(entry)));
    }
    for (const entry of await this.catalogue.besides(seen, this.options.node)) await this.dropLost(entry);
    if (waits) this.lookAgain();
    else {
      this.tookIn = true;
      this.begun.clear();
    }
  }

  /** When what an engine still writes has stood still for long enough. */
  private lookAgain(): void {
    this.stopWaiting();
    if (!this.closed) this.stopWaiting = this.options.clock.after(this.options.linger ?? 0, () => this.lookThrough());
  }

  private async takeIn(day: Day): Promise<{ entries: Entry[]; waits: boolean }> {
    const { folder, log, node, keys, recover, clock, linger = 0 } = this.options;
    const { taken, waits } = await takeIn(
      {
        ...{ root: folder, site: keys.site, node, recover, log, retention: defaultRetention },
        now: () => clock.now(),
        isOurs: (id) => this.begun.has(id) || this.making.has(id),
        isWrittenOn: (changed) => linger > 0 && Math.max(this.openedAt, changed) > clock.now() - linger,
      },
      day,
    );
    for (const entry of taken) await this.ledger.update(entry);

    const others = day.entries.filter(({ id }) => !taken.some((one) => one.id === id));

    return { entries: [...others, ...taken], waits };
  }

  private async lookAfter(entries: readonly Entry[]): Promise<void> {
    const now = this.options.clock.now();
    for (const entry of entries) if (entry.retainUntil <= now) await this.delete(entry, 'retention');
    // Whoever deleted one meanwhile has deleted it from the index before it was put there.
    const put = await this.catalogue.refresh(entries.filter(({ retainUntil }) => retainUntil > now));
    for (const entry of put) await this.dropLost(entry);
  }

  /** An entry of the index whose sidecar somebody has deleted. */
  private async dropLost(entry: Entry): Promise<void> {
    const { id } = entry;
    if (this.running.has(id) || (await isThere(this.ledger.pathOf(entry, id + sidecarEnd)))) return;
    this.options.log.warn({ recording: id }, 'a recording is in the index and not on the disk; it is taken out');
    await this.catalogue.remove(entry);
  }

  private async delete(entry: Entry, why: string): Promise<void> {
    const sidecar = entry.id + sidecarEnd;
    // Whatever begins with its id is of it, also what its sidecar does not know of: nothing may outlive its deletion.
    const found = await namesOf(path.dirname(this.ledger.pathOf(entry, sidecar)), entry.id);
    for (const file of new Set([...filesOf(entry), ...found])) {
      if (file !== sidecar) await rm(this.ledger.pathOf(entry, file), { force: true });
    }
    await this.ledger.forget(entry);
    const { id, call, startedAt, kind } = entry;
    this.options.log.info(
      { [kind]: id, call, startedAt: new Date(startedAt).toISOString(), why },
      `a ${kind} is deleted`,
    );
  }
}
