import fc from 'fast-check';
import { SightlineError } from '../../../src/lib/errors';
import {
  challenge,
  checkCredentials,
  digestResponse,
  makeNonce,
  newNonceKey,
  parseAuthorization,
  readNonce,
} from '../../../src/sip/registrar/digest';
import type { Credentials, DigestAlgorithm, DigestContext } from '../../../src/sip/registrar/digest';

const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

describe('digestResponse', () => {
  it('computes the MD5 example of RFC 7616 section 3.9.1', () => {
    expect(digestResponse({ algorithm: 'MD5', ...mufasa })).toBe('8ca523f5e9506fed4657c9700eebdbec');
  });

  it('computes the SHA-256 example of RFC 7616 section 3.9.1', () => {
    expect(digestResponse({ algorithm: 'SHA-256', ...mufasa })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  it('computes the example of RFC 2617 section 3.5', () => {
    const response = digestResponse({
      algorithm: 'MD5',
      ...mufasa,
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      cnonce: '0a4f113b',
    });
    expect(response).toBe('6629fae49393a05397450978507c4ef1');
  });
});

describe('parseAuthorization', () => {
  const header =
    'Digest username="1001", realm="sightline",nonce="n",  uri="sip:sightline.test" ,response="ab", ' +
    'algorithm=SHA-256, cnonce="c", qop=auth, nc=0000000a';

  it('reads what clients send', () => {
    expect(parseAuthorization(header)).toEqual([
      {
        username: '1001',
        realm: 'sightline',
        nonce: 'n',
        uri: 'sip:sightline.test',
        response: 'ab',
        algorithm: 'SHA-256',
        qop: 'auth',
        cnonce: 'c',
        nc: '0000000a',
        userhash: false,
      },
    ]);
  });

  it('takes MD5 when no algorithm is named, whatever the case of names', () => {
    const [credentials] = parseAuthorization('DIGEST USERNAME="a", Realm="r", nonce="n", URI="sip:x", response="f"');
    expect(credentials).toMatchObject({ username: 'a', algorithm: 'MD5', qop: undefined });
  });

  it('tells several credentials in one header apart, and passes over other schemes', () => {
    const other = header.replace('sightline"', 'elsewhere"');
    const found = parseAuthorization(`Bearer abc.d-f==,${other},Basic dTpw, Other a="x, y", b=c,${header},`);
    expect(found.map((credentials) => credentials.realm)).toEqual(['elsewhere', 'sightline']);
  });

  it('keeps quoted commas and escapes inside a value', () => {
    const [credentials] = parseAuthorization(header.replace('"1001"', '"a, b=\\"c\\""'));
    expect(credentials?.username).toBe('a, b=\\"c\\"');
  });

  it.each([
    ['a parameter twice', `${header}, nonce="other"`],
    ['no nonce', header.replace('nonce="n",', '')],
    ['no response', header.replace('response="ab",', '')],
    ['qop without a count', header.replace(', nc=0000000a', '')],
    ['qop without a cnonce', header.replace('cnonce="c",', '')],
    ['a count that is no count', header.replace('0000000a', '1')],
    ['an open quote', header.replace('"1001"', '"1001')],
    ['a control character', header.replace('1001', '10\x0101')],
    ['a line break', header.replace('1001', '10\r\n01')],
    ['no comma', header.replace(', realm', ' realm')],
    ['nonsense', 'Digest ===,,,"'],
    ['too much', `${header}, opaque="${'x'.repeat(5_000)}"`],
    ['too many', Array(9).fill(header).join(',')],
  ])('refuses %s with BAD_REQUEST', (_what, text) => {
    expect(() => parseAuthorization(text)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('finds nothing where there is no Digest', () => {
    expect(parseAuthorization('')).toEqual([]);
    expect(parseAuthorization('Bearer x')).toEqual([]);
  });

  it('never fails in another way, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Digest ',
        'username=',
        '"',
        ',',
        '=',
        '\\',
        'qop=auth',
        ' ',
        '\r\n',
        'nc=1',
        'realm="sightline"',
      ),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          parseAuthorization(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SightlineError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('nonces', () => {
  const key = newNonceKey();
  const nonce = makeNonce(key, 1_700_000_000_000, '192.0.2.1');

  it('tell when they were issued', () => {
    expect(readNonce(key, nonce, '192.0.2.1')).toBe(1_700_000_000_000);
  });

  it('differ each time', () => {
    expect(makeNonce(key, 1_700_000_000_000, '192.0.2.1')).not.toBe(nonce);
  });

  it.each([
    ['another source', () => readNonce(key, nonce, '192.0.2.2')],
    ['another key', () => readNonce(newNonceKey(), nonce, '192.0.2.1')],
    ['a changed time', () => readNonce(key, `B${nonce.slice(1)}`, '192.0.2.1')],
    ['another spelling of the same bytes', () => readNonce(key, `${nonce}=`, '192.0.2.1')],
    ['a cut one', () => readNonce(key, nonce.slice(0, 20), '192.0.2.1')],
    ['an empty one', () => readNonce(key, '', '192.0.2.1')],
  ])('are refused from %s', (_what, read) => {
    expect(read()).toBeUndefined();
  });
});

describe('challenge', () => {
  it('offers qop=auth and says stale only when told', () => {
    expect(challenge('sightline', 'N', 'SHA-256', false)).toBe(
      'Digest realm="sightline", nonce="N", algorithm=SHA-256, qop="auth"',
    );
    expect(challenge('sightline', 'N', 'MD5', true)).toMatch(/, stale=true$/);
  });

  it('lets no realm break out of its quotes', () => {
    expect(challenge('a"b\\c\r\nX: y', 'N', 'MD5', false)).toMatch(/^Digest realm="abcX: y",/);
  });
});

describe('checkCredentials', () => {
  const key = newNonceKey();
  const now = 1_700_000_000_000;
  const context: DigestContext = {
    key,
    realm: 'sightline',
    method: 'REGISTER',
    requestUri: 'sip:sightline.test',
    source: '192.0.2.1',
    now,
    nonceLifetime: 300_000,
    passwordOf: (user) => (user === '1001' ? 'demo-terminal' : undefined),
    uriFits: (digest, request) => digest === request,
  };
  const credentialsFor = (changes: Partial<Credentials & { password: string; method: string }> = {}): Credentials => {
    const base = {
      username: '1001',
      realm: 'sightline',
      nonce: makeNonce(key, now - 1_000, '192.0.2.1'),
      uri: 'sip:sightline.test',
      algorithm: 'SHA-256',
      qop: 'auth',
      cnonce: 'c',
      nc: '00000001',
      userhash: false,
      password: 'demo-terminal',
      method: 'REGISTER',
      ...changes,
    };
    const algorithm: DigestAlgorithm = base.algorithm === 'MD5' ? 'MD5' : 'SHA-256';

    return { response: digestResponse({ ...base, algorithm }), ...base };
  };

  it.each(['MD5', 'SHA-256', 'sha-256'])('accepts %s', (algorithm) => {
    expect(checkCredentials(credentialsFor({ algorithm }), context)).toMatchObject({
      outcome: 'accepted',
      user: '1001',
      nonceCount: 1,
      issuedAt: now - 1_000,
    });
  });

  it('takes the response in capitals too', () => {
    const credentials = credentialsFor();
    const capitals = { ...credentials, response: credentials.response.toUpperCase() };
    expect(checkCredentials(capitals, context).outcome).toBe('accepted');
  });

  it.each<[string, Partial<Credentials & { password: string; method: string }>, string, string]>([
    ['a wrong password', { password: 'x' }, 'refused', 'wrong password'],
    ['an unknown user', { username: '9999' }, 'refused', 'unknown user'],
    ['the method of another request', { method: 'INVITE' }, 'refused', 'wrong password'],
    ['another digest-uri', { uri: 'sip:elsewhere.test' }, 'refused', 'uri'],
    ['SHA-512-256', { algorithm: 'SHA-512-256' }, 'refused', 'algorithm'],
    ['MD5-sess', { algorithm: 'MD5-sess' }, 'refused', 'algorithm'],
    ['auth-int', { qop: 'auth-int' }, 'refused', 'qop'],
    ['no qop (RFC 2069)', { qop: undefined }, 'refused', 'qop'],
    ['userhash', { userhash: true }, 'refused', 'userhash'],
    ['a response of wrong length', { response: 'ab' }, 'refused', 'wrong password'],
    ['an empty response', { response: '' }, 'refused', 'wrong password'],
    ['an old nonce', { nonce: makeNonce(key, now - 300_001, '192.0.2.1') }, 'stale', 'nonce expired'],
    ['a nonce of far in the future', { nonce: makeNonce(key, now + 300_001, '192.0.2.1') }, 'stale', 'nonce expired'],
    ['a nonce given to another source', { nonce: makeNonce(key, now, '192.0.2.2') }, 'stale', 'nonce not ours'],
    ['a nonce of our making', { nonce: 'made-up' }, 'stale', 'nonce not ours'],
  ])('does not accept %s', (_what, changes, outcome, fault) => {
    expect(checkCredentials(credentialsFor(changes), context)).toEqual({
      outcome,
      fault,
      user: changes.username ?? '1001',
    });
  });

  it.each([
    ['too old', makeNonce(key, now - 400_000, '192.0.2.1')],
    ['of another source', makeNonce(key, now, '192.0.2.2')],
    ['made up', 'made-up'],
  ])('tells nothing at all to who has a nonce that is %s', (_what, nonce) => {
    const changes = [{}, { username: '9999' }, { password: 'x' }, { algorithm: 'MD5-sess' }, { qop: 'auth-int' }];
    const verdicts = changes.map((change) => checkCredentials(credentialsFor({ nonce, ...change }), context));
    expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['stale']));
  });
});

test.each(['Basic', 'Digest a=b,'])(
  '%s and a row of blanks before an open quote is refused, and not after minutes',
  (begin) => {
    expect(() => parseAuthorization(`${begin} ${' '.repeat(4_000)}"`)).toThrow(SightlineError);
  },
);
