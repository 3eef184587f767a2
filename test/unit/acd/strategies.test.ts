import { strategies } from '../../../src/acd/config';
import type { QueueConfig, Ring, Strategy } from '../../../src/acd/config';
import { closeSharedRedis } from '../../support/redis';
import { Hall } from './hall';
import { Site, caller } from './support';

/** Which seat is rung, by each strategy and each kind of ring. Nearly all of it on a floor without a store. */

let hall: Hall;

beforeEach(() => {
  hall = new Hall();
});

afterAll(closeSharedRedis);

const ring = (more: Partial<Ring> = {}): Ring => ({
  seats: { kind: 'all' },
  strategy: 'longest-idle',
  after: 0,
  ...more,
});

/** A queue `q` whose seats stand in the directory as a, b, c, d. */
function queue(settings: Partial<QueueConfig>, ids = ['a', 'b', 'c', 'd']): void {
  hall.config.addQueue('q', settings);
  ids.forEach((id, order) => hall.config.addSeat(id, ['q'], [], { order }));
  hall.open();
}

describe('strategies', () => {
  /** How the seats stand, and in which order a caller whom everybody refuses goes through them. */
  const stories: Record<Strategy, { set: () => unknown; order: string[]; at?: number }> = {
    'longest-idle': {
      set: () => hall.seat('a', { since: 3 }).seat('b', { since: 1 }).seat('c', { since: 2 }),
      order: ['b', 'c', 'a'],
    },
    'highest-idle-rate': {
      // Free for 30 of 100 s, for 60 of 100 s, and for all of its first 10 s.
      set: () =>
        hall
          .seat('a', { since: 80, upSince: atSecond(0), idleTotal: 10_000 })
          .seat('b', { since: 90, upSince: atSecond(0), idleTotal: 50_000 })
          .seat('c', { since: 90 }),
      order: ['c', 'b', 'a'],
      at: 100,
    },
    'fewest-calls': {
      set: () => hall.seat('a', { calls: 5, talkTime: 1 }).seat('b', { calls: 3 }).seat('c', { calls: 4 }),
      order: ['b', 'c', 'a'],
    },
    'least-talk-time': {
      set: () =>
        hall.seat('a', { talkTime: 9_000 }).seat('b', { talkTime: 8_000, calls: 9 }).seat('c', { talkTime: 7_000 }),
      order: ['c', 'b', 'a'],
    },
    'most-skilled': {
      set: () => {
        hall.config
          .addSeat('a', ['q'], ['x'], { levels: { x: 2 } })
          .addSeat('b', ['q'], ['x', 'y'], { levels: { x: 4 } });
        hall.config.addSeat('c', ['q'], ['x'], { levels: { x: 5 } });

        return hall.open().seat('a').seat('b').seat('c');
      },
      // Nothing is asked for: all levels count, 4 + 3 against 5.
      order: ['b', 'c', 'a'],
    },
    random: {
      set: () => {
        hall.chances.push(0.9, 0.2, 0.5, 0.9, 0.5, 0.9);

        return hall.seat('a').seat('b').seat('c');
      },
      order: ['b', 'c', 'a'],
    },
    'weighted-random': {
      set: () => {
        hall.config.addSeat('a', ['q'], [], { penalties: { q: 3 } });
        // 0.3 * 4 for the seat with a penalty, against 0.9 and 1.
        hall.chances.push(0.3, 0.9, 1, 0.3, 1, 0.3);

        return hall.open().seat('a').seat('b').seat('c');
      },
      order: ['b', 'c', 'a'],
    },
    'top-down': { set: () => hall.seat('c').seat('b', { since: 1 }).seat('a', { since: 2 }), order: ['a', 'b', 'c'] },
    sequential: { set: () => hall.seat('c').seat('b', { since: 1 }).seat('a', { since: 2 }), order: ['a', 'b', 'c'] },
    linear: { set: () => hall.seat('c').seat('b', { since: 1 }).seat('a', { since: 2 }), order: ['a', 'b', 'c'] },
    'round-robin': {
      // In the order in which they came to work: b, c, a; c was rung last.
      set: () => hall.seat('a', { since: 3 }).seat('b', { since: 1 }).seat('c', { since: 2 }).lastSeat('c'),
      order: ['a', 'b', 'c'],
    },
    'round-robin-ordered': {
      set: () => hall.seat('a').seat('b').seat('c').lastSeat('b'),
      order: ['c', 'a', 'b'],
    },
    'ring-all': { set: () => hall.seat('a', { since: 2 }).seat('b', { since: 1 }), order: ['b', 'a'] },
    'ring-progressively': { set: () => hall.seat('a', { since: 2 }).seat('b', { since: 1 }), order: ['b', 'a'] },
  };

  it.each(strategies)('%s', (strategy) => {
    queue({ strategy });
    const { set, order, at = 100 } = stories[strategy];
    set();
    hall.now = at;
    expect(hall.ticket('t', { at: 0 }).order('t')).toEqual(order);
  });

  const oneByOne = strategies.filter((strategy) => !strategy.startsWith('ring-'));

  it.each(oneByOne)('%s rings one seat for a ticket', (strategy) => {
    queue({ strategy });
    expect(hall.seat('a').seat('b').ticket('t').matches()).toHaveLength(1);
    hall.ringing('t', { a: 0 });
    hall.now = 60;
    expect(hall.matches()).toEqual([]);
  });

  /** Whom a caller has tried in vain comes last, but where the order is to be the same each time. */
  it.each(oneByOne.filter((strategy) => !/random/.test(strategy)))('%s and a seat that refused', (strategy) => {
    queue({ strategy });
    hall.seat('a', { since: -9 }).seat('b');
    hall.now = 1;
    hall.ticket('t', { at: 0 });
    const [first] = hall.order('t');
    hall.ticket('t', { at: 0, tried: new Set([first!]) });
    const again = strategy === 'sequential' || strategy === 'linear';
    expect(hall.order('t')[0] === first).toBe(again);
  });

  it.each(strategies.filter((strategy) => strategy !== 'weighted-random'))(
    '%s and penalties: lower first',
    (strategy) => {
      queue({ strategy });
      hall.config.addSeat('a', ['q'], ['x'], { order: 0, penalties: { q: 1, other: 0 } });
      hall.open().seat('a', { since: -99 }).seat('b', { calls: 9, talkTime: 9 });
      expect(hall.ticket('t').order('t')).toEqual(['b', 'a']);
    },
  );

  it('equal seats go by their place in the directory, those without one last and by name', () => {
    queue({ strategy: 'fewest-calls' }, ['d', 'c']);
    hall.config.addSeat('b', ['q']).addSeat('a', ['q']);
    hall.open();
    for (const id of ['a', 'b', 'c', 'd']) hall.seat(id);
    expect(hall.ticket('t').order('t')).toEqual(['d', 'c', 'a', 'b']);
  });

  it('round-robin goes on behind a seat that is busy by now, and begins anew behind the last', () => {
    queue({ strategy: 'round-robin' });
    hall.seat('a', { since: 1 }).seat('b', { since: 2, state: 'talking' }).seat('c', { since: 3 }).lastSeat('b');
    hall.now = 9;
    expect(hall.ticket('t').order('t')).toEqual(['c', 'a']);
    expect(hall.lastSeat('c').order('t')).toEqual(['a', 'c']);
    expect(hall.lastSeat('nobody').order('t')).toEqual(['a', 'c']);
  });

  it('ring-all rings whoever becomes free while others ring already', () => {
    queue({ strategy: 'ring-all' });
    hall.seat('a').seat('b').ticket('t1').ticket('t2');
    expect(hall.matches()).toEqual(['t1->a', 't1->b']);
    hall.ringing('t1', { a: 0, b: 0 }).seat('c');
    expect(hall.matches()).toEqual(['t1->c']);
  });

  it('ring-progressively rings one more every step', () => {
    queue({ strategy: 'ring-progressively', ringStep: 7 });
    hall.seat('a').seat('b', { since: 1 }).seat('c', { since: 2 });
    hall.now = 3;
    expect(hall.ticket('t').matches()).toEqual(['t->a']);
    hall.ringing('t', { a: 3 });
    expect(hall.nextAt()).toBe(10);
    hall.now = 9.9;
    expect(hall.matches()).toEqual([]);
    hall.now = 10;
    expect(hall.matches()).toEqual(['t->b']);
    hall.ringing('t', { a: 3, b: 10 });
    hall.now = 16;
    expect(hall.matches()).toEqual([]);
    hall.now = 17;
    expect(hall.matches()).toEqual(['t->c']);
  });
});

