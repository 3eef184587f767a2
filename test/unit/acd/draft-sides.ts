import { Engine } from '../../../src/acd/engine';
import { drafter } from '../../../src/acd/draft/drafts';
import type { Effect } from '../../../src/acd/effect';
import { S, T } from '../../../src/acd/draft/records';
import type { Records } from '../../../src/acd/draft/records';
import type { Row } from '../../../src/acd/rows';
import type { Verb, VerbArgs } from '../../../src/acd/scripts';
import type { ManualClock } from '../../../src/lib/clock';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import type { Store } from '../../../src/store/connection';
import { makeKeys } from '../../../src/store/keys';
import { randomSite } from '../../support/redis';
import type { Random } from './model/day';
import { TestConfig } from './support';

export interface Batch {
  node: number;
  steps: readonly Step[];
}

export type Step = { [V in Verb]: { verb: V; args: VerbArgs<V> } }[Verb];

/** What a batch told, in an order that does not matter where it does not. */
interface Told {
  values: unknown[];
  effects: Effect[];
  due: number[];
}

const dump = `
  local all = {}
  for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
    local kind = redis.call('TYPE', key).ok
    local value
    if kind == 'hash' then value = redis.call('HGETALL', key)
    elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    elseif kind == 'set' then value = redis.call('SMEMBERS', key)
    elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
    else value = redis.call('GET', key) end
    local left = redis.call('PTTL', key)
    -- Who made the last change is told apart by whether it was a draft.
    if string.sub(key, #ARGV[1] + 1) ~= 'by' then all[#all + 1] = { string.sub(key, #ARGV[1] + 1), kind, value, left < 0 and left or math.floor(left / 60000 + 0.5) } end
  end
  return all`;

/** A node with a site of its own, which sends its batches as drafts, or never does. */
export class Side {
  readonly site = randomSite();
  readonly keys = makeKeys(this.site);
  /** Batches that the store took as drafts. */
  drafted = 0;
  /** Those that it did not, because it was not as the node thought. */
  refused = 0;
  /** Of those the ones whose verbs went on a trip of their own. */
  again = 0;
  readonly engines: Engine[] = [];
  private rows: Row[] = [];
  private told: Told = { values: [], effects: [], due: [] };
  private revision = 0;
  /** Up to which change each node knows all. */
  private readonly seen = new Map<Engine, number>();
  /** News of other nodes is on its way: nobody hears it. */
  isLate = false;
  /** What was told last was told by verbs. */
  private byVerbs = false;

  constructor(
    private readonly store: Store,
    private readonly clock: ManualClock,
    private readonly drafts: boolean,
    names: string[],
  ) {
    for (const name of names) this.engines.push(this.makeEngine(name));
  }

