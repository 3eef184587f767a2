import { agreedCodecs, composed, probe, shaped, takesKeys, withMids } from '../../../src/media/freeswitch/describe';
import { asFsmrfTakes } from '../../../src/media/freeswitch/fsmrf';
import { codecsOf } from '../../../src/media/sdp/codecs';
import { described } from '../../../src/media/sdp/document';
import { newOrigin } from '../../../src/media/sdp/origin';

function sdp(...media: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 10.0.0.9', 's=-', 'c=IN IP4 10.0.0.9', 't=0 0', ...media, ''].join('\r\n');
}

const sound = (formats: string): string[] => [
  `m=audio 4000 RTP/AVP ${formats}`,
  'a=rtpmap:111 opus/48000/2',
  'a=rtpmap:101 telephone-event/8000',
];
const picture = (formats: string): string[] => [
  `m=video 4002 RTP/AVP ${formats}`,
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 H264/90000',
  'a=rtpmap:98 AV1/90000',
  'a=rtpmap:99 rtx/90000',
  'a=fmtp:99 apt=96',
];

describe('what FreeSWITCH is shown of an offer', () => {
  const formatsOf = (text: string, beside?: { audio?: string; video?: string }): (readonly string[])[] =>
    shaped(text, beside).media.map(({ formats }) => formats);

  test('plain telephone codecs come before others, in the order of the peer', () => {
    expect(formatsOf(sdp(...sound('111 9 8 0 101')))).toEqual([['8', '0', '111', '9', '101']]);
    expect(formatsOf(sdp(...sound('0 8 101')))).toEqual([['0', '8', '101']]);
  });

  test('beside an endpoint its codec is first', () => {
    expect(formatsOf(sdp(...sound('0 8 111 101')), { audio: 'opus' })).toEqual([['111', '0', '8', '101']]);
  });

  test('of video only what can be made is left, in the order of the peer', () => {
    expect(formatsOf(sdp(...sound('0'), ...picture('98 97 99 96')))[1]).toEqual(['97', '96']);
    const [, video] = shaped(sdp(...sound('0'), ...picture('98 97 99 96')), undefined).media;
    expect(video?.lines.join()).not.toMatch(/rtx|AV1/);
  });

  test('beside an endpoint there is its video codec, or no video', () => {
    expect(formatsOf(sdp(...sound('0'), ...picture('96 97')), { audio: 'pcmu', video: 'h264' })[1]).toEqual(['97']);
    const [, none] = shaped(sdp(...sound('0'), ...picture('96')), { audio: 'pcmu', video: 'h264' }).media;
    expect(none).toMatchObject({ kind: 'video', port: 0 });
    const [, plain] = shaped(sdp(...sound('0'), ...picture('96')), { audio: 'pcmu' }).media;
    expect(plain?.port).toBe(0);
  });

  test('a peer with unknown video keeps its line, with port 0', () => {
    const [, video] = shaped(sdp(...sound('0'), ...picture('98')), undefined).media;
    expect(video).toMatchObject({ kind: 'video', port: 0 });
  });
});

