import type { Outcome } from './corpus';

/** One shape of bad input: what it looks like, where it did harm elsewhere, and what this server makes of it. */
export interface Shape {
  name: string;
  /** The advisory that the shape is known from. */
  known?: string;
  bytes: Buffer;
  udp: Outcome;
  /** Over TCP, when it is another outcome; `none` where the shape makes sense only in a datagram. */
  tcp?: Outcome | 'none';
}

interface Parts {
  line?: string;
  /** Header lines by name, in the place of the usual ones; an empty text leaves the header out. */
  lines?: Record<string, string>;
  /** Lines after the usual ones. */
  more?: string[];
  body?: string;
  /** What stands between head and body. */
  blank?: string;
}

let made = 0;

/** An OPTIONS without a fault, but for what is given. Each has ids of its own. */
export function message(parts: Parts = {}): Buffer {
  const id = (made += 1);
  const method = /^[^ ]*/.exec(parts.line ?? 'OPTIONS')![0];
  const usual: Record<string, string> = {
    Via: `Via: SIP/2.0/UDP 192.0.2.9:5070;rport;branch=z9hG4bKshape${id}`,
    'Max-Forwards': 'Max-Forwards: 70',
    From: `From: <sip:alice@example.com>;tag=f${id}`,
    To: 'To: <sip:bob@example.com>',
    'Call-ID': `Call-ID: shape-${id}@example.com`,
    CSeq: `CSeq: 7 ${method}`,
    Contact: 'Contact: <sip:alice@192.0.2.9:5070>',
    'Content-Length': `Content-Length: ${Buffer.byteLength(parts.body ?? '')}`,
  };
  const lines = [parts.line ?? 'OPTIONS sip:bob@example.com SIP/2.0'];
  for (const line of Object.values({ ...usual, ...parts.lines })) if (line !== '') lines.push(line);
  lines.push(...(parts.more ?? []));

  return Buffer.from(`${lines.join('\r\n')}${parts.blank ?? '\r\n\r\n'}${parts.body ?? ''}`, 'latin1');
}

const via = (rest: string): Parts => ({ lines: { Via: `Via: ${rest}` } });
const from = (value: string): Parts => ({ lines: { From: `From: ${value}` } });
const to = (value: string): Parts => ({ lines: { To: `To: ${value}` } });
const contact = (value: string): Parts => ({ lines: { Contact: `Contact: ${value}` } });
const uri = (value: string): Parts => ({ line: `OPTIONS ${value} SIP/2.0` });
const header = (name: string, value: string): Parts => ({ lines: { [name]: `${name}: ${value}` } });
const cookie = 'z9hG4bKshape';