function atSecond(second: number): number {
  return new Hall().context.now + second * 1_000;
}

describe('what a seat has to be able to do', () => {
  const first = (skills: string, settings: Partial<QueueConfig> = {}): string[] => {
    hall.config.addQueue('q', settings);
    hall.config.addSeat('new', ['q'], ['fares'], { levels: { fares: 1 } });
    hall.config.addSeat('good', ['q'], ['fares', 'german'], { levels: { fares: 4 } });
    hall.config.addSeat('plain', ['q'], ['german', 'trainee']);
    hall.open();
    for (const id of ['new', 'good', 'plain']) hall.seat(id);

    return hall.ticket('t', { skills }).order('t').sort();
  };

  it.each([
    ['', ['good', 'new', 'plain']],
    ['fares', ['good', 'new']],
    ['fares >= 3', ['good']],
    ['fares < 3', ['new', 'plain']],
    ['german = 3', ['good', 'plain']],
    ['not fares', ['plain']],
    ['fares;german', ['good']],
    ['(german or fares >= 4) and not trainee', ['good']],
    ['piano', []],
  ])("'%s'", (skills, seats) => {
    expect(first(skills)).toEqual(seats);
  });

  it('is also what the queue asks for', () => {
    expect(first('german', { skills: ['fares'] })).toEqual(['good']);
  });

  it('is in a ring what the ring asks for in place of the queue, and what it does not disregard', () => {
    const rings = [ring({ skills: ['trainee'] }), ring({ after: 10, disregard: ['fares', 'german'] })];
    hall.now = 0;
    expect(first('german', { skills: ['fares >= 4'], rings })).toEqual(['plain']);
    hall.now = 10;
    hall.ticket('t', { at: 0, skills: 'german' });
    expect(hall.order('t').sort()).toEqual(['good', 'new', 'plain']);
  });

  it('is to take the medium of the call', () => {
    queue({});
    hall.config.addSeat('a', ['q'], [], { media: ['voice'] }).addSeat('b', ['q'], [], { media: ['video', 'text'] });
    hall.open().seat('a').seat('b');
    expect(hall.ticket('t', { medium: 'voice' }).order('t')).toEqual(['a']);
    expect(hall.ticket('t', { medium: 'text' }).order('t')).toEqual(['b']);
    hall.seat('c');
    expect(hall.ticket('t', { medium: 'video' }).order('t')).toEqual(['c', 'b']);
  });
});

