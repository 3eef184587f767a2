import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, type RtpPacket } from 'werift';
import type { SecureWires } from '../../../src/media/embedded/secure';
import type { RemoteEnd } from '../../../src/media/embedded/wire';
import { parseSdp } from '../../../src/media/sdp';
import { HOST, nextRtcp, nextRtp, open, openWires, ready, rtpPacket } from './ends';

/** Against a WebRTC end of other hands: its ICE, its bundle, its descriptions. */

const FORMATS = ['0 PCMU/8000', '96 VP8/90000'];
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
  expect(open.size).toBe(0);
});

const PCMU = new RTCRtpCodecParameters({ mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 });
const VP8 = new RTCRtpCodecParameters({
  mimeType: 'video/VP8',
  clockRate: 90_000,
  payloadType: 96,
  rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
});

function newPeer() {
  const peer = new RTCPeerConnection({
    codecs: { audio: [PCMU], video: [VP8] },
    bundlePolicy: 'max-bundle',
    iceServers: [],
    iceAdditionalHostAddresses: [HOST],
  });
  opened.push(() => peer.close());
  const tracks = [new MediaStreamTrack({ kind: 'audio' }), new MediaStreamTrack({ kind: 'video' })];
  for (const track of tracks) peer.addTransceiver(track, { direction: 'sendrecv' });
  const received = tracks.map(({ kind }) => {
    return new Promise<RtpPacket>((resolve) => {
      peer.onTrack.subscribe((track) => track.kind === kind && track.onReceiveRtp.once((rtp) => resolve(rtp)));
    });
  });

  return { peer, tracks, received };
}

function sectionsOf(sdp: string): RemoteEnd[] {
  const { session, media } = parseSdp(sdp);

  return media.map(({ lines, protocol, port }) => ({ lines: [...session, ...lines], protocol, address: HOST, port }));
}

function written(wires: SecureWires, mids: readonly string[]): string {
  const sections = wires.wires.flatMap((wire, index) => [
    `m=${wire.kind} ${wire.port} ${wire.protocol} ${index === 0 ? '0' : '96'}`,
    `c=IN IP4 ${HOST}`,
    `a=mid:${mids[index]}`,
    'a=sendrecv',
    `a=rtpmap:${FORMATS[index]}`,
    ...wire.attributes,
    // It tells streams apart by nothing else.
    `a=ssrc:${4000 + index} cname:here`,
  ]);
  const session = ['v=0', `o=- 1 1 IN IP4 ${HOST}`, 's=-', 't=0 0', ...wires.sessionLines];

  return `${[...session, ...sections].join('\r\n')}\r\n`;
}

async function bothWays(wires: SecureWires, { peer, tracks, received }: ReturnType<typeof newPeer>): Promise<void> {
  await ready(...wires.wires);
  if (peer.connectionState !== 'connected') await peer.connectionStateChange.watch((state) => state === 'connected');
  for (const index of wires.wires.keys()) {
    const type = index === 0 ? 0 : 96;
    const heard = nextRtp(wires.wires[index]!);
    tracks[index]!.writeRtp(rtpPacket({ type, payload: `from peer ${index}` }));
    const [packet] = await heard;
    expect(packet!.subarray(12).toString()).toBe(`from peer ${index}`);
    wires.wires[index]!.sendRtp(rtpPacket({ type, ssrc: 4000 + index, payload: `to peer ${index}` }));
    expect((await received[index]!).payload.toString()).toBe(`to peer ${index}`);
  }
  // Its reports find their section.
  const report = await nextRtcp(wires.wires.at(-1)!);
  expect([200, 201]).toContain(report.readUInt8(1));
}

test('answers its offer, and media flow both ways on one port', async () => {
  const end = newPeer();
  await end.peer.setLocalDescription(await end.peer.createOffer());
  const offers = sectionsOf(end.peer.localDescription!.sdp);
  const sections = offers.map((offer, index) => ({
    kind: index === 0 ? ('audio' as const) : ('video' as const),
    mid: offer.lines.find((line) => line.startsWith('a=mid:'))!.slice(6),
    offer,
  }));
  const wires = await openWires('dtls', sections);
  opened.push(() => wires.close());
  for (const [index, wire] of wires.wires.entries()) await wire.connect(offers[index]!);
  await end.peer.setRemoteDescription({
    type: 'answer',
    sdp: written(
      wires,
      sections.map(({ mid }) => mid),
    ),
  });
  await bothWays(wires, end);
});

test('offers to it, and takes its answer', async () => {
  const end = newPeer();
  // Of two sections with ports of their own it takes the second for the whole bundle, so it is offered one.
  const wires = await openWires('dtls', [{ kind: 'audio', mid: '0' }]);
  opened.push(() => wires.close());
  await end.peer.setRemoteDescription({ type: 'offer', sdp: written(wires, ['0']) });
  await end.peer.setLocalDescription(await end.peer.createAnswer());
  await wires.wires[0]!.connect(sectionsOf(end.peer.localDescription!.sdp)[0]!);
  expect(open.size).toBe(1);
  await bothWays(wires, end);
});
