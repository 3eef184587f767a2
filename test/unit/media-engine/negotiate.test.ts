import fc from 'fast-check';
import { SightlineError } from '../../../src/lib/errors';
import {
  describe as write,
  planAnswer,
  planOffer,
  readAnswer,
  type AnswerPlan,
  type Beside,
  type Slot,
} from '../../../src/media/embedded/negotiate';
import { parseSdp } from '../../../src/media/sdp';

const HEAD = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
const sdp = (...lines: string[]) => parseSdp([...HEAD, ...lines, ''].join('\r\n'));

const PCMU = 'm=audio 4000 RTP/AVP 0';
const OPUS = ['m=audio 4000 RTP/AVP 111 8', 'a=rtpmap:111 opus/48000/2'];
const VP8 = ['m=video 4002 RTP/AVP 96', 'a=rtpmap:96 VP8/90000'];
const h264 = (mode: number | undefined, profile = '42e01f', more = '') => [
  'm=video 4002 RTP/AVP 97',
  'a=rtpmap:97 H264/90000',
  `a=fmtp:97 profile-level-id=${profile}${mode === undefined ? '' : `;packetization-mode=${mode}`}${more}`,
];

function ends(slots: readonly Slot[]) {
  return new Map(slots.map((_, index) => [index, { port: 30_000 + index * 2, protocol: 'RTP/AVP', attributes: [] }]));
}

function text({ slots }: { slots: readonly Slot[] }): string {
  return write({ id: '1', version: 1, host: '127.0.0.1' }, slots, ends(slots));
}

function mediaLines(plan: { slots: readonly Slot[] }): string[] {
  return text(plan)
    .split('\r\n')
    .filter((line) => line.startsWith('m='));
}

function codes(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SightlineError) return error.code;
    throw error;
  }

  return 'none';
}

const chosen = ({ streams }: AnswerPlan) => streams.map(({ codec }) => `${codec.name}:${codec.type}`);

