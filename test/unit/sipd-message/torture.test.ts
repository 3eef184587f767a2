import type { SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { parseDatagram, SipSyntaxError, StreamParser } from '../../../src/sipd/message/parse';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { checkRequest } from '../../../src/sipd/transaction/checks';
import { message4475, message5118, names4475, names5118, verdicts } from '../sipd-strict/corpus';
import type { Outcome } from '../sipd-strict/corpus';

type Verdict = Outcome;

function verdictOn(bytes: Buffer): Verdict {
  try {
    const message = parseDatagram(bytes);
    if (message.kind === 'response') return 'taken';

    return checkRequest(message, { extensions: ['timer'] }, false)?.status ?? 'taken';
  } catch (thrown) {
    if (!(thrown instanceof SipSyntaxError)) throw thrown;

    return thrown.request ? thrown.status : 'dropped';
  }
}

function request(name: string): SipRequest {
  return parseDatagram(message4475(name)) as SipRequest;
}

test('there is a verdict on every file, and a file for every verdict', () => {
  const namesOf = (rfc: number): string[] => verdicts.filter((verdict) => verdict.rfc === rfc).map(({ name }) => name);
  expect(namesOf(4475).sort()).toEqual([...names4475].sort());
  expect(names4475).toHaveLength(49);
  expect(namesOf(5118).sort()).toEqual([...names5118].sort());
  expect(names5118).toHaveLength(12);
});

test.each(verdicts)('RFC $rfc $section $name: $parser', ({ bytes, parser }) => {
  expect(verdictOn(bytes)).toBe(parser);
});

test.each(verdicts)('RFC $rfc $name in a stream, byte by byte, does no harm', ({ name, bytes, parser: verdict }) => {
  const seen: string[] = [];
  const parser = new StreamParser({
    message: (message) => seen.push(message.kind),
    malformed: (error) => seen.push(String(error.status)),
    ping: () => undefined,
  });
  for (const byte of bytes) parser.push(Buffer.of(byte));
  parser.push(Buffer.from('\r\n\r\n'));
  if (verdict === 'taken' && !['inv2543', 'wsinv', 'dblreq'].includes(name)) expect(seen).toHaveLength(1);
});

test('valid messages survive being written and read again', () => {
  for (const { bytes, parser } of verdicts) {
    if (parser !== 'taken') continue;
    const first = parseDatagram(bytes);
    const second = parseDatagram(toBuffer(first));
    expect([...second.headers]).toEqual([...first.headers]);
    expect(second.body.equals(first.body)).toBe(true);
  }
});

describe('what the messages say', () => {
  test('wsinv: white space wherever it may stand', () => {
    const message = request('wsinv');
    expect(message.uri).toBe('sip:vivekg@chair-dnrc.example.com;unknownparam');
    expect(message.toTag).toBe('1918181833n');
    expect(message.from).toMatchObject({
      display: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
      params: { tag: '98asjd8' },
    });
    expect(message.headers.get('max-forwards')).toBe('0068');
    expect(message.cseq).toEqual({ number: 9, method: 'INVITE' });
    expect(message.via).toMatchObject({ transport: 'UDP', host: '192.0.2.2', branch: '390skdjuw' });
    expect(message.headers.all('Via')).toHaveLength(3);
    expect(message.headers.get('Subject')).toBe('');
    expect(message.headers.get('newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(message.headers.get('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
  });

  test('intmeth: every character that may stand somewhere', () => {
    const message = request('intmeth');
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(message.target).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
    });
    expect(message.to.display).toBe('BEL:\x07 NUL:\0 DEL:\x7f');
    expect(message.from.params["fromparam''~+*_!.-%"]).toBe('работающий');
    expect(message.headers.get("extensionHeader-!.%*+_`'~")).toBe('\ufeff大停電');
  });

  test('esc01 and escnull: escapes stay as they are', () => {
    expect(request('esc01').target.user).toBe('sips%3Auser%40example.com');
    expect(request('esc01').headers.get('Contact')).toBe(
      '<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>',
    );
    expect(request('escnull').headers.all('Contact')).toHaveLength(2);
  });

  test('dblreq: what follows the body is not read', () => {
    expect(request('dblreq').body).toHaveLength(0);
    expect(request('dblreq').method).toBe('REGISTER');
  });

  test('semiuri: semicolons in the user part', () => {
    expect(request('semiuri').target).toMatchObject({
      user: 'user;par=u%40example.net',
      host: 'example.com',
      params: {},
    });
  });

  test('longreq: long values whole', () => {
    const message = request('longreq');
    expect(message.headers.all('Via')).toHaveLength(34);
    expect(message.from.params.tag).toMatch(/^12(982){50}424$/);
  });

  test('unreason and noreason', () => {
    expect((parseDatagram(message4475('unreason')) as SipResponse).reason).toBe(
      '= 2**3 * 5**2 но сто девяносто девять - простое',
    );
    expect((parseDatagram(message4475('noreason')) as SipResponse).reason).toBe('');
  });

  test('cparam: parameters belong to the header without brackets, to the URI within', () => {
    expect(request('cparam01').headers.first('Contact')).toBe('sip:+19725552222@gw1.example.net;unknownparam');
  });

  test('RFC 5118: addresses without their brackets, received with and without', () => {
    const at = (name: string): SipRequest => parseDatagram(message5118(name)) as SipRequest;
    expect(at('port-ambiguous').target).toMatchObject({ host: '2001:db8::10:5070', port: undefined });
    expect(at('port-unambiguous').target).toMatchObject({ host: '2001:db8::10', port: 5070 });
    expect(at('via-received-param-with-delim').via.received).toBe('2001:db8::9:255');
    expect(at('via-received-param-no-delim').via.received).toBe('2001:db8::9:255');
    expect(at('ipv4-mapped-ipv6').via).toMatchObject({ host: '::ffff:192.0.2.10', port: 19823 });
    expect(at('ipv6-bug-abnf-3-colons').target.host).toBe('2001:db8::192.0.2.1');
  });
});