/** Faults of grammar that are answered with 400 over UDP and TCP. */
const refused: [name: string, parts: Parts][] = [
  ['port 0 in the Request-URI', uri('sip:bob@example.com:0')],
  ['port 65536 in the Request-URI', uri('sip:bob@example.com:65536')],
  ['no port after the colon', uri('sip:bob@example.com:')],
  ['a port of letters', uri('sip:bob@example.com:sip')],
  ['no user before the at-sign', uri('sip:@example.com')],
  ['no host', uri('sip:bob@')],
  ['two at-signs', uri('sip:bob@a@example.com')],
  ['an IPv6 reference without its end in the Request-URI', uri('sip:bob@[2001:db8::1')],
  ['an IPv6 reference of other characters', uri('sip:bob@[2001:db8::xyz]')],
  ['an IPv4 address out of range', uri('sip:bob@192.0.2.999')],
  ['a label of nothing', uri('sip:bob@example..com')],
  ['half an escape', uri('sip:bo%4@example.com')],
  ['an escape of no hex digits', uri('sip:bo%zz@example.com')],
  ['a control character in the Request-URI', uri('sip:bo\x01b@example.com')],
  ['headers in the Request-URI', uri('sip:bob@example.com?Route=%3Csip:evil%3E')],
  ['an empty URI parameter', uri('sip:bob@example.com;;lr')],
  ['a URI parameter twice', uri('sip:bob@example.com;lr;lr')],
  ['port 0 in Via', via(`SIP/2.0/UDP 192.0.2.9:0;branch=${cookie}`)],
  ['port 65536 in Via', via(`SIP/2.0/UDP 192.0.2.9:65536;branch=${cookie}`)],
  ['rport=0 in Via', via(`SIP/2.0/UDP 192.0.2.9;rport=0;branch=${cookie}`)],
  ['an empty branch', via('SIP/2.0/UDP 192.0.2.9;rport;branch=')],
  ['a branch of no token', via('SIP/2.0/UDP 192.0.2.9;rport;branch="a b"')],
  ['two branches', via(`SIP/2.0/UDP 192.0.2.9;rport;branch=${cookie}a;branch=${cookie}b`)],
  ['an IPv6 reference without its end in Via', via(`SIP/2.0/UDP [2001:db8::1;branch=${cookie}`)],
  ['no transport in Via', via(`SIP/2.0 192.0.2.9;branch=${cookie}`)],
  ['no host in Via', via(`SIP/2.0/UDP ;branch=${cookie}`)],
  ['another version in Via', via(`SIP/3.0/UDP 192.0.2.9;branch=${cookie}`)],
  ['no name of a Via parameter', via(`SIP/2.0/UDP 192.0.2.9;=x;branch=${cookie}`)],
  ['received is no address', via(`SIP/2.0/UDP 192.0.2.9;received=there;branch=${cookie}`)],
  ['an empty tag in From', from('<sip:alice@example.com>;tag=')],
  ['two tags in From', from('<sip:alice@example.com>;tag=a;tag=b')],
  ['a tag of no token', from('<sip:alice@example.com>;tag=a[b]')],
  ['a tag with two values', from('<sip:alice@example.com>;tag=a=b')],
  ['a display name without its end', from('"Alice <sip:alice@example.com>;tag=a')],
  ['an angle bracket without its end in From', from('<sip:alice@example.com;tag=a')],
  ['two tags in To', to('<sip:bob@example.com>;tag=a;tag=b')],
  ['an empty tag in To', to('<sip:bob@example.com>;tag=')],
  ['an empty To', to('')],
  ['an IPv6 reference without its end in Contact', contact('<sip:alice@[2001:db8::1>')],
  ['a star beside another Contact', contact('*, <sip:alice@192.0.2.9>')],
  ['an empty element in Contact', contact('<sip:a@192.0.2.9>,,<sip:b@192.0.2.9>')],
  ['an empty Call-ID', header('Call-ID', '')],
  ['two at-signs in Call-ID', header('Call-ID', 'a@b@c')],
  ['a blank in Call-ID', header('Call-ID', 'a b')],
  ['a negative CSeq', header('CSeq', '-1 OPTIONS')],
  ['CSeq 2147483648', header('CSeq', '2147483648 OPTIONS')],
  ['a CSeq of forty digits', header('CSeq', `${'9'.repeat(40)} OPTIONS`)],
  ['a CSeq in hex', header('CSeq', '0x7 OPTIONS')],
  ['a CSeq without method', header('CSeq', '7')],
  ['a CSeq of another method', header('CSeq', '7 INVITE')],
  ['Max-Forwards 256', header('Max-Forwards', '256')],
  ['Max-Forwards -1', header('Max-Forwards', '-1')],
  ['Max-Forwards of letters', header('Max-Forwards', 'many')],
  ['Content-Length +0', header('Content-Length', '+0')],
  ['Content-Length 0x0', header('Content-Length', '0x0')],
  ['an empty Content-Length', header('Content-Length', '')],
  ['no From', { lines: { From: '' } }],
  ['no To', { lines: { To: '' } }],
  ['no Call-ID', { lines: { 'Call-ID': '' } }],
  ['two From', { more: ['f: <sip:mallory@example.com>;tag=x'] }],
  ['two Call-ID, one of them short', { more: ['i: another'] }],
  ['two Max-Forwards', { more: ['Max-Forwards: 1'] }],
  ['two Content-Length', { more: ['l: 0'] }],
  ['a header line without colon', { more: ['Nonsense'] }],
  ['a header line without name', { more: [': value'] }],
  ['a blank in a header name', { more: ['X Y: value'] }],
  ['a bare LF in a header', { more: ['Subject: a\nRoute: <sip:evil@example.com;lr>'] }],
  ['a bare CR in a header', { more: ['Subject: a\rRoute: <sip:evil@example.com;lr>'] }],
  ['two blanks in the request line', { line: 'OPTIONS  sip:bob@example.com SIP/2.0' }],
  ['a tab in the request line', { line: 'OPTIONS sip:bob@example.com\tx SIP/2.0' }],
];

