import fc from 'fast-check';
import { asOffer, sameMedia } from '../../../src/media/sdp';
import { AUDIO, damaged, sample, sampleNames, sdpOf, VIDEO } from './samples';

const base = sample('baresip');
const edit = (from: string | RegExp, to: string, sdp = base) => {
  const edited = sdp.replace(from, to);
  expect(edited).not.toBe(sdp);

  return edited;
};

describe('without knowing what the peer took up', () => {
  test.each(sampleNames)('%s is the same as itself under another origin', (name) => {
    expect(sameMedia(sample(name), asOffer(sample(name), { id: '1', version: 9, host: 'h' }))).toBe(true);
  });

  test.each([
    ['the name of the session', edit('s=-', 's=Talk')],
    ['the stream ids', edit(/a=ssrc:.*/, 'a=ssrc:1 cname:x')],
    [
      'the order of attributes',
      edit('a=rtcp-rsize\r\na=ssrc', 'a=ssrc', edit('a=sendrecv', 'a=rtcp-rsize\r\na=sendrecv')),
    ],
    [
      'the order and case of parameters',
      edit('packetization-mode=0;profile-level-id=42e01f', 'Profile-Level-ID=42e01f; packetization-mode=0'),
    ],
    ['the direction that is meant anyway', edit('a=sendrecv\r\n', '')],
    ['the address said at each m= line', edit(/^m=(.*)$/m, 'm=$1\r\nc=IN IP4 192.0.2.2')],
    ['a channel count of one', edit('G722/8000', 'g722/8000/1')],
    ['which DTMF events are listed', edit('fmtp:101 0-15', 'fmtp:101 0-11,16')],
  ])('%s does not count', (_name, other) => {
    expect(sameMedia(base, other)).toBe(true);
    expect(sameMedia(other, base)).toBe(true);
  });

  test.each([
    ['the port', edit('m=audio 4', 'm=audio 5')],
    ['the address', edit('c=IN IP4 192.0.2.2', 'c=IN IP4 192.0.2.3')],
    ['the family', edit('c=IN IP4 192.0.2.2', 'c=IN IP6 2001:db8::1')],
    ['a direction', edit('a=sendrecv', 'a=recvonly')],
    ['a hold of old', edit('c=IN IP4 192.0.2.2', 'c=IN IP4 0.0.0.0')],
    ['a codec less', edit(' 9 0 8 101', ' 9 0 101')],
    ['the order of codecs', edit(' 9 0 8 101', ' 0 9 8 101')],
    ['a parameter', edit('packetization-mode=0', 'packetization-mode=1')],
    ['the number of a codec', edit(/96 9 0/, '95 9 0', edit('rtpmap:96 opus', 'rtpmap:95 opus'))],
    ['video taken away', edit(/m=video \d+/, 'm=video 0')],
    ['an m= line more, though it carries nothing', `${base}m=text 0 RTP/AVP 98\r\n`],
    ['media added', `${base}m=text 5000 RTP/AVP 98\r\n`],
    ['the bandwidth', edit('m=video', 'b=AS:64\r\nm=video')],
    ['the packet time', edit('a=ptime:20', 'a=ptime:40')],
    ['muxing', edit('a=rtcp-rsize', 'a=rtcp-mux')],
    ['security', edit('RTP/AVP', 'RTP/SAVP')],
  ])('%s counts', (_name, other) => {
    expect(sameMedia(base, other)).toBe(false);
    expect(sameMedia(other, base)).toBe(false);
  });

  test('keys, ICE and fingerprints count', () => {
    const sdes = sample('grandstream-sdes');
    expect(sameMedia(sdes, edit('WVNfX19z', 'XXXXXXXX', sdes))).toBe(false);
    expect(sameMedia(sdes, edit(/a=crypto:2 .*\r\n/, '', sdes))).toBe(true);
    expect(sameMedia(sdes, edit(/a=crypto:1 .*\r\na=crypto:2 .*\r\n/, '', sdes))).toBe(false);
    const web = sample('chromium-bundle-only');
    expect(sameMedia(web, edit('ice-ufrag:F7gI', 'ice-ufrag:G8hJ', web))).toBe(false);
    expect(sameMedia(web, edit('7B:8B:F0', '7C:8B:F0', web))).toBe(false);
    expect(sameMedia(web, edit(/a=candidate:.*\r\n/, '', web))).toBe(false);
    expect(sameMedia(web, edit('setup:actpass', 'setup:active', web))).toBe(true);
  });
});

