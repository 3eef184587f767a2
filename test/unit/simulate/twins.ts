import type { Counters } from '../../../src/acd/observed';
import type { MissCause } from '../../../src/acd/config';
import type { EnqueueRequest, Offer } from '../../../src/acd/types';
import { randomOf } from '../../../src/simulate/random';
import type { LiveOffer, StoreListener } from '../../../src/simulate/ticket-book';
import { World } from '../../../src/simulate/world';
import type { Node, Site, TestConfig } from '../acd/support';

type Caller = Omit<EnqueueRequest, 'callId' | 'terminal'>;

/** What somebody does. Offers are named by their seat, tickets by their caller. */
export type Deed =
  | { do: 'up' | 'down' | 'pause' | 'unpause' | 'done'; seat: string }
  | { do: 'call'; who: string; wish: Caller }
  | { do: 'hang-up' | 'leave' | 'complete' | 'break-off' | 'callback' | 'postpone'; who: string }
  | { do: 'transfer'; who: string; queue: string }
  | { do: 'ring' | 'answer'; seat: string }
  | { do: 'decline'; seat: string; cause: MissCause };

/** A story: what is done at which second. */
export type Story = [second: number, deed: Deed][];

/** What came of it, as lines: who got whom at what second, and how it ended. */
export interface Told {
  lines: string[];
  /** Counters and what was learnt, by queue. */
  queues: Record<string, unknown>;
  seats: Record<string, unknown>;
}

const misses = new Set<string>(['no-answer', 'rejected', 'busy', 'unreachable']);
const START = 1_700_000_000_000;
const counters = ['offered', 'answered', 'abandoned', 'overflowed', 'refused', 'calledBack'] as const;

/** The story on a real ACD and a real Redis, by a clock that is moved by hand. */
export async function onRedis(site: Site, story: Story, until: number): Promise<Told> {
  const node = await site.node();
  const teller = new RealTeller(site, node);
  for (let second = 0; second <= until; second++) {
    if (second > 0) await site.pass(1);
    for (const [, deed] of story.filter(([at]) => at === second)) {
      await teller.do(deed);
      await site.settled();
    }
  }

  return teller.told();
}

class RealTeller {
  private readonly lines: string[] = [];
  private readonly tickets = new Map<string, string>();
  private readonly names = new Map<string, string>();
  private readonly offers = new Map<string, Offer>();

  constructor(
    private readonly site: Site,
    private readonly node: Node,
  ) {
    const { acd } = node;
    acd.on('offer', (offer) => {
      this.offers.set(offer.seatId, offer);
      this.tell(`${this.names.get(offer.callId)} gets ${offer.seatId}`);
    });
    acd.on('withdrawn', (offer, cause) => {
      if (this.offers.get(offer.seatId)?.offerId === offer.offerId) this.offers.delete(offer.seatId);
      this.tell(`${this.names.get(offer.callId)} loses ${offer.seatId}: ${cause}`);
    });
    acd.on('ended', (ticketId, how) => this.tell(`${this.nameOf(ticketId)} ends: ${how}`));
    acd.on('preempted', (ticketId, seat) => this.tell(`${this.nameOf(ticketId)} is put off ${seat}`));
  }

  async do(deed: Deed): Promise<void> {
    const { acd } = this.node;
    switch (deed.do) {
      case 'up':
        return void (await acd.seatUp(deed.seat));
      case 'down':
        return void (await acd.seatDown(deed.seat));
      case 'pause':
        return void (await acd.pause(deed.seat));
      case 'unpause':
        return void (await acd.unpause(deed.seat));
      case 'done':
        return void (await acd.endWrapUp(deed.seat).catch(() => undefined));
      case 'call':
        return this.call(deed.who, deed.wish);
      case 'ring':
      case 'answer':
      case 'decline':
        return this.answer(deed);
      default:
        return this.person(deed);
    }
  }

  async told(): Promise<Told> {
    const { acd } = this.node;
    const { queues, seats } = await acd.snapshot();
    const { floor, learner } = acd['parts'].mirror;
    const learnt = (id: string) => ({ learnt: rounded(learner.counters(id)), lastSeat: floor.queue(id).row.lastSeat });
    const told: Told = { lines: sorted(this.lines), queues: {}, seats: {} };
    for (const stats of queues) {
      told.queues[stats.queue] = {
        ...Object.fromEntries(counters.map((name) => [name, stats[name]])),
        ...{ waiting: stats.waiting, staffed: stats.staffed, idle: stats.idle, ...learnt(stats.queue) },
      };
    }
    for (const seat of seats) {
      const { state, since, calls, talkTime, reason } = seat;
      told.seats[seat.seatId] = { state, since: (since - START) / 1_000, calls, talkTime, reason };
    }

    return told;
  }

