import { Random } from '../fuzz/random';

/** The kinds of messages that are parsed. */
export const messageKinds = ['INVITE', '200', 'BYE'] as const;
export type MessageKind = (typeof messageKinds)[number];

const users = [
  '1001',
  'alice',
  '+4930123456',
  'ticket-machine-4',
  'j.smith',
  'b',
  'front_desk',
  '6100',
  'o(k)~',
  '00442071838750',
];
const displays = [
  '',
  '',
  '"Ticket machine 4" ',
  'Bob ',
  '"J. Smith, Hall 2" ',
  'Front Desk ',
  '"Zoë" ',
  '"a \\"b\\" c" ',
];
const hosts = [
  'sightline.test',
  '10.0.0.1',
  '192.168.100.200',
  'pbx.branch-7.example.com',
  'h',
  'edge1.voice.example.org',
];
const agents = [
  'baresip v1.1.0 (x86_64/Linux)',
  'Linphone/5.2.1',
  'Z',
  'FreeSWITCH-mod_sofia/1.10.12',
  'Cisco/SPA504G-7.6.2',
];
const transports = ['UDP', 'UDP', 'UDP', 'TCP', 'WS', 'TLS'];

/** Short names of the headers that have one (RFC 3261 section 7.3.3). */
const compact: Readonly<Record<string, string>> = {
  Via: 'v',
  From: 'f',
  To: 't',
  'Call-ID': 'i',
  Contact: 'm',
  'Content-Type': 'c',
  'Content-Length': 'l',
  Supported: 'k',
  'Session-Expires': 'x',
};

/** What a message is made of before it is written. */
interface Draft {
  start: string;
  lines: [name: string, value: string][];
  body: string;
}

/**
 * As many messages of a kind, no two alike: names, hosts, tags, branches, the order and the spelling of headers, which of the headers that
 * may be left out are there, with and without SDP. One in ten or so has what is well-formed and rare. The same seed gives the same messages.
 */
export function makeMessages(kind: MessageKind, count: number, seed: number): Buffer[] {
  const random = new Random(seed);

  return Array.from({ length: count }, () => write(draft(kind, random), random));
}

function draft(kind: MessageKind, random: Random): Draft {
  const target = uri(random);
  const isResponse = kind === '200';
  const method = kind === 'BYE' ? 'BYE' : 'INVITE';
  const lines: Draft['lines'] = [
    ...vias(random, isResponse),
    ['From', address(random, true)],
    ['To', address(random, kind !== 'INVITE')],
    ['Call-ID', `${word(random, 8 + random.below(24))}${random.chance(2) ? `@${random.pick(hosts)}` : ''}`],
    ['CSeq', `${random.below(random.chance(3) ? 2 ** 31 - 1 : 100)} ${method}`],
  ];
  if (!isResponse) lines.push(['Max-Forwards', String(20 + random.below(51))]);
  if (kind !== 'BYE') lines.push(['Contact', contact(random)], ...extras(random));
  if (random.chance(2)) lines.push(['User-Agent', random.pick(agents)]);
  if (random.chance(4)) lines.push(['Record-Route', `<sip:${random.pick(hosts)};lr>`]);
  if (random.chance(5)) lines.push(['X-Trace', word(random, 16)]);
  const body = kind !== 'BYE' && !random.chance(10) ? sdp(random) : '';
  if (body !== '') lines.push(['Content-Type', 'application/sdp']);

  return { start: isResponse ? 'SIP/2.0 200 OK' : `${method} ${target} SIP/2.0`, lines, body };
}

function extras(random: Random): Draft['lines'] {
  const some: Draft['lines'] = [
    ['Allow', 'INVITE, ACK, CANCEL, BYE, INFO, UPDATE, OPTIONS, MESSAGE'],
    ['Supported', 'timer, 100rel, replaces'],
    ['Recv-Info', 'visual-menu'],
    ['Session-Expires', '1800;refresher=uac'],
    ['Min-SE', '90'],
    ['P-Asserted-Identity', `<${uri(random)}>`],
    ['Allow-Events', 'talk, hold, conference, refer'],
  ];

  return some.filter(() => !random.chance(3));
}