describe('rings', () => {
  it.each([
    ['last-agent', { last: 'c' }],
    ['frequent-agent', { frequent: 'c' }],
    ['designated-agent', { designated: 'c' }],
  ] as const)('%s: that seat alone, then the others', (kind, who) => {
    queue({ rings: [ring({ seats: { kind } }), ring({ after: 20 })] });
    hall
      .seat('a')
      .seat('c', { since: 5 })
      .ticket('t', { at: 10, ...who });
    hall.now = 10;
    expect(hall.matches()).toEqual(['t->c']);
    hall.seat('c', { state: 'talking' });
    expect(hall.matches()).toEqual([]);
    expect(hall.nextAt()).toBe(30);
    hall.now = 30;
    expect(hall.matches()).toEqual(['t->a']);
    // Seats of earlier rings still come first.
    expect(hall.seat('c', { since: 29 }).order('t')).toEqual(['c', 'a']);
  });

  it('named: these seats and those of these groups, also of other queues', () => {
    queue({ rings: [ring({ seats: { kind: 'named', seats: ['b'], groups: ['old'] } })] });
    hall.config.addSeat('guest', ['p'], [], { groups: ['old'] }).addSeat('d', ['q'], [], { groups: ['young'] });
    hall.open();
    for (const id of ['a', 'b', 'd', 'guest']) hall.seat(id);
    expect(hall.ticket('t').order('t')).toEqual(['b', 'guest']);
  });

  it('a ring of whose seats none is at work counts as passed', () => {
    const rings = [
      ring({ seats: { kind: 'last-agent' } }),
      ring({ seats: { kind: 'named', seats: ['b'], groups: [] }, after: 20 }),
      ring({ after: 30 }),
    ];
    queue({ rings });
    hall.seat('a').ticket('stranger', { at: 0 });
    // Nobody served him before, and b is not there: straight on to everybody.
    expect(hall.matches()).toEqual(['stranger->a']);
    hall.seat('b', { state: 'talking' });
    expect(hall.matches()).toEqual([]);
    expect(hall.nextAt()).toBe(30);
    // He who left for a break does not hold anybody up either.
    hall.seat('b', { state: 'break', works: false });
    expect(hall.matches()).toEqual(['stranger->a']);
    hall.ticket('regular', { at: 0, last: 'b' }).floor.removeTicket('stranger');
    expect(hall.matches()).toEqual(['regular->a']);
  });

  it.each<[string, NonNullable<Ring['when']>, () => unknown, () => unknown]>([
    ['waited', { waited: 15 }, () => (hall.now = 14), () => (hall.now = 15)],
    ['estimate', { estimate: 60 }, () => (hall.estimate = 59), () => (hall.estimate = 60)],
    ['waiting', { waiting: 2 }, () => 0, () => hall.ticket('t2')],
    ['free', { free: 2 }, () => 0, () => hall.seat('b', { since: 99 })],
    ['occupancy', { occupancy: 50 }, () => hall.seat('b', { since: 99 }), () => hall.seat('b', { state: 'talking' })],
  ])('a ring opens when its condition holds: %s', (_name, when, before, after) => {
    queue({ rings: [ring({ when })] });
    hall.seat('a', { since: -1 }).ticket('t', { at: 0 });
    before();
    expect(hall.matches()).toEqual([]);
    after();
    expect(hall.matches()[0]).toBe('t->a');
  });

  it('all that a condition names must hold', () => {
    queue({ rings: [ring({ when: { waited: 5, waiting: 2 } })] });
    hall.seat('a').ticket('t1', { at: 0 }).ticket('t2', { at: 1 });
    hall.now = 4;
    expect(hall.matches()).toEqual([]);
    hall.now = 5;
    expect(hall.matches()).toEqual(['t1->a']);
  });

  it('a ring leaves out seats with a higher penalty', () => {
    queue({ rings: [ring({ maxPenalty: 1 }), ring({ after: 10 })] });
    hall.config.addSeat('a', ['q'], [], { penalties: { q: 2 } }).addSeat('b', ['q'], [], { penalties: { q: 1 } });
    hall.open().seat('a').seat('b');
    expect(hall.ticket('t', { at: 0 }).order('t')).toEqual(['b']);
    hall.now = 10;
    expect(hall.order('t')).toEqual(['b', 'a']);
  });

  it('the regular agent for 20 seconds, then a skill group by idle rate, then everybody', () => {
    const rings = [
      ring({ seats: { kind: 'last-agent' } }),
      ring({ after: 20, strategy: 'highest-idle-rate', skills: ['fares >= 4'] }),
      ring({ after: 30, strategy: 'top-down', disregard: ['fares'] }),
    ];
    hall.config.addQueue('q', { skills: ['fares'], rings });
    hall.config.addSeat('regular', ['q'], ['fares'], { levels: { fares: 1 }, order: 9 });
    for (const id of ['e1', 'e2']) hall.config.addSeat(id, ['q'], ['fares'], { levels: { fares: 5 } });
    hall.config.addSeat('novice', ['q'], [], { order: 1 });
    hall.open().seat('regular', { state: 'talking' }).seat('novice', { since: -50 });
    hall.seat('e1', { since: -50, upSince: atSecond(-500) }).seat('e2', { since: -40, upSince: atSecond(-50) });
    hall.ticket('t', { at: 0, last: 'regular' });
    expect(hall.order('t')).toEqual([]);
    hall.seat('regular', { since: 19 });
    hall.now = 19;
    expect(hall.order('t')).toEqual(['regular']);
    hall.now = 20;
    expect(hall.order('t')).toEqual(['regular', 'e2', 'e1']);
    hall.seat('regular', { state: 'talking' });
    hall.now = 50;
    expect(hall.order('t')).toEqual(['e2', 'e1', 'novice']);
  });
});