describe('knowing what the peer took up', () => {
  const told = sdpOf(...AUDIO, 'a=ptime:20', ...VIDEO);
  const seat = (...rest: string[]) => sdpOf('m=audio 7000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000', ...rest);
  const narrow = sdpOf('m=audio 4000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000', ...VIDEO);

  test('codecs that it left out do not count, those it took do', () => {
    expect(sameMedia(told, narrow)).toBe(false);
    expect(sameMedia(told, narrow, seat(...VIDEO))).toBe(true);
    expect(sameMedia(told, sdpOf('m=audio 4000 RTP/AVP 0', ...VIDEO), seat(...VIDEO))).toBe(false);
  });

  test('media that it turned down do not count', () => {
    const withoutVideo = sdpOf(
      'm=audio 4000 RTP/AVP 8 101',
      'a=rtpmap:101 telephone-event/8000',
      'm=video 0 RTP/AVP 96',
    );
    expect(sameMedia(told, withoutVideo, seat('m=video 0 RTP/AVP 96'))).toBe(true);
    expect(sameMedia(told, withoutVideo, seat(...VIDEO))).toBe(false);
  });

  test('a direction that it does not use does not count', () => {
    const terminal = (direction: string) => sdpOf('m=audio 4000 RTP/AVP 8', `a=${direction}`);
    const agent = (direction: string) => sdpOf('m=audio 7000 RTP/AVP 8', `a=${direction}`);
    expect(sameMedia(terminal('sendrecv'), terminal('sendonly'), agent('recvonly'))).toBe(true);
    expect(sameMedia(terminal('sendrecv'), terminal('recvonly'), agent('sendonly'))).toBe(true);
    expect(sameMedia(terminal('sendrecv'), terminal('inactive'), agent('recvonly'))).toBe(false);
    expect(sameMedia(terminal('sendrecv'), terminal('recvonly'), agent('sendrecv'))).toBe(false);
  });

  test('security that it left out does not count', () => {
    const plainNow = edit(/a=candidate:.*\r\n/, '', sample('linphone'));
    const answer = sdpOf('m=audio 7000 RTP/AVPF 96', 'a=rtpmap:96 opus/48000/2', 'm=video 0 RTP/AVP 96');
    expect(sameMedia(sample('linphone'), plainNow, answer)).toBe(true);
    expect(sameMedia(sample('linphone'), plainNow, sdpOf('a=ice-ufrag:x', ...linesBelow(answer)))).toBe(false);
  });

  test('muxing that it left out does not count, nor the RTCP port when it took it', () => {
    const muxed = ['m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'];
    expect(sameMedia(sdpOf(...muxed), sdpOf('m=audio 4000 RTP/AVP 0'), sdpOf('m=audio 1 RTP/AVP 0'))).toBe(true);
    expect(sameMedia(sdpOf(...muxed, 'a=rtcp:4001'), sdpOf(...muxed), sdpOf('m=audio 1 RTP/AVP 0', 'a=rtcp-mux'))).toBe(
      true,
    );
    expect(
      sameMedia(sdpOf(...muxed), sdpOf('m=audio 4000 RTP/AVP 0'), sdpOf('m=audio 1 RTP/AVP 0', 'a=rtcp-mux')),
    ).toBe(false);
  });

  test('a new place counts whatever it took', () => {
    expect(sameMedia(told, narrow.replace('m=audio 4000', 'm=audio 4444'), seat(...VIDEO))).toBe(false);
    expect(sameMedia(sdpOf(...AUDIO), sdpOf(...AUDIO, ...VIDEO), sdpOf(...AUDIO))).toBe(false);
    expect(
      sameMedia(
        sdpOf(...AUDIO, 'm=video 0 RTP/AVP 96'),
        sdpOf(...AUDIO, ...VIDEO),
        sdpOf(...AUDIO, 'm=video 0 RTP/AVP 96'),
      ),
    ).toBe(false);
  });
});

function linesBelow(sdp: string): string[] {
  return sdp.slice(sdp.indexOf('m=')).split('\r\n').slice(0, -1);
}

test('never throws but for what cannot be read, and is the same with itself', () => {
  fc.assert(
    fc.property(damaged, damaged, damaged, (a, b, c) => {
      try {
        expect(sameMedia(a, a)).toBe(true);
        expect(typeof sameMedia(a, b, c)).toBe('boolean');
      } catch (error) {
        expect(['BAD_REQUEST', 'BODY_TOO_LARGE']).toContain((error as { code?: string }).code);
      }
    }),
    { numRuns: 500 },
  );
});
