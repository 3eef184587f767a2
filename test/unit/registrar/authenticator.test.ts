import { SightlineError } from '../../../src/lib/errors';
import type { Authenticator } from '../../../src/sip/registrar/authenticator';
import { exchange } from './wire';
import type { Answer, Peer } from './wire';
import { authorization, newAuthenticator, nonceFor, nonceOf, requestText } from './site';

/** Says 200 with the user's name when the authenticator lets a request through. */
function ask(authenticator: Authenticator, text: string, peer: Peer = {}): Promise<Answer> {
  return exchange(
    async (req, res) => {
      const user = await authenticator.authenticate(req, res);
      if (user !== undefined) res.send(200, { headers: { 'X-User': user } });
    },
    text,
    peer,
  );
}

describe('the challenge', () => {
  it('offers SHA-256, then MD5, each in a header of its own', async () => {
    const { authenticator } = newAuthenticator();
    const answer = await ask(authenticator, requestText());
    expect(answer.status).toBe(401);
    expect(answer.all('www-authenticate')).toEqual([
      expect.stringMatching(/^Digest realm="sightline", nonce="[\w-]{43}", algorithm=SHA-256, qop="auth"$/),
      expect.stringMatching(/^Digest realm="sightline", nonce="[\w-]{43}", algorithm=MD5, qop="auth"$/),
    ]);
  });

  it.each([
    ['baresip 1.0 knows MD5 only', 'User-Agent: baresip v1.0.0 (x86_64/linux)', ['MD5']],
    ['baresip 3.11 too', 'User-Agent: baresip v3.11.0 (x86_64/Linux)', ['MD5']],
    ['baresip 3.12 reads both', 'User-Agent: baresip v3.12.0 (x86_64/Linux)', ['SHA-256', 'MD5']],
    ['baresip 4 reads both', 'User-Agent: baresip v4.1.0 (x86_64/Linux)', ['SHA-256', 'MD5']],
    ['linphone reads both', 'User-Agent: LinphoneDesktop/5.2 (belle-sip/5.3)', ['SHA-256', 'MD5']],
    ['old PJSIP looks at the first only', 'User-Agent: PJSUA v2.10 Linux', ['MD5', 'SHA-256']],
    ['PJSIP 2.13 reads both', 'User-Agent: PJSUA v2.13 Linux', ['SHA-256', 'MD5']],
  ])('%s', async (_what, header, algorithms) => {
    const { authenticator } = newAuthenticator();
    const answer = await ask(authenticator, requestText({ headers: [header] }));
    expect(answer.all('www-authenticate').map((line) => /algorithm=([\w-]+)/.exec(line)?.[1])).toEqual(algorithms);
  });

  it('gives sipp, known by its Call-IDs, MD5 first', async () => {
    const { authenticator } = newAuthenticator();
    const answer = await ask(authenticator, requestText({ callId: '1-4711@127.0.0.1' }));
    expect(answer.get('www-authenticate')).toContain('algorithm=MD5');
  });
});

