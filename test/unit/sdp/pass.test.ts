import fc from 'fast-check';
import { asAnswer, asOffer, bumped, directionOf, isHold, parseSdp } from '../../../src/media/sdp';
import { matchSlots } from '../../../src/media/sdp/slots';
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

describe('what a peer said, as an offer', () => {
  test.each(['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const)('keeps the direction %s', (direction) => {
    expect(directionOf(asOffer(sdpOf(...AUDIO, `a=${direction}`), origin), 'audio')).toBe(direction);
  });

  test('keeps the hold of old', () => {
    expect(isHold(asOffer(sample('hold-of-old'), origin))).toBe(true);
  });

  test('pads what the peer has not got with port 0, in its place', () => {
    const seat = sdpOf(...AUDIO, 'a=recvonly');
    expect(mLines(asOffer(seat, origin, sample('baresip')))).toEqual([
      'm=audio 4000 RTP/AVP 0 8 101',
      'm=video 0 RTP/AVP 96',
    ]);
    expect(mLines(asOffer(seat, origin, sdpOf(...VIDEO, ...AUDIO)))).toEqual([
      'm=video 0 RTP/AVP 96',
      'm=audio 4000 RTP/AVP 0 8 101',
    ]);
  });

  test('puts sections into the order of the leg', () => {
    const seat = sdpOf(...AUDIO, ...VIDEO);
    expect(
      mLines(asOffer(seat, origin, sdpOf('m=video 9 RTP/AVP 34', 'm=audio 9 RTP/AVP 0'))).map(
        (line) => line.split(' ')[0],
      ),
    ).toEqual(['m=video', 'm=audio']);
  });

  test('adds media that the leg has not had at the end, and takes up a place that was rejected', () => {
    const seat = sdpOf(...AUDIO, ...VIDEO);
    expect(mLines(asOffer(seat, origin, sdpOf(...AUDIO)))).toHaveLength(2);
    const again = mLines(asOffer(seat, origin, sdpOf(...AUDIO, 'm=image 0 udptl t38', 'm=video 0 RTP/AVP 34')));
    expect(again.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'm=audio 4000',
      'm=image 0',
      'm=video 4002',
    ]);
  });

  test('does not add what the peer has rejected', () => {
    expect(mLines(asOffer(sdpOf(...AUDIO, 'm=video 0 RTP/AVP 96'), origin, sdpOf(...AUDIO)))).toHaveLength(1);
  });

  test('rejected sections have an address where the session has none, and no name twice', () => {
    const peer = 'v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=video 5 RTP/AVP 96\r\nc=IN IP4 h\r\na=mid:0\r\n';
    const made = asOffer(
      peer,
      origin,
      sdpOf('m=audio 4 RTP/AVP 0', 'a=mid:0', 'm=video 5 RTP/AVP 96', 'a=mid:1', 'm=text 6 RTP/AVP 98', 'a=mid:2'),
    );
    expect(below(made, 0)).toEqual(['c=IN IP4 192.0.2.10']);
    expect(below(made, 1)).toEqual(['c=IN IP4 h', 'a=mid:0']);
    expect(below(made, 2)).toEqual(['c=IN IP4 192.0.2.10', 'a=mid:2']);
  });

  test('keeps bandwidth, feedback, unknown attributes and unknown lines', () => {
    expect(below(asOffer(sample('camera-cn'), origin), 0)).toEqual(below(sample('camera-cn'), 0));
    expect(mLines(asOffer(sample('camera-cn'), origin))).toEqual(['m=video 15060/2 RTP/AVP 96']);
  });
});

