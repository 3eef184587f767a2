import type { SeatView } from '../../../src/acd/types';
import type { SeatPort } from '../../../src/http/seats';
import { SightlineError } from '../../../src/lib/errors';
import { bearer, eachListening, emptyAcd, post, terminal, type Listening } from './listening';

const start = eachListening();

const talking: SeatView = {
  seatId: '2001',
  state: 'talking',
  since: 1_000,
  queues: ['support'],
  skills: ['fares'],
  ticketId: 'ticket_1',
  calls: 3,
  talkTime: 412.5,
  idleRate: 0.25,
};
const shown = { ...talking, since: '1970-01-01T00:00:01.000Z' };

type Deed = [name: string, ...values: unknown[]];

/** One seat, 2001, that does what it is told and takes down what that was. */
async function withSeat(parts: Partial<SeatPort> = {}): Promise<Listening & { deeds: Deed[] }> {
  const deeds: Deed[] = [];
  let seat = talking;
  const did =
    (name: string, change: Partial<SeatView> = {}) =>
    (id: string, ...values: unknown[]): Promise<void> => {
      if (id !== seat.seatId) return Promise.reject(new SightlineError('SEAT_UNKNOWN', `There is no seat '${id}'`));
      deeds.push([name, ...values]);
      seat = { ...seat, ...change };

      return Promise.resolve();
    };
  const seats: SeatPort = {
    seats: () => Promise.resolve([seat]),
    seat: (id) => Promise.resolve(id === seat.seatId ? seat : undefined),
    pause: did('pause', { next: 'break', reason: 'lunch' }),
    unpause: did('unpause'),
    login: did('login'),
    logout: did('logout', { next: 'offline' }),
    extendWrapUp: did('extendWrapUp', { state: 'wrap-up', until: 60_000 }),
    endWrapUp: did('endWrapUp', { state: 'available' }),
    setNext: did('setNext'),
    ...parts,
  };

  return { ...(await start({ acd: { ...emptyAcd, seats } })), deeds };
}

const send = (method: string, body?: unknown): RequestInit =>
  body === undefined ? { method, headers: bearer } : post(body, bearer, method);

describe('looking at seats', () => {
  test('all of them, and one, with times that people can read', async () => {
    const server = await withSeat();
    const all = await server.fetch('/v1/seats', { headers: bearer });
    expect(await all.json()).toEqual({ seats: [shown] });
    const one = await server.fetch('/v1/seats/2001', { headers: bearer });
    expect(await one.json()).toEqual(shown);
  });

  test('a seat that has never been at work has no time', async () => {
    const seat: SeatView = { seatId: '2002', state: 'offline', since: 0, queues: ['support'], skills: [] };
    const server = await withSeat({ seat: () => Promise.resolve(seat) });
    const answer = await server.fetch('/v1/seats/2002', { headers: bearer });
    expect(await answer.json()).toEqual({ seatId: '2002', state: 'offline', queues: ['support'], skills: [] });
  });

  test.each(['/v1/seats/2009', '/v1/seats/2009/break', '/v1/seats/2009/login'])('%s is 404', async (path) => {
    const server = await withSeat();
    const answer = await server.fetch(path, send(path.endsWith('2009') ? 'GET' : 'POST'));
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'SEAT_UNKNOWN', detail: "There is no seat '2009'" });
  });
});

