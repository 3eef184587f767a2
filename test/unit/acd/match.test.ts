import fc from 'fast-check';
import { Hall } from './hall';

let hall: Hall;

beforeEach(() => {
  hall = new Hall();
  hall.config.addQueue('q').addQueue('p').addSeat('a', ['q']).addSeat('b', ['q', 'p']).addSeat('c', ['p'], ['x']);
  hall.open();
  hall.now = 10;
});

describe('who goes first', () => {
  it('is who came first, to the millisecond, then in the order of arrival', () => {
    hall.seat('a').ticket('late', { at: 0.001 }).ticket('first', { at: 0 }).ticket('second', { at: 0 });
    expect(hall.matches()).toEqual(['first->a']);
    hall.floor.removeTicket('first');
    expect(hall.matches()).toEqual(['second->a']);
  });

  it('counts a head start in seconds', () => {
    hall.seat('a').ticket('early', { at: 0 }).ticket('urgent', { at: 5, priority: 6 });
    expect(hall.matches()).toEqual(['urgent->a']);
    hall.ticket('urgent', { at: 7, priority: 6 });
    expect(hall.matches()).toEqual(['early->a']);
  });

  it('lets a seat of several queues take the best ticket of them all', () => {
    hall.seat('b').ticket('here', { at: 3 }).ticket('there', { at: 1, queue: 'p' });
    expect(hall.matches()).toEqual(['there->b']);
  });

  it('serves a queue of weight 2 as if its tickets had waited twice as long', () => {
    hall.config.addQueue('p', { weight: 2 });
    hall.open().seat('b').ticket('here', { at: 0 }).ticket('there', { at: 60, queue: 'p' });
    hall.now = 119;
    expect(hall.matches()).toEqual(['here->b']);
    hall.now = 121;
    expect(hall.matches()).toEqual(['there->b']);
  });

  it('puts a VIP two minutes ahead, and lets a low ticket age half as fast', () => {
    hall.seat('a').ticket('normal', { at: 0 }).ticket('vip', { at: 119, class: 'vip' });
    hall.now = 200;
    expect(hall.matches()).toEqual(['vip->a']);
    hall.ticket('vip', { at: 121, class: 'vip' });
    expect(hall.matches()).toEqual(['normal->a']);
    hall.floor.removeTicket('vip');
    hall.ticket('low', { at: -190, class: 'low' });
    expect(hall.matches()).toEqual(['normal->a']);
    hall.ticket('low', { at: -210, class: 'low' });
    expect(hall.matches()).toEqual(['low->a']);
  });

  it('puts an alarm before everybody, and of alarms the earlier one', () => {
    hall.seat('a').ticket('vip', { at: 0, class: 'vip', priority: 1_000 });
    hall.ticket('alarm', { at: 9, class: 'alarm' }).ticket('alarm2', { at: 10, class: 'alarm', priority: 0 });
    expect(hall.matches()).toEqual(['alarm->a']);
  });
});

