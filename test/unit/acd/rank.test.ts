import fc from 'fast-check';
import { rank } from '../../../src/acd/rank';
import type { Lane } from '../../../src/acd/rank';

const PAGE = 4;

/** A lane from shorthand: tickets as score or [score, sequence], seats as id and idle time. */
function lane(queue: string, tickets: (number | [number, string])[], seats: Record<string, number>): Lane {
  return {
    queue,
    tickets: tickets.map((ticket, index) => {
      const [score, sequence] = typeof ticket === 'number' ? [ticket, String(index)] : ticket;

      return { ticketId: `${queue}${score}${sequence}`, score, sequence };
    }),
    seats: Object.entries(seats).map(([seatId, idleSince]) => ({ seatId, idleSince })),
  };
}

const told = (lanes: Lane[]) => rank(lanes, PAGE).matches.map((match) => `${match.ticketId}->${match.seatId}`);

describe('ranking', () => {
  it('gives the first ticket the seat that is idle longest', () => {
    expect(told([lane('q', [1, 2], { a: 10, b: 20, c: 30 })])).toEqual(['q10->a', 'q21->b']);
  });

  it('has nothing to say when nobody waits or nobody is free', () => {
    expect(rank([], PAGE)).toEqual({ matches: [], more: false });
    expect(rank([lane('q', [], { a: 1 })], PAGE)).toEqual({ matches: [], more: false });
  });

  it('lets a seat of several queues take the best ticket of them all', () => {
    expect(told([lane('p', [5], { a: 1 }), lane('q', [3], { a: 1 })])).toEqual(['q30->a']);
  });

  it('breaks a tie by the order of arrival', () => {
    expect(
      told([
        lane(
          'q',
          [
            [7, '2'],
            [7, '1'],
          ],
          { a: 1 },
        ),
      ]),
    ).toEqual(['q71->a']);
  });

  it('passes over a ticket that no free seat suits', () => {
    expect(told([lane('p', [1, 2], { a: 1 }), lane('q', [3], { b: 1 })])).toEqual(['p10->a', 'q30->b']);
  });

  it('stops where a full page may hide tickets of better rank', () => {
    const full = lane('p', [1, 2, 3, 4], { a: 1, b: 2, c: 3, d: 4 });
    const seats = { a: 1, b: 2, c: 3, d: 4, e: 5 };
    const ranking = rank([full, lane('q', [9], seats)], PAGE);
    expect(ranking.matches).toHaveLength(4);
    expect(ranking.more).toBe(true);
  });

  it('stops where a full page may hide seats', () => {
    const busy = { a: 1, b: 2, c: 3, d: 4 };
    const ranking = rank([lane('p', [1, 2, 3], busy), lane('q', [4, 5, 6], busy)], PAGE);
    expect(ranking.matches).toHaveLength(4);
    expect(ranking.more).toBe(true);
  });

  it('never uses a seat or a ticket twice, and always makes a match when there is one to make', () => {
    const seats = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(9), {
      minKeys: 1,
      maxKeys: PAGE,
    });
    const lanes = fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: PAGE }), seats), { maxLength: 5 });
    fc.assert(
      fc.property(lanes, (shapes) => {
        const made = shapes.map(([tickets, free], index) =>
          lane(
            `q${index}`,
            tickets.sort((a, b) => a - b),
            free,
          ),
        );
        const { matches } = rank(made, PAGE);
        expect(new Set(matches.map((match) => match.seatId)).size).toBe(matches.length);
        expect(new Set(matches.map((match) => match.ticketId)).size).toBe(matches.length);
        expect(matches.length > 0).toBe(made.length > 0);
      }),
    );
  });
});
