import {
  formatHeaderParams,
  formatHostPort,
  formatNameAddr,
  formatUri,
  parseAddresses,
  parseCount,
  parseCSeq,
  parseHeaderParams,
  parseNameAddr,
  parseUri,
  parseVia,
} from '../../../src/sipd/message/grammar';
import { SipSyntaxError } from '../../../src/sipd/message/parse';

describe('URIs', () => {
  test.each([
    ['sip:a@example.com', { scheme: 'sip', user: 'a', host: 'example.com', port: undefined }],
    ['SIPS:example.com:5061', { scheme: 'sips', user: undefined, host: 'example.com', port: 5061 }],
    ['sip:a:secret@10.0.0.1:1;transport=tcp;lr', { password: 'secret', port: 1, params: { transport: 'tcp', lr: '' } }],
    ['sip:a@[::1]:5060', { host: '::1', port: 5060 }],
    ['sip:%61b;c=d?e@h', { user: '%61b;c=d?e', host: 'h' }],
    ['sip:a@h?Subject=x&Route=%3Csip:b%3E', { host: 'h', headers: 'Subject=x&Route=%3Csip:b%3E' }],
    ['sip:a@host_with_underscore', { host: 'host_with_underscore' }],
    ['sip:a@h;constructor;__proto__=1', { params: { constructor: '', ['__proto__']: '1' } }],
    ['tel:+358-555-1234567', { scheme: 'tel', opaque: '+358-555-1234567', host: '' }],
  ])('%s', (text, expected) => {
    const uri = parseUri(text);
    for (const [name, value] of Object.entries(expected)) {
      if (name === 'params') expect({ ...uri.params }).toEqual(value);
      else expect(uri[name as keyof typeof uri]).toEqual(value);
    }
    expect(formatUri(uri)).toBe(text.replace(/^SIPS/, 'sips'));
  });

  test.each([
    ...['', 'sip:', 'sip:@h', 'sip::x@h', 'sip:a@', 'sip:a@h:', 'sip:a@h:0', 'sip:a@h:65536', 'sip:a@h:123456'],
    ...[
      'sip:a@h:5060x',
      'sip:a b@h',
      'sip:a@h ',
      ' sip:a@h',
      'sip:a@[::1',
      'sip:a@::1]',
      'sip:a@[::g]',
      'sip:a@[1.2.3.4]',
    ],
    ...[
      'sip:a@1.2.3.400',
      'sip:a@1.2.3',
      'sip:a@h..com',
      'sip:a@.h',
      'sip:a@h;',
      'sip:a@h;;lr',
      'sip:a@h;=x',
      'sip:a@h;x=',
    ],
    ...[
      'sip:a@h;lr;lr',
      'sip:a@h;LR;lr',
      'sip:a%zz@h',
      'sip:a%4@h',
      'sip:a@h?',
      'sip:a@h;x=%',
      'sip:a@h\x01',
      'sip:a\0@h',
    ],
    ...[
      'sip:a@@h',
      'sip:a@b@h',
      '<sip:a@h>',
      'sip',
      'a@h',
      'sip:a:p;w@h',
      'nocolon',
      '1x:abc',
      'x:',
      `sip:${'a'.repeat(9000)}@h`,
    ],
  ])('%j is refused', (text) => {
    expect(() => parseUri(text)).toThrow(SipSyntaxError);
  });
});

describe('addresses', () => {
  test.each([
    ['<sip:a@b>', { display: undefined, uri: 'sip:a@b', params: {} }],
    ['sip:a@b;tag=1', { uri: 'sip:a@b', params: { tag: '1' } }],
    [
      '"A \\"B\\" <c>" <sip:a@b;lr>;tag=x;flag',
      { display: 'A "B" <c>', uri: 'sip:a@b;lr', params: { tag: 'x', flag: '' } },
    ],
    ['Joe Doe<sip:a@b>', { display: 'Joe Doe' }],
    ['Жан <sip:a@b>', { display: 'Жан' }],
    ['"" <sip:a@b>', { display: '' }],
    ['<tel:+1>;q=0.5', { uri: 'tel:+1', params: { q: '0.5' } }],
    ['<sip:a@b> ; x = "y;z" ; e=<', undefined],
  ])('%s', (text, expected) => {
    if (expected === undefined) {
      expect(() => parseNameAddr(text)).toThrow(SipSyntaxError);
      return;
    }
    const address = parseNameAddr(text);
    expect({ ...address, params: { ...address.params } }).toMatchObject(expected);
  });

  test.each([
    ...[
      '',
      '<>',
      '<sip:a@b',
      'sip:a@b>',
      '< sip:a@b>',
      '<sip:a@b >',
      '"open <sip:a@b>',
      '"x" sip:a@b',
      'a, b <sip:a@b>',
    ],
    ...[
      'sip:a@b?x=y',
      'sip:a@b,c',
      '<sip:a@b>x',
      '<sip:a@b>;',
      '<sip:a@b>;;',
      '<sip:a@b>;tag=',
      '<sip:a@b>;tag=1;TAG=2',
    ],
    ...['<sip:a@b>;x="y', '<sip:a@b>;t\x01=x', '<sip:a@b>;tag=a b', 'J\x01oe <sip:a@b>', '*'],
  ])('%j is refused', (text) => {
    expect(() => parseNameAddr(text)).toThrow(SipSyntaxError);
  });

  test('are written with brackets and escapes', () => {
    const address = { display: 'A "B" \\', uri: 'sip:a@b', params: { tag: 'x', note: 'a b', flag: '' } };
    const text = formatNameAddr(address);
    expect(text).toBe('"A \\"B\\" \\\\" <sip:a@b>;tag=x;note="a b";flag');
    expect(parseNameAddr(text)).toMatchObject({ display: address.display, uri: address.uri });
    expect(formatNameAddr({ uri: 'sip:a@b' })).toBe('<sip:a@b>');
  });

  test('lists over several lines', () => {
    const uris = parseAddresses(['<sip:a;lr>, <sip:b,c@h;lr>', '<sip:d;lr>']).map(({ uri }) => uri);
    expect(uris).toEqual(['sip:a;lr', 'sip:b,c@h;lr', 'sip:d;lr']);
    expect(() => parseAddresses(['<sip:a>,'])).toThrow(SipSyntaxError);
  });
});

