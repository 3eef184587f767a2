import { createSocket } from 'node:dgram';
import { makeCertificate, ownCertificate } from '../../../src/media/embedded/secure/certificate';
import { DtlsHandshake } from '../../../src/media/embedded/secure/dtls';
import { systemClock } from '../../../src/lib/clock';
import type { SecureWires } from '../../../src/media/embedded/secure';
import type { RemoteEnd } from '../../../src/media/embedded/wire';
import {
  describe as described,
  HOST,
  nextRtcp,
  nextRtp,
  open,
  openWires,
  ready,
  rtcpPacket,
  rtpPacket,
  until,
} from './ends';

const opened: SecureWires[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((wires) => wires.close()));
  expect(open.size).toBe(0);
});

const AUDIO = ['a=mid:0', 'a=rtpmap:0 PCMU/8000'];
const VIDEO = ['a=mid:1', 'a=rtpmap:96 VP8/90000', 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid'];

interface Exchange {
  /** What the callee reads of the offer. */
  offer?: (remote: RemoteEnd) => RemoteEnd;
  /** What the caller reads of the answer. */
  answer?: (remote: RemoteEnd) => RemoteEnd;
}

const without = (remote: RemoteEnd, start: string): RemoteEnd => ({
  ...remote,
  lines: remote.lines.filter((line) => !line.startsWith(start)),
});

/** Caller and callee with audio and video, connected as their descriptions say. */
async function exchange({ offer = (remote) => remote, answer = (remote) => remote }: Exchange = {}) {
  const caller = await openWires('dtls', [
    { kind: 'audio', mid: '0' },
    { kind: 'video', mid: '1' },
  ]);
  opened.push(caller);
  const offers = [AUDIO, VIDEO].map((lines, index) => offer(described(caller, caller.wires[index]!, lines)));
  const callee = await openWires('dtls', [
    { kind: 'audio', mid: '0', offer: offers[0]! },
    { kind: 'video', mid: '1', offer: offers[1]! },
  ]);
  opened.push(callee);
  const answers = [AUDIO, VIDEO].map((lines, index) => answer(described(callee, callee.wires[index]!, lines)));
  for (const [index, wire] of callee.wires.entries()) await wire.connect(offers[index]!);
  for (const [index, wire] of [...caller.wires].entries()) await wire.connect(answers[index]!);

  return { caller, callee, offers, answers };
}

let sequence = 0;

/** RTP and RTCP in each section, both ways. */
async function talk(caller: SecureWires, callee: SecureWires): Promise<void> {
  await ready(...caller.wires, ...callee.wires);
  for (const [from, to] of [
    [caller, callee],
    [callee, caller],
  ] as const) {
    for (const [index, type] of [0, 96].entries()) {
      const [rtp, rtcp] = [nextRtp(to.wires[index]!), nextRtcp(to.wires[index]!)];
      const packet = rtpPacket({ type, sequence: ++sequence, ssrc: 10 + index, payload: `${index}` });
      from.wires[index]!.sendRtp(packet);
      expect(await rtp).toEqual([packet]);
      from.wires[index]!.sendRtcp(rtcpPacket(10 + index));
      expect(await rtcp).toEqual(rtcpPacket(10 + index));
    }
  }
}

test('two ends find each other, agree on keys, and share one port for audio and video', async () => {
  const { caller, callee } = await exchange();
  expect(callee.sessionLines).toEqual(['a=group:BUNDLE 0 1']);
  expect(callee.wires[1]!.port).toBe(callee.wires[0]!.port);
  expect(caller.wires[1]!.port).toBe(caller.wires[0]!.port);
  expect(open.size).toBe(2);
  expect(callee.wires[1]!.attributes).toContain('a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid');
  await talk(caller, callee);
});

test('the side that answers may also wait for the handshake', async () => {
  const asActive = (remote: RemoteEnd): RemoteEnd => ({
    ...remote,
    lines: remote.lines.map((line) => (line === 'a=setup:actpass' ? 'a=setup:active' : line)),
  });
  const { caller, callee, answers } = await exchange({ offer: asActive });
  expect(answers[0]!.lines).toContain('a=setup:passive');
  await talk(caller, callee);
});

test('peers that do not bundle get a port for each section, whoever offers', async () => {
  const { caller, callee } = await exchange({ offer: (remote) => without(remote, 'a=group') });
  expect(callee.sessionLines).toEqual([]);
  expect(callee.wires[1]!.port).not.toBe(callee.wires[0]!.port);
  expect(open.size).toBe(4);
  await talk(caller, callee);
});

test('a peer that has bundled cannot take a section out of the bundle', async () => {
  const { caller, answers } = await exchange();
  await expect(caller.wires[1]!.connect(without(answers[1]!, 'a=group'))).rejects.toMatchObject({
    code: 'MEDIA_MISMATCH',
  });
});

test('without ICE the keys are agreed at the described address', async () => {
  const noIce = (remote: RemoteEnd): RemoteEnd => ['a=ice', 'a=candidate', 'a=end'].reduce(without, remote);
  const { caller, callee, answers } = await exchange({ offer: noIce, answer: noIce });
  expect(answers[0]!.lines.some((line) => /ice|candidate/.test(line))).toBe(false);
  await talk(caller, callee);
});

test('a receiver report goes to the section that it is about, a key frame request to the one that sends', async () => {
  const { caller, callee } = await exchange();
  await ready(...caller.wires, ...callee.wires);
  const arrived = nextRtp(caller.wires[1]!);
  callee.wires[1]!.sendRtp(rtpPacket({ type: 96, ssrc: 77 }));
  await arrived;
  let onAudio = 0;
  callee.wires[0]!.onRtcp(() => onAudio++);
  const asked = nextRtcp(callee.wires[1]!);
  caller.wires[1]!.sendRtcp(rtcpPacket(5, 77));
  expect(await asked).toEqual(rtcpPacket(5, 77));
  expect(onAudio).toBe(0);
});

test('a new offer with the same ends changes nothing; an ICE restart moves them without a new handshake', async () => {
  const { caller, callee, offers } = await exchange();
  await talk(caller, callee);
  const before = callee.wires[0]!.attributes;
  for (const [index, wire] of callee.wires.entries()) await wire.connect(offers[index]!);
  expect(callee.wires[0]!.linesFor('answer')).toEqual(before);
  await talk(caller, callee);
  const restarted = offers.map((offer) => ({
    ...offer,
    lines: offer.lines.map((line) => (line.startsWith('a=ice-ufrag') ? 'a=ice-ufrag:other' : line)),
  }));
  for (const [index, wire] of callee.wires.entries()) await wire.connect(restarted[index]!);
  const after = callee.wires[0]!.linesFor('answer');
  expect(after.find((line) => line.startsWith('a=ice-ufrag'))).not.toBe(
    before.find((line) => line.startsWith('a=ice-ufrag')),
  );
  expect(after.find((line) => line.startsWith('a=fingerprint'))).toBe(
    before.find((line) => line.startsWith('a=fingerprint')),
  );
  await talk(caller, callee);
});

test('a video section that is added later rides with the audio', async () => {
  const caller = await openWires('dtls', [{ kind: 'audio', mid: '0' }]);
  const offer = described(caller, caller.wires[0]!, AUDIO);
  const callee = await openWires('dtls', [{ kind: 'audio', mid: '0', offer }]);
  opened.push(caller, callee);
  await callee.wires[0]!.connect(offer);
  await caller.wires[0]!.connect(described(callee, callee.wires[0]!, AUDIO));
  await ready(caller.wires[0]!, callee.wires[0]!);
  const group = 'a=group:BUNDLE 0 1';
  const grown = {
    ...offer,
    lines: [group, ...without(offer, 'a=group').lines.filter((line) => line !== 'a=mid:0'), ...VIDEO],
  };
  const added = await callee.add({ kind: 'video', mid: '1', offer: grown });
  await added.connect(grown);
  expect(added.port).toBe(callee.wires[0]!.port);
  expect(added.ready).toBe(true);
  expect(callee.sessionLines).toEqual([group]);
  await added.close();
  expect(callee.sessionLines).toEqual(['a=group:BUNDLE 0']);
  expect(callee.wires).toHaveLength(1);
});

test('a certificate that is not the one of the description is refused', async () => {
  const other = await makeCertificate();
  const lie = (remote: RemoteEnd): RemoteEnd => ({
    ...remote,
    lines: remote.lines.map((line) => (line.startsWith('a=fingerprint') ? `a=fingerprint:${other.fingerprint}` : line)),
  });
  const { caller } = await exchange({ answer: lie });
  const reason = await new Promise<string>((resolve) => caller.wires[0]!.onFailed(resolve));
  expect(reason).toContain('not the one of its description');
  expect(caller.wires[0]!.ready).toBe(false);
});

describe.each(['client', 'server'] as const)('as %s', (role) => {
  test('a peer that shows the right certificate without owning it is refused', async () => {
    const [ours, real, thief] = await Promise.all([ownCertificate(), makeCertificate(), makeCertificate()]);
    const fingerprints = [{ algorithm: 'sha-256', value: real.fingerprint.split(' ')[1]! }];
    const [own, its] = [createSocket('udp4'), createSocket('udp4')];
    await Promise.all([own, its].map((socket) => new Promise<void>((resolve) => socket.bind(0, HOST, resolve))));
    const outcome = await new Promise<string>((resolve) => {
      const common = { clock: systemClock, onFailed: resolve };
      const victim = new DtlsHandshake({
        ...common,
        role,
        certificate: ours,
        fingerprints,
        send: (bytes) => own.send(bytes, its.address().port, HOST),
        onKeys: () => resolve('keys were agreed'),
      });
      const attacker = new DtlsHandshake({
        ...common,
        role: role === 'client' ? 'server' : 'client',
        certificate: { ...thief, cert: real.cert },
        fingerprints: [{ algorithm: 'sha-256', value: ours.fingerprint.split(' ')[1]! }],
        send: (bytes) => its.send(bytes, own.address().port, HOST),
        onKeys: () => undefined,
        onFailed: () => undefined,
      });
      own.on('message', (bytes) => victim.handle(bytes));
      its.on('message', (bytes) => attacker.handle(bytes));
      (role === 'client' ? victim : attacker).start();
    });
    await Promise.all([own, its].map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
    expect(outcome).toBe('the peer does not own the certificate that it showed (DTLS)');
  });
});

test('forged, tampered and repeated packets, and handshakes that nobody asked for, end nothing', async () => {
  const { caller, callee } = await exchange();
  await talk(caller, callee);
  const target = callee.wires[0]!;
  const before = target.refused;
  const stranger = createSocket('udp4');
  const hello = Buffer.from('16feff000000000000000000100100000400000000000000040000000000', 'hex');
  const alert = Buffer.from('15fefd000000000000000000020200', 'hex');
  for (let round = 0; round < 50; round++) {
    for (const noise of [rtpPacket({ ssrc: 99 }), hello, alert, Buffer.from([0]), Buffer.alloc(0)]) {
      stranger.send(noise, target.port, HOST);
    }
  }
  // From the peer's own socket: what a forger on the way can send.
  const [peerSocket] = [...open].filter(({ port }) => port === caller.wires[0]!.port);
  for (const noise of [hello, alert, rtpPacket({ type: 96 })]) peerSocket!.socket.send(noise, target.port, HOST);
  await until('the noise', () => target.refused >= before + 50 * 3 + 1);
  await talk(caller, callee);
  await new Promise<void>((resolve) => stranger.close(resolve));
});

test('what cannot be met is a mismatch with a reason, and leaves no socket', async () => {
  const { offers } = await exchange();
  const [offer] = offers;
  for (const [start, why] of [
    ['a=fingerprint', 'fingerprint'],
    ['a=rtcp-mux', 'RTCP'],
  ] as const) {
    const before = open.size;
    const broken = without(offer!, start);
    await expect(openWires('dtls', [{ kind: 'audio', mid: '0', offer: broken }])).rejects.toMatchObject({
      code: 'MEDIA_MISMATCH',
      message: expect.stringContaining(why),
    });
    expect(open.size).toBe(before);
  }
});
