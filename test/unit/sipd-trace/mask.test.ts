import { maskSecrets } from '../../../src/sipd/trace/mask';

const request = (headers: string[], body = ''): string =>
  ['REGISTER sip:example.com SIP/2.0', ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

function mask(text: string): string {
  return maskSecrets(Buffer.from(text, 'latin1')).toString('latin1');
}

describe('secrets in traces', () => {
  test.each([
    ['Authorization: Digest username="a", response="0a1b"', 'Authorization: Digest username="a", response="xxxx"'],
    ['authorization : digest realm="r",response=0a1b,nc=1', 'authorization : digest realm="r",response=xxxx,nc=1'],
    ['Proxy-Authorization: Digest response = "0a1b"', 'Proxy-Authorization: Digest response = "xxxx"'],
    ['Authorization: Digest a="b",\r\n response="0a1b"', 'Authorization: Digest a="b",\r\n response="xxxx"'],
    ['Authorization: Digest response=\r\n "0a1b"', 'Authorization: Digest response=\r\n "xxxx"'],
    ['Authorization: Digest response="0a1b', 'Authorization: Digest response="xxxx'],
    ['Authorization: Basic YTpi', 'Authorization: Basic xxxx'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer xxxxxxx'],
    ['Authentication-Info: rspauth="0a1b", nc=1', 'Authentication-Info: rspauth="xxxx", nc=1'],
  ])('%j', (header, masked) => {
    expect(mask(request([header]))).toBe(request([masked]));
  });

  test('every copy of a header is looked at, and nothing else is touched', () => {
    const others = ['From: <sip:a@b>;tag=response', 'WWW-Authenticate: Digest nonce="n"', 'X-Response: response=1'];
    const given = request([...others, 'Authorization: Digest response="1"', 'Authorization: Digest response="22"']);
    const wanted = request([...others, 'Authorization: Digest response="x"', 'Authorization: Digest response="xx"']);
    expect(mask(given)).toBe(wanted);
  });

  test('keys of media lose their keys and keep their suites', () => {
    const body = (key: string, other: string): string =>
      `v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:4;inline:${key}\r\n` +
      `k=clear:${other}\r\na=ice-pwd:${other}\r\na=rtpmap:0 PCMU/8000\r\n`;
    const masked = mask(request([], body('WVNfX19z+/=', 'abc')));
    expect(masked).toContain('AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxx|2^20|1:4;inline:xxxxxxxxxxx\r\n');
    expect(masked).toContain('k=xxxxxxxxx\r\na=ice-pwd:xxx\r\na=rtpmap:0 PCMU/8000');
  });

  test('what has no secret comes back as the same bytes, whatever they are', () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_one, index) => index % 256));
    expect(maskSecrets(bytes)).toBe(bytes);
  });

  test('lengths stay, also with bytes beyond ASCII', () => {
    const given = Buffer.from(request(['Authorization: Digest username="ä", response="\xff\xfe"'], 'ö\xff'), 'latin1');
    const masked = maskSecrets(given);
    expect(masked).toHaveLength(given.length);
    expect(masked.toString('latin1')).toContain('username="ä", response="xx"');
  });

  test('a hostile header costs no more than its length', () => {
    const evil = `Authorization: Digest ${'response="'.repeat(6_000)}${'response='.repeat(6_000)}${'\r\n '.repeat(6_000)}`;
    const begin = process.cpuUsage();
    mask(request([evil]));
    expect(process.cpuUsage(begin).user).toBeLessThan(1_000_000);
  });
});
