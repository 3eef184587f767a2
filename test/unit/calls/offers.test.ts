import { inUse } from '../../../src/calls/anchor';
import { forwardable } from '../../../src/calls/seat-offer';
import { codecIds, takesKeyFrameRequests, withCodecs } from '../../../src/media/sdp';
import { bothVideos, g729, h264, h264Mode0, opusAndPcma, pcma, pcmu, phone, vp8 } from './descriptions';

const codecs = (sdp: string): string[][] => ['audio', 'video'].map((kind) => codecIds(sdp, kind));

describe('limiting an offer to what can be passed on', () => {
  const engine = phone(
    'm=audio 30000 RTP/AVP 0 8 96 101\na=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000',
    bothVideos,
  );

  test('a seat is offered the video of the caller alone, and sound that can be translated', () => {
    expect(codecs(forwardable(engine, phone(pcma, vp8)))).toEqual([['pcmu/8000/1', 'pcma/8000/1'], ['vp8/90000/1']]);
    expect(codecs(forwardable(engine, phone(opusAndPcma, h264)))).toEqual([
      ['pcmu/8000/1', 'pcma/8000/1', 'opus/48000/2'],
      ['h264/90000/1 mode 1'],
    ]);
    expect(forwardable(engine, phone(pcma, vp8))).toContain('telephone-event');
  });

  test('video that the caller has not, or packs in another way, is not offered; its m= line stays', () => {
    expect(forwardable(engine, phone(pcmu))).toContain('m=video 0 ');
    expect(forwardable(engine, phone(pcmu, h264Mode0))).toContain('m=video 0 ');
  });

  test('sound that nobody can translate is left as it was: the answer will tell', () => {
    expect(codecs(forwardable(engine, phone(g729)))[0]).toEqual(['pcmu/8000/1', 'pcma/8000/1', 'opus/48000/2']);
  });

  test('two who talk are offered the same one codec of each kind, whichever is asked first', () => {
    const [one, two] = [
      phone(opusAndPcma, bothVideos),
      phone('m=audio 1 RTP/AVP 8 0 96\na=rtpmap:96 opus/48000/2', h264),
    ];
    expect(codecs(inUse(engine, one, two))).toEqual([['pcma/8000/1'], ['h264/90000/1 mode 1']]);
    expect(inUse(engine, two, one)).toBe(inUse(engine, one, two));
    expect(codecs(inUse(engine, phone(pcmu, vp8), phone(pcmu)))).toEqual([['pcmu/8000/1'], []]);
    expect(inUse(engine, undefined, phone(pcmu))).toBe(engine);
  });

  test('a section without any codec left is switched off, others are untouched', () => {
    const limited = withCodecs(phone(pcmu, vp8), 'video', []);
    expect(limited).toContain('m=audio 4000 RTP/AVP 0 101');
    expect(limited).toContain('m=video 0 RTP/AVP 97');
    expect(withCodecs(phone(pcmu, vp8), 'video', ['vp8/90000/1'])).toBe(phone(pcmu, vp8));
  });

  test('who takes requests for a key frame by RTCP says so', () => {
    expect(takesKeyFrameRequests(phone(pcmu, vp8))).toBe(false);
    expect(takesKeyFrameRequests(phone(pcmu, `${vp8}\na=rtcp-fb:97 nack pli`))).toBe(true);
    expect(takesKeyFrameRequests(phone(pcmu, `${vp8}\na=rtcp-fb:* ccm fir`))).toBe(true);
  });
});
