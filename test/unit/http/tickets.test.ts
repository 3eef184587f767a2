import type { Explanation, TicketView } from '../../../src/acd/types';
import type { TicketPort } from '../../../src/http/tickets';
import { SightlineError } from '../../../src/lib/errors';
import { bearer, eachListening, emptyAcd, post, terminal, type Listening } from './listening';

const start = eachListening();

const offer = {
  offerId: 'offer_1',
  token: 'token-of-the-offer',
  ticketId: 'ticket_1',
  callId: 'call_1',
  seatId: '2001',
  queue: 'support',
  expiresAt: 20_000,
};
const waiting: TicketView = {
  ticketId: 'ticket_1',
  queue: 'support',
  callId: 'call_1',
  terminal: '1001',
  resumeKey: 'key-of-the-place',
  priority: 0,
  skills: [],
  node: 'help-1~a',
  state: 'waiting',
  enqueuedAt: 1_000,
};
const { resumeKey: _resumeKey, ...seen } = waiting;
const shown = { ...seen, class: 'normal', callback: false, enqueuedAt: '1970-01-01T00:00:01.000Z', ringing: [] };

const explanation: Explanation = {
  ticketId: 'ticket_1',
  queue: 'support',
  at: 5_000,
  state: 'waiting',
  position: 2,
  worth: 64.5,
  waited: 4,
  rings: [{ name: 'near', strategy: 'longest-idle', open: true, why: 'from the beginning' }],
  candidates: [
    { seatId: '2001', state: 'available', ring: 0, score: [3, 1.5] },
    { seatId: '2002', state: 'break', reject: 'state', detail: 'lunch' },
  ],
  ahead: ['ticket_0'],
  decisions: [
    {
      at: 4_000,
      seatId: '2003',
      ring: 0,
      strategy: 'longest-idle',
      score: [1],
      suited: 2,
      runnersUp: [{ seatId: '2001', score: [3] }],
    },
  ],
};

type Deed = [name: string, ...values: unknown[]];

/** One ticket, ticket_1; takes down what is done to it. */
async function withTicket(
  ticket: TicketView = waiting,
  parts: Partial<TicketPort> = {},
): Promise<Listening & { deeds: Deed[] }> {
  const deeds: Deed[] = [];
  let now: TicketView | undefined = ticket;
  const did =
    (name: string, change: Partial<TicketView> = {}) =>
    (_id: string, ...values: unknown[]): Promise<void> => {
      deeds.push([name, ...values]);
      now = now && { ...now, ...change };

      return Promise.resolve();
    };
  const tickets: TicketPort = {
    ticket: (id) => Promise.resolve(id === 'ticket_1' ? now : undefined),
    history: () => Promise.resolve([{ at: 1_000, what: 'enqueued' }]),
    explain: (id) => Promise.resolve(id === 'ticket_1' ? explanation : undefined),
    transfer: did('transfer', { queue: 'fares' }),
    reprioritise: did('reprioritise', { class: 'vip' }),
    askCallback: did('askCallback', { callback: true }),
    endWait: did('endWait', { state: 'ended' }),
    ...parts,
  };

  return { ...(await start({ acd: { ...emptyAcd, tickets } })), deeds };
}

describe('looking at a ticket', () => {
  test('it comes with its history', async () => {
    const server = await withTicket();
    const answer = await server.fetch('/v1/tickets/ticket_1', { headers: bearer });
    expect(await answer.json()).toEqual({
      ...shown,
      history: [{ at: '1970-01-01T00:00:01.000Z', what: 'enqueued' }],
    });
  });

  test('all that is known of it is shown, except what opens something', async () => {
    const second = { ...offer, offerId: 'offer_2', seatId: '2002', expiresAt: 30_000 };
    const known = { customer: 'c7', class: 'vip', medium: 'video', designated: '2002', callback: true } as const;
    const server = await withTicket({ ...waiting, ...known, state: 'offered', offer, offers: [offer, second] });
    const text = await (await server.fetch('/v1/tickets/ticket_1', { headers: bearer })).text();
    expect(JSON.parse(text)).toMatchObject({
      ...known,
      ringing: [
        { seatId: '2001', until: '1970-01-01T00:00:20.000Z' },
        { seatId: '2002', until: '1970-01-01T00:00:30.000Z' },
      ],
    });
    expect(text).not.toMatch(/token-of-the-offer|key-of-the-place/);
  });

  test('one that talks names its seat', async () => {
    const server = await withTicket({ ...waiting, state: 'talking', answeredAt: 9_000, offer });
    const answer = await server.fetch('/v1/tickets/ticket_1', { headers: bearer });
    expect(await answer.json()).toMatchObject({
      seatId: '2001',
      answeredAt: '1970-01-01T00:00:09.000Z',
      ringing: [],
    });
  });

  test('the search for a seat is explained whole', async () => {
    const server = await withTicket();
    const answer = await server.fetch('/v1/tickets/ticket_1/explanation', { headers: bearer });
    expect(await answer.json()).toEqual({
      ...explanation,
      at: '1970-01-01T00:00:05.000Z',
      decisions: [{ ...explanation.decisions[0], at: '1970-01-01T00:00:04.000Z' }],
    });
  });

  test.each<[method: string, path: string, body: unknown]>([
    ['GET', '', undefined],
    ['GET', '/explanation', undefined],
    ['DELETE', '', undefined],
    ['POST', '/callback', undefined],
    ['POST', '/transfer', { queue: 'fares' }],
    ['POST', '/priority', { priority: 60 }],
  ])('%s of an unknown ticket (%s) is 404, and nothing is done', async (method, path, body) => {
    const server = await withTicket();
    const options = body === undefined ? { method, headers: bearer } : post(body, bearer);
    const answer = await server.fetch(`/v1/tickets/ticket_2${path}`, options);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'TICKET_UNKNOWN' });
    expect(server.deeds).toEqual([]);
  });
});

