import { SightlineError } from '../../../src/lib/errors';
import { bearer, eachListening, json, post, raw, terminal } from './listening';

const start = eachListening();

interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  retryAfter?: number;
}

/** Checks what holds for every problem, and gives its body. */
async function problem(answer: Response, status: number, code: string): Promise<Problem> {
  const body = (await answer.json()) as Problem;
  expect(body).toMatchObject({ type: 'about:blank', status, code });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body.title).not.toBe('');

  return body;
}

describe('requests that cannot be read', () => {
  test.each([
    ['half a JSON text', '{"service":', 'The body is not JSON'],
    ['no JSON text', 'help me', 'The body is not JSON'],
    ['nothing', '', 'The body is empty; send a JSON object'],
    ['an attempt on the prototype', '{"__proto__":{"a":1}}', 'The body is not JSON'],
    ['a list', '[]', 'the body must be an object'],
    ['null', 'null', 'the body must be an object'],
    ['a number for text', '{"service":5}', "'service' must be text"],
    ['an empty text', '{"service":""}', "'service' must not be empty"],
    ['a long text', `{"locale":"${'e'.repeat(36)}"}`, "'locale' must have at most 35 characters"],
    ['text for an object', '{"context":"x"}', "'context' must be an object"],
  ])('%s is told in words', async (_name, body, detail) => {
    const server = await start();
    const told = await problem(await server.fetch('/v1/help-requests', post(body)), 400, 'BAD_REQUEST');
    expect(told.detail).toBe(detail);
    expect(server.asked).toEqual([]);
  });

  test('an unknown field is named, with those that are known', async () => {
    const server = await start();
    const told = await problem(await server.fetch('/v1/help-requests', post({ colour: 'red' })), 400, 'BAD_REQUEST');
    expect(told.detail).toBe(
      "the body has 'colour', which is not known here; known are id, terminal, service, locale, place, context",
    );
  });

  test('several faults are told at once, and a flood of them is cut short', async () => {
    const server = await start();
    const two = await server.fetch('/v1/help-requests', post({ service: 5, locale: '' }));
    expect((await problem(two, 400, 'BAD_REQUEST')).detail).toBe("'service' must be text; 'locale' must not be empty");
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`field${index}`, index]));
    const flood = await problem(await server.fetch('/v1/help-requests', post(many)), 400, 'BAD_REQUEST');
    expect(flood.detail).toMatch(/; and 395 more$/);
    expect(flood.detail!.length).toBeLessThan(1000);
  });

  test('a body that is too large is 413, told before it is all there', async () => {
    const server = await start();
    const body = JSON.stringify({ place: 'x'.repeat(9_000) });
    await problem(await server.fetch('/v1/help-requests', post(body)), 413, 'BODY_TOO_LARGE');
    const head = `POST /v1/help-requests HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\nContent-Type: application/json\r\n`;
    const promised = await raw(server.port, `${head}Content-Length: 99999999\r\nConnection: close\r\n\r\n{`);
    expect(promised).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
    '%s is 415',
    async (type) => {
      const server = await start();
      const answer = await server.fetch('/v1/help-requests', post('{}', { ...terminal, 'content-type': type }));
      expect((await problem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE')).detail).toBe('Send application/json');
    },
  );

  test('what is no HTTP is 400 and the connection ends', async () => {
    const server = await start();
    const answer = await raw(server.port, 'INVITE sip:6001@sightline.test SIP/2.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
    expect(answer).toContain('"code":"BAD_REQUEST"');
  });

  test('a header that is too large is 431', async () => {
    const server = await start();
    const answer = await raw(server.port, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"HEADER_TOO_LARGE"');
  });

  test('a request that stays half sent is 408', async () => {
    const server = await start({ limits: { requestTimeout: 100 } });
    const answer = await raw(server.port, 'GET /healthz HTTP/1.1\r\nHost:');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
  });
});

describe('addresses and methods', () => {
  test('an unknown path is 404, whoever asks', async () => {
    const server = await start();
    for (const headers of [{}, bearer]) {
      await problem(await server.fetch('/v1/nothing', { headers }), 404, 'NOT_FOUND');
      await problem(await server.fetch('/', { headers }), 404, 'NOT_FOUND');
    }
  });

  test('a path that is badly encoded is 400', async () => {
    const server = await start();
    await problem(await server.fetch('/v1/calls/%E0%A4%A', { headers: bearer }), 400, 'BAD_REQUEST');
  });

  test('a method that a path does not have is 405 and Allow names those it has', async () => {
    const server = await start();
    const cases: [string, string, string][] = [
      ['DELETE', '/v1/calls/call_1', 'GET, HEAD'],
      ['POST', '/v1/queues', 'GET, HEAD'],
      ['GET', '/v1/help-requests', 'POST'],
      ['HEAD', '/v1/help-requests', 'POST'],
      ['PUT', '/healthz', 'GET, HEAD'],
      ['OPTIONS', '/v1/calls', 'GET, HEAD'],
    ];
    for (const [method, path, allow] of cases) {
      const body = method === 'POST' || method === 'PUT' ? { body: 'no JSON' } : {};
      const answer = await server.fetch(path, { method, headers: { ...json, ...bearer }, ...body });
      expect(answer.headers.get('allow')).toBe(allow);
      expect(answer.status).toBe(405);
      if (method !== 'HEAD') await problem(answer, 405, 'METHOD_NOT_ALLOWED');
    }
  });

  test('HEAD answers what GET would, without the body', async () => {
    const server = await start();
    for (const path of ['/healthz', '/readyz', '/v1/queues', '/v1/openapi.json']) {
      const get = await server.fetch(path, { headers: bearer });
      const head = await server.fetch(path, { method: 'HEAD', headers: bearer });
      expect(head.status).toBe(200);
      expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
      expect(await head.text()).toBe('');
    }
    expect((await server.fetch('/v1/queues', { method: 'HEAD' })).status).toBe(401);
  });
});

describe('what an answer tells and does not tell', () => {
  test('an unexpected error shows nothing of itself, and is in the log', async () => {
    const secret = 'redis://:hunter2@db';
    const server = await start({
      calls: { find: () => Promise.reject(new Error(`connect to ${secret} failed`)), live: () => [] },
    });
    const answer = await server.fetch('/v1/calls/call_1', { headers: bearer });
    expect(await problem(answer.clone(), 500, 'INTERNAL')).not.toHaveProperty('detail');
    expect(await answer.text()).not.toMatch(/hunter2|redis| at |\.ts/);
    expect(server.log).toMatchObject([{ msg: 'a request failed', method: 'GET', url: '/v1/calls/call_1' }]);
  });

  test('a thrown value that is no error is an INTERNAL like any other', async () => {
    const server = await start({
      queues: {
        snapshot: () => Promise.reject('just text' as unknown as Error),
        site: () => ({ site: '', version: '', faults: [] }),
      },
    });
    await problem(await server.fetch('/v1/queues', { headers: bearer }), 500, 'INTERNAL');
  });

  test('credentials never come back, nor into the log', async () => {
    const server = await start({
      queues: {
        snapshot: () => Promise.reject(new Error('broken')),
        site: () => ({ site: '', version: '', faults: [] }),
      },
    });
    const answers = await Promise.all([
      server.fetch('/v1/queues', { headers: bearer }),
      server.fetch('/v1/queues', { headers: terminal }),
      server.fetch('/v1/help-requests', post('{', terminal)),
    ]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const everything = [...texts, JSON.stringify(server.log)].join('\n');
    expect(everything).not.toContain('api-token-of-the-tests');
    expect(everything).not.toContain('demo-terminal');
    expect(everything).not.toContain(terminal.authorization!.slice(6));
  });

  test('an error with a time to wait says it in the header and in the body', async () => {
    const server = await start({
      queues: {
        snapshot: () => Promise.reject(new SightlineError('STORE_UNAVAILABLE', undefined, { retryAfter: 1.2 })),
        site: () => ({ site: '', version: '', faults: [] }),
      },
    });
    const answer = await server.fetch('/v1/queues', { headers: bearer });
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await problem(answer, 503, 'STORE_UNAVAILABLE')).toMatchObject({ retryAfter: 2 });
  });

  test('an answer that does not come is 503 in the end', async () => {
    const server = await start({
      limits: { handlerTimeout: 50 },
      queues: { snapshot: () => new Promise(() => undefined), site: () => ({ site: '', version: '', faults: [] }) },
    });
    await problem(await server.fetch('/v1/queues', { headers: bearer }), 503, 'OVERLOADED');
  });

  test('every answer forbids browsers to guess, frame, run or keep it', async () => {
    const server = await start();
    for (const [path, status] of [
      ['/healthz', 200],
      ['/v1/queues', 401],
      ['/nothing', 404],
    ] as const) {
      const { headers, ...answer } = await server
        .fetch(path)
        .then((one) => ({ status: one.status, headers: one.headers }));
      expect(answer.status).toBe(status);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
  });
});
