import fc from 'fast-check';
import sdpTransform from 'sdp-transform';
import { inactiveAnswer, inactiveOffer, isHold, parseSdp, type Origin } from '../../../src/media/sdp';
import {
  AUDIO,
  below,
  damaged,
  linesOf,
  mLines,
  origin,
  ORIGIN_LINE,
  sample,
  sampleNames,
  sdpOf,
  VIDEO,
} from './samples';

describe('the answer of a call without media', () => {
  test('accepts audio and video inactive at the discard port with one codec', () => {
    expect(linesOf(inactiveAnswer(sample('baresip'), origin))).toEqual([
      'v=0',
      ORIGIN_LINE,
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 9 RTP/AVP 96',
      'a=rtpmap:96 opus/48000/2',
      'a=fmtp:96 stereo=1;sprop-stereo=1',
      'a=inactive',
      'm=video 9 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=0;profile-level-id=42e01f',
      'a=inactive',
    ]);
  });

  test('takes a static payload type without a map', () => {
    expect(below(inactiveAnswer(sdpOf('m=audio 4000 RTP/AVP 18 0'), origin), 0)).toEqual(['a=inactive']);
  });

  test('does not take what only goes along with a codec', () => {
    expect(
      mLines(inactiveAnswer(sdpOf('m=audio 4000 RTP/AVP 101 13 8', 'a=rtpmap:101 telephone-event/8000'), origin)),
    ).toEqual(['m=audio 9 RTP/AVP 8']);
  });

  test('rejects what is not RTP and keeps what was rejected', () => {
    expect(mLines(inactiveAnswer(sample('grandstream-video'), origin))).toEqual([
      'm=audio 9 RTP/AVP 0',
      'm=video 9 RTP/AVP 99',
      'm=application 0 UDP/BFCP *',
      'm=video 9 RTP/AVP 99',
    ]);
    expect(mLines(inactiveAnswer(sdpOf('m=video 0 RTP/AVP 96', ...AUDIO), origin))[0]).toBe('m=video 0 RTP/AVP 96');
  });

  test('speaks IPv6 from an IPv6 host', () => {
    const answer = inactiveAnswer(sample('linphone-ipv6'), { ...origin, host: '2001:db8::10' });
    expect(linesOf(answer)).toContain('c=IN IP6 2001:db8::10');
  });

  test('a bundled browser gets its bundle, names, muxing and a passive DTLS role', () => {
    for (const name of ['chromium-trickle', 'chromium-bundle-only']) {
      const answer = inactiveAnswer(sample(name), origin);
      expect(mLines(answer)).toEqual([
        'm=audio 9 UDP/TLS/RTP/SAVPF 111',
        'm=video 9 UDP/TLS/RTP/SAVPF 96',
        'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      ]);
      expect(linesOf(answer)).toContain('a=group:BUNDLE 0 1');
      for (const index of [0, 1]) {
        const lines = below(answer, index);
        expect(lines).toEqual(
          expect.arrayContaining([`a=mid:${index}`, 'a=rtcp-mux', 'a=setup:passive', 'a=inactive']),
        );
        expect(lines.join('\n')).toMatch(/a=fingerprint:sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}\n/);
        expect(lines.join('\n')).toMatch(/a=ice-ufrag:[0-9a-f]{8}\na=ice-pwd:[0-9a-f]{32}\n/);
      }
      expect(below(answer, 2)).toEqual(['a=mid:2']);
    }
  });

  test('an offer with the passive DTLS role gets the active one', () => {
    const offer = sample('chromium-trickle').replaceAll('setup:actpass', 'setup:passive');
    expect(below(inactiveAnswer(offer, origin), 0)).toContain('a=setup:active');
  });

  test('ICE, DTLS and DTLS role are found at the session too', () => {
    const lines = below(inactiveAnswer(sample('baresip-dtls'), origin), 1);
    expect(lines).toEqual(
      expect.arrayContaining(['a=setup:passive', expect.stringMatching(/^a=fingerprint:sha-256 /)]),
    );
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/^a=ice-ufrag:/)]));
  });

  test.each([
    ['grandstream-sdes', 'AES_256_CM_HMAC_SHA1_80', 46],
    ['baresip-sdes', 'AES_CM_128_HMAC_SHA1_80', 30],
  ])('%s gets a key of the first suite, never its own', (name, suite, bytes) => {
    const line = below(inactiveAnswer(sample(name), origin), 0).find((candidate) => candidate.startsWith('a=crypto:'));
    const [, key = ''] = new RegExp(`^a=crypto:1 ${suite} inline:(.*)$`).exec(line ?? '') ?? [];
    expect(Buffer.from(key, 'base64')).toHaveLength(bytes);
    expect(sample(name)).not.toContain(key);
  });

  test('a secured section that cannot be answered is rejected, the rest is taken', () => {
    const secured = ['m=video 4004 RTP/SAVP 96', 'a=rtpmap:96 H264/90000', 'a=crypto:1 ROT13 inline:abc'];
    expect(mLines(inactiveAnswer(sdpOf(...AUDIO, ...secured), origin))).toEqual([
      'm=audio 9 RTP/AVP 0',
      'm=video 0 RTP/SAVP 96',
    ]);
  });

  test.each([
    ['fax', sample('fax')],
    ['no known codec', sdpOf('m=audio 4000 RTP/AVP 100')],
    ['DTMF alone', sdpOf('m=audio 4000 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000')],
    ['an unknown way of security alone', sdpOf('m=audio 4000 RTP/SAVP 0')],
  ])('%s is MEDIA_MISMATCH', (_name, offer) => {
    expect(() => inactiveAnswer(offer, origin)).toThrow(expect.objectContaining({ code: 'MEDIA_MISMATCH', sip: 488 }));
  });

  test('an offer of no media is answered with none', () => {
    expect(mLines(inactiveAnswer(sdpOf(), origin))).toEqual([]);
    expect(mLines(inactiveAnswer(sdpOf('m=audio 0 RTP/AVP 0'), origin))).toEqual(['m=audio 0 RTP/AVP 0']);
  });

  test('is the same for the same origin id, and another for another', () => {
    const again = (id: string) => inactiveAnswer(sample('chromium-trickle'), { ...origin, id });
    expect(again('1')).toBe(again('1'));
    expect(below(again('1'), 0)).not.toEqual(below(again('2'), 0));
  });
});