describe('what a supervisor changes about a ticket', () => {
  test.each<[path: string, body: unknown, deed: Deed, then: object]>([
    ['transfer', { queue: 'fares' }, ['transfer', 'fares'], { queue: 'fares' }],
    ['priority', { class: 'vip' }, ['reprioritise', { class: 'vip' }], { class: 'vip' }],
    ['priority', { priority: -1_000 }, ['reprioritise', { priority: -1_000 }], { class: 'vip' }],
    ['callback', {}, ['askCallback'], { callback: true }],
  ])('POST %s %j is done, and answered with the ticket as it is then', async (path, body, deed, then) => {
    const server = await withTicket();
    const answer = await server.fetch(`/v1/tickets/ticket_1/${path}`, post(body, bearer));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ ...shown, ...then });
    expect(server.deeds).toEqual([deed]);
    expect(server.log).toMatchObject([{ ticket: 'ticket_1', what: path, by: '127.0.0.1' }]);
  });

  test('DELETE ends the wait', async () => {
    const server = await withTicket();
    const answer = await server.fetch('/v1/tickets/ticket_1', { method: 'DELETE', headers: bearer });
    expect(answer.status).toBe(204);
    expect(server.deeds).toEqual([['endWait']]);
  });

  test.each<[path: string, body: unknown, detail: string]>([
    ['transfer', {}, "the body lacks 'queue'"],
    ['transfer', { queue: '' }, `'queue' must match pattern "^[^\\s,:|{}]{1,64}$"`],
    ['priority', {}, 'the body must not be empty'],
    ['priority', { class: 'king' }, "'class' must be one of alarm, vip, normal, low"],
    ['priority', { priority: 1_001 }, "'priority' must be at most 1000"],
    ['priority', { priority: 0.5 }, "'priority' must be a whole number"],
    ['callback', { at: 'noon' }, "the body has 'at', which is not known here"],
  ])('POST %s %j is refused in words, and nothing is done', async (path, body, detail) => {
    const server = await withTicket();
    const answer = await server.fetch(`/v1/tickets/ticket_1/${path}`, post(body, bearer));
    expect(await answer.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST', detail });
    expect(server.deeds).toEqual([]);
  });

  test.each(['WRONG_STATE', 'TICKET_GONE'] as const)('%s is told as 409, with the ticket as it is', async (code) => {
    const ended: TicketView = { ...waiting, state: 'ended' };
    const server = await withTicket(ended, { endWait: () => Promise.reject(new SightlineError(code, 'Too late')) });
    const answer = await server.fetch('/v1/tickets/ticket_1', { method: 'DELETE', headers: bearer });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'WRONG_STATE',
      detail: 'Too late',
      state: { ...shown, state: 'ended' },
    });
    expect(server.log).toEqual([]);
  });

  test('a ticket that is forgotten while it is changed is 404', async () => {
    const views = [waiting, undefined];
    const server = await withTicket(waiting, {
      ticket: () => Promise.resolve(views.shift()),
      askCallback: () => Promise.reject(new SightlineError('TICKET_GONE')),
    });
    const answer = await server.fetch('/v1/tickets/ticket_1/callback', { method: 'POST', headers: bearer });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'TICKET_UNKNOWN' });
  });

  test.each([
    ['QUEUE_UNKNOWN', 404],
    ['QUEUE_FULL', 503],
  ] as const)('a queue that cannot take it: %s is %i', async (code, status) => {
    const server = await withTicket(waiting, { transfer: () => Promise.reject(new SightlineError(code)) });
    const answer = await server.fetch('/v1/tickets/ticket_1/transfer', post({ queue: 'fares' }, bearer));
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  test('a terminal may neither look at a ticket nor change it, not even its own', async () => {
    const server = await withTicket();
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/explanation'],
      ['POST', '/callback'],
      ['DELETE', ''],
    ]) {
      const answer = await server.fetch(`/v1/tickets/ticket_1${path}`, { method: method!, headers: terminal });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect(server.deeds).toEqual([]);
  });
});
