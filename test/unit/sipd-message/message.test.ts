import { Headers, SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { parseDatagram, SipSyntaxError } from '../../../src/sipd/message/parse';
import { reasonPhrase } from '../../../src/sipd/message/reasons';
import { makeResponse, withTag } from '../../../src/sipd/message/response';
import { toBuffer } from '../../../src/sipd/message/serialize';

const lines = {
  start: 'INVITE sip:b@example.com SIP/2.0',
  via: 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  from: 'From: <sip:a@example.com>;tag=1',
  to: 'To: <sip:b@example.com>',
  callId: 'Call-ID: 1@example.com',
  cseq: 'CSeq: 1 INVITE',
};

/** The sample message with some of its lines replaced; an empty line is left out. */
function bytes(changes: Partial<Record<keyof typeof lines | 'more', string>> = {}, body = ''): Buffer {
  const all = { ...lines, ...changes };

  return Buffer.from(`${Object.values(all).filter(Boolean).join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

function faultOf(input: Buffer): SipSyntaxError {
  try {
    parseDatagram(input);
  } catch (thrown) {
    if (thrown instanceof SipSyntaxError) return thrown;
    throw thrown;
  }
  throw new Error('This was to be malformed');
}

describe('datagrams', () => {
  test('without Content-Length the body is all that follows; with it, what it says', () => {
    expect(parseDatagram(bytes({}, 'hello')).body.toString()).toBe('hello');
    expect(parseDatagram(bytes({ more: 'Content-Length: 2' }, 'hello')).body.toString()).toBe('he');
  });

  test('CRLFs before the start line are skipped', () => {
    expect(parseDatagram(Buffer.concat([Buffer.from('\r\n\r\n'), bytes()])).kind).toBe('request');
  });

  test('the body refers to the bytes that came, without a copy', () => {
    const input = bytes({}, 'hello');
    expect(parseDatagram(input).body.buffer).toBe(input.buffer);
  });

  test('long ones are read as short ones are', () => {
    const body = 'x\r\n\r\n'.repeat(2000);
    const message = parseDatagram(bytes({ more: `Content-Length: ${body.length}` }, `${body}rest`));
    expect(message.body.toString()).toBe(body);
    expect(message.headers.size).toBe(6);
    expect(faultOf(Buffer.from(`INVITE sip:b@h SIP/2.0\r\nX: ${'x'.repeat(5000)}\r\n`)).reason).toBe(
      'No empty line after the headers',
    );
  });

  test('a body that looks like headers is a body', () => {
    const message = parseDatagram(bytes({ more: 'Content-Length: 9' }, 'To: <x>\r\n'));
    expect(message.to.uri).toBe('sip:b@example.com');
    expect(message.body.toString()).toBe('To: <x>\r\n');
  });

  test('UTF-8 in headers is text', () => {
    const input = Buffer.from(bytes().toString('latin1').replace('From: ', 'From: "Żółć" '), 'utf8');
    expect(parseDatagram(input).from.display).toBe('Żółć');
    expect(toBuffer(parseDatagram(input)).includes('Żółć')).toBe(true);
  });

  test('a letter whose last byte looks like a blank is not cut', () => {
    const input = Buffer.from(`${bytes({ more: 'Subject: ' }).toString('latin1').trimEnd()} voilà\t \r\n\r\n`, 'utf8');
    expect(parseDatagram(input).headers.get('Subject')).toBe('voilà');
  });

  // Gaps in parameter grammar that other stacks were found to have, and the ways to smuggle a header past a check.
  test.each([
    ['port 0 in Via', { via: 'Via: SIP/2.0/UDP h:0;branch=z9hG4bK1' }],
    ['port 65536 in Via', { via: 'Via: SIP/2.0/UDP h:65536;branch=z9hG4bK1' }],
    ['port 0 in the Request-URI', { start: 'INVITE sip:b@h:0 SIP/2.0' }],
    ['port 65536 in From', { from: 'From: <sip:a@h:65536>;tag=1' }],
    ['port 0 in Contact', { more: 'Contact: <sip:a@h:0>' }],
    ['an empty tag', { from: 'From: <sip:a@h>;tag=' }],
    ['a tag without a value', { from: 'From: <sip:a@h>;tag' }],
    ['two tags', { from: 'From: <sip:a@h>;tag=1;tag=2' }],
    ['two tags of different case', { to: 'To: <sip:a@h>;tag=1;Tag=2' }],
    ['a tag that is no token', { from: 'From: <sip:a@h>;tag="a b"' }],
    ['an empty branch', { via: 'Via: SIP/2.0/UDP h;branch=' }],
    ['a branch without a value', { via: 'Via: SIP/2.0/UDP h;branch' }],
    ['two branches', { via: 'Via: SIP/2.0/UDP h;branch=z9hG4bK1;branch=z9hG4bK2' }],
    ['a bracket that is not closed', { start: 'INVITE sip:b@[::1 SIP/2.0' }],
    ['a bracket that is not closed in Contact', { more: 'Contact: <sip:a@[::1>' }],
    ['a control character in a parameter', { from: 'From: <sip:a@h>;tag=1;x=\x01' }],
    ['a control character in a URI', { to: 'To: <sip:b\x00@h>' }],
    ['a control character behind a header name', { more: 'Contact\x01: <sip:a@h>' }],
    ['a bare LF in a header', { to: 'To: <sip:b@h>\nX-Evil: 1' }],
    ['a bare CR in a header', { to: 'To: <sip:b@h>\rX-Evil: 1' }],
    ['an escaped LF in a quoted string', { to: 'To: "a\\\nb" <sip:b@h>' }],
    ['a header without a colon', { more: 'Contact <sip:a@h>' }],
    ['a header without a name', { more: ': x' }],
    ['a header name with a space', { more: 'Con tact: <sip:a@h>' }],
    ['a continuation line before any header', { start: 'INVITE sip:b@h SIP/2.0\r\n x' }],
    ['two From headers', { more: 'f: <sip:c@h>;tag=3' }],
    ['two To headers', { more: 'TO: <sip:c@h>' }],
    ['two Call-IDs', { more: 'i: 2' }],
    ['two CSeqs', { more: 'CSeq: 2 INVITE' }],
    ['two Max-Forwards', { more: 'Max-Forwards: 1\r\nMax-Forwards: 1' }],
    ['two Content-Types', { more: 'c: a/b\r\nContent-Type: c/d' }],
    ['two Refer-Tos', { more: 'r: <sip:a@h>\r\nRefer-To: <sip:b@h>' }],
    ['two Replaces', { more: 'Replaces: 1\r\nReplaces: 2' }],
    ['two Contacts with a star', { more: 'Contact: *, <sip:a@h>' }],
    ['a malformed Contact', { more: 'Contact: <sip:a@h>, <sip:' }],
    ['Max-Forwards over 255', { more: 'Max-Forwards: 256' }],
    ['Max-Forwards that is no number', { more: 'Max-Forwards: seventy' }],
    ['a Call-ID with a space', { callId: 'Call-ID: a b' }],
    ['an empty Call-ID', { callId: 'Call-ID:' }],
    ['a Call-ID with two at-signs', { callId: 'Call-ID: a@b@c' }],
    ['no From', { from: '' }],
    ['no Via', { via: '' }],
    ['a Content-Length beyond the end', { more: 'Content-Length: 10' }],
    ['an extra word in the start line', { start: 'INVITE sip:b@h SIP/2.0 x' }],
    ['a tab in the start line', { start: 'INVITE\tsip:b@h SIP/2.0' }],
    ['a method that is no token', { start: 'INV(ITE sip:b@h SIP/2.0' }],
    ['CSeq of another case', { cseq: 'CSeq: 1 invite' }],
  ])('%s is refused with 400', (_, changes) => {
    expect(faultOf(bytes(changes)).status).toBe(400);
  });

  test('a fault in a later line does not hide the lines around it', () => {
    const { request } = faultOf(bytes({ to: 'To\x01: x', more: 'X-Last: 1' }));
    expect(request).toMatchObject({ method: 'INVITE', uri: 'sip:b@example.com' });
    expect(request!.headers.get('X-Last')).toBe('1');
    expect(request!.headers.has('To')).toBe(false);
  });

  test('white space before the colon does not make another header of it', () => {
    const message = parseDatagram(bytes({ more: 'P-Asserted-Identity : <sip:boss@h>' }));
    expect(message.headers.remove('P-Asserted-Identity')).toBe(true);
    expect(toBuffer(message).includes('boss')).toBe(false);
  });

  test('escaped control characters within quotes are text (RFC 4475 intmeth)', () => {
    expect(parseDatagram(bytes({ to: 'To: "a\\\x07b" <sip:b@h>' })).to.display).toBe('a\x07b');
  });

  test('other versions are answered 505, malformed responses carry no request', () => {
    expect(faultOf(bytes({ start: 'INVITE sip:b@h SIP/2.1' }))).toMatchObject({
      status: 505,
      request: { method: 'INVITE' },
    });
    expect(faultOf(bytes({ start: 'SIP/2.0 099 Low' })).request).toBeUndefined();
    expect(faultOf(bytes({ start: 'SIP/2.0 700 High' })).request).toBeUndefined();
    expect(faultOf(bytes({ start: 'SIP/2.0 200' })).request).toBeUndefined();
    expect(faultOf(bytes({ start: 'SIP/2.0 200 OK', cseq: 'CSeq: x' })).request).toBeUndefined();
  });

  test('an unterminated head is told with what there is of it', () => {
    const { request, reason } = faultOf(bytes().subarray(0, -4));
    expect(reason).toBe('No empty line after the headers');
    expect(request!.headers.get('CSeq')).toBe('1 INVITE');
  });
});

describe('messages', () => {
  test('parsed forms follow what is changed', () => {
    const message = parseDatagram(bytes()) as SipRequest;
    expect(message.via.branch).toBe('z9hG4bK1');
    expect(message.via).toBe(message.via);
    message.headers.set('Via', 'SIP/2.0/TCP x;branch=z9hG4bK2');
    expect(message.via).toMatchObject({ transport: 'TCP', branch: 'z9hG4bK2' });
    message.uri = 'sips:other';
    expect(message.target.scheme).toBe('sips');
    expect(new SipRequest('X', 'sip:a').callId).toBe('');
    expect(() => new SipRequest('X', 'sip:a').via).toThrow(SipSyntaxError);
  });

  test('the contact is the first of them, whatever was known when the message was read', () => {
    const one = parseDatagram(bytes({ more: 'Contact: <sip:a@192.0.2.1>;expires=60' }));
    expect(one.contact).toMatchObject({ uri: 'sip:a@192.0.2.1', params: { expires: '60' } });
    one.headers.set('Contact', '<sip:b@192.0.2.1>, <sip:c@192.0.2.1>');
    expect(one.contact?.uri).toBe('sip:b@192.0.2.1');
    one.headers.remove('Contact');
    expect(one.contact).toBeUndefined();
    const more = parseDatagram(bytes({ more: 'm: sip:a@h;q=1, <sip:b@h>\r\nContact: <sip:c@h>' }));
    expect(more.contact).toMatchObject({ uri: 'sip:a@h', params: { q: '1' } });
    const star = parseDatagram(bytes({ more: 'Contact: *' }));
    expect(() => star.contact).toThrow(SipSyntaxError);
  });

  test('are written with their true Content-Length', () => {
    const headers = Headers.from({ 'Content-Length': '99', To: '<sip:b@h>' });
    const text = toBuffer(new SipRequest('INFO', 'sip:b@h', headers, Buffer.from('żaba'))).toString();
    expect(text).toBe('INFO sip:b@h SIP/2.0\r\nContent-Length: 5\r\nTo: <sip:b@h>\r\n\r\nżaba');
    expect(toBuffer(new SipResponse(200, 'OK')).toString()).toBe('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
  });

  test('responses copy what RFC 3261 section 8.2.6.2 names', () => {
    const request = parseDatagram(
      bytes({ more: 'v: SIP/2.0/TCP p\r\nTimestamp: 5\r\nRecord-Route: <sip:p;lr>' }),
    ) as SipRequest;
    const ringing = makeResponse(request, 180, undefined, { toTag: 'x', headers: [['Server', 'us']] });
    expect([...ringing.headers]).toEqual([
      ['Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1'],
      ['From', '<sip:a@example.com>;tag=1'],
      ['To', '<sip:b@example.com>;tag=x'],
      ['Call-ID', '1@example.com'],
      ['CSeq', '1 INVITE'],
      ['Via', 'SIP/2.0/TCP p'],
      ['Server', 'us'],
    ]);
    expect(ringing.reason).toBe('Ringing');
    expect(makeResponse(request, 100).headers.get('Timestamp')).toBe('5');
  });

  test('a tag is added where none is', () => {
    expect(withTag('<sip:a;tag=no@h>', 'x')).toBe('<sip:a;tag=no@h>;tag=x');
    expect(withTag('"tag=1" <sip:a@h>', 'x')).toBe('"tag=1" <sip:a@h>;tag=x');
    expect(withTag('<sip:a@h> ; tag = 1', 'x')).toBe('<sip:a@h> ; tag = 1');
    expect(withTag('sip:a@h', undefined)).toBe('sip:a@h');
  });

  test('reason phrases', () => {
    expect(reasonPhrase(469)).toBe('Bad Info Package');
    expect(reasonPhrase(299)).toBe('Success');
    expect(reasonPhrase(999)).toBe('Unknown');
  });
});
