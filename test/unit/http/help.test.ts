import { SightlineError } from '../../../src/lib/errors';
import { bearer, eachListening, number, post, terminal } from './listening';

const start = eachListening();
const path = '/v1/help-requests';

describe('POST /v1/help-requests', () => {
  test('a terminal gets a number for itself', async () => {
    const server = await start();
    const body = {
      id: 'r1',
      service: 'tickets',
      locale: 'de',
      place: 'Hall 2',
      context: { order: { id: 5 }, tags: ['a'] },
    };
    const answer = await server.fetch(path, post(body));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.json()).toEqual(number(body));
    expect(server.asked).toEqual([{ terminal: '1001', body }]);
  });

  test('a request without an id gets one', async () => {
    const server = await start();
    const answers = await Promise.all([1, 2].map(async () => (await server.fetch(path, post({}))).json()));
    const ids = server.asked.map(({ body }) => body.id);
    expect(ids[0]).toMatch(/^req_/);
    expect(new Set(ids).size).toBe(2);
    expect(answers.map((answer) => (answer as { request: string }).request).sort()).toEqual([...ids].sort());
  });

  test('the API token asks for a terminal that it names', async () => {
    const server = await start();
    expect((await server.fetch(path, post({ terminal: '1002' }, bearer))).status).toBe(201);
    expect(server.asked[0]).toMatchObject({ terminal: '1002' });
    const unnamed = await server.fetch(path, post({}, bearer));
    expect(unnamed.status).toBe(400);
    expect(await unnamed.json()).toMatchObject({ detail: "With the API token the body names the 'terminal'" });
  });

  test('a terminal may name itself but nobody else', async () => {
    const server = await start();
    expect((await server.fetch(path, post({ terminal: '1001' }))).status).toBe(201);
    const foreign = await server.fetch(path, post({ terminal: '1002' }));
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({ code: 'USER_MISMATCH' });
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['SERVICE_UNKNOWN', 404, undefined],
    ['NOT_FOUND', 404, undefined],
    ['POOL_EXHAUSTED', 503, 12],
    ['STORE_UNAVAILABLE', 503, undefined],
    ['SHUTTING_DOWN', 503, undefined],
  ] as const)('%s is %d with Retry-After %s', async (code, status, retryAfter) => {
    const extras = retryAfter === undefined ? {} : { retryAfter };
    const server = await start({ help: { request: () => Promise.reject(new SightlineError(code, 'why', extras)) } });
    const answer = await server.fetch(path, post({ service: 'x' }, terminal));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter === undefined ? null : String(retryAfter));
    expect(await answer.json()).toMatchObject({ code, detail: 'why', ...(retryAfter ? { retryAfter } : {}) });
  });
});
