import { Closer } from '../../../src/lib/closer';
import { decodeG711, encodeG711, readRtcp, readRtp } from '../../../scripts/phone/rtp';
import { writeFir, writePli, writeReport } from '../../../scripts/phone/rtp/rtcp';
import { ffmpeg } from '../../support/ffmpeg';
import * as rtp from '../../support/rtp-peer';

/** The phone that measures engines is measured itself: two of them talk to each other, with nothing between. */

let opened: Closer;
beforeEach(() => {
  opened = new Closer();
});
afterEach(() => opened.close());

async function peer(options: rtp.PeerOptions = {}): Promise<rtp.RtpPeer> {
  const one = await rtp.RtpPeer.open(options);
  opened.add('peer', () => one.close());

  return one;
}

async function pair(first: rtp.PeerOptions = {}, second: rtp.PeerOptions = {}): Promise<[rtp.RtpPeer, rtp.RtpPeer]> {
  const [a, b] = [await peer(first), await peer(second)];
  a.accept(b.answer(a.offer()));

  return [a, b];
}

test.each(['pcmu', 'pcma'] as const)('sound goes both ways in %s', async (codec) => {
  const [a, b] = await pair({ audio: [rtp.formats[codec]] });
  a.audio.say(rtp.tone(440));
  b.audio.say(rtp.tone(1000));
  await Promise.all([rtp.untilHears(b, [440], [1000]), rtp.untilHears(a, [1000], [440])]);
  expect(a.audio.agreed?.codec).toBe(codec);
  expect(a.audio.session.received.lost).toBe(0);
  a.audio.say(rtp.tone(700));
  await rtp.untilHears(b, [700], [440]);
});

test.each([['vp8'], ['h264']] as const)('pictures go both ways in %s and are decoded', async (codec) => {
  const [a, b] = await pair({ video: [rtp.formats[codec]] });
  a.video.show(await rtp.film(codec, 'red'));
  b.video.show(await rtp.film(codec, 'blue'));
  await Promise.all([rtp.untilSeesColour(b, 'red'), rtp.untilSeesColour(a, 'blue')]);
  expect(b.video.frames.every((frame) => frame.whole)).toBe(true);
  expect(b.video.session.received.packets).toBeGreaterThan(b.video.count);
});

test('a key frame comes when it is asked for, by PLI and by FIR', async () => {
  const [a, b] = await pair({ video: [rtp.formats.vp8] });
  a.video.show(await rtp.film('vp8', 'red'));
  await b.video.next('frame');
  for (const ask of ['sendPli', 'sendFir'] as const) {
    const before = b.video.keyFrames;
    b.video.session[ask]();
    await rtp.untilEvent(
      (check) => b.video.on('frame', check),
      () => b.video.keyFrames > before,
      'a key frame',
    );
  }
  expect(a.video.session.received.rtcp).toMatchObject({ pli: 1, fir: 1 });
});

test('keys are pressed and heard once each, and sound goes on after them', async () => {
  const [a, b] = await pair();
  a.audio.say(rtp.tone(440));
  await a.audio.press('12#', 80);
  expect(await rtp.untilKeys(b, 3)).toBe('12#');
  await rtp.untilHears(b, [440]);
});

test('reports tell what was lost', async () => {
  const [a, b] = await pair();
  a.audio.say(rtp.tone(440));
  await rtp.untilHears(b, [440]);
  a.audio.session.skip();
  await rtp.untilEvent(
    (check) => a.audio.session.on('rtcp', check),
    () => a.audio.session.lastReport?.lost === 1,
    'a report of one lost packet',
  );
});

test('with one port for both, RTCP comes on the port of RTP', async () => {
  const [a, b] = await pair({ mux: true }, { mux: true });
  expect(a.audio.agreed?.rtcpTo).toEqual(a.audio.agreed?.to);
  a.audio.say(rtp.tone(440));
  await b.audio.session.next('rtcp', { where: (part) => part.type === 'sr' });
});

test('payload numbers of the offer are kept, and what is not known is refused', async () => {
  const [a, b] = await pair({
    audio: [{ name: 'pcma', payloadType: 98 }, rtp.formats.keys],
    video: [{ name: 'vp9', payloadType: 99 }],
  });
  expect(b.audio.agreed?.payloadType).toBe(98);
  expect(b.audio.agreed?.eventType).toBe(101);
  expect(b.video.agreed).toBeUndefined();
  expect(a.video.agreed).toBeUndefined();
});

test.each([
  ['pcmu', 'mulaw'],
  ['pcma', 'alaw'],
] as const)('%s is what ffmpeg makes of the same samples', async (law, format) => {
  const samples = Int16Array.from({ length: 4096 }, (_, index) => index * 16 - 32_768);
  const bytes = Buffer.from(samples.buffer);
  const encoded = await ffmpeg(['-f', 's16le', '-ar', '8000', '-ac', '1', '-i', '-', '-f', format, '-'], bytes);
  const decoded = await ffmpeg(['-f', format, '-ar', '8000', '-ac', '1', '-i', '-', '-f', 's16le', '-'], encoded);
  expect([...decodeG711(law, encoded)]).toEqual([...new Int16Array(decoded.buffer, decoded.byteOffset, 4096)]);
  // Between two levels either neighbour is right.
  const again = decodeG711(law, encodeG711(law, samples));
  const worst = samples.reduce((most, sample, index) => Math.max(most, Math.abs(sample - again[index]!)), 0);
  expect(worst).toBeLessThanOrEqual(law === 'pcmu' ? 644 : 512);
});

test('compound RTCP packets are read as they were written', () => {
  const report = { ssrc: 7, fraction: 3, lost: 5, highest: 70_000, jitter: 9, lastSr: 11, delay: 13 };
  const info = { ntp: 0xdead_beef, rtpTime: 1, packets: 2, bytes: 3 };
  const bytes = Buffer.concat([writeReport(1, info, [report]), writePli(1, 2), writeFir(1, 3, 4)]);
  expect(readRtcp(bytes)).toEqual([
    { type: 'sr', ssrc: 1, info, reports: [report] },
    { type: 'sdes', ssrc: 1 },
    { type: 'pli', ssrc: 1, media: 2 },
    { type: 'fir', ssrc: 1, media: 3 },
  ]);
  expect(readRtp(bytes)).toBeUndefined();
  expect(readRtcp(bytes.subarray(0, 20))).toEqual([]);
});
