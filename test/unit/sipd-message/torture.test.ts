import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { parseDatagram, SipSyntaxError, StreamParser } from '../../../src/sipd/message/parse';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { checkRequest } from '../../../src/sipd/transaction/checks';

const data = path.join(__dirname, '../../data/sip');

type Verdict = 'valid' | 'dropped' | number;

/**
 * What RFC 4475 wants of each message, with its section. `valid` is taken; a number is the status of the answer, by the
 * parser or by the checks of a new request; `dropped` are responses that nobody could use. Where the RFC leaves the
 * choice between refusing and repairing, this server refuses.
 */
const rfc4475: Record<string, [section: string, verdict: Verdict]> = {
  wsinv: ['3.1.1.1', 'valid'],
  intmeth: ['3.1.1.2', 'valid'],
  esc01: ['3.1.1.3', 'valid'],
  escnull: ['3.1.1.4', 'valid'],
  esc02: ['3.1.1.5', 'valid'],
  lwsdisp: ['3.1.1.6', 'valid'],
  longreq: ['3.1.1.7', 'valid'],
  dblreq: ['3.1.1.8', 'valid'],
  semiuri: ['3.1.1.9', 'valid'],
  transports: ['3.1.1.10', 'valid'],
  mpart01: ['3.1.1.11', 'valid'],
  unreason: ['3.1.1.12', 'valid'],
  noreason: ['3.1.1.13', 'valid'],
  badinv01: ['3.1.2.1', 400],
  clerr: ['3.1.2.2', 400],
  ncl: ['3.1.2.3', 400],
  scalar02: ['3.1.2.4', 400],
  scalarlg: ['3.1.2.5', 'dropped'],
  quotbal: ['3.1.2.6', 400],
  ltgtruri: ['3.1.2.7', 400],
  lwsruri: ['3.1.2.8', 400],
  lwsstart: ['3.1.2.9', 400],
  trws: ['3.1.2.10', 400],
  escruri: ['3.1.2.11', 400],
  // The date is of no interest to this server, which the RFC allows.
  baddate: ['3.1.2.12', 'valid'],
  regbadct: ['3.1.2.13', 400],
  badaspec: ['3.1.2.14', 400],
  baddn: ['3.1.2.15', 400],
  badvers: ['3.1.2.16', 505],
  mismatch01: ['3.1.2.17', 400],
  mismatch02: ['3.1.2.18', 400],
  bigcode: ['3.1.2.19', 'dropped'],
  // Matched as RFC 2543 had it: see the tests of the transaction layer.
  badbranch: ['3.2.1', 'valid'],
  insuf: ['3.3.1', 400],
  unkscm: ['3.3.2', 416],
  novelsc: ['3.3.3', 416],
  // The schemes of From and To are the registrar's business.
  unksm2: ['3.3.4', 'valid'],
  bext01: ['3.3.5', 420],
  // Content, credentials and the answer's format are the application's business.
  invut: ['3.3.6', 'valid'],
  regaut01: ['3.3.7', 'valid'],
  multi01: ['3.3.8', 400],
  mcl01: ['3.3.9', 400],
  // Well-formed; the transaction layer drops it because its Via is not ours.
  bcast: ['3.3.10', 'valid'],
  zeromf: ['3.3.11', 483],
  cparam01: ['3.3.12', 'valid'],
  cparam02: ['3.3.13', 'valid'],
  regescrt: ['3.3.14', 'valid'],
  sdp01: ['3.3.15', 'valid'],
  inv2543: ['3.4.1', 'valid'],
};

const rfc5118: Record<string, [section: string, verdict: Verdict]> = {
  'ipv6-good': ['4.1', 'valid'],
  'ipv6-bad': ['4.2', 400],
  'port-ambiguous': ['4.3', 'valid'],
  'port-unambiguous': ['4.4', 'valid'],
  'via-received-param-with-delim': ['4.5', 'valid'],
  'via-received-param-no-delim': ['4.5', 'valid'],
  'ipv6-in-sdp': ['4.6', 'valid'],
  'mult-ip-in-header': ['4.7', 'valid'],
  'mult-ip-in-sdp': ['4.8', 'valid'],
  'ipv4-mapped-ipv6': ['4.9', 'valid'],
  'ipv6-bug-abnf-3-colons': ['4.10', 'valid'],
  'ipv6-correct-abnf-2-colons': ['4.10', 'valid'],
};

function message4475(name: string): Buffer {
  return readFileSync(path.join(data, 'rfc4475', `${name}.dat`));
}

/**
 * The archive of RFC 5118 ends its lines with LF, leaves out some last empty lines, and its Content-Lengths of bodies fit
 * neither line end; all three are put right here, as none of them is what the messages test.
 */
function message5118(name: string): Buffer {
  const [head, body = ''] = readFileSync(path.join(data, 'rfc5118', name), 'latin1').split('\n\n');
  const text = `${head!.trimEnd()}\n\n${body}`.replace(/\n/g, '\r\n');
  const length = text.length - text.indexOf('\r\n\r\n') - 4;

  return Buffer.from(text.replace(/Content-Length: \d+/, `Content-Length: ${length}`), 'latin1');
}

function verdictOn(bytes: Buffer): Verdict {
  try {
    const message = parseDatagram(bytes);
    if (message.kind === 'response') return 'valid';

    return checkRequest(message, { extensions: ['timer'] }, false)?.status ?? 'valid';
  } catch (thrown) {
    if (!(thrown instanceof SipSyntaxError)) throw thrown;

    return thrown.request ? thrown.status : 'dropped';
  }
}

function request(name: string): SipRequest {
  return parseDatagram(message4475(name)) as SipRequest;
}

test('there is a verdict on every file, and a file for every verdict', () => {
  const names = readdirSync(path.join(data, 'rfc4475')).map((file) => file.replace('.dat', ''));
  expect(names.sort()).toEqual(Object.keys(rfc4475).sort());
  expect(names).toHaveLength(49);
  expect(readdirSync(path.join(data, 'rfc5118')).sort()).toEqual(Object.keys(rfc5118).sort());
});

test.each(Object.entries(rfc4475))('RFC 4475 %s (%j)', (name, [, verdict]) => {
  expect(verdictOn(message4475(name))).toBe(verdict);
});

test.each(Object.entries(rfc5118))('RFC 5118 %s (%j)', (name, [, verdict]) => {
  expect(verdictOn(message5118(name))).toBe(verdict);
});

test.each([...Object.keys(rfc4475)])('RFC 4475 %s in a stream, byte by byte, does no harm', (name) => {
  const seen: string[] = [];
  const parser = new StreamParser({
    message: (message) => seen.push(message.kind),
    malformed: (error) => seen.push(String(error.status)),
    ping: () => undefined,
  });
  for (const byte of message4475(name)) parser.push(Buffer.of(byte));
  parser.push(Buffer.from('\r\n\r\n'));
  if (rfc4475[name]![1] === 'valid' && !['inv2543', 'wsinv', 'dblreq'].includes(name)) expect(seen).toHaveLength(1);
});

test('valid messages survive being written and read again', () => {
  for (const [name, [, verdict]] of Object.entries(rfc4475)) {
    if (verdict !== 'valid') continue;
    const first = parseDatagram(message4475(name));
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
