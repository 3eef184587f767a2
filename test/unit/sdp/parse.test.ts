import fc from 'fast-check';
import sdpTransform from 'sdp-transform';
import {
  asOffer,
  bumped,
  directionOf,
  hasVideo,
  isHold,
  newOrigin,
  parseSdp,
  SDP_LIMITS,
} from '../../../src/media/sdp';
import { codecsOf } from '../../../src/media/sdp/codecs';
import { AUDIO, damaged, linesOf, origin, ORIGIN_LINE, sample, sampleNames, sdpOf, VIDEO } from './samples';

const refused = (code: string) => expect.objectContaining({ code });

describe('real descriptions', () => {
  test.each(sampleNames)('%s passes with every line but its origin', (name) => {
    const lines = linesOf(sample(name));
    const changed = lines.map((line) => (line.startsWith('o=') ? ORIGIN_LINE : line));
    expect(linesOf(asOffer(sample(name), origin))).toEqual(changed);
  });

  test.each(sampleNames.filter((name) => name !== 'camera-cn'))('%s is read as another reader reads it', (name) => {
    const theirs = sdpTransform.parse(sample(name));
    const ours = parseSdp(sample(name));
    expect(ours.media.map(({ kind, port, protocol, formats }) => [kind, port, protocol, formats.join(' ')])).toEqual(
      theirs.media.map(({ type, port, protocol, payloads }) => [type, port, protocol, String(payloads)]),
    );
    ours.media.forEach((section, index) => {
      const maps = theirs.media[index]?.rtp ?? [];
      for (const { payload, codec, rate, encoding } of maps) {
        expect(codecsOf(section).find(({ format }) => format === String(payload))?.id).toBe(
          `${codec.toLowerCase()}/${rate}/${encoding ?? 1}`,
        );
      }
    });
  });

  test('bare LF, blank lines, no s= and t=, a trailing blank and repeated formats are tolerated', () => {
    const text = 'v=0\no=- 1 1 IN IP4 h\n\nc=IN IP4 h\na=tool:x\nm=audio 5  RTP/AVP 0 0 8 0 \n';
    expect(linesOf(asOffer(text, origin))).toEqual([
      'v=0',
      ORIGIN_LINE,
      's=-',
      'c=IN IP4 h',
      't=0 0',
      'a=tool:x',
      'm=audio 5 RTP/AVP 0 8',
    ]);
  });

  test('bytes are read too', () => {
    expect(parseSdp(Buffer.from(sample('sipp'))).media).toHaveLength(1);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['nothing', ''],
    ['another protocol', '<xml/>'],
    ['no v=0', 'o=- 1 1 IN IP4 h\r\n'],
    ['two versions', sdpOf('v=0')],
    ['no origin', 'v=0\r\ns=-\r\nt=0 0\r\n'],
    ['two origins', sdpOf('o=- 1 1 IN IP4 h')],
    ['an origin below media', sdpOf(...AUDIO, 'o=- 1 1 IN IP4 h')],
    ['a line without a letter', sdpOf('hello')],
    ['a folded line', sdpOf('a=x', ' y')],
    ['a control character', sdpOf('a=x\0y')],
    ['port 65536', sdpOf('m=audio 65536 RTP/AVP 0')],
    ['a negative port', sdpOf('m=audio -1 RTP/AVP 0')],
    ['a port of many digits', sdpOf('m=audio 123456789 RTP/AVP 0')],
    ['no protocol', sdpOf('m=audio 4000')],
    ['no format', sdpOf('m=audio 4000 RTP/AVP')],
    ['no address', 'v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['an address of another network', sdpOf('m=audio 4000 RTP/AVP 0', 'c=ATM NSAP 47.0091')],
    ['too many sections', sdpOf(...Array<string>(SDP_LIMITS.media + 1).fill('m=audio 4000 RTP/AVP 0'))],
    ['too many lines', sdpOf(...Array<string>(SDP_LIMITS.lines).fill('a=x'))],
    ['too long a line', sdpOf(`a=${'x'.repeat(SDP_LIMITS.lineLength)}`)],
    ['too many formats', sdpOf(`m=audio 4000 RTP/AVP ${Array.from({ length: 129 }, (_, i) => i).join(' ')}`)],
  ])('%s is BAD_REQUEST', (_name, text) => {
    expect(() => parseSdp(text)).toThrow(refused('BAD_REQUEST'));
  });

  test('more bytes than the limit are BODY_TOO_LARGE', () => {
    expect(() => parseSdp('é'.repeat(SDP_LIMITS.bytes / 2 + 1))).toThrow(refused('BODY_TOO_LARGE'));
  });

  test('the error names the line', () => {
    expect(() => parseSdp(sdpOf('a=fine', 'broken'))).toThrow(/line 7/);
    expect(() => parseSdp(sdpOf('m=audio 70000 RTP/AVP 0'))).toThrow(/port 70000/);
  });

  test('whatever comes is read or refused with a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), damaged), (text) => {
        try {
          parseSdp(text);
        } catch (error) {
          expect(['BAD_REQUEST', 'BODY_TOO_LARGE']).toContain((error as { code?: string }).code);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('origins', () => {
  test('are of the family of their host', () => {
    const line = (host: string) => linesOf(asOffer(sdpOf(), { ...origin, host }))[1];
    expect(line('2001:db8::1')).toBe('o=- 4711 3 IN IP6 2001:db8::1');
    expect(line('[2001:db8::1]')).toBe('o=- 4711 3 IN IP6 2001:db8::1');
    expect(line('edge.example.org')).toBe('o=- 4711 3 IN IP4 edge.example.org');
  });

  test('keep their id and rise in version', () => {
    const first = newOrigin('192.0.2.1');
    expect(first.id).toMatch(/^\d+$/);
    expect(bumped(bumped(first))).toEqual({ ...first, version: first.version + 2 });
    expect(newOrigin('192.0.2.1').id).not.toBe(first.id);
  });

  test.each([
    { ...origin, id: 'x' },
    { ...origin, version: -1 },
    { ...origin, version: 1.5 },
    { ...origin, host: 'a b' },
    { ...origin, host: '' },
  ])('%j is a fault of ours', (bad) => {
    expect(() => asOffer(sdpOf(), bad)).toThrow(TypeError);
  });
});

describe('questions', () => {
  test('direction: at the media, else at the session, else both ways', () => {
    expect(directionOf(sample('sipp'), 'audio')).toBe('sendrecv');
    expect(directionOf(sample('hold-session-level'), 'audio')).toBe('sendonly');
    expect(directionOf(sample('hold-session-level'), 'video')).toBe('inactive');
    expect(directionOf(sample('sipp'), 'video')).toBeUndefined();
    expect(directionOf(sdpOf(...AUDIO, 'm=video 0 RTP/AVP 96'), 'video')).toBeUndefined();
    expect(directionOf(sdpOf(...AUDIO, 'a=sendonly', 'a=recvonly'), 'audio')).toBe('recvonly');
  });

  test('direction over two sections of a kind is what either does', () => {
    expect(directionOf(sdpOf(...VIDEO, 'a=sendonly', ...VIDEO, 'a=recvonly'), 'video')).toBe('sendrecv');
  });

  test.each([
    [sample('hold-of-old'), true],
    [sample('hold-session-level'), true],
    [sdpOf(...AUDIO, 'a=inactive'), true],
    [sdpOf('m=audio 4000 RTP/AVP 0', 'c=IN IP6 ::', 'a=recvonly'), true],
    [sdpOf(...AUDIO, 'a=recvonly'), false],
    [sdpOf(...AUDIO, ...VIDEO, 'a=inactive'), false],
    [sdpOf(...AUDIO, 'a=sendonly', ...VIDEO, 'a=recvonly'), false],
    [sdpOf('m=audio 0 RTP/AVP 0'), false],
    [sdpOf(), false],
    [sample('chromium-trickle'), false],
    [sample('baresip'), false],
  ])('hold %#', (sdp, expected) => {
    expect(isHold(sdp)).toBe(expected);
  });

  test('video counts when it moves', () => {
    expect(hasVideo(sample('baresip'))).toBe(true);
    expect(hasVideo(sample('chromium-bundle-only'))).toBe(true);
    expect(hasVideo(sample('sipp'))).toBe(false);
    expect(hasVideo(sdpOf(...VIDEO, 'a=inactive'))).toBe(false);
    expect(hasVideo(sdpOf(...VIDEO, 'a=recvonly'))).toBe(true);
    expect(hasVideo(sdpOf('m=video 0 RTP/AVP 96'))).toBe(false);
  });
});