describe('what we offer', () => {
  const origin = newOrigin('10.0.0.1');
  const answer = sdp(
    'm=audio 17000 RTP/AVP 0 101',
    'a=rtpmap:101 telephone-event/8000',
    'm=video 17002 RTP/AVP 96',
    'a=rtpmap:96 VP8/90000',
  );
  const idsOf = (text: string): string[][] =>
    described(text).media.map((section) => codecsOf(section).map(({ id }) => id));

  test('has the ports of FreeSWITCH and the codecs of ours', () => {
    const offer = described(composed(answer, origin, ['audio', 'video'], undefined));
    expect(offer.media.map(({ kind, port }) => [kind, port])).toEqual([
      ['audio', 17000],
      ['video', 17002],
    ]);
    expect(idsOf(composed(answer, origin, ['audio', 'video'], undefined))).toEqual([
      ['pcmu/8000/1', 'pcma/8000/1', 'opus/48000/2', 'telephone-event/8000/1'],
      ['vp8/90000/1', 'h264/90000/1'],
    ]);
    expect(offer.media[0]?.lines).toContain('c=IN IP4 10.0.0.9');
  });

  test('is for what is wanted only', () => {
    expect(idsOf(composed(answer, origin, ['audio'], undefined)).length).toBe(1);
    expect(idsOf(composed(answer, origin, ['video'], undefined))).toEqual([['vp8/90000/1', 'h264/90000/1']]);
  });

  test('keeps to what the other side of a bridge has', () => {
    const ids = idsOf(composed(answer, origin, ['audio', 'video'], { audio: 'pcma', video: 'h264' }));
    expect(ids[0]?.[0]).toBe('pcma/8000/1');
    expect(ids[1]).toEqual(['h264/90000/1']);
    expect(idsOf(composed(answer, origin, ['audio', 'video'], { audio: 'pcma' })).length).toBe(1);
  });

  test('is nothing where FreeSWITCH has no port', () => {
    const refused = sdp('m=audio 0 RTP/AVP 0', 'm=video 0 RTP/AVP 96');
    expect(() => composed(refused, origin, ['audio', 'video'], undefined)).toThrow('no port');
  });

  test('is prepared by an offer under which nobody may send', () => {
    const asked = described(probe(origin, ['audio', 'video']));
    expect(asked.media.map(({ kind, lines }) => [kind, lines.includes('a=inactive')])).toEqual([
      ['audio', true],
      ['video', true],
    ]);
  });
});

describe('secured media', () => {
  const origin = newOrigin('10.0.0.1');

  test('an offer by DTLS has the keys of FreeSWITCH, leaves the role open and names its sections', () => {
    const asked = described(probe(origin, ['audio', 'video'], 'dtls'));
    expect(asked.media.map(({ protocol }) => protocol)).toEqual(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVPF']);
    expect(asked.media[0]?.lines.join()).toMatch(/a=ice-ufrag:.*a=fingerprint:sha-256 .*a=candidate:/);
    const answer = sdp(
      'm=audio 17000 UDP/TLS/RTP/savpf 0',
      'a=fingerprint:sha-256 AA:BB',
      'a=setup:active',
      'a=ice-ufrag:x',
      'a=ssrc:1 cname:y',
    );
    const offer = described(composed(answer, origin, ['audio'], undefined)).media[0];
    expect(offer?.protocol).toBe('UDP/TLS/RTP/SAVPF');
    expect(offer?.lines).toEqual(
      expect.arrayContaining(['a=mid:audio', 'a=fingerprint:sha-256 AA:BB', 'a=setup:actpass', 'a=ice-ufrag:x']),
    );
  });

  test('FreeSWITCH cannot offer keys in the description', () => {
    expect(() => probe(origin, ['audio'], 'sdes')).toThrow('not offer them');
  });

  test('fsmrf lets secured offers through', () => {
    const offer = 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=x:RTP/SAVP\r\nm=video 9 RTP/SAVP 96\r\nm=audio 1 RTP/AVP 0\r\n';
    expect(asFsmrfTakes(offer)).toBe(
      'm=audio 9 UDP/TLS/RTP/savpf 0\r\na=x:RTP/SAVP\r\nm=video 9 RTP/savp 96\r\nm=audio 1 RTP/AVP 0\r\n',
    );
  });

  test('sections keep the names of the leg', () => {
    const leg = sdp('m=audio 1 RTP/AVP 0', 'a=mid:0', 'm=video 2 RTP/AVP 96', 'a=mid:1');
    const named = described(withMids(sdp('m=audio 3 RTP/AVP 0', 'm=video 4 RTP/AVP 96', 'a=mid:video'), leg, origin));
    expect(named.media.map(({ lines }) => lines)).toEqual([['a=mid:0'], ['a=mid:1']]);
  });
});

describe('what an answer tells', () => {
  test('the codec of each kind in use', () => {
    const answer = sdp('m=audio 17000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000', 'm=video 0 RTP/AVP 96');
    expect(agreedCodecs(answer)).toEqual({ audio: 'pcma' });
    expect(agreedCodecs(sdp(...sound('101 111'), ...picture('99 97')))).toEqual({ audio: 'opus', video: 'h264' });
  });

  test('whether keys are taken', () => {
    expect(takesKeys(sdp(...sound('0 101')))).toBe(true);
    expect(takesKeys(sdp(...sound('0')))).toBe(false);
    expect(takesKeys(sdp('m=audio 0 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000'))).toBe(false);
  });
});
