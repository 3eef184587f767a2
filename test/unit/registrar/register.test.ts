import { Redis } from 'ioredis';
import { silentLogger } from '../../../src/lib/logger';
import { Bindings } from '../../../src/sip/registrar/bindings';
import { createRegisterHandler } from '../../../src/sip/registrar/register';
import { siteNonceKey } from '../../../src/sip/registrar/nonce-key';
import { Authenticator } from '../../../src/sip/registrar/authenticator';
import { MemoryReplayGuard, RedisReplayGuard } from '../../../src/sip/registrar/replay';
import { openStore } from '../../../src/store/connection';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis, startRedis } from '../../support/redis';
import { exchange } from './wire';
import type { Answer, Peer } from './wire';
import { authorization, demoSite, newAuthenticator, nonceFor, requestText } from './site';
import type { RequestParts } from './site';

let redis: Redis;
beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});
afterAll(async () => {
  redis.disconnect();
  await closeSharedRedis();
});

async function setUp() {
  const keys = makeKeys(randomSite());
  const guard = new RedisReplayGuard(redis, keys, 300_000);
  const { authenticator, clock, ports } = newAuthenticator({ guard, key: await siteNonceKey(redis, keys) });
  const bindings = new Bindings({ redis, keys, clock, log: silentLogger });
  const handler = createRegisterHandler({ site: () => demoSite, authenticator, bindings, clock, log: silentLogger });
  let cseq = 0;
  const register = (headers: string[], parts: Partial<RequestParts> = {}, peer: Peer = {}): Promise<Answer> => {
    cseq += 1;
    const source = peer.address ?? '192.0.2.1';
    const credentials = authorization({ nonce: nonceFor(ports, { source }), uri: parts.uri ?? 'sip:sightline.test' });

    return exchange(
      handler,
      requestText({ callId: 'phone', cseq, ...parts, headers: [...headers, credentials] }),
      peer,
    );
  };

  return { keys, clock, ports, bindings, handler, register };
}

