import fc from 'fast-check';
import { match } from '../../../src/acd/match';
import type { Ring, Strategy } from '../../../src/acd/config';
import { Hall } from './hall';

const strategies: Strategy[] = [
  ...(['longest-idle', 'highest-idle-rate', 'fewest-calls', 'least-talk-time', 'most-skilled', 'top-down'] as const),
  ...(['sequential', 'linear', 'round-robin', 'round-robin-ordered', 'random', 'ring-all'] as const),
];
const ids = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'];
const some = fc.nat(2);
const rarely = fc.constantFrom(false, false, false, true);

const seat = fc.record({ queues: fc.constantFrom(['q'], ['p'], ['q', 'p']), skilled: fc.boolean(), figures: some });
const ticket = fc.record({
  queue: fc.constantFrom('q', 'q', 'q', 'p'),
  at: fc.nat(14),
  isVip: rarely,
  skilled: rarely,
  tried: fc.constantFrom(...ids.map(() => undefined), 's0', 's1', 's2'),
});
const plan = fc.record({
  seats: fc.array(seat, { minLength: 5, maxLength: ids.length }),
  line: fc.array(ticket, { minLength: 4, maxLength: 12 }),
  first: fc.constantFrom(...strategies),
  second: fc.constantFrom(...strategies),
  after: fc.constantFrom(0, 4, 30),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** A queue with a ring of some seats and a wider one, another with all of its seats, and seats that work for both. */
function build({ seats, line, first, second, after }: Plan): Hall {
  const hall = new Hall();
  const narrow = {
    seats: { kind: 'named' as const, seats: ids.slice(0, 4), groups: [] },
    strategy: first,
    after: 0,
  } satisfies Ring;
  hall.config.addQueue('q', { rings: [narrow, { seats: { kind: 'all' }, strategy: second, after }] });
  hall.config.addQueue('p', { strategy: second });
  seats.forEach(({ queues, skilled, figures }, index) => {
    const more = { order: index, penalties: { q: figures % 2 } };
    hall.config.addSeat(ids[index]!, [...queues], skilled ? ['x'] : [], more);
  });
  hall.open();
  hall.now = 15;
  seats.forEach(({ figures }, index) =>
    hall.seat(ids[index]!, { since: figures, calls: figures, talkTime: 2 - figures }),
  );
  line.forEach(({ queue, at, isVip, skilled, tried }, index) =>
    hall.ticket(`t${index}`, {
      ...{ queue, at, class: isVip ? 'vip' : 'normal', skills: skilled ? 'x' : '' },
      tried: new Set(tried ? [tried] : []),
    }),
  );

  return hall.lastSeat('s1');
}

describe('the order of seats that is kept for a lane', () => {
  it('brings each ticket what it would find alone, behind those before it', () => {
    fc.assert(
      fc.property(plan, (one) => {
        const hall = build(one);
        const { matches } = match(hall.floor, hall.context);
        const taken = new Set<string>();
        const served = new Set<string>();
        for (const { ticket: who, choice, suited, runnersUp } of matches) {
          // All seats of a ring that rings together are told with the first.
          if (!served.has(who.id)) {
            const alone = hall.choose(who.id, taken);
            const all = matches.filter(({ ticket: { id } }) => id === who.id).map((each) => each.choice);
            expect({ seats: all, suited, runnersUp }).toEqual({
              ...{ seats: alone.seats, suited: alone.suited, runnersUp: alone.runnersUp },
            });
            served.add(who.id);
          }
          taken.add(choice.seatId);
        }
        // Nobody was left out who would have found a seat.
        for (const { id } of hall.floor.tickets.values()) {
          if (served.has(id)) continue;
          expect(hall.choose(id, taken).seats).toEqual([]);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