describe('a customer whose talk broke off', () => {
  it('has the same seat for himself for 20 s, if it works', () => {
    queue({ returnWithin: 60 });
    hall.seat('a').seat('b', { state: 'wrap-up' }).ticket('t', { at: 0, returns: 'b' });
    expect(hall.matches()).toEqual([]);
    expect(hall.nextAt()).toBe(20);
    hall.seat('b', { since: 5 });
    hall.now = 6;
    expect(hall.matches()).toEqual(['t->b']);
    hall.seat('b', { state: 'talking' });
    hall.now = 20;
    expect(hall.matches()).toEqual(['t->a']);
    hall.now = 1;
    hall.seat('b', { state: 'offline', works: false });
    expect(hall.matches()).toEqual(['t->a']);
  });
});

describe('on the store', () => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  it('remembers who served a customer last, and who most often', async () => {
    for (const kind of ['last-agent', 'frequent-agent'] as const) {
      site.config.addQueue(kind, { wrapUp: 0, rings: [ring({ seats: { kind } }), ring({ after: 20 })] });
    }
    site.config.addSeat('s1', ['last-agent', 'frequent-agent']).addSeat('s2', ['last-agent', 'frequent-agent']);
    const node = await site.node();
    await node.acd.seatUp('s2');
    const talk = async (queue: string): Promise<string> => {
      await node.acd.enqueue(caller(queue, { terminal: '1001' }));
      await site.settled();
      const offer = node.offers.at(-1)!;
      await node.acd.accept(offer);
      await node.acd.complete(offer.ticketId);
      await site.pass(1);

      return offer.seatId;
    };
    expect([await talk('last-agent'), await talk('last-agent')]).toEqual(['s2', 's2']);
    await node.acd.pause('s2');
    await node.acd.seatUp('s1');
    expect(await talk('last-agent')).toBe('s1');
    await node.acd.unpause('s2');
    // s1 served him last, s2 twice; s2 is the one idle for less.
    expect([await talk('frequent-agent'), await talk('last-agent')]).toEqual(['s2', 's2']);
  });

  it('sends a customer whose talk broke off to the same seat, within the time and once', async () => {
    site.config.addQueue('q', { wrapUp: 0, returnWithin: 60 }).addSeat('s1', ['q']).addSeat('s2', ['q']);
    const node = await site.node();
    await node.acd.seatUp('s1');
    await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.settled();
    await node.acd.seatUp('s2');
    await node.acd.accept(node.offers[0]!);
    await site.pass(1);
    await node.acd.breakOff(node.offers[0]!.ticketId);
    await site.pass(50);
    // s2 is idle for longer, and would have been rung.
    await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.settled();
    expect(node.offers[1]).toMatchObject({ seatId: 's1' });
    await node.acd.leave(node.offers[1]!.ticketId);
    await node.acd.enqueue(caller('q', { terminal: '1001' }));
    await site.settled();
    expect(node.offers[2]).toMatchObject({ seatId: 's2' });
  });

  it('goes to the next ring when its time has come, without anything else happening', async () => {
    site.config.addQueue('q', { rings: [ring({ seats: { kind: 'designated-agent' } }), ring({ after: 5 })] });
    site.config.addSeat('s1', ['q']).addSeat('s2', ['q']);
    const node = await site.node('n1', { sweepEvery: 60_000 });
    await node.acd.seatUp('s1');
    await node.acd.seatUp('s2');
    await node.acd.engaged('s1', 'own', true);
    await node.acd.enqueue({ ...caller('q'), designated: 's1' });
    await site.pass(4.9);
    expect(node.offers).toEqual([]);
    await site.pass(0.1);
    expect(node.offers).toMatchObject([{ seatId: 's2' }]);
  });

  it('rings all, and those that did not answer stop when one has', async () => {
    site.config.addQueue('q', { strategy: 'ring-all' });
    for (const id of ['s1', 's2', 's3']) site.config.addSeat(id, ['q']);
    const node = await site.node();
    for (const id of ['s1', 's2', 's3']) await node.acd.seatUp(id);
    await node.acd.enqueue(caller());
    await site.settled();
    expect(node.offers.map(({ seatId }) => seatId).sort()).toEqual(['s1', 's2', 's3']);
    const [one, two, three] = node.offers;
    await node.acd.decline(two!, 'rejected');
    await node.acd.accept(one!);
    expect(node.all('withdrawn')).toEqual([[three, 'elsewhere']]);
    const states = (await node.acd.snapshot()).seats.map(({ state }) => state);
    expect(states.sort()).toEqual(['available', 'resting', 'talking']);
  });

  it('gives an alarm the seat of a talk, which waits again in its old place and is not counted as answered', async () => {
    site.config.addQueue('q').addSeat('s1', ['q']);
    const node = await site.node();
    await node.acd.seatUp('s1');
    const talking = await node.acd.enqueue(caller());
    await site.pass(1);
    await node.acd.accept(node.offers[0]!);
    const later = await node.acd.enqueue(caller());
    const alarm = await node.acd.enqueue({ ...caller(), class: 'alarm' });
    await site.settled();
    expect(node.all('preempted')).toEqual([[talking.ticketId, 's1']]);
    expect(node.offers[1]).toMatchObject({ ticketId: alarm.ticketId, seatId: 's1' });
    expect(await node.acd.position(talking.ticketId)).toMatchObject({ position: 2 });
    expect(await node.acd.position(later.ticketId)).toMatchObject({ position: 3 });
    expect(await node.acd.stats('q')).toMatchObject({ offered: 3, answered: 0, waiting: 3 });
    await expect(node.acd.accept(node.offers[0]!)).rejects.toMatchObject({ code: 'OFFER_GONE' });
  });
});
