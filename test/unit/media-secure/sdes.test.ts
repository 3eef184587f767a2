import { readCrypto, writeCrypto } from '../../../src/media/embedded/secure/sdes';
import { securityOf, type SecureWires } from '../../../src/media/embedded/secure';
import { describe as described, nextRtcp, nextRtp, open, openWires, rtcpPacket, rtpPacket, until } from './ends';

const KEY = Buffer.alloc(30, 7).toString('base64');
const opened: SecureWires[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((wires) => wires.close()));
  expect(open.size).toBe(0);
});

async function pair(change: (lines: readonly string[]) => string[] = (lines) => [...lines]) {
  const caller = await openWires('sdes', [{ kind: 'audio', mid: '' }]);
  opened.push(caller);
  const offer = described(caller, caller.wires[0]!);
  const seen = { ...offer, lines: change(offer.lines) };
  const callee = await openWires('sdes', [{ kind: 'audio', mid: '', offer: seen }]);
  opened.push(callee);
  const [a, b] = [caller.wires[0]!, callee.wires[0]!];
  await b.connect(seen);
  await a.connect(described(callee, b));

  return { a, b, caller, callee, offer: seen };
}

test('reads lines of other hands, and leaves out what it cannot meet', () => {
  const lines = [
    `a=crypto:1 AEAD_AES_256_GCM inline:${Buffer.alloc(44).toString('base64')}`,
    `a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${KEY}|2^20|1:4`,
    `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNENCRYPTED_SRTP`,
    `a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^31 WSH=128 -SOMETHING`,
    'a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:AAAA',
    'a=crypto:nonsense',
  ];
  expect(readCrypto(lines).map(({ tag, suite, mki }) => [tag, suite, mki])).toEqual([
    ['2', 'AES_CM_128_HMAC_SHA1_32', 4],
    ['4', 'AES_CM_128_HMAC_SHA1_80', 0],
  ]);
  const [, line] = readCrypto(lines);
  expect(writeCrypto(line!)).toBe(`a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`);
});

test('tells from a section how it wants to be secured', () => {
  const crypto = [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`];
  expect(securityOf({ protocol: 'RTP/AVP', lines: crypto })).toBe('none');
  expect(securityOf({ protocol: 'RTP/SAVPF', lines: crypto })).toBe('sdes');
  expect(securityOf({ protocol: 'RTP/SAVP', lines: ['a=fingerprint:sha-256 00'] })).toBe('dtls');
  expect(securityOf({ protocol: 'UDP/TLS/RTP/SAVPF', lines: [] })).toBe('dtls');
});

test.each([
  ['AES_CM_128_HMAC_SHA1_80', (lines: readonly string[]) => [...lines]],
  ['AES_CM_128_HMAC_SHA1_32', (lines: readonly string[]) => lines.filter((line) => !line.includes('SHA1_80'))],
])('two ends agree on %s, and RTP and RTCP pass both ways', async (suite, change) => {
  const { a, b } = await pair(change);
  expect(b.attributes.filter((line) => line.startsWith('a=crypto:'))).toEqual([expect.stringContaining(suite)]);
  expect([a.protocol, b.protocol]).toEqual(['RTP/SAVP', 'RTP/SAVP']);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const [rtp, rtcp] = [nextRtp(to), nextRtcp(to)];
    from.sendRtp(rtpPacket({ payload: suite }));
    from.sendRtcp(rtcpPacket(7));
    expect(await rtp).toEqual([rtpPacket({ payload: suite })]);
    expect(await rtcp).toEqual(rtcpPacket(7));
  }
});

test('an offer without a key that can be used is a mismatch, and leaves nothing open', async () => {
  const offer = {
    lines: ['a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA'],
    protocol: 'RTP/SAVP',
    address: '127.0.0.1',
    port: 4,
  };
  await expect(openWires('sdes', [{ kind: 'audio', mid: '', offer }])).rejects.toMatchObject({
    code: 'MEDIA_MISMATCH',
  });
  const { a, b } = await pair();
  await expect(a.connect(offer)).rejects.toMatchObject({ code: 'MEDIA_MISMATCH' });
  const heard = nextRtp(b);
  a.sendRtp(rtpPacket());
  expect(await heard).toHaveLength(1);
});

test('a hundred packets that are forged or seen before change nothing but a count', async () => {
  const { a, b } = await pair();
  const noise = await openWires('sdes', [{ kind: 'audio', mid: '' }]);
  opened.push(noise);
  await noise.wires[0]!.connect(described(noise, b as never));
  const heard = nextRtp(b, 2);
  a.sendRtp(rtpPacket({ sequence: 1 }));
  for (let sequence = 0; sequence < 100; sequence++) noise.wires[0]!.sendRtp(rtpPacket({ sequence }));
  // Sockets of one machine keep the order of one sender only; the counter tells when all are through.
  await until('100 refused packets', () => b.refused >= 100);
  a.sendRtp(rtpPacket({ sequence: 2 }));
  expect((await heard).map((packet) => packet.readUInt16BE(2))).toEqual([1, 2]);
  expect(b.refused).toBe(100);
});

test('a new offer with the same key goes on; with a new key both are heard for a while', async () => {
  const { a, b, callee, offer } = await pair();
  await b.connect(offer);
  expect(described(callee, b).lines).toEqual(b.linesFor('answer'));
  const first = nextRtp(b);
  a.sendRtp(rtpPacket({ sequence: 40_000 }));
  await first;
  const fresh = await openWires('sdes', [{ kind: 'audio', mid: '' }]);
  opened.push(fresh);
  await b.connect(described(fresh, fresh.wires[0]!));
  await fresh.wires[0]!.connect(described(callee, b));
  const heard = nextRtp(b, 2);
  a.sendRtp(rtpPacket({ sequence: 40_001 }));
  fresh.wires[0]!.sendRtp(rtpPacket({ sequence: 9, payload: 'new' }));
  expect(await heard).toHaveLength(2);
});