/** A response comes to us with our own Via; a request may have come over proxies. */
function vias(random: Random, isResponse: boolean): Draft['lines'] {
  const hops = isResponse || !random.chance(4) ? 1 : 2 + random.below(2);

  return Array.from({ length: hops }, (_, hop) => {
    const port = random.chance(3) ? '' : `:${1024 + random.below(64_000)}`;
    const branch = `;branch=z9hG4bK${word(random, 6 + random.below(30))}`;
    const rport = hop > 0 || random.chance(3) ? '' : isResponse ? `;rport=${1024 + random.below(64_000)}` : ';rport';
    const received = hop > 0 || (isResponse && rport !== '') ? ';received=192.0.2.17' : '';
    const params = random.chance(5) ? rport + branch + received : branch + rport + received;

    return ['Via', `SIP/2.0/${random.pick(transports)} ${random.pick(hosts)}${port}${params}`];
  });
}

function uri(random: Random): string {
  const user = random.chance(8) ? '' : `${random.pick(users)}@`;
  const port = random.chance(2) ? '' : `:${1024 + random.below(64_000)}`;
  const params = random.chance(4) ? `;transport=${random.pick(transports).toLowerCase()}` : '';
  const rare = random.chance(25) ? ';x-line=a%20b' : '';

  return `${random.chance(20) ? 'sips' : 'sip'}:${user}${random.pick(hosts)}${port}${params}${rare}`;
}

function address(random: Random, hasTag: boolean): string {
  const tag = hasTag ? `;tag=${word(random, 4 + random.below(28))}` : '';
  if (random.chance(30)) return `sip:${random.pick(users)}@${random.pick(hosts)}${tag}`;

  return `${random.pick(displays)}<${uri(random)}>${tag}`;
}

function contact(random: Random): string {
  const instance = random.chance(6) ? `;+sip.instance="<urn:uuid:${word(random, 32)}>"` : '';

  return `<${uri(random)}>${instance}`;
}

function sdp(random: Random): string {
  const host = `10.0.${random.below(256)}.${random.below(256)}`;
  const sound = ['m=audio 40000 RTP/AVP 96 0 8 101', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000'];
  const video = [
    'm=video 40002 RTP/AVP 97',
    'a=rtpmap:97 H264/90000',
    'a=fmtp:97 profile-level-id=42e01f;packetization-mode=1',
  ];
  const secure = Array.from(
    { length: random.below(12) },
    () => `a=candidate:1 1 udp ${random.below(2 ** 31)} ${host} 4000 typ host`,
  );
  const head = ['v=0', `o=- ${random.below(2 ** 31)} 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0'];

  return [...head, ...sound, ...(random.chance(2) ? video : []), ...(random.chance(3) ? secure : []), ''].join('\r\n');
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.';

function word(random: Random, length: number): string {
  return Array.from({ length }, () => letters[random.below(letters.length)]).join('');
}

function write({ start, lines, body }: Draft, random: Random): Buffer {
  const all: Draft['lines'] = [...lines, ['Content-Length', String(Buffer.byteLength(body))]];
  if (random.chance(3)) shuffle(all, random);
  const isCompact = random.chance(6);
  const isLower = random.chance(20);
  const head = all.map(([name, value]) => {
    const written = isCompact ? (compact[name] ?? name) : isLower ? name.toLowerCase() : name;

    return `${written}:${random.chance(20) ? '' : ' '}${value}`;
  });

  return Buffer.from([start, ...head, '', body].join('\r\n'));
}

/** Fisher and Yates; Vias keep their order among themselves, as that has a meaning, by being put back. */
function shuffle(lines: Draft['lines'], random: Random): void {
  const before = lines.filter(([name]) => name === 'Via');
  for (let i = lines.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }
  let next = 0;
  for (const [i, [name]] of lines.entries()) if (name === 'Via') lines[i] = before[next++]!;
}