/** Refused without an answer, which would have to repeat the control character: headers that an answer copies. */
const unanswerable: [name: string, parts: Parts][] = [
  ['a control character in a parameter of From', from('<sip:alice@example.com>;tag=a;x=\x02')],
  ['a bare control character in a display name', from('"Ali\x07ce" <sip:alice@example.com>;tag=a')],
  ['a null octet in Call-ID', header('Call-ID', 'a\0b')],
];

/** Shapes that ended or stopped other servers. */
const known: [advisory: string, name: string, parts: Parts, udp: Outcome][] = [
  ['CVE-2022-45909', 'a Request-URI of 50,000 characters', uri(`sip:${'a'.repeat(50_000)}@example.com`), 400],
  ['CVE-2022-45909', 'a host of 50,000 characters', uri(`sip:bob@${'a.'.repeat(25_000)}com`), 400],
  ['GHSA-g3x6-p824-x6hm', 'a URI that ends in a percent sign', uri('sip:bob@example.com;x=%'), 400],
  ['GHSA-g3x6-p824-x6hm', 'a user that is one percent sign', uri('sip:%@example.com'), 400],
  ['GHSA-79jq-hh82-cv9g', 'a method of 20,000 characters', { line: `${'M'.repeat(20_000)} sip:b@h SIP/2.0` }, 405],
  ['GHSA-79jq-hh82-cv9g', 'a method of other characters', { line: '(INVITE) sip:b@h SIP/2.0' }, 'dropped'],
  ['CVE-2023-27598', 'a Via of blanks', via(' '.repeat(100)), 400],
  ['CVE-2023-27598', 'a Via that ends after the protocol', via('SIP/2.0/UDP'), 400],
  ['CVE-2023-27598', 'a Via of commas', via(',,,,'), 400],
  ['CVE-2023-27599', 'a To that is one quote', to('"'), 400],
  ['CVE-2023-27599', 'a To that ends in a backslash within its quotes', to('"Bob\\'), 400],
  ['GHSA-358f', 'a URI that is a scheme only', uri('sip:'), 400],
  ['GHSA-358f', 'a URI of separators', uri('sip::;?@'), 400],
  [
    'CVE-2018-8828',
    'a branch of 50,000 characters',
    via(`SIP/2.0/UDP 192.0.2.9;rport;branch=${'b'.repeat(50_000)}`),
    'taken',
  ],
  ['CVE-2018-8828', 'a From tag of 50,000 characters', from(`<sip:a@example.com>;tag=${'t'.repeat(50_000)}`), 'taken'],
  ['CVE-2020-27507', 'an overlong tag twice', from(`<sip:a@b>;tag=${'t'.repeat(9000)};tag=${'t'.repeat(9000)}`), 400],
  ['CVE-2016-2385', 'a header of 60,000 characters', { more: [`X-Long: ${'x'.repeat(60_000)}`] }, 'taken'],
  ['CVE-2016-2385', '3,000 headers', { more: Array.from({ length: 3000 }, (_, i) => `X-${i}: 1`) }, 513],
  ['CVE-2016-2385', 'a header folded 5,000 times', { more: [`X-Fold: a${'\r\n b'.repeat(5000)}`] }, 513],
  ['GHSA-4h4c', 'a control character in a header name', { more: ['Contact\x01: <sip:evil@example.com>'] }, 400],
  [
    'CVE-2020-28361',
    'a header line that begins with a blank, which makes it a part of the one before',
    { more: [' X-Smuggled: yes'] },
    400,
  ],
  ['CVE-2020-28361', 'a carriage return before the colon', { more: ['X-Smuggled\r: yes'] }, 400],
  ['CVE-2020-28361', 'a vertical tab before the colon', { more: ['X-Smuggled\x0b: yes'] }, 400],
  ['CVE-2023-28098', 'an Authorization that ends in a name', { more: ['Authorization: Digest username'] }, 'taken'],
  ['CVE-2023-28098', 'an Authorization of open quotes', { more: ['Authorization: Digest nonce="'] }, 'taken'],
  [
    'CVE-2021-31878',
    'a re-INVITE in a dialog that is over',
    { line: 'INVITE sip:b@h SIP/2.0', ...to('<sip:b@h>;tag=gone') },
    481,
  ],
  ['CVE-2022-45474', 'a CANCEL of nothing', { line: 'CANCEL sip:b@h SIP/2.0' }, 481],
  [
    'CVE-2022-45474',
    'a BYE in a dialog that never was',
    { line: 'BYE sip:b@h SIP/2.0', ...to('<sip:b@h>;tag=never') },
    481,
  ],
  ['CVE-2022-45474', 'an ACK of nothing', { line: 'ACK sip:b@h SIP/2.0', ...to('<sip:b@h>;tag=never') }, 'dropped'],
  ['drachtio-server issue 243', 'a Contact whose URI ends in a percent sign', contact('<sip:alice@192.0.2.9%>'), 400],
  ['drachtio-server issue 243', 'a Contact that is one percent sign', contact('<sip:%>'), 400],
  [
    'drachtio-server issue 243',
    'a From whose user ends in half an escape',
    from('<sip:alice%4@example.com>;tag=a'),
    400,
  ],
  ['drachtio-server issue 243', 'a To whose parameter ends in a percent sign', to('<sip:bob@example.com;x=%>'), 400],
  [
    'drachtio-server issue 453',
    'a REGISTER whose Contact is no URI',
    { line: 'REGISTER sip:example.com SIP/2.0', ...contact('None') },
    400,
  ],
  [
    'drachtio-server issue 358',
    'a REGISTER that takes back every Contact',
    { line: 'REGISTER sip:example.com SIP/2.0', lines: { Contact: 'Contact: *', Expires: 'Expires: 0' } },
    'taken',
  ],
  [
    'OpenSIPS issue 3124',
    'a REFER to a URI with an equals sign within a header',
    { line: 'REFER sip:b@h SIP/2.0', ...header('Refer-To', '<sip:c@example.com?Replaces=a=b==;to-tag=1>') },
    'taken',
  ],
  ['CVE-2020-28327', 'an INVITE without Contact', { line: 'INVITE sip:b@h SIP/2.0', lines: { Contact: '' } }, 400],
];

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What is no SIP message at all: nothing is answered; a stream that goes on so is closed. */
const foreign: [advisory: string | undefined, name: string, bytes: Buffer][] = [
  ['GHSA-h94r', 'an empty datagram', Buffer.alloc(0)],
  ['GHSA-h94r', 'one null octet', Buffer.of(0)],
  ['GHSA-h94r', 'four null octets', Buffer.alloc(4)],
  ['GHSA-h94r', 'line ends only', ascii('\r\n'.repeat(500))],
  ['GHSA-h94r', 'half a line end', ascii('\r')],
  [
    'GHSA-8599',
    'a STUN request with a length beyond its end',
    Buffer.from('0001ffff2112a442000000000000000000000000', 'hex'),
  ],
  [
    'GHSA-rm4c',
    'a STUN attribute beyond its end',
    Buffer.from('000100082112a4420000000000000000000000000006ffff61626364', 'hex'),
  ],
  ['GHSA-39gv', 'a DTLS hello of the wrong length', Buffer.from('16feff0000000000000000ffff010000ff', 'hex')],
  [undefined, 'a request of HTTP', ascii('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')],
  [undefined, 'a status line of HTTP', ascii('HTTP/1.1 200 OK\r\n\r\n')],
  [undefined, 'a start line without headers', ascii('OPTIONS sip:bob@example.com SIP/2.0\r\n\r\n')],
  [undefined, 'a start line only', ascii('OPTIONS sip:bob@example.com SIP/2.0')],
  [undefined, 'a status of two digits', ascii('SIP/2.0 20 OK\r\n\r\n')],
  [undefined, 'a status of four digits', ascii('SIP/2.0 2000 OK\r\n\r\n')],
  [undefined, 'octets above ASCII only', Buffer.alloc(1000, 0xff)],
  ['drachtio-server issue 245', 'a long message of blanks', ascii(' '.repeat(60_000))],
  ['drachtio-server issue 245', 'a long message of blank lines', ascii(' \r\n'.repeat(20_000))],
];