  private async call(who: string, wish: Caller): Promise<void> {
    this.names.set(`call-${who}`, who);
    try {
      const ticket = await this.node.acd.enqueue({ callId: `call-${who}`, terminal: who, ...wish });
      this.tickets.set(who, ticket.ticketId);
      this.names.set(ticket.ticketId, who);
    } catch (error) {
      this.tell(`${who} is refused: ${(error as { code: string }).code}`);
    }
  }

  private async answer(deed: Extract<Deed, { do: 'ring' | 'answer' | 'decline' }>): Promise<void> {
    const offer = this.offers.get(deed.seat);
    if (!offer) return;
    if (deed.do === 'ring') return this.node.acd.ringing(offer);
    if (deed.do === 'decline') {
      this.offers.delete(deed.seat);

      return this.node.acd.decline(offer, deed.cause);
    }
    await this.node.acd.accept(offer).catch(() => undefined);
  }

  private async person(deed: Extract<Deed, { who: string }>): Promise<void> {
    const { acd } = this.node;
    const id = this.tickets.get(deed.who);
    if (id === undefined) return;
    if (deed.do === 'hang-up') await acd.drop(id);
    else if (deed.do === 'leave') await acd.leave(id);
    else if (deed.do === 'complete') await acd.complete(id);
    else if (deed.do === 'break-off') await acd.breakOff(id);
    else if (deed.do === 'postpone') await acd.postpone(id, 15_000);
    else if (deed.do === 'callback') await acd.askCallback(id).catch(() => undefined);
    else if (deed.do === 'transfer') await acd.transfer(id, deed.queue).catch(() => undefined);
  }

  private nameOf(ticketId: string): string {
    return this.names.get(ticketId) ?? ticketId;
  }

  private tell(line: string): void {
    this.lines.push(`${(this.site.clock.now() - START) / 1_000}: ${line}`);
  }
}

/** The same in the simulator. */
export class SimulatedTeller {
  readonly offers = new Map<string, LiveOffer>();
  readonly talking = new Set<string>();
  readonly standing = new Set<string>();
  private readonly lines: string[] = [];
  private readonly world: World;

  constructor(private readonly config: TestConfig) {
    const listener: StoreListener = {
      withdrawn: (offer, cause) => {
        if (this.offers.get(offer.seatId)?.offerId === offer.offerId) this.offers.delete(offer.seatId);
        // Whoever declines knows.
        if (!misses.has(cause)) this.tell(`${offer.ticketId} loses ${offer.seatId}: ${cause}`);
      },
      ended: ({ id }, how) => {
        this.talking.delete(id);
        this.standing.delete(id);
        this.tell(`${id} ends: ${how}`);
      },
      preempted: ({ id }, seat) => {
        this.talking.delete(id);
        this.standing.add(id);
        this.tell(`${id} is put off ${seat}`);
      },
    };
    const plan = {
      ...{ site: 'test', isOpen: () => true, flow: () => undefined, flowOf: () => undefined },
      queue: (id: string) => config.queue(id),
      seat: (id: string) => config.seat(id),
      queues: () => config.queues(),
      seats: () => config.seats(),
    };
    this.world = new World(plan, START, 1, {
      ...listener,
      offer: (offer) => {
        this.offers.set(offer.seatId, offer);
        this.tell(`${offer.ticketId} gets ${offer.seatId}`);
      },
      seat: () => undefined,
    });
  }

  passTo(second: number): void {
    this.world.runTo(START + second * 1_000);
  }

  do(deed: Deed): void {
    this.act(deed);
    this.world.dispatch();
  }

  told(): Told {
    const { floor, queues } = this.world.store;
    const told: Told = { lines: sorted(this.lines), queues: {}, seats: {} };
    for (const { id } of this.config.queues()) {
      const state = queues.get(id);
      const { waiting, staffed, free } = floor.queue(id);
      const learnt = { learnt: rounded(this.world.store.learner.counters(id)), lastSeat: state.lastSeat };
      told.queues[id] = { ...state.counters, waiting, staffed: staffed.size, idle: free.size, ...learnt };
    }
    for (const { id, state, since, calls, talkTime, reason } of floor.seats.values()) {
      const times = { since: (since - START) / 1_000, calls, talkTime: talkTime / 1_000 };
      told.seats[id] = { state, ...times, reason: reason === '' ? undefined : reason };
    }

    return told;
  }

  private act(deed: Deed): void {
    const { store } = this.world;
    if (deed.do === 'call') return this.call(deed.who, deed.wish);
    if ('seat' in deed) return this.seat(deed);
    const { who } = deed;
    if (deed.do === 'hang-up') store.drop(who);
    else if (deed.do === 'leave') store.leave(who, 'abandoned');
    else if (deed.do === 'complete' || deed.do === 'break-off') store.complete(who, deed.do === 'break-off');
    else if (deed.do === 'postpone') store.postpone(who, 15_000);
    else if (deed.do === 'callback') store.askCallback(who);
    else if (deed.do === 'transfer') store.transfer(who, deed.queue);
  }