describe('Via', () => {
  test.each([
    ['SIP/2.0/UDP h', { transport: 'UDP', host: 'h', port: undefined, branch: undefined, rport: undefined }],
    ['sip / 2.0 / ws h:1 ;branch=z9hG4bKx;rport', { transport: 'WS', port: 1, branch: 'z9hG4bKx', rport: true }],
    ['SIP/2.0/TLS [::1] : 5061;rport=5;received=[::2]', { host: '::1', port: 5061, rport: 5, received: '::2' }],
  ])('%s', (text, expected) => {
    expect(parseVia(text)).toMatchObject(expected);
  });

  test.each([
    ...[
      '',
      'SIP/2.0/UDP',
      'SIP/2.0/UDP ',
      'SIP/3.0/UDP h',
      'SIP/2.0 h',
      'UDP h',
      'SIP/2.0/UDP h:0',
      'SIP/2.0/UDP h:65536',
    ],
    ...[
      'SIP/2.0/UDP h:',
      'SIP/2.0/UDP h:5x',
      'SIP/2.0/UDP [::1',
      'SIP/2.0/UDP [x]',
      'SIP/2.0/UDP h;branch=',
      'SIP/2.0/UDP h;',
    ],
    ...[
      'SIP/2.0/UDP h;branch=a;branch=b',
      'SIP/2.0/UDP h;rport=0',
      'SIP/2.0/UDP h;rport=x',
      'SIP/2.0/UDP h;rport=70000',
    ],
    ...['SIP/2.0/UDP h;received=x', 'SIP/2.0/UDP h x', 'SIP/2.0/UDP h;b\x02', 'SIP/2.0/UDP h:1.5', 'SIP/2.0/UDP h:1e3'],
  ])('%j is refused', (text) => {
    expect(() => parseVia(text)).toThrow(SipSyntaxError);
  });
});

test('CSeq and numbers', () => {
  expect(parseCSeq('0009  INVITE')).toEqual({ number: 9, method: 'INVITE' });
  expect(parseCSeq('2147483647 X').number).toBe(2147483647);
  for (const bad of [
    '',
    '1',
    'INVITE',
    '1INVITE',
    '-1 INVITE',
    '2147483648 INVITE',
    '1 INV ITE',
    '1.0 INVITE',
    `${'9'.repeat(30)} X`,
  ]) {
    expect(() => parseCSeq(bad)).toThrow(SipSyntaxError);
  }
  expect(parseCount('0068', 'Max-Forwards', 255)).toBe(68);
  for (const bad of ['', '-1', '256', '1e2', '0x1', ' 1', '9'.repeat(25)]) {
    expect(() => parseCount(bad, 'Max-Forwards', 255)).toThrow(SipSyntaxError);
  }
});

test('parameters with names that objects have by birth', () => {
  const params = parseHeaderParams(';constructor=1;__proto__;hasOwnProperty="x y"', 0);
  expect(params.constructor).toBe('1');
  expect(params.__proto__).toBe('');
  expect(params.toString).toBeUndefined();
  expect(formatHeaderParams(params)).toBe(';constructor=1;__proto__;hasownproperty="x y"');
});

test('hosts with ports', () => {
  expect(formatHostPort('::1', 5060)).toBe('[::1]:5060');
  expect(formatHostPort('::1')).toBe('[::1]');
  expect(formatHostPort('h', 1)).toBe('h:1');
});