const responseTo = (...vias: string[]): Buffer =>
  ascii(
    `SIP/2.0 500 Server Internal Error\r\n${vias.map((line) => `Via: ${line}\r\n`).join('')}` +
      'From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
  );

/** Responses that nobody waits for. */
const strayResponses: Shape[] = [
  ['with a Via of ours', [`SIP/2.0/UDP 127.0.0.1:5060;branch=${cookie}`]],
  ['with a Via of another', ['SIP/2.0/UDP 192.0.2.1:123;received=192.0.2.7;rport=59174']],
  ['with two Vias', [`SIP/2.0/UDP 127.0.0.1:5060;branch=${cookie}`, 'SIP/2.0/UDP 192.0.2.9']],
  ['without Via', []],
].map(([name, vias]) => ({
  name: `a response ${name as string}`,
  known: 'drachtio-server issues 244 and 263',
  bytes: responseTo(...(vias as string[])),
  udp: 'dropped',
}));

/** Where a fault makes the end of the message unknown, a stream is closed after the answer, or waits for the rest. */
const framing: Shape[] = [
  { name: 'Content-Length beyond the end', bytes: message(header('Content-Length', '4000')), udp: 400, tcp: 'waits' },
  { name: 'Content-Length 4294967296', bytes: message(header('Content-Length', '4294967296')), udp: 400 },
  { name: 'Content-Length 99999999', bytes: message(header('Content-Length', '99999999')), udp: 400, tcp: 413 },
  { name: 'no Content-Length', bytes: message({ lines: { 'Content-Length': '' } }), udp: 'taken', tcp: 400 },
  { name: 'no empty line', bytes: message({ blank: '\r\n' }), udp: 400, tcp: 'none' },
  { name: 'an empty line of bare LF', bytes: message({ blank: '\n\n' }), udp: 400, tcp: 'none' },
  { name: 'version 3.0', bytes: message({ line: 'OPTIONS sip:b@h SIP/3.0' }), udp: 505 },
];

export const shapes: Shape[] = [
  ...refused.map(([name, parts]) => ({ name, bytes: message(parts), udp: 400 as const })),
  ...unanswerable.map(([name, parts]) => ({ name, bytes: message(parts), udp: 'dropped' as const })),
  ...strayResponses,
  ...known.map(([advisory, name, parts, udp]) => ({ known: advisory, name, bytes: message(parts), udp })),
  ...foreign.map(([advisory, name, bytes]) => ({
    known: advisory,
    name,
    bytes,
    udp: 'dropped' as const,
  })),
  ...framing,
];