  /** Runs batches, one after another without waiting for the first; of each the node that sends it. */
  async run(batches: readonly Batch[]): Promise<unknown> {
    this.told = { values: [], effects: [], due: [] };
    this.rows = [];
    const results: Promise<unknown>[] = [];
    for (const { node, steps } of batches) {
      const engine = this.engines[node]!;
      if (!this.drafts) engine.drafts.reset();
      results.push(...steps.map(({ verb, args }) => engine.run<Verb>(verb, args as VerbArgs<Verb>).catch(nameOf)));
      // The batch goes, and with it what it will change is known.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    this.told.values = await Promise.all(results);
    const rows = this.rows.map(({ kind, fields }) => [kind, ...fields].join('|'));

    return this.plain({ ...this.told, rows, revision: this.revision, store: await this.all() });
  }

  get records(): Records {
    return this.engines[0]!.records;
  }

  private async all(): Promise<unknown> {
    const all = (await this.store.redis.eval(dump, 0, this.keys.root)) as [string, string, unknown, number][];
    const sorted = all.map(([key, kind, value, left]) => {
      return [
        key,
        kind,
        kind === 'set' ? [...(value as string[])].sort() : kind === 'hash' ? pairs(value) : value,
        left,
      ];
    });

    return sorted.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  }

  /** The same for both sides: no name of a site or of an incarnation. */
  private plain(what: unknown): unknown {
    let text = JSON.stringify(what);
    for (const { node, name } of this.engines) text = text.split(node).join(name);

    return JSON.parse(text.split(this.site).join('site')) as unknown;
  }

  private makeEngine(name: string): Engine {
    const { store, site, clock } = this;
    const config = new TestConfig();
    const engine: Engine = new Engine(
      { store, site, node: name, config, clock, log: silentLogger, patience: 1_000 },
      {
        onEffect: (effect) => void this.told.effects.push(effect),
        onRows: (revision, rows) => this.take(engine, revision, rows),
        seen: () => this.seen.get(engine) ?? 0,
        onAnew: () => undefined,
        onDue: (at) => void this.told.due.push(at),
        onBatch: () => undefined,
      },
    );
    const { drafts } = engine;
    const [taken, told, refused] = [drafts.taken.bind(drafts), drafts.told.bind(drafts), drafts.refused.bind(drafts)];
    drafts.taken = (...args) => {
      this.drafted++;
      taken(...args);
    };
    drafts.refused = (proposal) => {
      this.refused++;
      this.again++;
      refused(proposal);
    };
    drafts.told = (proposal, ...args) => {
      if (proposal) this.refused++;
      this.byVerbs = args[0] !== undefined;
      told(proposal, ...args);
    };

    return engine;
  }

  /** All nodes hear of it at once, unless news is late. */
  private take(by: Engine, revision: number, rows: readonly Row[]): void {
    const name = this.byVerbs ? by.node : drafter(by.node);
    this.byVerbs = false;
    this.revision = revision;
    this.rows.push(...rows);
    for (const engine of this.isLate ? [by] : this.engines) {
      if (engine !== by) engine.drafts.heard(revision, name);
      this.seen.set(engine, revision);
      for (const row of rows) engine.records.take(row);
    }
  }
}

export function nameOf(error: unknown): string {
  return error instanceof SightlineError ? error.code : String(error);
}

function pairs(flat: unknown): unknown {
  const list = flat as string[];

  return list.flatMap((name, index) => (index % 2 === 0 ? [`${name}=${list[index + 1]}`] : [])).sort();
}

export const seats = ['s1', 's2', 's3', 's4'];

/** Steps of callers and seats, most of them such as follow one another, some that come at a wrong time or are repeated. */
export class Steps {
  private made = 0;
  private readonly entered: Step[] = [];
  private readonly tickets: { id: string; offers: { offerId: string; seatId: string; token: string }[] }[] = [];

  constructor(
    private readonly random: Random,
    private readonly clock: ManualClock,
  ) {}

