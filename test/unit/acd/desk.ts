import type { Redis } from 'ioredis';
import { readRecord, recordFields, recordText } from '../../../src/acd/rows';
import { program } from '../../../src/acd/scripts';
import type { Verb, VerbArgs } from '../../../src/acd/scripts';
import { SightlineError } from '../../../src/lib/errors';
import { makeKeys } from '../../../src/store/keys';
import type { Reply } from '../../../src/store/scripts';
import { randomSite } from '../../support/redis';

/** What a verb gets where a test says nothing else. */
const usual: Record<string, string | number> = {
  ...{ ticketId: 'x', queueId: 'q', callId: 'c', terminal: 't', resumeKey: '', customer: '', class: 'normal' },
  ...{ priority: 0, skills: '', medium: 'video', designated: '', grace: 60_000, maxWait: 0, maxWaiting: -1 },
  ...{ regular: 0, returnWithin: 0, seatId: 's1', offerId: 'o', token: 'k', missDelay: 0, missBreak: 0, more: 0 },
  ...{
    seen: 1_000_000,
    why: '{"at":0,"what":"offered"}',
    takes: 0,
    wrapUp: 0,
    cause: 'busy',
    delay: 0,
    how: 'abandoned',
    ifWaits: 0,
  },
  ...{ broke: 0, keptFor: 0, login: 1, on: 1, reason: '', limit: 100, begin: 1, ms: 5_000, kind: 'ticket', ids: 'x' },
  ...{ dead: 'one~1', name: 'one' },
};

/** Runs verbs past everything that TypeScript does around them, with nobody who dispatches. */
export class Desk {
  readonly keys;
  now = 1_700_000_000_000;

  constructor(
    private readonly redis: Redis,
    site = randomSite(),
    readonly node = 'one~1',
  ) {
    this.keys = makeKeys(site);
  }

  /**
   * A code is an answer, and returned as an error; anything else, such as an arrow that the table lacks, is a fault of the verb.
   * @throws Error for such a fault.
   */
  async run<V extends Verb>(
    verb: V,
    args: Partial<VerbArgs<V>> = {},
    node = this.node,
  ): Promise<Reply | SightlineError> {
    const times = { since: this.now, expiresAt: this.now + 25_000, answeredAt: this.now };
    const { due: key, root } = this.keys;
    const command = program.command(verb, { ...usual, ...times, ...args } as VerbArgs<V>);
    const { values } = await program.run(this.redis, { key, root, now: this.now, node }, [command]);
    const [value = null] = values;
    if (value instanceof Error && !(value instanceof SightlineError)) throw value;

    return value as Reply | SightlineError;
  }

  ticket(id: string, field: string): Promise<string | null> {
    return this.field('ticket', id, field);
  }

  seat(id: string, field: string): Promise<string | null> {
    return this.field('seat', id, field);
  }

  /** Writes a field of a record past all verbs. */
  async write(kind: 'ticket' | 'seat', id: string, field: string, value: string): Promise<void> {
    const record = readRecord((await this.redis.get(this.keys[kind](id))) ?? '');
    record[(recordFields[kind] as readonly string[]).indexOf(field)] = value;
    await this.redis.set(this.keys[kind](id), recordText(record));
  }

  private async field(kind: 'ticket' | 'seat', id: string, field: string): Promise<string | null> {
    const flat = (await this.run('readRecord', { kind, id })) as string[];
    const index = flat.findIndex((name, place) => place % 2 === 0 && name === field);

    return index < 0 ? null : (flat[index + 1] ?? null);
  }
}
