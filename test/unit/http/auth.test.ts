import { sameSecret } from '../../../src/http/auth';
import { ManualClock } from '../../../src/lib/clock';
import { Throttle } from '../../../src/sip/registrar/throttle';
import { basic, bearer, eachListening, post, terminal } from './listening';

const start = eachListening();

const guarded = ['/v1/calls', '/v1/calls/call_1', '/v1/queues', '/v1/site'];

describe('who may ask', () => {
  test.each([
    ['nothing', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a scheme of its own', { authorization: 'Token api-token-of-the-tests' }],
    ['a wrong password', basic('1001', 'wrong')],
    ['an unknown terminal', basic('1999', 'demo-terminal')],
    ['a user without a password', { authorization: `Basic ${Buffer.from('1001').toString('base64')}` }],
    ['the words that stand for no password', basic('1999', 'no such terminal')],
  ])('%s: 401 with both schemes, and not a word about which part was wrong', async (_name, headers) => {
    const server = await start();
    for (const path of guarded) {
      const answer = await server.fetch(path, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="sightline", Basic realm="sightline"/);
      expect(await answer.json()).toEqual({
        type: 'about:blank',
        title: 'Credentials are needed',
        status: 401,
        code: 'AUTH_REQUIRED',
        detail: 'Credentials are needed',
      });
    }
  });

  test('the API token reads calls and queues', async () => {
    const server = await start({
      calls: { find: (id) => Promise.resolve({ id, state: 'menu', number: '6001' }), live: () => [] },
    });
    for (const path of guarded) {
      expect((await server.fetch(path, { headers: bearer })).status).toBe(200);
    }
    const lower = { authorization: bearer.authorization.replace('Bearer', 'bearer') };
    expect((await server.fetch('/v1/queues', { headers: lower })).status).toBe(200);
  });

  test('a terminal may ask for help but read nothing', async () => {
    const server = await start();
    for (const path of guarded) {
      const answer = await server.fetch(path, { headers: terminal });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ code: 'FORBIDDEN', detail: 'This needs the API token' });
    }
    expect((await server.fetch('/v1/help-requests', post({}))).status).toBe(201);
  });

  test('credentials are judged before the body is read', async () => {
    const server = await start();
    expect((await server.fetch('/v1/help-requests', post('{', {}))).status).toBe(401);
  });

  test('too many wrong passwords block that terminal from that source for a while, and not for ever', async () => {
    const clock = new ManualClock();
    const throttle = new Throttle({ perUser: 3 });
    const server = await start({ clock, throttle });
    const ask = (headers: Record<string, string>): Promise<Response> =>
      server.fetch('/v1/help-requests', post({}, headers));
    for (let guess = 0; guess < 3; guess++) expect((await ask(basic('1001', `guess ${guess}`))).status).toBe(401);
    const blocked = await ask(terminal);
    expect(blocked.status).toBe(403);
    expect(blocked.headers.get('retry-after')).toBe('60');
    expect((await ask(bearer)).status).toBe(400);
    expect((await server.fetch('/v1/queues', { headers: bearer })).status).toBe(200);
    clock.advance(60_001);
    expect((await ask(terminal)).status).toBe(201);
  });

  test('a reverse proxy on this machine tells for whom it asks, so that one guesser does not block the others', async () => {
    const server = await start({ throttle: new Throttle({ perUser: 1 }) });
    const from = (address: string, headers: Record<string, string>): Promise<Response> =>
      server.fetch('/v1/help-requests', post({}, { ...headers, 'x-forwarded-for': address }));
    expect((await from('192.0.2.1', basic('1001', 'wrong'))).status).toBe(401);
    expect((await from('192.0.2.1', terminal)).status).toBe(403);
    expect((await from('192.0.2.2', terminal)).status).toBe(201);
  });
});

describe('sameSecret', () => {
  test.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'abcd', false],
    ['', '', false],
    ['', 'abc', false],
    ['ü', 'ü', true],
  ])('%j and %j: %p', (given, expected, same) => {
    expect(sameSecret(given, expected)).toBe(same);
  });
});