describe('what a peer said, as an answer', () => {
  test('an answer to the same offer comes out as it was written, but for the origin', () => {
    const answer = sdpOf(
      'm=audio 6000 RTP/AVP 8 101',
      'a=rtpmap:101 telephone-event/8000',
      'a=recvonly',
      'm=video 0 RTP/AVP 96',
    );
    const offer = sdpOf(...AUDIO, ...VIDEO);
    expect(linesOf(asAnswer(answer, offer, origin)).slice(2)).toEqual(linesOf(answer).slice(2));
    expect(linesOf(asAnswer(answer, offer, origin))[1]).toBe(ORIGIN_LINE);
  });

  test('has the lines of the offer: less is padded, more is left out', () => {
    expect(mLines(asAnswer(sdpOf(...AUDIO), sdpOf(...VIDEO, ...AUDIO), origin))).toEqual([
      'm=video 0 RTP/AVP 96',
      'm=audio 4000 RTP/AVP 0 8 101',
    ]);
    expect(mLines(asAnswer(sdpOf(...AUDIO, ...VIDEO), sdpOf(...AUDIO), origin))).toHaveLength(1);
    expect(mLines(asAnswer(sdpOf(...AUDIO, ...VIDEO), sdpOf(...AUDIO, 'm=video 0 RTP/AVP 96'), origin))[1]).toBe(
      'm=video 0 RTP/AVP 96',
    );
  });

  test('a seat that turned everything down is answered so', () => {
    expect(mLines(asAnswer(sdpOf('m=audio 0 RTP/AVP 0'), sdpOf(...AUDIO), origin))).toEqual(['m=audio 0 RTP/AVP 0']);
  });

  test('names only codecs that were offered, with their lines', () => {
    const peer = sdpOf(
      'm=video 7000 RTP/AVP 100 96',
      'a=rtpmap:100 VP8/90000',
      'a=rtcp-fb:100 nack',
      'a=rtpmap:96 h264/90000',
      'a=rtcp-fb:* ccm fir',
    );
    const made = asAnswer(peer, sdpOf(...VIDEO), origin);
    expect(mLines(made)).toEqual(['m=video 7000 RTP/AVP 96']);
    expect(below(made, 0)).toEqual(['a=rtpmap:96 h264/90000', 'a=rtcp-fb:* ccm fir']);
  });

  test.each([
    ['no codec in common', sdpOf('m=audio 1 RTP/AVP 9'), sdpOf('m=audio 1 RTP/AVP 0')],
    ['DTMF alone in common', sdpOf('m=audio 1 RTP/AVP 9 101', 'a=rtpmap:101 telephone-event/8000'), sdpOf(...AUDIO)],
    [
      'another clock rate',
      sdpOf('m=audio 1 RTP/AVP 97', 'a=rtpmap:97 speex/16000'),
      sdpOf('m=audio 1 RTP/AVP 97', 'a=rtpmap:97 speex/8000'),
    ],
    ['secured against plain', sample('baresip-sdes'), sample('baresip')],
    ['media of another kind', sample('fax'), sdpOf(...AUDIO)],
  ])('%s is MEDIA_MISMATCH', (_name, peer, offer) => {
    expect(() => asAnswer(peer, offer, origin)).toThrow(expect.objectContaining({ code: 'MEDIA_MISMATCH' }));
  });

  test('a profile with feedback and one without understand each other, as offered', () => {
    expect(mLines(asAnswer(sdpOf(...AUDIO), sdpOf('m=audio 1 RTP/AVPF 0'), origin))).toEqual([
      'm=audio 4000 RTP/AVPF 0',
    ]);
  });

  const table: [offered: string, said: string, answered: string][] = [
    ['sendrecv', 'sendonly', 'sendonly'],
    ['sendonly', 'sendrecv', 'recvonly'],
    ['sendonly', 'recvonly', 'recvonly'],
    ['sendonly', 'sendonly', 'inactive'],
    ['recvonly', 'sendrecv', 'sendonly'],
    ['recvonly', 'recvonly', 'inactive'],
    ['inactive', 'sendrecv', 'inactive'],
  ];
  test.each(table)('to %s, who says %s is taken to mean %s', (offered, said, answered) => {
    expect(directionOf(asAnswer(sdpOf(...AUDIO, `a=${said}`), sdpOf(...AUDIO, `a=${offered}`), origin), 'audio')).toBe(
      answered,
    );
    const atSession = sdpOf(`a=${said}`, ...AUDIO);
    expect(directionOf(asAnswer(atSession, sdpOf(...AUDIO, `a=${offered}`), origin), 'audio')).toBe(answered);
  });

  test('the bundle names only what is left of it', () => {
    const offer = sample('chromium-trickle');
    const answer = offer.replace('m=video 9', 'm=video 0');
    const made = asAnswer(answer, offer, origin);
    expect(linesOf(made)).toContain('a=group:BUNDLE 0 2');
    expect(below(made, 1)).toEqual(['c=IN IP4 192.0.2.10', 'a=mid:1']);
  });
});

test('sections find the same partners from either side', () => {
  const kinds = fc.array(fc.constantFrom('audio', 'video', 'text'), { maxLength: 6 });
  const sections = kinds.map((list) => parseSdp(sdpOf(...list.map((kind) => `m=${kind} 9 RTP/AVP 0`))).media);
  fc.assert(
    fc.property(sections, sections, (a, b) => {
      const forth = matchSlots(a, b);
      const back = matchSlots(b, a);
      forth.forEach((to, from) => {
        if (to >= 0) expect(back[to]).toBe(from);
      });
      expect(back.filter((to) => to >= 0)).toHaveLength(forth.filter((to) => to >= 0).length);
    }),
  );
});

test('an offer that went to the other leg finds its way back, whatever the legs look like', () => {
  const names = fc.constantFrom(...sampleNames);
  fc.assert(
    fc.property(names, names, (from, to) => {
      const offered = asOffer(sample(from), origin, sample(to));
      // The other leg says yes to everything.
      const answer = asAnswer(asOffer(offered, bumped(origin)), sample(from), origin);
      const kinds = (sdp: string) => parseSdp(sdp).media.map(({ kind, port }) => [kind, port]);
      expect(kinds(answer)).toEqual(kinds(sample(from)));
      expect(
        parseSdp(offered)
          .media.slice(0, parseSdp(sample(to)).media.length)
          .map(({ kind }) => kind),
      ).toEqual(parseSdp(sample(to)).media.map(({ kind }) => kind));
    }),
  );
});

test('whatever is passed on is read again or refused with a code', () => {
  fc.assert(
    fc.property(damaged, damaged, (one, other) => {
      for (const make of [
        () => asOffer(one, origin),
        () => asOffer(one, origin, other),
        () => asAnswer(one, other, origin),
      ]) {
        let made: string;
        try {
          made = make();
        } catch (error) {
          expect(['BAD_REQUEST', 'BODY_TOO_LARGE', 'MEDIA_MISMATCH']).toContain((error as { code?: string }).code);
          continue;
        }
        expect(linesOf(made)[1]).toBe(ORIGIN_LINE);
        parseSdp(made);
      }
    }),
    { numRuns: 500 },
  );
});
