import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';

/** The texts that mutations begin with, as octets. */
export interface Seeds {
  /** Requests and responses. */
  messages: string[];
  sdp: string[];
  json: string[];
  authorization: string[];
}

/**
 * The corpora under `test/data`, with some plain messages of a call. The topmost Via of each message gets `rport`, so that
 * what is answered comes back to whoever fuzzes and to nobody else.
 */
export function readSeeds(): Seeds {
  const folder = inProject('test/data/sip');
  const corpora = ['rfc4475', 'rfc5118'].flatMap((name) =>
    readdirSync(path.join(folder, name)).map((file) => readFileSync(path.join(folder, name, file), 'latin1')),
  );
  const messages = corpora.map((text) => withRport(text.includes('\r') ? text : text.replace(/\n/g, '\r\n')));

  return { messages: [...messages, ...plainMessages()], sdp: sdpSeeds, json: jsonSeeds, authorization: digestSeeds };
}

function withRport(text: string): string {
  return text.replace(/^(Via\s*:\s*SIP\s*\/\s*2\.0\s*\/\s*\w+\s+[^\r\n;,]+)/im, '$1;rport');
}

const call = [
  'Via: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bKseed',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@example.com>;tag=1',
  'To: <sip:bob@example.com>',
  'Call-ID: seed@example.com',
];

function plainMessages(): string[] {
  const request = (method: string, more: string[], body = ''): string =>
    [
      `${method} sip:bob@example.com SIP/2.0`,
      ...call,
      `CSeq: 1 ${method}`,
      ...more,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  const contact = 'Contact: <sip:alice@127.0.0.1:5070;transport=udp>;expires=60';
  const extensions = [
    'Supported: 100rel, timer',
    'Session-Expires: 1800;refresher=uac',
    'Min-SE: 90',
    'Require: timer',
  ];

  return [
    request('INVITE', [contact, ...extensions, 'Content-Type: application/sdp'], sdpSeeds[0]),
    request('INVITE', [contact, 'Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>']),
    request('REGISTER', [contact, 'Path: <sip:edge.example.com;lr>', `Authorization: ${digestSeeds[0]!}`]),
    request('INFO', ['Info-Package: menu', 'Content-Type: application/json'], jsonSeeds[0]),
    request('PRACK', ['RAck: 1 1 INVITE']),
    request('REFER', [contact, 'Refer-To: <sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>']),
    request('SUBSCRIBE', [contact, 'Event: presence;id=1', 'Expires: 3600']),
    request('CANCEL', ['Reason: SIP;cause=200;text="Call completed elsewhere"']),
    request('BYE', []),
    request('ACK', []),
    `SIP/2.0 200 OK\r\n${call.join('\r\n')}\r\nCSeq: 1 INVITE\r\n${contact}\r\nContent-Length: 0\r\n\r\n`,
    `SIP/2.0 183 Session Progress\r\n${call.join('\r\n')}\r\nCSeq: 1 INVITE\r\nRequire: 100rel\r\nRSeq: 1\r\n\r\n`,
  ];
}

const sdpSeeds = [
  [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'a=group:BUNDLE 0 1'],
    ...['m=audio 4000 RTP/AVP 0 8 96', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1', 'a=sendrecv', 'a=mid:0'],
    ...['m=video 4002 RTP/AVPF 97', 'a=rtpmap:97 VP8/90000', 'a=rtcp-fb:97 nack pli', 'a=mid:1', ''],
  ].join('\r\n'),
  [
    ...['v=0', 'o=- 2 1 IN IP6 ::1', 's=-', 't=0 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP6 ::1'],
    ...['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=setup:actpass', 'a=rtpmap:111 opus/48000/2'],
    ...[`a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`, 'a=candidate:1 1 udp 2130706431 127.0.0.1 4000 typ host', ''],
  ].join('\r\n'),
  'v=0\r\no=- 3 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=inactive\r\nm=image 5000/2 udptl t38\r\n',
];

const jsonSeeds = [
  '{"v":1,"seq":1,"type":"select","item":"1"}',
  '{"v":1,"seq":2,"type":"key","key":"5"}',
  '{"v":1,"seq":3,"type":"hello","locale":"en","screen":{"width":320,"height":240}}',
  '{"id":"a","service":"help","locale":"en","place":{"lat":1.5,"lon":2.5},"context":{"app":"x"}}',
];

const digestSeeds = [
  'Digest username="alice", realm="example.com", nonce="abc", uri="sip:example.com", response="00112233445566778899aabbccddeeff", algorithm=MD5, cnonce="x", qop=auth, nc=00000001',
  'Digest username="alice",realm="example.com",nonce="abc",uri="sip:example.com",response="0011",algorithm=SHA-256,opaque="",qop="auth"',
];
