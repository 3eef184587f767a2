import type { QueueTicket } from '../../../src/acd/queue-tickets';
import type { CallbackConfig, QueueConfig, SeatConfig } from '../../../src/acd/config';
import type { TicketState, TicketView } from '../../../src/acd/types';
import { acdPorts, type AcdForHttp } from '../../../src/http/acd-ports';
import { SightlineError } from '../../../src/lib/errors';
import { bearer, eachListening, emptyAcd } from './listening';

const start = eachListening();

const nobody = (id: string): SeatConfig => ({ id, queues: ['support'], skills: ['fares'] });
const plan = new Map(['2001', '2002'].map((id) => [id, nobody(id)]));
const callback: CallbackConfig = { order: 'agent-first', attempts: 3, retryDelay: 60, ringTimeout: 30 };
const queues = new Map([
  ['support', { id: 'support', callback } as QueueConfig],
  ['tickets', { id: 'tickets' } as QueueConfig],
]);
const config = {
  seat: (id: string) => plan.get(id),
  seats: () => plan.values(),
  queue: (id: string) => queues.get(id),
};
const stats = {
  ...{ queue: 'support', offered: 4, answered: 1, abandoned: 0, overflowed: 0, refused: 0, calledBack: 0 },
  ...{ waiting: 3, staffed: 2, idle: 0, handling: 90 },
};
const facts = { waiting: 3, staffed: 2, free: 0, occupancy: 1, estimate: [120, 300] as [number, number] };

function row(position: number): QueueTicket {
  return {
    ...{ ticketId: `ticket_${position}`, callId: `call_${position}`, terminal: '1001', state: 'waiting' as const },
    ...{ class: 'normal' as const, priority: 0, worth: 64 - position, waited: 60, position, estimate: [30, 90] },
  };
}

/** An ACD with one ticket, in a state, one seat that was at work, and a queue of three. */
function acd(state?: TicketState, queue = 'support'): AcdForHttp & { asked: string[] } {
  const asked: string[] = [];
  const ticket = state && ({ ticketId: 'ticket_1', queue, state, enqueuedAt: 0 } as TicketView);
  const { seats, tickets } = emptyAcd;
  const seat = { seatId: '2001', state: 'available' as const, since: 5, queues: ['support'], skills: [] };
  const known = (queue: string): void => {
    if (queue !== 'support') throw new SightlineError('QUEUE_UNKNOWN');
  };

  return {
    ...seats,
    ...tickets,
    seat: (id) => Promise.resolve(id === '2001' ? seat : undefined),
    ticket: () => Promise.resolve(ticket),
    snapshot: () => Promise.resolve({ queues: [stats], seats: [seat] }),
    facts: async (queue) => {
      known(queue);

      return Promise.resolve(facts);
    },
    stats: () => Promise.resolve(stats),
    queueTickets: () => Promise.resolve([row(1), row(2), row(3)]),
    askCallback: (id) => {
      asked.push(id);

      return Promise.resolve();
    },
    asked,
  };
}

describe('seats', () => {
  test('a seat of the plan that was never at work is offline; one of no plan is unknown', async () => {
    const { seats } = acdPorts(acd(), config);
    const offline = { seatId: '2002', state: 'offline', since: 0, queues: ['support'], skills: ['fares'] };
    expect(await seats.seats()).toMatchObject([{ seatId: '2001', state: 'available' }, offline]);
    expect(await seats.seat('2001')).toMatchObject({ state: 'available', since: 5 });
    expect(await seats.seat('2002')).toEqual(offline);
    expect(await seats.seat('2003')).toBeUndefined();
  });
});

describe('a callback', () => {
  test.each(['waiting', 'offered', 'held'] as const)('%s: it is asked for', async (state) => {
    const known = acd(state);
    await acdPorts(known, config).tickets.askCallback('ticket_1');
    expect(known.asked).toEqual(['ticket_1']);
  });

  test.each([
    ['of a queue that calls nobody back', 'waiting', 'tickets'],
    ['of somebody who has hung up', 'dropped', 'support'],
  ] as const)('%s: it is refused', async (_what, state, queue) => {
    const known = acd(state, queue);
    await expect(acdPorts(known, config).tickets.askCallback('ticket_1')).rejects.toMatchObject({
      code: 'WRONG_STATE',
    });
    expect(known.asked).toEqual([]);
  });
});

describe('GET /v1/queues/{id}', () => {
  test('has the counters, the facts and those who stand in it, in order', async () => {
    const server = await start({ acd: acdPorts(acd(), config) });
    const answer = await server.fetch('/v1/queues/support', { headers: bearer });
    expect(await answer.json()).toEqual({ ...stats, facts, tickets: [row(1), row(2), row(3)] });
  });

  test('shows as many as are asked for', async () => {
    const server = await start({ acd: acdPorts(acd(), config) });
    for (const [limit, shown] of [
      ['0', 0],
      ['2', 2],
      ['9999', 3],
    ] as const) {
      const answer = await server.fetch(`/v1/queues/support?limit=${limit}`, { headers: bearer });
      expect(((await answer.json()) as { tickets: unknown[] }).tickets).toHaveLength(shown);
    }
    expect((await server.fetch('/v1/queues/support?limit=-1', { headers: bearer })).status).toBe(400);
  });

  test('an unknown queue is 404', async () => {
    const server = await start({ acd: acdPorts(acd(), config) });
    const answer = await server.fetch('/v1/queues/nothing', { headers: bearer });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'QUEUE_UNKNOWN' });
  });
});
