import type { Clock } from '../../lib/clock';

export interface Answer<T> {
  records: readonly T[];
  /** Seconds that it holds good. */
  ttl: number;
}

interface Entry<T> {
  records: readonly T[];
  until: number;
}

/** Beyond this many the oldest are forgotten. */
const maxEntries = 10_000;
/** How long an answer that is over is used while nobody can be asked (RFC 8767), in ms. */
const staleFor = 3_600_000;
/** How long nobody is asked again after that, in ms. */
const retryAfter = 5_000;

/** Answers by their question, each for its TTL. Those who ask the same at the same time share one question. */
export class AnswerCache<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly asking = new Map<string, Promise<readonly T[]>>();

  constructor(private readonly clock: Clock) {}

  /** Rejects when `ask` does and no former answer helps. */
  get(key: string, ask: () => Promise<Answer<T>>): Promise<readonly T[]> {
    const known = this.entries.get(key);
    if (known && known.until > this.clock.now()) return Promise.resolve(known.records);
    const running = this.asking.get(key);
    if (running) return running;
    const question = this.ask(key, ask).finally(() => this.asking.delete(key));
    this.asking.set(key, question);

    return question;
  }

  clear(): void {
    this.entries.clear();
  }

  private async ask(key: string, ask: () => Promise<Answer<T>>): Promise<readonly T[]> {
    try {
      const { records, ttl } = await ask();
      this.put(key, { records, until: this.clock.now() + ttl * 1000 });

      return records;
    } catch (error) {
      const known = this.entries.get(key);
      if (!known || known.until + staleFor < this.clock.now()) throw error;
      this.put(key, { records: known.records, until: this.clock.now() + retryAfter });

      return known.records;
    }
  }

  private put(key: string, entry: Entry<T>): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > maxEntries) this.entries.delete(this.entries.keys().next().value!);
  }
}
