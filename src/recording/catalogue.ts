import type { Redis } from 'ioredis';
import type { Keys } from '../store/keys';
import { readEntry, type Entry, type EntryKind } from './model';

/** What is looked for; times in ms since the epoch, both included. */
export interface Filter {
  call?: string;
  queue?: string;
  seat?: string;
  from?: number;
  to?: number;
  /** The most entries of an answer. */
  limit: number;
  /** Of the answer before: goes on behind it. */
  after?: string;
}

/** Newest first. `next` is there when there are more: it is the `after` of the next question. */
export interface Page<T extends Entry> {
  entries: T[];
  next?: string;
}

/** How many entries are fetched from Redis at a time. */
const batch = 100;

/**
 * The index of recordings and snapshots in Redis. The sidecars are the truth; this is for finding them fast, from every
 * node, and is made again from them where Redis has lost it.
 */
export class Catalogue {
  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
  ) {}

  async put(entry: Entry): Promise<void> {
    const transaction = this.redis.multi().set(this.keys.recording(entry.id), JSON.stringify(entry));
    for (const list of this.listsOf(entry)) transaction.zadd(list, entry.startedAt, entry.id);
    await done(transaction.exec());
  }

  async remove(entry: Entry): Promise<void> {
    const transaction = this.redis.multi().del(this.keys.recording(entry.id));
    for (const list of this.listsOf(entry)) transaction.zrem(list, entry.id);
    await done(transaction.exec());
  }

  async find(id: string): Promise<Entry | undefined> {
    return readEntry((await this.redis.get(this.keys.recording(id))) ?? '');
  }

  async page<K extends EntryKind>(kind: K, filter: Filter): Promise<Page<Extract<Entry, { kind: K }>>> {
    type Found = Extract<Entry, { kind: K }>;
    const entries: Found[] = [];
    for await (const entry of this.newestFirst(kind, filter)) {
      if (entries.length === filter.limit) {
        const last = entries.at(-1);

        return { entries, ...(last ? { next: cursorOf(last) } : {}) };
      }
      entries.push(entry as Found);
    }

    return { entries };
  }

  /** Puts those in that are not there, or not as they are now. @returns what was put. */
  async refresh(entries: readonly Entry[]): Promise<Entry[]> {
    const texts = await this.texts(entries.map(({ id }) => id));
    const changed = entries.filter((entry, index) => texts[index] !== JSON.stringify(entry));
    await Promise.all(changed.map((entry) => this.put(entry)));

    return changed;
  }

  /** All that is in the index of a node, besides what is `known`. */
  async besides(known: ReadonlySet<string>, node: string): Promise<Entry[]> {
    const lists = (['recording', 'snapshot'] as const).map((kind) => this.narrowest(kind, { limit: 0 }));
    const ids = (await Promise.all(lists.map((list) => this.redis.zrange(list, 0, -1)))).flat();
    const strange = ids.filter((id) => !known.has(id));
    const found: Entry[] = [];
    for (let from = 0; from < strange.length; from += batch) {
      for (const text of await this.texts(strange.slice(from, from + batch))) {
        const entry = readEntry(text ?? '');
        if (entry?.node === node) found.push(entry);
      }
    }

    return found;
  }

  private async texts(ids: readonly string[]): Promise<(string | null)[]> {
    return ids.length === 0 ? [] : this.redis.mget(ids.map((id) => this.keys.recording(id)));
  }

  private async *newestFirst(kind: EntryKind, filter: Filter): AsyncGenerator<Entry> {
    const { from = '-inf', to = '+inf' } = filter;
    const cursor = filter.after === undefined ? undefined : readCursor(filter.after);
    const list = this.narrowest(kind, filter);
    const upper = cursor ? Math.min(cursor.at, typeof to === 'number' ? to : Infinity) : to;
    for (let offset = 0; ; offset += batch) {
      const ids = await this.redis.zrevrangebyscore(list, upper, from, 'LIMIT', offset, batch);
      if (ids.length === 0) return;
      for (const text of await this.texts(ids)) {
        const entry = readEntry(text ?? '');
        if (entry && matches(entry, filter) && isBehind(entry, cursor)) yield entry;
      }
    }
  }

  private narrowest(kind: EntryKind, { call, seat, queue }: Filter): string {
    const [by, id] = [
      ['call', call] as const,
      ['seat', seat] as const,
      ['queue', queue] as const,
      ['site', this.keys.site] as const,
    ].find((pair) => pair[1] !== undefined) ?? ['site', this.keys.site];

    return this.keys.recordingsOf(kind, by, id ?? '');
  }

  private listsOf({ kind, call, queue, seat, site }: Entry): string[] {
    const lists = Object.entries({ site, call, queue, seat });

    return lists.flatMap(([by, id]) => (id === undefined ? [] : [this.keys.recordingsOf(kind, by, id)]));
  }
}

function matches(entry: Entry, { call, queue, seat }: Filter): boolean {
  const same = (wanted: string | undefined, is: string | undefined): boolean => wanted === undefined || wanted === is;

  return same(call, entry.call) && same(queue, entry.queue) && same(seat, entry.seat);
}

interface Cursor {
  at: number;
  id: string;
}

function cursorOf({ startedAt, id }: Entry): string {
  return `${startedAt}.${id}`;
}

function readCursor(text: string): Cursor {
  const dot = text.indexOf('.');

  return { at: Number(text.slice(0, dot)), id: text.slice(dot + 1) };
}

/** Redis orders entries of one moment by their ids, downwards here. */
function isBehind({ startedAt, id }: Entry, cursor: Cursor | undefined): boolean {
  return !cursor || startedAt < cursor.at || (startedAt === cursor.at && id < cursor.id);
}

async function done(results: Promise<[Error | null, unknown][] | null>): Promise<void> {
  for (const [error] of (await results) ?? []) if (error) throw error;
}
