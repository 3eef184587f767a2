import type { Redis } from 'ioredis';
import type { Logger } from '../lib/logger';
import type { Keys } from '../store/keys';
import type { CallRecord, LegMedia } from './record';

/** Seconds for which the record of an ended call is kept. */
export const keepSeconds = 7 * 24 * 3600;
const retryMs = 500;
/**
 * Changes of this long are written together, in ms. A call moves several times while it is dispatched, and again while it is
 * joined, and its record is by far the largest thing that it writes.
 */
const gatherMs = 10;

/**
 * Keeps the records of calls in Redis. Saving never makes a call wait: changes of a few milliseconds are written together,
 * and what could not be written is tried again until Redis is back, newest state only.
 */
export class CallStore {
  private readonly dirty = new Map<string, CallRecord>();
  /** Records that are on their way to Redis. */
  private sending = new Map<string, CallRecord>();
  /** Calls that stand among those under way in Redis. */
  private readonly listed = new Set<string>();
  private scheduled: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private failing = false;
  private closed = false;

  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
    private readonly log: Logger,
  ) {}

  /** Writes the record soon. The caller may go on changing it: what is written is its state then. */
  save(record: CallRecord): void {
    this.dirty.set(record.id, record);
    this.schedule();
  }

  /** After a break: Redis may have lost what it had, so all that is under way is written again, at once. */
  rewrite(underWay: Iterable<CallRecord>): void {
    this.listed.clear();
    for (const record of underWay) this.dirty.set(record.id, record);
    clearTimeout(this.retry);
    this.retry = undefined;
    if (this.dirty.size > 0) this.schedule();
  }

  /** The record of a call, or undefined when there is none or it is no longer kept. */
  async find(id: string): Promise<CallRecord | undefined> {
    const unwritten = this.dirty.get(id) ?? this.sending.get(id);
    if (unwritten) return kept(unwritten);
    const text = await this.redis.get(this.keys.call(id));

    return text ? (JSON.parse(text) as CallRecord) : undefined;
  }

  /** The calls that a node had under way when it last wrote. */
  async live(node: string): Promise<CallRecord[]> {
    const ids = await this.redis.smembers(this.keys.liveCalls(node));
    const records = await Promise.all(ids.map((id) => this.find(id)));
    const lost = ids.filter((_, index) => !records[index]);
    if (lost.length > 0) await this.redis.srem(this.keys.liveCalls(node), ...lost);

    return records.filter((record): record is CallRecord => record !== undefined);
  }

  /** Writes what is left and stops. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.scheduled);
    clearTimeout(this.retry);
    await this.writing;
    if (this.dirty.size > 0) await this.flush();
  }

  private schedule(): void {
    if (this.scheduled || this.closed || this.writing || this.retry) return;
    this.scheduled = setTimeout(() => {
      this.scheduled = undefined;
      this.writing = this.flush().finally(() => this.flushed());
    }, gatherMs);
  }

  private flushed(): void {
    this.writing = undefined;
    if (this.dirty.size > 0) this.schedule();
  }

  private async flush(): Promise<void> {
    const batch = [...this.dirty.values()];
    this.sending = new Map(this.dirty);
    this.dirty.clear();
    try {
      await this.write(batch);
      this.failing = false;
    } catch (error) {
      // Told once a break: while the store is away each try fails in the same way.
      const level = this.failing ? 'debug' : 'warn';
      this.failing = true;
      this.log[level]({ err: error, calls: batch.length }, 'records of calls could not be written; trying again');
      for (const record of batch) if (!this.dirty.has(record.id)) this.dirty.set(record.id, record);
      if (this.closed) return;
      this.retry = setTimeout(() => {
        this.retry = undefined;
        this.schedule();
      }, retryMs);
      this.retry.unref();
    } finally {
      this.sending.clear();
    }
  }

  private async write(batch: CallRecord[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const record of batch) {
      const live = this.keys.liveCalls(record.node);
      if (record.state === 'ended') pipeline.srem(live, record.id);
      else if (!this.listed.has(record.id)) pipeline.sadd(live, record.id);
      pipeline.set(this.keys.call(record.id), JSON.stringify(kept(record)), 'EX', keepSeconds);
    }
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error) throw error;
    for (const { id, state } of batch) {
      if (state === 'ended') this.listed.delete(id);
      else this.listed.add(id);
    }
  }
}

/** A call that is over goes on nowhere: what its phones described, the keys of their media among it, is not kept. */
function kept(record: CallRecord): CallRecord {
  if (record.state !== 'ended') return record;
  const bare = ({ origin }: LegMedia): LegMedia => ({ origin });
  const { terminal, seat } = record;

  return {
    ...record,
    terminal: { ...terminal, media: bare(terminal.media) },
    ...(seat ? { seat: { ...seat, media: bare(seat.media) } } : {}),
  };
}