  private call(who: string, { queue, class: name = 'normal', priority = 0, ...wish }: Caller): void {
    const { skills = [], medium = 'video', customer = who, designated = '' } = wish;
    const rest = { skills, medium, customer, designated };
    if (this.world.store.enqueue({ id: who, queue, class: name, priority, ...rest })) this.standing.add(who);
    else this.tell(`${who} is refused: QUEUE_FULL`);
  }

  private seat(deed: Extract<Deed, { seat: string }>): void {
    const { store } = this.world;
    const { seat } = deed;
    const offer = this.offers.get(seat);
    if (deed.do === 'up') store.seatUp(seat);
    else if (deed.do === 'down') store.seatDown(seat);
    else if (deed.do === 'pause') store.pause(seat);
    else if (deed.do === 'unpause') store.unpause(seat);
    else if (deed.do === 'done') store.endWrapUp(seat);
    else if (offer && deed.do === 'ring') store.ring(offer);
    else if (offer && deed.do === 'decline') store.decline(offer, deed.cause);
    else if (offer && deed.do === 'answer' && store.accept(offer)) {
      this.talking.add(offer.ticketId);
      this.standing.delete(offer.ticketId);
    }
  }

  private tell(line: string): void {
    this.lines.push(`${(this.world.now - START) / 1_000}: ${line}`);
  }
}

export function inSimulation(config: TestConfig, story: Story, until: number): Told {
  const teller = new SimulatedTeller(config);
  for (let second = 0; second <= until; second++) {
    teller.passTo(second);
    for (const [, deed] of story.filter(([at]) => at === second)) teller.do(deed);
  }

  return teller.told();
}

/** A story by chance, written while the simulator plays it, so that everybody does what he can do just then. */
export function storyByChance(config: TestConfig, seed: number, until: number): Story {
  const random = randomOf(seed, 'story');
  const story: Story = [];
  const teller = new SimulatedTeller(config);
  const one = <T>(from: Iterable<T>): T | undefined => {
    const all = [...from];

    return all[Math.floor(random() * all.length)];
  };
  let callers = 0;
  for (let second = 0; second <= until; second++) {
    teller.passTo(second);
    const deed =
      second < config.seatMap.size ? upOf(config, second) : chanceOf({ random, one, teller, config, callers });
    if (deed?.do === 'call') callers++;
    if (!deed) continue;
    story.push([second, deed]);
    teller.do(deed);
  }

  return story;
}

function upOf(config: TestConfig, index: number): Deed {
  return { do: 'up', seat: [...config.seatMap.keys()][index] ?? '' };
}

interface Chance {
  random(): number;
  one<T>(from: Iterable<T>): T | undefined;
  teller: SimulatedTeller;
  config: TestConfig;
  callers: number;
}

function chanceOf({ random, one, teller, config, callers }: Chance): Deed | undefined {
  const dice = random();
  const ringing = one(teller.offers.keys());
  const talking = one(teller.talking);
  const standing = one(teller.standing);
  const seat = one(config.seatMap.keys()) ?? '';
  const queue = one(config.queueMap.keys()) ?? '';
  if (dice < 0.3) {
    const name = one(['normal', 'normal', 'normal', 'vip', 'low', 'alarm'] as const);
    const skills = random() < 0.3 ? ['german >= 3'] : [];
    const customer = `c${Math.floor(random() * 6)}`;
    const wish = { queue, class: name, skills, customer, priority: random() < 0.2 ? 30 : 0 };

    return { do: 'call', who: `p${callers}`, wish };
  }
  if (dice < 0.36 && ringing) return { do: 'ring', seat: ringing };
  if (dice < 0.58 && ringing) return { do: 'answer', seat: ringing };
  if (dice < 0.64 && ringing) {
    return { do: 'decline', seat: ringing, cause: one(['no-answer', 'rejected', 'busy', 'unreachable'] as const)! };
  }
  if (dice < 0.76 && talking)
    return { do: one(['complete', 'complete', 'break-off', 'leave'] as const)!, who: talking };
  if (dice < 0.82 && standing)
    return { do: one(['hang-up', 'leave', 'callback', 'postpone'] as const)!, who: standing };
  if (dice < 0.85 && standing) return { do: 'transfer', who: standing, queue };
  if (dice < 0.92) return { do: one(['up', 'down', 'pause', 'unpause', 'unpause', 'up', 'done'] as const)!, seat };

  return undefined;
}

/** What happens in one second may be told in another order. */
function sorted(lines: readonly string[]): string[] {
  const second = (line: string): number => Number(line.split(':')[0]);

  return [...lines].sort((a, b) => second(a) - second(b) || (a < b ? -1 : 1));
}

/** What was learnt, but for what floating point adds in another order. */
function rounded(counters: Counters): unknown {
  return JSON.parse(JSON.stringify(counters), (_key, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(9)) : value,
  );
}