  /** @param records what is known of the store. */
  next(seen: number, records: Records): Step {
    if (this.random() < 0.25 || this.tickets.length === 0) return this.enqueue();
    const ticket = this.pick(this.tickets);
    const record = records.tickets.get(ticket.id);
    const isWild = this.random() < 0.12;
    const state = isWild || !record ? this.pick(['waiting', 'offered', 'talking']) : record[T.state];
    const free = seats.filter((id) => isWild || records.seats.get(id)?.[S.state] === 'available');
    const { id: ticketId, offers } = ticket;
    const { offerId, seatId, token } = offers.at(-1) ?? { offerId: 'none', seatId: 's1', token: 'none' };
    // A message that comes again, or late.
    if (this.random() < 0.05) return this.pick(this.entered);
    if (this.random() < 0.06) return this.other(ticketId, offerId, token);
    if (state === 'waiting' && free.length > 0) return this.offer(ticket, seen, this.pick(free));
    if (state === 'offered' && this.random() < 0.3) return { verb: 'ringSeat', args: { ticketId, seatId, offerId } };
    if (state === 'offered') {
      const wrapUp = this.pick([0, 0, 2_000, -1]);

      return { verb: 'acceptOffer', args: { ticketId, seatId, offerId, token: isWild ? 'forged' : token, wrapUp } };
    }
    if (state === 'talking') {
      return { verb: 'completeTicket', args: { ticketId, broke: this.random() < 0.1 ? 1 : 0, keptFor: 60_000 } };
    }

    return this.random() < 0.3 ? this.other(ticketId, offerId, token) : this.enqueue();
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  private other(ticketId: string, offerId: string, token: string): Step {
    const seatId = this.pick(seats);
    const [delay, missBreak] = [this.pick([0, 3_000]), this.pick([0, 2])];

    return this.pick<Step>([
      { verb: 'declineOffer', args: { ticketId, offerId, token, cause: 'no-answer', delay, missBreak } },
      { verb: 'dropTicket', args: { ticketId } },
      { verb: 'holdTicket', args: { ticketId } },
      { verb: 'unholdTicket', args: { ticketId } },
      { verb: 'callbackTicket', args: { ticketId } },
      { verb: 'leaveTicket', args: { ticketId, how: 'abandoned', ifWaits: 0 } },
      { verb: 'sweepDue', args: { limit: 100 } },
      { verb: 'sweepDue', args: { limit: 100 } },
      { verb: 'pauseSeat', args: { seatId, reason: 'tea' } },
      { verb: 'unpauseSeat', args: { seatId } },
      { verb: 'engageSeat', args: { seatId, callId: 'own', on: this.pick([0, 1]) } },
      { verb: 'seatUp', args: { seatId, login: 1 } },
      { verb: 'wrapUpSeat', args: { seatId, more: this.pick([0, 4_000]) } },
    ]);
  }

  private enqueue(): Step {
    const number = ++this.made;
    const ticketId = `t${number}`;
    this.tickets.push({ id: ticketId, offers: [] });
    if (this.tickets.length > 6) this.tickets.shift();
    const odd = <V>(usual: V, other: V): V => (this.random() < 0.15 ? other : usual);

    const step: Step = {
      verb: 'enqueueTicket',
      args: {
        ...{ ticketId, queueId: odd('q', 'r'), callId: `c"${number}/ü`, terminal: this.pick(['a', 'b', 'c']) },
        ...{
          resumeKey: '',
          customer: this.pick(['', 'x', `y${number}`]),
          class: this.pick(['normal', 'normal', 'vip']),
          priority: 0,
        },
        ...{ skills: '', medium: 'video', designated: '', since: this.clock.now() - this.pick([0, 0, 500]) },
        ...{ grace: 60_000, maxWait: this.pick([0, 20_000]), maxWaiting: odd(-1, 3), regular: odd(0, 1) },
        ...{ returnWithin: odd(0, 30_000), foreseen: odd(1, 0) },
      },
    };
    this.entered.push(step);

    return step;
  }

  private offer(ticket: (typeof this.tickets)[number], seen: number, seatId: string): Step {
    const [offerId, token] = [`o${++this.made}`, `k${this.made}`];
    ticket.offers.push({ offerId, seatId, token });

    return {
      verb: 'offerTicket',
      args: {
        ...{ ticketId: ticket.id, seatId, offerId, token, expiresAt: this.clock.now() + 25_000, missDelay: 5_000 },
        ...{
          missBreak: this.pick([0, 2]),
          more: this.random() < 0.1 ? 1 : 0,
          seen,
          why: `{"why":"${offerId}"}`,
          takes: 0,
        },
      },
    };
  }
}

export const enqueue = (ticketId: string, more: Partial<VerbArgs<'enqueueTicket'>> = {}): Step => ({
  verb: 'enqueueTicket',
  args: {
    ...{ ticketId, queueId: 'q', callId: ticketId, terminal: ticketId, resumeKey: '', customer: '', class: 'normal' },
    ...{
      priority: 0,
      skills: '',
      medium: 'video',
      designated: '',
      since: 1_700_000_000_000,
      grace: 60_000,
      maxWait: 0,
    },
    ...{ maxWaiting: -1, regular: 0, returnWithin: 0, foreseen: 1, ...more },
  },
});
export const offer = (ticketId: string, seatId: string, seen: number): Step => ({
  verb: 'offerTicket',
  args: {
    ...{ ticketId, seatId, offerId: `o-${ticketId}`, token: `k-${ticketId}`, expiresAt: 1_700_000_025_000 },
    ...{ missDelay: 5_000, missBreak: 0, more: 0, seen, why: '{}', takes: 0 },
  },
});
export const accept = (ticketId: string, seatId: string): Step => ({
  verb: 'acceptOffer',
  args: { ticketId, seatId, offerId: `o-${ticketId}`, token: `k-${ticketId}`, wrapUp: 0 },
});
export const complete = (ticketId: string): Step => ({
  verb: 'completeTicket',
  args: { ticketId, broke: 0, keptFor: 0 },
});