describe('an answer made alone', () => {
  const cases: [string, string[], string[]][] = [
    ['takes PCMU', [PCMU], ['pcmu:0']],
    ['prefers G.711 to what comes first', OPUS, ['pcma:8']],
    ['takes opus where there is no G.711', ['m=audio 4000 RTP/AVP 111', 'a=rtpmap:111 opus/48000/2'], ['opus:111']],
    ['takes G.722 at its odd clock rate', ['m=audio 4000 RTP/AVP 9'], ['g722:9']],
    [
      'takes the first picture that it knows',
      [PCMU, 'm=video 5 RTP/AVP 34 97 96', 'a=rtpmap:97 H264/90000', 'a=rtpmap:96 VP8/90000'],
      ['pcmu:0', 'h264:97'],
    ],
    ['goes on with sound when no picture is known', [PCMU, 'm=video 5 RTP/AVP 34'], ['pcmu:0']],
    ['goes on with the picture when there is no sound', VP8, ['vp8:96']],
    [
      'takes H.264 that can be divided into packets',
      [...h264(0), 'a=rtpmap:98 H264/90000', 'a=fmtp:98 packetization-mode=1'].with(0, 'm=video 4002 RTP/AVP 97 98'),
      ['h264:98'],
    ],
    [
      'takes H.264 in the profile in which pictures are made',
      [...h264(1, '640028'), 'a=rtpmap:98 H264/90000', 'a=fmtp:98 packetization-mode=1;profile-level-id=42001f'].with(
        0,
        'm=video 4002 RTP/AVP 97 98',
      ),
      ['h264:98'],
    ],
    ['leaves H.264 in interleaved mode alone', [PCMU, ...h264(2)], ['pcmu:0']],
    ['takes the first section of a kind', [PCMU, 'm=audio 4010 RTP/AVP 8'], ['pcmu:0']],
    ['leaves a section at port 0 alone', [PCMU, 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 VP8/90000'], ['pcmu:0']],
  ];
  it.each(cases)('%s', (_name, lines, wanted) => {
    expect(chosen(planAnswer(sdp(...lines)))).toEqual(wanted);
  });

  it('has an m= line for each of the offer, in its order and profile', () => {
    const plan = planAnswer(sdp('m=application 9 TCP/WS/BFCP *', ...VP8, PCMU, 'm=audio 6 RTP/AVP 8'));
    expect(mediaLines(plan)).toEqual([
      'm=application 0 TCP/WS/BFCP *',
      'm=video 30002 RTP/AVP 96',
      'm=audio 30004 RTP/AVP 0',
      'm=audio 0 RTP/AVP 8',
    ]);
  });

  it('names the codec, its keys and its feedback', () => {
    const plan = planAnswer(
      sdp(
        'm=audio 4000 RTP/AVP 8 98 101',
        'a=rtpmap:98 telephone-event/48000',
        'a=rtpmap:101 telephone-event/8000',
        'a=ptime:30',
        ...VP8,
        'a=rtcp-fb:* nack pli',
        'a=rtcp-fb:96 goog-remb',
      ),
    );
    const lines = text(plan);
    expect(lines).toContain('a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16');
    expect(lines).toContain('a=ptime:30');
    expect(lines).toContain('a=rtcp-fb:96 nack pli');
    expect(lines).not.toContain('ccm fir');
    expect(lines).not.toContain('remb');
    expect(plan.streams[0]).toMatchObject({ events: { send: 101, receive: 101, clock: 8000 }, ptime: 30 });
    expect(plan.streams[1]).toMatchObject({ feedback: { pli: true, fir: false } });
  });

  it.each([
    ['sendrecv', 'sendrecv', true, true],
    ['sendonly', 'recvonly', false, true],
    ['recvonly', 'sendonly', true, false],
    ['inactive', 'inactive', false, false],
  ])('answers %s with %s', (offered, answered, send, receive) => {
    const plan = planAnswer(sdp(PCMU, `a=${offered}`));
    expect(text(plan)).toContain(`a=${answered}\r\n`);
    expect(plan.streams[0]).toMatchObject({ send, receive });
  });

  it('sends nothing to the address of all zeros, the hold of old', () => {
    expect(planAnswer(sdp(PCMU, 'c=IN IP4 0.0.0.0')).streams[0]).toMatchObject({ send: false, receive: true });
  });

  it.each([
    ['nothing', []],
    ['a codec that nobody knows', ['m=audio 4000 RTP/AVP 3']],
    ['events alone', ['m=audio 4000 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000']],
    ['media that are no RTP', ['m=audio 4000 TCP 0']],
    ['everything turned off', ['m=audio 0 RTP/AVP 0']],
    ['unknown sound beside a known picture', ['m=audio 4000 RTP/AVP 3', ...VP8]],
  ])('refuses %s', (_name, lines) => {
    expect(codes(() => planAnswer(sdp(...lines)))).toBe('MEDIA_MISMATCH');
  });

  it('says why it refuses', () => {
    expect(() => planAnswer(sdp('m=audio 4000 RTP/AVP 3 18'))).toThrow('audio in gsm/8000, g729/8000');
  });

  it.each([
    ['without asymmetry not above the level of the offer', '42e00c', '', '42e00c'],
    ['with asymmetry at our own', '42e00c', ';level-asymmetry-allowed=1', '42e01f'],
    ['in the profile of the offer', '640028', '', '64001f'],
    ['as the default says when nothing is said', 'zz', '', '42000a'],
  ])('answers H.264 %s', (_name, profile, more, answered) => {
    expect(text(planAnswer(sdp(PCMU, ...h264(1, profile, more))))).toContain(`profile-level-id=${answered};`);
  });

  it.each([
    ['42e00a', 176],
    ['42e00d', 352],
    ['42e01e', 640],
    ['42e01f', 1280],
  ])('knows what H.264 at %s takes', (profile, width) => {
    expect(planAnswer(sdp(PCMU, ...h264(1, profile))).streams[1]?.picture.width).toBe(width);
  });

  it('knows what VP8 with max-fs takes', () => {
    const wide = (fmtp: string[]) => planAnswer(sdp(...VP8, ...fmtp)).streams[0]?.picture.width;
    expect([wide([]), wide(['a=fmtp:96 max-fs=1200']), wide(['a=fmtp:96 max-fs=400'])]).toEqual([1280, 640, 352]);
  });
});

describe('an answer beside another endpoint', () => {
  const audio = [{ name: 'pcmu' } as const];
  const cases: [string, Beside, string[], string[]][] = [
    ['takes the same codec', { audio: [{ name: 'opus' }] }, OPUS, ['opus:111']],
    ['takes the other law of G.711, which is transcoded', { audio }, ['m=audio 4000 RTP/AVP 8'], ['pcma:8']],
    ['prefers the same law', { audio }, ['m=audio 4000 RTP/AVP 8 0'], ['pcmu:0']],
    [
      'leaves a picture out that cannot be passed on',
      { audio, video: [{ name: 'vp8' }] },
      [PCMU, ...h264(1)],
      ['pcmu:0'],
    ],
    ['leaves a picture out that the other has not got', { audio }, [PCMU, ...VP8], ['pcmu:0']],
    ['tells the modes of H.264 apart', { audio, video: [{ name: 'h264', mode: 0 }] }, [PCMU, ...h264(1)], ['pcmu:0']],
    [
      'takes H.264 without a mode as mode 0',
      { audio, video: [{ name: 'h264', mode: 0 }] },
      [PCMU, ...h264(undefined)],
      ['pcmu:0', 'h264:97'],
    ],
    ['goes on with the picture beside one without sound', { video: [{ name: 'vp8' }] }, [PCMU, ...VP8], ['vp8:96']],
  ];
  it.each(cases)('%s', (_name, beside, lines, wanted) => {
    expect(chosen(planAnswer(sdp(...lines), beside))).toEqual(wanted);
  });

  it('prefers the profile of the other', () => {
    const offer = sdp(
      PCMU,
      'm=video 4002 RTP/AVP 97 98',
      'a=rtpmap:97 H264/90000',
      'a=fmtp:97 profile-level-id=640028;packetization-mode=1',
      'a=rtpmap:98 H264/90000',
      'a=fmtp:98 profile-level-id=42e01f;packetization-mode=1',
    );
    const beside = { audio, video: [{ name: 'h264', mode: 1, profile: '42e014' } as const] };
    expect(chosen(planAnswer(offer, beside))).toEqual(['pcmu:0', 'h264:98']);
  });

  it('refuses sound with nothing in common', () => {
    expect(codes(() => planAnswer(sdp('m=audio 4000 RTP/AVP 9'), { audio }))).toBe('MEDIA_MISMATCH');
  });
});

describe('an offer', () => {
  const wish = { slots: [], kinds: ['audio', 'video'] as const, used: {}, protocol: 'RTP/AVP' };

  it('offers everything, what needs no transcoding first, with types that do not meet', () => {
    const plan = planOffer(wish);
    const names = plan.sections.map(({ codecs }) => codecs.map(({ name, mode }) => `${name}${mode ?? ''}`));
    expect(names).toEqual([
      ['pcmu', 'pcma', 'g722', 'opus'],
      ['vp8', 'h2641', 'h2640'],
    ]);
    const types = plan.slots.flatMap(({ body }) => body?.formats ?? []);
    expect(new Set(types).size).toBe(types.length);
  });

  it('offers beside another only what can be passed on, the same codec first', () => {
    const beside: Beside = { audio: [{ name: 'pcma' }], video: [{ name: 'h264', mode: 0, profile: '42e00d' }] };
    const { sections, slots } = planOffer({ ...wish, beside });
    expect(sections.map(({ codecs }) => codecs.map(({ name }) => name))).toEqual([['pcma', 'pcmu'], ['h264']]);
    expect(text({ slots })).toContain('profile-level-id=42e00d;packetization-mode=0');
  });

  it('offers no picture beside one that has none, and keeps its place when there was one', () => {
    const first = planOffer(wish);
    const next = planOffer({ ...wish, slots: first.slots, beside: { audio: [{ name: 'pcmu' }] } });
    expect(mediaLines(next).map((line) => line.split(' ')[1])).toEqual(['30000', '0']);
    expect(codes(() => planOffer({ ...wish, beside: {} }))).toBe('MEDIA_MISMATCH');
  });

  it('keeps the meaning of payload types for the life of the session', () => {
    const used = { video: [{ type: 110, name: 'h264', clock: 90_000, mode: 1 } as const] };
    const { sections } = planOffer({ ...wish, kinds: ['video'], used });
    const types = sections[0]!.codecs.map(({ name, mode, type }) => `${name}${mode ?? ''}:${type}`);
    expect(types).toContain('h2641:110');
    expect(types.filter((one) => one.endsWith(':110'))).toHaveLength(1);
  });

  it('says what the other takes', () => {
    expect(text(planOffer({ ...wish, bandwidth: { video: ['b=AS:384'] } }))).toMatch(/m=video .*\r\nb=AS:384\r\n/);
  });
});

describe('the answer to an offer of ours', () => {
  const plan = planOffer({ slots: [], kinds: ['audio', 'video'], used: {}, protocol: 'RTP/AVP' });
  const typeOf = (name: string) =>
    plan.sections.flatMap(({ codecs }) => codecs).find((codec) => codec.name === name)!.type;

  it('is read under the numbers of each side', () => {
    const answer = sdp(
      'm=audio 4000 RTP/AVP 8 0 120',
      'a=rtpmap:120 telephone-event/8000',
      'm=video 4002 RTP/AVP 34 122',
      'a=rtpmap:122 VP8/90000',
      'a=rtcp-fb:122 ccm fir',
    );
    const [audio, video] = readAnswer(plan, answer);
    expect(audio?.codec).toMatchObject({ name: 'pcma', type: 8 });
    expect(audio?.accepts.map(({ name }) => name)).toEqual(['pcma', 'pcmu']);
    expect(audio?.events).toEqual({ send: 120, receive: plan.sections[0]!.events[0]!.receive, clock: 8000 });
    expect(video?.codec.type).toBe(122);
    expect(video?.accepts.map(({ type }) => type)).toEqual([typeOf('vp8')]);
    expect(video?.feedback).toEqual({ pli: false, fir: true });
  });

  it('may leave the parameters of H.264 out', () => {
    const type = typeOf('h264');
    const [, video] = readAnswer(plan, sdp(PCMU, `m=video 4002 RTP/AVP ${type}`, `a=rtpmap:${type} H264/90000`));
    expect(video?.accepts[0]?.type).toBe(type);
  });

  it('may turn the picture off', () => {
    expect(readAnswer(plan, sdp(PCMU, 'm=video 0 RTP/AVP 34')).map(({ kind }) => kind)).toEqual(['audio']);
  });

  it.each([
    ['too few m= lines', [PCMU]],
    ['nothing that was offered', ['m=audio 4000 RTP/AVP 3', 'm=video 0 RTP/AVP 34']],
    ['m= lines in another order', ['m=video 0 RTP/AVP 34', PCMU]],
  ])('is refused with %s', (_name, lines) => {
    expect(codes(() => readAnswer(plan, sdp(...lines)))).toBe('MEDIA_MISMATCH');
  });
});

describe('offer and answer together', () => {
  const audio = fc.subarray(['0', '8', '9', '111', '3'], { minLength: 1 });
  const video = fc.subarray(['96', '97', '98', '34']);
  const maps = [
    'a=rtpmap:96 VP8/90000',
    'a=rtpmap:97 H264/90000',
    'a=fmtp:97 packetization-mode=1',
    'a=rtpmap:98 H264/90000',
  ];

  it('agree on what was offered and can be passed on, whatever two peers can do', () => {
    fc.assert(
      fc.property(audio, video, (a1, v1) => {
        const lines = (a: string[], v: string[]) => [
          `m=audio 4000 RTP/AVP ${a.join(' ')}`,
          'a=rtpmap:111 opus/48000/2',
          ...(v.length > 0 ? [`m=video 4002 RTP/AVP ${v.join(' ')}`, ...maps] : []),
        ];
        let first: AnswerPlan;
        try {
          first = planAnswer(sdp(...lines(a1, v1)));
        } catch {
          return expect(a1).toEqual(['3']);
        }
        for (const { codec } of first.streams) expect([...a1, ...v1]).toContain(String(codec.type));
        const beside = Object.fromEntries(first.streams.map(({ kind, codec }) => [kind, [codec]]));
        const offer = planOffer({ slots: [], kinds: ['audio', 'video'], used: {}, protocol: 'RTP/AVP', beside });
        const peer = planAnswer(parseSdp(text(offer)), beside);
        for (const { kind, codec } of readAnswer(offer, parseSdp(text(peer)))) {
          const other = first.streams.find((stream) => stream.kind === kind)!.codec;
          expect([codec.name, codec.mode]).toEqual([other.name, other.mode]);
        }
      }),
    );
  });
});