describe('the offer of a call without media', () => {
  test('alone, has audio and video that every phone knows', () => {
    const offer = inactiveOffer(origin);
    expect(mLines(offer)).toEqual(['m=audio 9 RTP/AVP 0 8 101', 'm=video 9 RTP/AVP 96 97']);
    expect(isHold(offer)).toBe(true);
    expect(linesOf(offer)).toContain('c=IN IP4 192.0.2.10');
  });

  test('on a leg, keeps its m= lines and leaves the DTLS role open', () => {
    const offer = inactiveOffer(origin, sample('chromium-trickle'));
    expect(mLines(offer)).toEqual([
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ]);
    expect(below(offer, 0)).toContain('a=setup:actpass');
    expect(mLines(inactiveOffer(origin, sdpOf('m=video 0 RTP/AVP 96', ...AUDIO)))).toEqual([
      'm=video 0 RTP/AVP 96',
      'm=audio 9 RTP/AVP 0',
    ]);
  });

  test('a leg that has no media is offered none', () => {
    expect(mLines(inactiveOffer(origin, sample('fax')))).toEqual(['m=image 0 udptl t38']);
  });
});

test.each(sampleNames)('what is made of %s is as another reader expects it', (name) => {
  for (const make of [() => inactiveAnswer(sample(name), origin), () => inactiveOffer(origin, sample(name))]) {
    const sdp = unlessMismatch(make);
    if (sdp === undefined) continue;
    const theirs = sdpTransform.parse(sdp);
    expect(theirs.media.map(({ type }) => type)).toEqual(parseSdp(sample(name)).media.map(({ kind }) => kind));
    for (const media of theirs.media) expect(media.port === 0 || media.direction === 'inactive').toBe(true);
    expect(theirs.origin).toMatchObject({ sessionId: 4711, sessionVersion: 3, address: '192.0.2.10' });
  }
});

test('whatever is offered, the answer is inactive, has its lines, and can be read', () => {
  const hosts = fc.constantFrom('192.0.2.1', '2001:db8::1', 'edge.example.org');
  fc.assert(
    fc.property(damaged, hosts, fc.nat(), (text, host, version) => {
      const own: Origin = { id: '9', version, host };
      const offer = unlessRefused(() => parseSdp(text));
      if (!offer) return;
      const answer = unlessMismatch(() => inactiveAnswer(text, own));
      const next = inactiveOffer(own, text);
      for (const made of answer === undefined ? [next] : [answer, next]) {
        const read = parseSdp(made);
        expect(read.media.map(({ kind, protocol }) => [kind, protocol])).toEqual(
          offer.media.map(({ kind, protocol }) => [kind, protocol]),
        );
        for (const { port, lines } of read.media) expect(port === 0 || lines.includes('a=inactive')).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('video alone is taken too', () => {
  expect(mLines(inactiveAnswer(sdpOf(...VIDEO), origin))).toEqual(['m=video 9 RTP/AVP 96']);
});

function unlessRefused<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect(['BAD_REQUEST', 'BODY_TOO_LARGE', 'MEDIA_MISMATCH']).toContain((error as { code?: string }).code);

    return undefined;
  }
}

function unlessMismatch<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect((error as { code?: string }).code).toBe('MEDIA_MISMATCH');

    return undefined;
  }
}