describe('a match', () => {
  it('is made for each ticket that finds a seat, the best first, each seat once', () => {
    hall.seat('a', { since: 2 }).seat('b', { since: 1 }).seat('c');
    hall.ticket('t1').ticket('t2', { queue: 'p' }).ticket('t3').ticket('t4');
    expect(hall.matches()).toEqual(['t1->b', 't2->c', 't3->a']);
  });

  it('passes over who suits no free seat, and looks at those behind', () => {
    hall.seat('a').ticket('special', { skills: 'x' }).ticket('plain');
    expect(hall.matches()).toEqual(['plain->a']);
    hall.ticket('held', { state: 'held', at: -9 }).ticket('lost', { state: 'dropped', at: -9 });
    expect(hall.matches()).toEqual(['plain->a']);
  });

  it('is not made of a seat or a ticket for which a claim is under way', () => {
    hall.seat('a').seat('b', { since: 1 }).ticket('t1').ticket('t2');
    hall.floor.pendingSeats.add('a');
    hall.floor.pendingTickets.add('t1');
    expect(hall.matches()).toEqual(['t2->b']);
  });

  it('is not made of a ticket whose node does not listen, ringing or not; those behind it have their turn', () => {
    hall.config.addQueue('q', { rings: [{ seats: { kind: 'all' }, strategy: 'ring-all', after: 0 }] });
    hall.open().seat('a').ringing('rings', { b: 0 }, { node: 'gone' });
    hall.ticket('t1', { node: 'gone' }).ticket('t2', { class: 'alarm', node: 'gone' }).ticket('t3');
    expect(hall.matches()).toEqual(['t2->a']);
    hall.floor.deaf.set('gone', 0);
    expect(hall.matches()).toEqual(['t3->a']);
    hall.floor.removeTicket('t3');
    expect(hall.matches()).toEqual([]);
  });

  it('is made again when another plan is in force', () => {
    hall.seat('a').ticket('t', { queue: 'p' });
    expect(hall.matches()).toEqual([]);
    hall.config.addSeat('a', ['p']);
    expect(hall.open().matches()).toEqual(['t->a']);
  });

  it('is never made twice of one thing, and is always made when there is one to make', () => {
    const ids = ['s0', 's1', 's2', 's3'];
    const seats = fc.array(fc.record({ id: fc.constantFrom(...ids), free: fc.boolean() }), { maxLength: 6 });
    const tickets = fc.array(
      fc.record({ queue: fc.constantFrom('q', 'p'), at: fc.nat(9), x: fc.boolean(), alarm: fc.boolean() }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(seats, tickets, (some, line) => {
        const one = new Hall();
        one.config.addQueue('q').addQueue('p', { weight: 3 });
        one.config
          .addSeat('s0', ['q'])
          .addSeat('s1', ['p'], ['x'])
          .addSeat('s2', ['q', 'p'], ['x'])
          .addSeat('s3', ['q', 'p']);
        one.open();
        one.now = 10;
        for (const { id, free } of some) one.seat(id, free ? {} : { state: 'talking' });
        line.forEach(({ queue, at, x, alarm }, index) =>
          one.ticket(`t${index}`, { queue, at, skills: x ? 'x' : '', class: alarm ? 'alarm' : 'normal' }),
        );
        const pairs = one.matches().map((text) => text.split(/[-!]>/));
        expect(new Set(pairs.map(([ticket]) => ticket)).size).toBe(pairs.length);
        expect(new Set(pairs.map(([, seat]) => seat)).size).toBe(pairs.length);
        // By plain counting: who is left and a free seat that is left do not suit each other.
        const left = [...one.floor.tickets.values()].filter(({ id }) => !pairs.some(([ticket]) => ticket === id));
        const free = [...one.floor.seats.values()].filter(
          ({ id, state }) => state === 'available' && !pairs.some(([, seat]) => seat === id),
        );
        for (const ticket of left) {
          for (const { id } of free) {
            const config = one.config.seat(id)!;
            const suits = config.queues.includes(ticket.queue) && (ticket.skills === '' || config.skills.includes('x'));
            expect(suits).toBe(false);
          }
        }
      }),
    );
  });
});

describe('an alarm that finds no free seat', () => {
  beforeEach(() => {
    hall.config.addSeat('d', ['q']).addSeat('e', ['q']).addSeat('f', ['q']);
    hall.open();
    hall.ticket('busy', { state: 'talking' }).ticket('help', { class: 'alarm' });
  });

  it('takes first what hurts least: a wrap-up, a rest, a reserved seat, a ringing one, the talk that began last', () => {
    const order = ['wrap-up', 'resting', 'reserved', 'ringing', 'talking'] as const;
    const seats = ['a', 'b', 'd', 'e', 'f'];
    order.forEach((state, index) => hall.seat(seats[index]!, { state, ticket: index > 1 ? 'busy' : '' }));
    hall.config.addSeat('g', ['q']);
    hall.open().seat('g', { state: 'talking', ticket: 'busy', since: -5 });
    const taken: string[] = [];
    for (let [next] = hall.matches(); next; [next] = hall.matches()) {
      taken.push(next);
      hall.seat(next.slice(-1), { works: false, state: 'break' });
    }
    expect(taken).toEqual(['help!>a', 'help!>b', 'help!>d', 'help!>e', 'help!>f', 'help!>g']);
  });

  it('takes none from another alarm, from a call of its own, from whoever is away, or that is not able', () => {
    hall.ticket('other', { class: 'alarm', state: 'talking' });
    hall
      .seat('a', { state: 'talking', ticket: 'other' })
      .seat('b', { state: 'talking', ticket: 'busy', engaged: true });
    hall.seat('d', { state: 'break', works: false }).seat('e', { state: 'engaged', engaged: true });
    hall.seat('c', { state: 'talking', ticket: 'busy' });
    expect(hall.matches()).toEqual([]);
  });

  it('leaves a seat its rest that has refused this very alarm', () => {
    hall.ticket('help', { class: 'alarm', tried: new Set(['a']) }).seat('a', { state: 'resting' });
    expect(hall.matches()).toEqual([]);
    hall.seat('b', { state: 'talking', ticket: 'busy' });
    expect(hall.matches()).toEqual(['help!>b']);
  });

  it('takes one seat for each alarm', () => {
    hall.ticket('help2', { class: 'alarm' });
    hall.seat('a', { state: 'talking', ticket: 'busy', since: 1 }).seat('b', { state: 'talking', ticket: 'busy2' });
    expect(hall.matches()).toEqual(['help!>a', 'help2!>b']);
  });
});

describe('places', () => {
  it('are counted over all classes and states of a line', () => {
    hall
      .ticket('held', { at: 0, state: 'held' })
      .ticket('rung', { at: 1, state: 'offered' })
      .ticket('low', { at: 2, class: 'low' });
    hall
      .ticket('vip', { at: 3, class: 'vip' })
      .ticket('alarm', { at: 4, class: 'alarm' })
      .ticket('talks', { state: 'talking' });
    const { now } = hall.context;
    const order = ['alarm', 'vip', 'held', 'rung', 'low'];
    expect(hall.floor.standing('q', now).map(({ id }) => id)).toEqual(order);
    expect(order.map((id) => hall.floor.position(hall.get(id), now))).toEqual([1, 2, 3, 4, 5]);
    expect(hall.floor.queue('q').waiting).toBe(5);
  });
});
