import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { Defence } from '../../../src/sipd/defence/defence';
import { Proofs } from '../../../src/sipd/defence/proofs';
import type { SipRequest } from '../../../src/sipd/message/message';
import { parseDatagram } from '../../../src/sipd/message/parse';
import { UdpFlow } from '../../../src/sipd/transport/flow';
import type { Flow } from '../../../src/sipd/transport/types';

const owner = '192.0.2.1';
const other = '192.0.2.2';
const here = { address: '192.0.2.100', port: 5060 };
const flowOf = (address: string): Flow => new UdpFlow(here, { address, port: 5060 });

function build() {
  const defence = new Defence(
    {
      trusted: [],
      requests: { perSecond: 10, burst: 10 },
      dialogRequests: { perSecond: 10, burst: 10 },
      messages: { perSecond: 50, burst: 50 },
      floodBan: 100,
    },
    { clock: new ManualClock(), log: silentLogger, disconnect: () => undefined },
  );

  return defence;
}

interface Parts {
  first: string;
  vias?: string[];
  from?: string;
  to?: string;
  more?: string[];
}

function message({ first, vias = ['SIP/2.0/UDP h;branch=z9hG4bKpeer'], from = 'f', to, more = [] }: Parts): Buffer {
  const lines = [
    first,
    ...vias.map((via) => `Via: ${via}`),
    `From: "A;tag=no" <sip:a@h;tag=no>;tag=${from}`,
    `To: <sip:b@h>${to === undefined ? '' : `;tag=${to}`}`,
    'Call-ID: c',
    `CSeq: 1 ${first.startsWith('SIP/2.0') ? 'OPTIONS' : first.split(' ')[0]}`,
    ...more,
    'Content-Length: 0',
  ];

  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

const challenge = (nonce: string): string[] => [`WWW-Authenticate: Digest realm="r", nonce="${nonce}", qop="auth"`];
const credentials = (nonce: string): string[] => [`Authorization: Digest username="u", realm="r", nonce="${nonce}"`];
const ourVia = 'SIP/2.0/UDP 192.0.2.100;branch=z9hG4bKours;rport';

/** What is sent to the owner, and what he, and nobody else, can write then. */
const proofs: [what: string, learn: (defence: Defence, address: string) => Buffer][] = [
  [
    'the tag of an answer',
    (defence, address) => message({ first: 'BYE sip:us SIP/2.0', to: defence.tagFor(flowOf(address)) }),
  ],
  [
    'the nonce of a challenge',
    (defence, address) => {
      const to = defence.tagFor(flowOf(address));
      defence.sent(message({ first: 'SIP/2.0 401 Unauthorized', to, more: challenge('n1') }), flowOf(address));

      return message({ first: 'REGISTER sip:us SIP/2.0', more: credentials('n1') });
    },
  ],
  [
    'the branch of our request, in a response',
    (defence, address) => {
      defence.sent(message({ first: 'INVITE sip:b@h SIP/2.0', vias: [ourVia, 'SIP/2.0/UDP x'] }), flowOf(address));

      return message({ first: 'SIP/2.0 180 Ringing', vias: [ourVia], to: 'his' });
    },
  ],
  [
    'the tag of our request',
    (defence, address) => {
      defence.sent(message({ first: 'INVITE sip:b@h SIP/2.0', vias: [ourVia], from: 'our-tag' }), flowOf(address));

      return message({ first: 'BYE sip:us SIP/2.0', to: 'our-tag' });
    },
  ],
];

const anything = message({ first: 'OPTIONS sip:us SIP/2.0' });

test.each(proofs)(
  '%s: heard from its address in the midst of what may be forged, and not from another one',
  (_what, learn) => {
    const defence = build();
    const bytes = learn(defence, owner);
    for (const address of [owner, other]) for (let i = 0; i < 1_000; i += 1) defence.admits(address, anything);
    expect(defence.stats().narrowed).toBe(2);
    expect([defence.admits(owner, anything), defence.admits(owner, bytes)]).toEqual([false, true]);
    expect(defence.admits(other, bytes)).toBe(false);
    // Its new requests are taken, too, however many others there are.
    const request = parseDatagram(bytes);
    if (request.kind !== 'request') return;
    for (let i = 0; i < 50; i += 1) defence.screen(request, other, true);
    for (let i = 0; i < 10; i += 1) defence.screen(inLimitOf(request), owner, true);
    expect(defence.screen(request, owner, true)).toBeUndefined();
    expect(defence.screen(request, other, true)).not.toBeUndefined();
    expect(defence.stats().bans.total).toBe(0);
  },
);

/** A request of the same limit that proves nothing. */
function inLimitOf(request: SipRequest): SipRequest {
  const to = request.toTag === undefined ? undefined : 'made-up';

  return parseDatagram(message({ first: 'INFO sip:us SIP/2.0', to })) as SipRequest;
}

test.each(proofs)('%s: who sends too much that holds it has sent it himself, and is banned', (_what, learn) => {
  const defence = build();
  const bytes = learn(defence, owner);
  for (let i = 0; i < 150; i += 1) defence.admits(owner, bytes);
  expect(defence.stats().bans.total).toBe(0);
  for (let i = 0; i < 150; i += 1) defence.admits(owner, bytes);
  expect(defence.stats()).toMatchObject({ bans: { total: 1 }, narrowed: 0 });
  expect(defence.admits(owner)).toBe(false);
});

test('too many requests that hold a proof, one by one within the limit of messages, ban as well', () => {
  const defence = build();
  const bye = parseDatagram(message({ first: 'BYE sip:us SIP/2.0', to: defence.tagFor(flowOf(owner)) })) as SipRequest;
  for (let i = 0; i < 119; i += 1) defence.screen(bye, owner, true);
  expect(defence.stats().bans.total).toBe(0);
  defence.screen(bye, owner, true);
  expect(defence.stats().bans.total).toBe(1);
});

/** What somebody else may have chosen, and so may write in the name of whoever it was handed on to. */
const chosen: [what: string, sent: Parts, forged: Parts][] = [
  [
    'the nonce of a challenge that was handed on',
    { first: 'SIP/2.0 407 x', to: 'of-the-called', more: challenge('n1') },
    { first: 'REGISTER sip:us SIP/2.0', more: credentials('n1') },
  ],
  [
    'the From tag of a request that was handed on',
    { first: 'INVITE sip:b@h SIP/2.0', vias: [ourVia, 'SIP/2.0/UDP x;branch=z9hG4bKx'], from: 'chosen' },
    { first: 'BYE sip:us SIP/2.0', to: 'chosen' },
  ],
  [
    'the same with both Vias in one line',
    { first: 'INVITE sip:b@h SIP/2.0', vias: [`${ourVia}, SIP/2.0/UDP x;branch=z9hG4bKx`], from: 'chosen' },
    { first: 'BYE sip:us SIP/2.0', to: 'chosen' },
  ],
  [
    'the branch of another below ours',
    { first: 'INVITE sip:b@h SIP/2.0', vias: [ourVia, 'SIP/2.0/UDP x;branch=z9hG4bKx'] },
    { first: 'SIP/2.0 200 OK', vias: ['SIP/2.0/UDP x;branch=z9hG4bKx'] },
  ],
  [
    'the tag of an answer of somebody else',
    { first: 'SIP/2.0 200 OK', to: 'chosen' },
    { first: 'BYE sip:us SIP/2.0', to: 'chosen' },
  ],
  [
    'the nonce of what is no challenge',
    { first: 'SIP/2.0 200 OK', to: 'chosen', more: challenge('n1') },
    { first: 'REGISTER sip:us SIP/2.0', more: credentials('n1') },
  ],
];

test.each(chosen)('%s proves nothing', (_what, sent, forged) => {
  const all = new Proofs(100);
  all.sent(owner, message(sent));
  expect(all.inDatagram(owner, message(forged))).toBe(false);
});

test("the sender's own words in our challenge prove nothing", () => {
  const all = new Proofs(100);
  const vias = ['SIP/2.0/UDP h;branch=z9hG4bKx;nonce="chosen"'];
  const answer = { first: 'SIP/2.0 401 x', to: all.tagFor(owner), vias, more: challenge('n1') };
  all.sent(owner, message(answer));
  const knows = (nonce: string): boolean =>
    all.inDatagram(owner, message({ first: 'REGISTER sip:us SIP/2.0', more: credentials(nonce) }));
  expect([knows('chosen'), knows('n1')]).toEqual([false, true]);
});

test('a tag is good for one source and as it is; what is remembered is bounded, and its flood forgets no tag', () => {
  const all = new Proofs(3);
  const tag = all.tagFor(owner);
  const challenged = (nonce: string): void =>
    all.sent(owner, message({ first: 'SIP/2.0 401 x', to: all.tagFor(owner), more: challenge(nonce) }));
  for (let n = 0; n < 10; n += 1) challenged(`n${n}`);
  const knows = (nonce: string): boolean =>
    all.inDatagram(owner, message({ first: 'REGISTER sip:us SIP/2.0', more: credentials(nonce) }));
  expect([knows('n6'), knows('n7'), knows('n9')]).toEqual([false, true, true]);
  expect([all.isTagOf(owner, tag), all.isTagOf(other, tag), new Proofs(3).isTagOf(owner, tag)]).toEqual([
    true,
    false,
    false,
  ]);
  const forged = [undefined, '', tag.slice(1), `${tag}0`, `0${tag.slice(1)}`, `${tag.slice(0, -1)}\u00e9`];
  for (const one of forged) expect(all.isTagOf(owner, one)).toBe(false);
});

test('a look at a datagram without end, or of nothing but beginnings, takes no time', () => {
  const all = new Proofs(3);
  const began = process.cpuUsage();
  for (const text of ['\nTo:;tag', '\nTo: ;', '\nVia: ; branch ', 'nonce = "', ';\t \t', '\nt:'])
    for (const first of ['SIP/2.0 200 OK', 'BYE sip:us SIP/2.0'])
      expect(all.inDatagram(owner, Buffer.from(first + text.repeat(60_000 / text.length)))).toBe(false);
  expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
});
