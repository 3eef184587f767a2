import { bearer, eachListening } from './listening';

const start = eachListening();

describe('health', () => {
  test('/healthz answers whoever asks', async () => {
    const server = await start({ readiness: () => ({ ready: false, missing: ['SIP edge'] }) });
    const answer = await server.fetch('/healthz');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok' });
  });

  test('/readyz follows the readiness and says what is missing', async () => {
    let missing = ['the SIP edge', 'the state store'];
    const server = await start({ readiness: () => ({ ready: missing.length === 0, missing }) });
    const before = await server.fetch('/readyz');
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({ status: 'not ready', missing: ['the SIP edge', 'the state store'] });
    missing = [];
    const after = await server.fetch('/readyz');
    expect(after.status).toBe(200);
    expect(await after.json()).toEqual({ status: 'ready', missing: [] });
  });
});

describe('calls, queues and the site', () => {
  test('a call is shown whole, whatever its record holds', async () => {
    const call = {
      id: 'call_1',
      state: 'ended',
      number: '6001',
      history: [{ at: 'x', event: 'arrived' }],
      end: { by: 'caller', cause: 'bye' },
    };
    const server = await start({
      calls: {
        find: (id) => Promise.resolve(id === 'call_1' ? call : undefined),
        live: () => [{ ...call, state: 'talking' }],
      },
    });
    const one = await server.fetch('/v1/calls/call_1', { headers: bearer });
    expect(await one.json()).toEqual(call);
    const live = await server.fetch('/v1/calls', { headers: bearer });
    expect(await live.json()).toEqual({ calls: [{ ...call, state: 'talking' }] });
  });

  test('a call that is not kept is 404 and names the id', async () => {
    const server = await start();
    const answer = await server.fetch('/v1/calls/call_2', { headers: bearer });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: 'NOT_FOUND',
      detail: 'There is no call call_2, or its record is no longer kept',
    });
    expect((await server.fetch(`/v1/calls/${'x'.repeat(65)}`, { headers: bearer })).status).toBe(400);
    expect((await server.fetch(`/v1/calls/${'x'.repeat(500)}`, { headers: bearer })).status).toBe(404);
  });

  test('queues come with their counters, seats with times that people can read', async () => {
    const stats = { offered: 3, answered: 1, abandoned: 1, overflowed: 0, refused: 0, calledBack: 0 };
    const queue = { queue: 'support', ...stats, waiting: 1, staffed: 2, idle: 0, handling: 92.5 };
    const seat = {
      seatId: '2001',
      state: 'ringing' as const,
      since: 500,
      queues: ['support'],
      skills: [],
      ticketId: 't1',
    };
    const free = { seatId: '2002', state: 'available' as const, since: 1500, queues: [], skills: ['fares'] };
    const server = await start({
      queues: {
        snapshot: () => Promise.resolve({ queues: [queue], seats: [{ ...seat, until: 20_000 }, free] }),
        site: () => ({ site: '', version: '', faults: [] }),
      },
    });
    expect(await (await server.fetch('/v1/queues', { headers: bearer })).json()).toEqual({
      queues: [queue],
      seats: [
        { ...seat, since: '1970-01-01T00:00:00.500Z', until: '1970-01-01T00:00:20.000Z' },
        { ...free, since: '1970-01-01T00:00:01.500Z' },
      ],
    });
  });

  test('the site comes with the faults of an edit that was refused', async () => {
    const fault = {
      file: 'queues.yaml',
      line: 3,
      column: 5,
      code: 'UNKNOWN_KEY' as const,
      message: "there is no key 'ringtime'",
      remedy: 'Write ringTimeout.',
      severity: 'error' as const,
    };
    const site = { site: 'demo', version: 'abc', faults: [fault] };
    const server = await start({
      queues: { snapshot: () => Promise.resolve({ queues: [], seats: [] }), site: () => site },
    });
    expect(await (await server.fetch('/v1/site', { headers: bearer })).json()).toEqual(site);
  });
});
