import { randomBytes } from 'node:crypto';
import { RtpHeader, SrtcpSession, SrtpSession } from 'werift';
import { guessIndex, SrtpReceiver, SrtpSender, type MasterKey } from '../../../src/media/embedded/secure/srtp';
import { rtcpPacket, rtpPacket } from './ends';

const master = (): MasterKey => ({ key: randomBytes(16), salt: randomBytes(14) });
const SUITE = 'AES_CM_128_HMAC_SHA1_80';

/** werift's own SRTP with the same keys: another hand's reading of RFC 3711. */
function independent(key: MasterKey) {
  const keys = {
    localMasterKey: key.key,
    localMasterSalt: key.salt,
    remoteMasterKey: key.key,
    remoteMasterSalt: key.salt,
  };

  return { rtp: new SrtpSession({ keys, profile: 1 }), rtcp: new SrtcpSession({ keys, profile: 1 }) };
}

test('derives the session keys of the example of RFC 3711 appendix B.3', () => {
  const key = {
    key: Buffer.from('E1F97A0D3E018BE0D64FA32C06DE4139', 'hex'),
    salt: Buffer.from('0EC675AD498AFEEBB6960B3AABE6', 'hex'),
  };
  const sender = new SrtpSender(key, SUITE) as unknown as { rtpKeys: Record<string, Buffer> };
  expect(sender.rtpKeys.cipher?.toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
  expect(sender.rtpKeys.salt?.toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
  expect(sender.rtpKeys.auth?.toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
});

test('another implementation opens our packets, and we open its', () => {
  const key = master();
  const [sender, receiver, other] = [new SrtpSender(key, SUITE), new SrtpReceiver(key, SUITE), independent(key)];
  const packet = rtpPacket({ sequence: 77 });
  expect(other.rtp.decrypt(sender.rtp(packet)!)).toEqual(packet);
  const header = RtpHeader.deSerialize(packet);
  expect(receiver.rtp(other.rtp.encrypt(packet.subarray(12), header))).toEqual(packet);
  const report = Buffer.concat([rtcpPacket(9), rtcpPacket(9, 8)]);
  expect(other.rtcp.decrypt(sender.rtcp(report)!)).toEqual(report);
  expect(receiver.rtcp(other.rtcp.encrypt(report))).toEqual(report);
});

test.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const)(
  '%s: sources and extensions stay readable',
  (suite) => {
    const key = master();
    const [sender, receiver] = [new SrtpSender(key, suite), new SrtpReceiver(key, suite)];
    const plain = rtpPacket({ payload: 'x'.repeat(100) });
    const packet = Buffer.concat([
      plain.subarray(0, 12),
      Buffer.from('00000007', 'hex'),
      Buffer.from('bede0001', 'hex'),
      Buffer.from('10610000', 'hex'),
      plain.subarray(12),
    ]);
    packet.writeUInt8(0x91, 0);
    const secured = sender.rtp(packet)!;
    expect(secured.length - packet.length).toBe(suite.endsWith('80') ? 10 : 4);
    expect(secured.subarray(0, 24)).toEqual(packet.subarray(0, 24));
    expect(secured.includes('xxxx')).toBe(false);
    expect(receiver.rtp(secured)).toEqual(packet);
  },
);

test('refuses each packet with one bit turned over, at any place', () => {
  const key = master();
  const [sender, receiver] = [new SrtpSender(key, SUITE), new SrtpReceiver(key, SUITE)];
  const [rtp, rtcp] = [sender.rtp(rtpPacket())!, sender.rtcp(rtcpPacket(5, 6))!];
  for (const [secured, open] of [
    [rtp, (bytes: Buffer) => receiver.rtp(bytes)],
    [rtcp, (bytes: Buffer) => receiver.rtcp(bytes)],
  ] as const) {
    for (let bit = 0; bit < secured.length * 8; bit++) {
      const broken = Buffer.from(secured);
      broken[bit >> 3]! ^= 1 << (bit & 7);
      expect(open(broken)).toBeUndefined();
    }
    for (let length = 0; length < secured.length; length++) expect(open(secured.subarray(0, length))).toBeUndefined();
    expect(open(secured)).toBeDefined();
  }
});

test('takes each packet once, in any order within the window', () => {
  const key = master();
  const [sender, receiver] = [new SrtpSender(key, SUITE), new SrtpReceiver(key, SUITE)];
  const secured = Array.from({ length: 1200 }, (_none, place) => sender.rtp(rtpPacket({ sequence: place + 1 }))!);
  expect(receiver.rtp(secured[1199]!)).toBeDefined();
  expect(receiver.rtp(secured[300]!)).toBeDefined();
  expect(receiver.rtp(secured[300]!)).toBeUndefined();
  expect(receiver.rtp(secured[10]!)).toBeUndefined();
  const report = sender.rtcp(rtcpPacket(5))!;
  expect(receiver.rtcp(report)).toBeDefined();
  expect(receiver.rtcp(report)).toBeUndefined();
});

test('goes on over two rounds of the sequence numbers, with losses and late packets at the turn', () => {
  const key = master();
  const [sender, receiver] = [new SrtpSender(key, SUITE), new SrtpReceiver(key, SUITE)];
  let lost = 0;
  for (let start = 65_000; start < 200_000; start += 500) {
    const [late, next] = [sender.rtp(rtpPacket({ sequence: start })), sender.rtp(rtpPacket({ sequence: start + 300 }))];
    if (!receiver.rtp(next!) || !receiver.rtp(late!)) lost++;
  }
  expect(lost).toBe(0);
});

test('guesses the index nearest to the highest', () => {
  expect(guessIndex(undefined, 65_000)).toBe(65_000);
  expect(guessIndex(65_535, 3)).toBe(65_536 + 3);
  expect(guessIndex(65_536 + 3, 65_530)).toBe(65_530);
  expect(guessIndex(3, 65_530)).toBeLessThan(0);
});

test('a peer that uses many sources costs a bounded memory, and the one in use is kept', () => {
  const key = master();
  const [sender, receiver] = [new SrtpSender(key, SUITE), new SrtpReceiver(key, SUITE)];
  for (let place = 0; place < 200; place++) {
    expect(receiver.rtp(sender.rtp(rtpPacket({ ssrc: 1, sequence: place }))!)).toBeDefined();
    expect(receiver.rtp(sender.rtp(rtpPacket({ ssrc: 1000 + place }))!)).toBeDefined();
  }
  const replayed = new SrtpSender(key, SUITE).rtp(rtpPacket({ ssrc: 1, sequence: 150 }))!;
  expect(receiver.rtp(replayed)).toBeUndefined();
});

test('finds the tag behind a key identifier', () => {
  const key = master();
  const secured = new SrtpSender(key, SUITE).rtp(rtpPacket())!;
  const marked = Buffer.concat([secured.subarray(0, -10), Buffer.from('0001', 'hex'), secured.subarray(-10)]);
  expect(new SrtpReceiver(key, SUITE, 2).rtp(marked)).toEqual(rtpPacket());
});