describe('REGISTER', () => {
  it('is challenged, then taken', async () => {
    const { handler, register, bindings, clock } = await setUp();
    expect((await exchange(handler, requestText())).status).toBe(401);
    const answer = await register(['Contact: <sip:1001@192.0.2.1:5070>;expires=600', 'User-Agent: phone/1']);
    expect(answer.status).toBe(200);
    expect(answer.get('contact')).toBe('<sip:1001@192.0.2.1:5070>;expires=600');
    expect(await bindings.lookup('1001')).toEqual([
      expect.objectContaining({
        user: '1001',
        contact: 'sip:1001@192.0.2.1:5070',
        expiresAt: clock.now() + 600_000,
        callId: 'phone',
        userAgent: 'phone/1',
        source: { transport: 'udp', address: '192.0.2.1', port: 5070 },
      }),
    ]);
  });

  it.each([
    ['by the Contact', ['Contact: <sip:a@h>;expires=120', 'Expires: 600'], 120],
    ['by the header', ['Contact: <sip:a@h>', 'Expires: 600'], 600],
    ['by default', ['Contact: <sip:a@h>'], 3600],
    ['when it cannot be read', ['Contact: <sip:a@h>;expires=soon', 'Expires: -1'], 3600],
    ['and no longer than the site allows', ['Contact: <sip:a@h>;expires=999999999'], 3600],
  ])('expires %s', async (_what, headers, expires) => {
    const { register } = await setUp();
    expect((await register(headers)).get('contact')).toBe(`<sip:a@h>;expires=${expires}`);
  });

  it('is refused with 423 when the interval is too brief', async () => {
    const { register, bindings } = await setUp();
    const answer = await register(['Contact: <sip:a@h>;expires=59, <sip:b@h>']);
    expect([answer.status, answer.get('min-expires')]).toEqual([423, '60']);
    expect(answer.get('warning')).toContain('EXPIRES_TOO_BRIEF');
    expect(await bindings.lookup('1001')).toEqual([]);
  });

  it('lists every contact with its remaining time, and can ask only', async () => {
    const { register, clock } = await setUp();
    await register(['Contact: "A" <sip:a@h;transport=tcp>;q=0.5, sip:b@h;expires=90', 'Expires: 100']);
    clock.advance(10_500);
    const answer = await register([]);
    expect(answer.status).toBe(200);
    expect(answer.get('contact')).toBe('<sip:b@h>;expires=80, <sip:a@h;transport=tcp>;expires=90;q=0.5');
  });

  it('takes equal URIs for one contact and different ones for several', async () => {
    const { register } = await setUp();
    await register(['Contact: <sip:1001@HOST.test:5070>']);
    await register(['Contact: <sip:%31001@host.test:5070;ob>']);
    const answer = await register(['Contact: <sip:1001@host.test:5071>']);
    expect(answer.get('contact')?.split(', ').length).toBe(2);
  });

  it('knows a device by its instance and reg-id, whatever its URI', async () => {
    const { register, bindings } = await setUp();
    const instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1';
    await register([`Contact: <sip:x@one.invalid;transport=ws>;${instance}`], {}, { protocol: 'ws', port: 40001 });
    const answer = await register(
      [`Contact: <sip:y@two.invalid;transport=ws>;${instance}`],
      {},
      { protocol: 'ws', port: 40002 },
    );
    expect(answer.get('contact')).toBe(`<sip:y@two.invalid;transport=ws>;expires=3600;${instance}`);
    expect((await bindings.lookup('1001')).map(({ route }) => route)).toEqual([
      { transport: 'ws', address: '192.0.2.1', port: 40002 },
    ]);
  });

  it('removes a contact by expires=0 and all by *', async () => {
    const { register } = await setUp();
    await register(['Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>']);
    expect((await register(['Contact: <sip:a@h>;expires=0'])).get('contact')).not.toContain('sip:a@h');
    expect((await register(['Contact: *', 'Expires: 0'])).get('contact')).toBeUndefined();
  });

  it('refuses the eleventh contact', async () => {
    const { register, bindings } = await setUp();
    for (let i = 0; i < 10; i += 1) expect((await register([`Contact: <sip:a@h:${5000 + i}>`])).status).toBe(200);
    const answer = await register(['Contact: <sip:a@h:6000>']);
    expect(answer.status).toBe(403);
    expect(answer.get('warning')).toContain('TOO_MANY_CONTACTS');
    expect((await bindings.lookup('1001')).length).toBe(10);
  });

  it('refuses what is out of order with 500', async () => {
    const { register } = await setUp();
    await register(['Contact: <sip:a@h>'], { cseq: 7 });
    const answer = await register(['Contact: <sip:a@h>'], { cseq: 6 });
    expect(answer.status).toBe(500);
    expect(answer.get('warning')).toContain('STALE_REGISTRATION');
  });

  it.each<[string, number, string, string[], Partial<RequestParts>]>([
    ["another user's address", 403, 'USER_MISMATCH', [], { to: '<sip:1002@sightline.test>' }],
    ['an address elsewhere', 404, 'NOT_FOUND', [], { to: '<sip:1001@elsewhere.test>' }],
    ['a domain that is not ours', 404, 'NOT_FOUND', [], { uri: 'sip:elsewhere.test' }],
    ['* without Expires: 0', 400, 'BAD_REQUEST', ['Contact: *'], {}],
    ['* among others', 400, 'BAD_REQUEST', ['Contact: *, <sip:a@h>', 'Expires: 0'], {}],
    ['a Contact that is no SIP URI', 400, 'BAD_REQUEST', ['Contact: <tel:+123>'], {}],
    ['a Contact with a bad port', 400, 'BAD_REQUEST', ['Contact: <sip:a@h:70000>'], {}],
    ['a Contact with an open bracket', 400, 'BAD_REQUEST', ['Contact: <sip:a@h'], {}],
    ['a Contact of 9,000 bytes', 400, 'BAD_REQUEST', [`Contact: <sip:a@h>;x=${'y'.repeat(9_000)}`], {}],
    ['a Contact URI of 600 bytes', 400, 'BAD_REQUEST', [`Contact: <sip:${'y'.repeat(600)}@h>`], {}],
    ['a To that cannot be read', 400, 'BAD_REQUEST', [], { to: '<sip:>' }],
    ['a CSeq that is too large', 400, 'BAD_REQUEST', [], { cseq: 2 ** 31 }],
  ])('refuses %s with %i', async (_what, status, code, headers, parts) => {
    const { register } = await setUp();
    const answer = await register(headers, parts);
    expect(answer.status).toBe(status);
    expect(answer.get('warning')).toContain(code);
  });

  it('refuses extensions it does not know before it asks who is there', async () => {
    const { handler } = await setUp();
    const answer = await exchange(handler, requestText({ headers: ['Require: path, gruu'] }));
    expect([answer.status, answer.get('unsupported')]).toEqual([420, 'path, gruu']);
  });

  it("takes the server's own address for the domain", async () => {
    const { register } = await setUp();
    const parts = { uri: 'sip:127.0.0.1:5060', to: '<sip:1001@127.0.0.1>' };
    expect((await register(['Contact: <sip:a@h>'], parts)).status).toBe(200);
  });

  it('counts nonces in Redis', async () => {
    const { handler, ports } = await setUp();
    const headers = [authorization({ nonce: nonceFor(ports) })];
    expect((await exchange(handler, requestText({ headers }))).status).toBe(200);
    expect((await exchange(handler, requestText({ headers }))).status).toBe(401);
  });

  it('is answered 503 while Redis is away', async () => {
    const { ports, clock } = await setUp();
    const server = await startRedis();
    const store = await openStore({ url: server.url, log: silentLogger });
    const bindings = new Bindings({ redis: store.redis, keys: makeKeys(randomSite()), clock, log: silentLogger });
    const authenticator = new Authenticator({ ...ports, guard: new MemoryReplayGuard(300_000) });
    const handler = createRegisterHandler({ site: () => demoSite, authenticator, bindings, clock, log: silentLogger });
    await server.kill();
    const headers = ['Contact: <sip:a@h>', authorization({ nonce: nonceFor(ports) })];
    const answer = await exchange(handler, requestText({ headers }));
    await store.close();
    await server.close();
    expect([answer.status, answer.get('retry-after')]).toEqual([503, '1']);
    expect(answer.get('warning')).toContain('STORE_UNAVAILABLE');
  });
});

