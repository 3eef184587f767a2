import type { Redis } from 'ioredis';
import type { Keys } from '../store/keys';
import type { CallbackRecord } from './callback-rules';

/** Seconds for which a callback is kept at most; its ticket ends long before. */
const keepSeconds = 7 * 24 * 3600;

/**
 * The callbacks that wait, by ticket, in Redis: whichever process is offered a seat for the ticket finds what it needs to call.
 * Every method rejects STORE_UNAVAILABLE while Redis is away.
 */
export class CallbackStore {
  constructor(
    private readonly redis: Redis,
    private readonly keys: Keys,
  ) {}

  async save(record: CallbackRecord): Promise<void> {
    await this.redis.set(this.keys.callback(record.ticketId), JSON.stringify(record), 'EX', keepSeconds);
  }

  /** The callback of a ticket; undefined when nobody has asked for one, or it is over. */
  async find(ticketId: string): Promise<CallbackRecord | undefined> {
    const text = await this.redis.get(this.keys.callback(ticketId));

    return text ? (JSON.parse(text) as CallbackRecord) : undefined;
  }

  async remove(ticketId: string): Promise<void> {
    await this.redis.del(this.keys.callback(ticketId));
  }
}