// Digest cases of RFC 3261 section 22, RFC 7616 and RFC 8760: what is sent, and exactly what comes back.
describe('the answer to credentials', () => {
  type Case = [what: string, status: number, stale: boolean, headers: (nonce: string) => string[]];
  const { authenticator, ports } = newAuthenticator();
  const good = (nonce: string, changes: Parameters<typeof authorization>[0] | object = {}): string =>
    authorization({ nonce, ...changes });
  const cases: Case[] = [
    ['no credentials', 401, false, () => []],
    ['SHA-256', 200, false, (n) => [good(n)]],
    ['MD5', 200, false, (n) => [good(n, { algorithm: 'MD5' })]],
    ['MD5 without the word', 200, false, (n) => [good(n, { algorithm: 'MD5' }).replace(' algorithm=MD5,', '')]],
    ['sha-256 in small letters', 200, false, (n) => [good(n, { algorithm: 'sha-256', hash: 'SHA-256' })]],
    ['both algorithms, two headers', 200, false, (n) => [good(n), good(n, { algorithm: 'MD5' })]],
    ['another realm beside ours', 200, false, (n) => [good(n, { realm: 'elsewhere' }), good(n)]],
    ['SHA-512-256', 401, false, (n) => [good(n, { algorithm: 'SHA-512-256' })]],
    ['MD5-sess', 401, false, (n) => [good(n, { algorithm: 'MD5-sess' })]],
    ['SHA-256-sess', 401, false, (n) => [good(n, { algorithm: 'SHA-256-sess' })]],
    ['auth-int', 401, false, (n) => [good(n, { qop: 'auth-int' })]],
    ['no qop', 401, false, (n) => [good(n).replace(/, cnonce=.*$/, '')]],
    ['wrong realm', 401, false, (n) => [good(n, { realm: 'elsewhere' })]],
    ['wrong digest-uri', 401, false, (n) => [good(n, { uri: 'sip:elsewhere.test' })]],
    ['another user in the digest-uri', 401, false, (n) => [good(n, { uri: 'sip:1002@sightline.test' })]],
    ['digest-uri by address, as sipp writes it', 200, false, (n) => [good(n, { uri: 'sip:127.0.0.1:5060' })]],
    ['wrong method', 401, false, (n) => [good(n, { method: 'INVITE' })]],
    ['wrong password', 401, false, (n) => [good(n, { password: 'x' })]],
    ['unknown user', 401, false, (n) => [good(n, { username: '9999' })]],
    ['expired nonce', 401, true, () => [good(nonceFor(ports, { age: 300_001 }))]],
    ['expired nonce, wrong password', 401, true, () => [good(nonceFor(ports, { age: 300_001 }), { password: 'x' })]],
    ['nonce of another address', 401, true, () => [good(nonceFor(ports, { source: '192.0.2.9' }))]],
    ['nonce that is not ours', 401, true, () => [good('0123456789')]],
    ['a gap in the nonce count', 200, false, (n) => [good(n, { nc: '000000ff' })]],
    ['nonce count 0', 401, true, (n) => [good(n, { nc: '00000000' })]],
    ['a Basic credential', 401, false, () => ['Authorization: Basic MTAwMTpkZW1vLXRlcm1pbmFs']],
    ['no nonce', 400, false, (n) => [good(n).replace(/nonce="[^"]*", /, '')]],
    ['a parameter twice', 400, false, (n) => [`${good(n)}, username="1002"`]],
    ['a broken quote', 400, false, (n) => [good(n).replace('"1001"', '"1001')]],
    ['5,000 bytes of it', 400, false, (n) => [`${good(n)}, opaque="${'x'.repeat(5_000)}"`]],
  ];

  it.each(cases)('%s: %i', async (_what, status, stale, headers) => {
    const answer = await ask(authenticator, requestText({ headers: headers(nonceFor(ports)) }), {
      address: '192.0.2.1',
    });
    expect(answer.status).toBe(status);
    expect(answer.all('www-authenticate').length).toBe(status === 401 ? 2 : 0);
    expect(answer.all('www-authenticate').every((line) => line.endsWith('stale=true') === stale)).toBe(true);
    if (status === 400) expect(answer.get('warning')).toContain('BAD_REQUEST');
  });
});

describe('nonce counts', () => {
  it('must rise: a repeated or lower one is asked for again with a new nonce', async () => {
    const { authenticator, ports } = newAuthenticator();
    const nonce = nonceFor(ports);
    const send = (nc: string) => ask(authenticator, requestText({ headers: [authorization({ nonce, nc })] }));
    expect((await send('00000001')).status).toBe(200);
    expect((await send('00000002')).status).toBe(200);
    for (const old of ['00000002', '00000001']) {
      const answer = await send(old);
      expect(answer.status).toBe(401);
      expect(answer.get('www-authenticate')).toMatch(/stale=true$/);
      expect(nonceOf(answer.get('www-authenticate'))).not.toBe(nonce);
    }
    expect((await send('00000003')).status).toBe(200);
  });

  it('answers 503 when their memory cannot be reached', async () => {
    const guard = { take: () => Promise.reject(new SightlineError('STORE_UNAVAILABLE', undefined, { retryAfter: 1 })) };
    const { authenticator, ports } = newAuthenticator({ guard });
    const answer = await ask(authenticator, requestText({ headers: [authorization({ nonce: nonceFor(ports) })] }));
    expect(answer.status).toBe(503);
    expect(answer.get('retry-after')).toBe('1');
    expect(answer.get('warning')).toContain('STORE_UNAVAILABLE');
  });
});

describe('guessing', () => {
  const wrong = (nonce: string, user = '1001') =>
    requestText({ headers: [authorization({ nonce, username: user, password: 'x' })] });

  it('is stopped after ten failures in a minute, for this user from this source, for a minute', async () => {
    const { authenticator, ports, clock } = newAuthenticator();
    const good = () => requestText({ headers: [authorization({ nonce: nonceFor(ports) })] });
    for (let i = 0; i < 10; i += 1) expect((await ask(authenticator, wrong(nonceFor(ports)))).status).toBe(401);
    const blocked = await ask(authenticator, good());
    expect(blocked.status).toBe(403);
    expect(blocked.get('warning')).toContain('FORBIDDEN');
    const elsewhere = authorization({ nonce: nonceFor(ports, { source: '192.0.2.7' }) });
    expect((await ask(authenticator, requestText({ headers: [elsewhere] }), { address: '192.0.2.7' })).status).toBe(
      200,
    );
    clock.advance(60_001);
    expect((await ask(authenticator, good())).status).toBe(200);
  });

  it('is not stopped on a trusted network', async () => {
    const { authenticator, ports } = newAuthenticator();
    const source = '10.1.2.3';
    for (let i = 0; i < 20; i += 1) {
      const answer = await ask(authenticator, wrong(nonceFor(ports, { source })), { address: source });
      expect(answer.status).toBe(401);
    }
  });

  it('is held against no address that has not read a challenge: anybody can write it into a datagram', async () => {
    const { authenticator, ports, lines } = newAuthenticator();
    for (const nonce of ['made-up', nonceFor(ports, { source: '192.0.2.7' }), nonceFor(ports, { age: 300_001 })]) {
      for (let i = 0; i < 20; i += 1) expect((await ask(authenticator, wrong(nonce))).status).toBe(401);
    }
    expect(lines).toEqual([]);
    const good = requestText({ headers: [authorization({ nonce: nonceFor(ports) })] });
    expect((await ask(authenticator, good)).status).toBe(200);
  });

  it('of users who do not exist is answered, counted and blocked alike', async () => {
    const { authenticator, ports } = newAuthenticator();
    const shape = async (user: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let i = 0; i < 12; i += 1) {
        const text = requestText({
          callId: 'same',
          headers: [authorization({ nonce: nonceFor(ports), username: user, password: 'x' })],
        });
        const answer = await ask(authenticator, text);
        seen.push(answer.text.replace(/nonce="[^"]*"/g, '').replace(/tag=\d+/g, ''));
      }

      return seen;
    };
    expect(await shape('9999')).toEqual(await shape('1002'));
  });

  it('writes one line a failure that fail2ban can read and no client can forge', async () => {
    const { authenticator, ports, lines } = newAuthenticator();
    const forged = 'x] from ip 10.0.0.1 \u2028\u00e9';
    await ask(authenticator, wrong(nonceFor(ports)));
    await ask(authenticator, wrong(nonceFor(ports), forged));
    expect(lines.map((line) => line.msg)).toEqual([
      "SIP auth failure (REGISTER) on realm 'sightline' for [1001] from ip 192.0.2.1",
      "SIP auth failure (REGISTER) on realm 'sightline' for [x??from?ip?10.0.0.1???] from ip 192.0.2.1",
    ]);
    expect(lines.map((line) => line.fault)).toEqual(['wrong password', 'unknown user']);
    expect(JSON.stringify(lines)).not.toContain('demo-terminal');
  });
});
