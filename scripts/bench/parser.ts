/**
 * What it costs to parse one SIP message, in microseconds of CPU: this server's parser, which checks every header that it acts
 * on, against that of drachtio-srf, which splits lines. Prints JSON. Run: node dist/scripts/bench/parser.js [rounds]
 */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { parseDatagram } from '../../src/sipd/message/parse';

interface ForeignParser {
  parseSipMessage(text: string, keepRaw: boolean): unknown;
}

const foreign = createRequire(__filename)('drachtio-srf/lib/sip-parser/parser') as ForeignParser;

const sdp = [
  'v=0',
  'o=- 3829 1 IN IP4 10.0.0.1',
  's=-',
  'c=IN IP4 10.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 96 0 8 101',
  'a=rtpmap:96 opus/48000/2',
  'a=rtpmap:101 telephone-event/8000',
  'm=video 40002 RTP/AVP 97',
  'a=rtpmap:97 H264/90000',
  '',
].join('\r\n');

const common = [
  'Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-524287-1---0a1b2c3d4e;rport',
  'Max-Forwards: 70',
  'From: "Ticket machine 4" <sip:1001@sightline.test>;tag=8a7b6c5d',
  'To: <sip:6100@sightline.test>',
  'Call-ID: 83kd93kd-2938@10.0.0.1',
];

const messages: Record<string, Buffer> = {
  INVITE: message(
    'INVITE sip:6100@sightline.test SIP/2.0',
    [
      ...common,
      'CSeq: 1 INVITE',
      'Contact: <sip:1001@10.0.0.1:5060;transport=UDP>',
      'Allow: INVITE, ACK, CANCEL, BYE, INFO, UPDATE, OPTIONS, MESSAGE',
      'Supported: timer, 100rel, replaces',
      'Recv-Info: visual-menu',
      'User-Agent: baresip v1.1.0 (x86_64/Linux)',
      'Content-Type: application/sdp',
    ],
    sdp,
  ),
  '200 to INVITE': message(
    'SIP/2.0 200 OK',
    [
      ...common.slice(0, 3),
      'To: <sip:6100@sightline.test>;tag=4f1a',
      common[4]!,
      'CSeq: 1 INVITE',
      'Contact: <sip:10.0.0.2:5060>',
      'Content-Type: application/sdp',
    ],
    sdp,
  ),
  BYE: message('BYE sip:10.0.0.2:5060 SIP/2.0', [...common, 'CSeq: 2 BYE'], ''),
};

function message(start: string, headers: string[], body: string): Buffer {
  return Buffer.from([start, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
}

/** Microseconds of CPU a call: the best of the rounds, as other work on the machine only ever adds to it. */
function measure(rounds: number, run: () => unknown): number {
  const calls = 20_000;
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i += 1) run();
    const { user, system } = process.cpuUsage(start);
    // The first round only warms up.
    if (round > 0) times.push((user + system) / calls);
  }

  return Math.min(...times);
}

function main(): void {
  const rounds = Number(process.argv[2] ?? 15);
  const results = Object.entries(messages).map(([name, bytes]) => {
    const ours = measure(rounds, () => parseDatagram(bytes));
    const theirs = measure(rounds, () => foreign.parseSipMessage(bytes.toString('utf8'), true));

    return { message: name, bytes: bytes.length, sightline: round(ours), drachtioSrf: round(theirs) };
  });
  const report = {
    unit: 'us of CPU per message, best round',
    rounds,
    node: process.version,
    cpu: cpus()[0]?.model,
    results,
  };
  console.log(JSON.stringify(report, undefined, 2));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

main();