describe('what agents and supervisors do with a seat', () => {
  test.each<[method: string, path: string, body: unknown, deed: Deed, then: Partial<SeatView>]>([
    ['POST', 'break', undefined, ['pause', undefined], { next: 'break' }],
    ['POST', 'break', { reason: 'lunch' }, ['pause', 'lunch'], { next: 'break', reason: 'lunch' }],
    ['DELETE', 'break', undefined, ['unpause'], {}],
    ['POST', 'login', undefined, ['login'], {}],
    ['POST', 'login', {}, ['login'], {}],
    ['POST', 'logout', undefined, ['logout'], { next: 'offline' }],
    ['POST', 'wrap-up', { extend: 30 }, ['extendWrapUp', 30], { state: 'wrap-up' }],
    ['DELETE', 'wrap-up', undefined, ['endWrapUp'], { state: 'available' }],
    ['PUT', 'next', { state: 'break', reason: 'lunch' }, ['setNext', 'break', 'lunch'], {}],
    ['PUT', 'next', { state: 'offline' }, ['setNext', 'offline', undefined], {}],
    ['PUT', 'next', { state: 'available' }, ['setNext', 'available', undefined], {}],
  ])('%s %s %j is done, and answered with the seat as it is then', async (method, path, body, deed, then) => {
    const server = await withSeat();
    const answer = await server.fetch(`/v1/seats/2001/${path}`, send(method, body));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ seatId: '2001', ...then });
    expect(server.deeds).toEqual([deed]);
    expect(server.log).toMatchObject([{ seat: '2001', method, what: path, by: '127.0.0.1' }]);
  });

  test.each<[method: string, path: string, body: unknown, detail: string]>([
    ['POST', 'break', { reason: '' }, "'reason' must not be empty"],
    ['POST', 'break', { reason: 'x'.repeat(65) }, "'reason' must have at most 64 characters"],
    ['POST', 'break', [], 'the body must be an object or nothing'],
    ['POST', 'login', { pin: '1' }, "the body has 'pin', which is not known here"],
    ['POST', 'wrap-up', undefined, 'the body must be an object'],
    ['POST', 'wrap-up', { extend: 0 }, "'extend' must be at least 1"],
    ['POST', 'wrap-up', { extend: 3_601 }, "'extend' must be at most 3600"],
    ['POST', 'wrap-up', { extend: 1.5 }, "'extend' must be a whole number"],
    ['PUT', 'next', {}, "the body lacks 'state'"],
    ['PUT', 'next', { state: 'talking' }, "'state' must be one of break, offline, available"],
    ['PUT', 'next', { state: 'offline', reason: 'home' }, "'reason' is kept with a break only"],
  ])('%s %s %j is refused in words, and nothing is done', async (method, path, body, detail) => {
    const server = await withSeat();
    const answer = await server.fetch(`/v1/seats/2001/${path}`, send(method, body));
    expect(await answer.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST', detail });
    expect(server.deeds).toEqual([]);
  });

  test('what the state does not allow is 409, with the seat as it is', async () => {
    const refuse = (): Promise<never> => Promise.reject(new SightlineError('WRONG_STATE', 'It is not in wrap-up'));
    const server = await withSeat({ endWrapUp: refuse });
    const answer = await server.fetch('/v1/seats/2001/wrap-up', send('DELETE'));
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'The call, ticket or seat is not in a state that allows this',
      status: 409,
      code: 'WRONG_STATE',
      detail: 'It is not in wrap-up',
      state: shown,
    });
    expect(server.log).toEqual([]);
  });

  test('a failure that has nothing to do with the state stays what it is', async () => {
    const server = await withSeat({ pause: () => Promise.reject(new SightlineError('STORE_UNAVAILABLE')) });
    const answer = await server.fetch('/v1/seats/2001/break', send('POST'));
    expect(answer.status).toBe(503);
    expect(await answer.json()).not.toHaveProperty('state');
  });

  test('a terminal may neither look nor do anything; nor may anybody with a name that is none', async () => {
    const server = await withSeat();
    for (const [method, path] of [
      ['GET', '/v1/seats'],
      ['GET', '/v1/seats/2001'],
      ['POST', '/v1/seats/2001/break'],
      ['DELETE', '/v1/seats/2001/wrap-up'],
    ]) {
      const answer = await server.fetch(path!, { method: method!, headers: terminal });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    for (const id of ['x'.repeat(65), 'a%3Ab', 'a%20b', '%7Ba%7D']) {
      const answer = await server.fetch(`/v1/seats/${id}/break`, send('POST'));
      expect([id, answer.status]).toEqual([id, 400]);
    }
    expect(server.deeds).toEqual([]);
  });
});