describe('where a device is called', () => {
  const via = (sentBy: string) => `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bKx`;
  it.each([
    ['behind NAT: at the source', 'sip:1001@192.168.1.5:5060', 'udp', '192.168.1.5:5060', 'udp', 5070],
    ['no NAT, same port', 'sip:1001@192.0.2.1:5070', 'udp', '192.0.2.1:5070', 'udp', 5070],
    ['no NAT, another port: where it says', 'sip:1001@192.0.2.1:6000', 'udp', '192.0.2.1:5070', 'udp', 6000],
    ['no NAT, no port: 5060', 'sip:1001@192.0.2.1', 'udp', '192.0.2.1:5070', 'udp', 5060],
    ['no NAT, asks for TCP', 'sip:1001@192.0.2.1:6000;transport=tcp', 'udp', '192.0.2.1:5070', 'tcp', 6000],
    ['its address learned by STUN: at the source', 'sip:1001@192.0.2.1:6000', 'udp', '192.168.1.5:5060', 'udp', 5070],
    ['a TCP client: over its connection', 'sip:1001@192.0.2.1:6000', 'tcp', '192.0.2.1:5070', 'tcp', 5070],
    ['a browser: over its connection', 'sip:x@abc.invalid;transport=ws', 'ws', 'abc.invalid', 'ws', 5070],
  ])('%s', async (_what, contact, protocol, sentBy, transport, port) => {
    const { handler, ports, bindings } = await setUp();
    const text = requestText({ headers: [`Contact: <${contact}>`, authorization({ nonce: nonceFor(ports) })] });
    await exchange(handler, text.replace(/^Via:.*$/m, via(sentBy)), { protocol });
    const [binding] = await bindings.lookup('1001');
    expect(binding?.route).toEqual({ transport, address: '192.0.2.1', port });
    expect(binding?.source).toEqual({ transport: protocol, address: '192.0.2.1', port: 5070 });
  });
});
