import { InviteRefused } from '../../../src/media/freeswitch/fsmrf';
import { Signalling } from '../../../src/media/freeswitch/signalling';
import { described } from '../../../src/media/sdp/document';

/** The answers of a FreeSWITCH: the same ports always, the first codec of each offered line. */
class Answerer {
  readonly offers: string[] = [];
  refuses: number | undefined;

  readonly exchange = (offer: string): Promise<string> => {
    if (this.refuses) return Promise.reject(new InviteRefused(this.refuses, 'no'));
    this.offers.push(offer);
    const media = described(offer).media.flatMap(({ kind, port, formats, lines }) => {
      const said = lines.find((line) => /^a=(sendonly|recvonly|inactive)$/.test(line)) ?? 'a=sendrecv';
      const mirrored = { 'a=sendonly': 'a=recvonly', 'a=recvonly': 'a=sendonly' }[said] ?? said;
      const maps = lines.filter((line) => line.startsWith('a=rtpmap:'));
      const own = kind === 'audio' ? 17_000 : 17_002;

      return [`m=${kind} ${port === 0 ? 0 : own} RTP/AVP ${formats[0]}`, ...maps, mirrored];
    });

    return Promise.resolve(text(...media));
  };

  get last() {
    return described(this.offers.at(-1) ?? '');
  }
}

function text(...media: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 10.0.0.9', 's=-', 'c=IN IP4 10.0.0.9', 't=0 0', ...media, ''].join('\r\n');
}

const audio = ['m=audio 4000 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000'];
const video = ['m=video 4002 RTP/AVP 120', 'a=rtpmap:120 VP8/90000'];
const both = text(...audio, ...video);

describe('the descriptions of an endpoint', () => {
  let server: Answerer;
  let signalling: Signalling;
  const versionOf = (sdp: string): number => Number(described(sdp).origin.split(' ')[2]);
  const kindsOf = (sdp: string): string[] =>
    described(sdp).media.map(({ kind, port }) => (port === 0 ? `no ${kind}` : kind));

  beforeEach(() => {
    server = new Answerer();
    signalling = new Signalling('10.0.0.1');
  });

  test('an offer of the peer is answered with what FreeSWITCH answered, under our origin', async () => {
    const answer = await signalling.answer(both, undefined, server.exchange);
    expect(answer).toBe(signalling.localDescription);
    expect(described(answer).origin).toMatch(/IN IP4 10\.0\.0\.1$/);
    expect(described(answer).media.map(({ port }) => port)).toEqual([17_000, 17_002]);
    expect(signalling.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
  });

  test('an offer of ours has the ports that a first exchange opened, and the answer is brought as an offer', async () => {
    const offer = await signalling.offer(['audio', 'video'], undefined, server.exchange);
    expect(server.last.media.every(({ lines }) => lines.includes('a=inactive'))).toBe(true);
    expect(signalling.codecs).toEqual({});
    await signalling.accept(text('m=audio 4000 RTP/AVP 8', 'm=video 0 RTP/AVP 96'), server.exchange);
    expect(signalling.codecs).toEqual({ audio: 'pcma' });
    expect(kindsOf(server.offers.at(-1) ?? '')).toEqual(['audio', 'no video']);
    expect(signalling.localDescription).toBe(offer);
  });

  test('both origins keep their id, and their versions rise', async () => {
    const first = await signalling.answer(both, undefined, server.exchange);
    const second = await signalling.answer(both, undefined, server.exchange);
    expect(versionOf(second)).toBe(versionOf(first) + 1);
    const [one = '', two = ''] = server.offers;
    expect(versionOf(two)).toBe(versionOf(one) + 1);
    expect(described(one).origin.split(' ')[1]).toBe(described(two).origin.split(' ')[1]);
  });

  test('video that a peer adds comes after what was there, on both sides', async () => {
    await signalling.answer(text(...audio), undefined, server.exchange);
    await signalling.answer(both, undefined, server.exchange);
    expect(kindsOf(server.offers.at(-1) ?? '')).toEqual(['audio', 'video']);
    expect(signalling.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
    await signalling.answer(text(...audio, 'm=video 0 RTP/AVP 120'), undefined, server.exchange);
    expect(kindsOf(signalling.localDescription)).toEqual(['audio', 'no video']);
    expect(signalling.codecs).toEqual({ audio: 'pcmu' });
  });

  test('for video that we want to add a port is opened before the offer, and what is agreed goes on', async () => {
    await signalling.answer(text(...audio), undefined, server.exchange);
    const offer = await signalling.offer(['audio', 'video'], undefined, server.exchange);
    expect(kindsOf(offer)).toEqual(['audio', 'video']);
    const [sound, picture] = server.last.media;
    expect(sound?.port).toBe(4000);
    expect(picture?.lines).toContain('a=inactive');
    expect(signalling.codecs).toEqual({ audio: 'pcmu' });
    await signalling.accept(text('m=audio 4000 RTP/AVP 0', ...video), server.exchange);
    expect(signalling.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
  });

  test('an answer is taken once, and only when an offer waits for it', async () => {
    await signalling.answer(both, undefined, server.exchange);
    await expect(signalling.accept(both, server.exchange)).rejects.toMatchObject({ code: 'WRONG_STATE' });
    await signalling.offer(['audio'], undefined, server.exchange);
    await signalling.accept(both, server.exchange);
    await expect(signalling.accept(both, server.exchange)).rejects.toMatchObject({ code: 'WRONG_STATE' });
  });

  test('what FreeSWITCH refuses is a mismatch, and all stays as it was', async () => {
    const agreed = await signalling.answer(both, undefined, server.exchange);
    server.refuses = 488;
    await expect(signalling.answer(text(...audio), undefined, server.exchange)).rejects.toMatchObject({
      code: 'MEDIA_MISMATCH',
    });
    expect(signalling.localDescription).toBe(agreed);
    expect(signalling.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
    server.refuses = 500;
    await expect(signalling.answer(text(...audio), undefined, server.exchange)).rejects.toMatchObject({ status: 500 });
  });

  test('an answer that takes nothing is a mismatch, and FreeSWITCH hears nothing of it', async () => {
    await signalling.offer(['audio'], undefined, server.exchange);
    const before = server.offers.length;
    await expect(signalling.accept(text('m=audio 0 RTP/AVP 0'), server.exchange)).rejects.toMatchObject({
      code: 'MEDIA_MISMATCH',
    });
    expect(server.offers.length).toBe(before);
  });

  test('a blind peer is one that wants no pictures, for FreeSWITCH alone', async () => {
    await signalling.answer(both, undefined, server.exchange);
    await signalling.blind('own', true, server.exchange);
    expect(server.last.media[1]?.lines).toContain('a=sendonly');
    await signalling.blind('other', true, server.exchange);
    await signalling.blind('own', false, server.exchange);
    expect(server.offers.length).toBe(2);
    const answer = await signalling.answer(both, undefined, server.exchange);
    expect(server.last.media[1]?.lines).toContain('a=sendonly');
    expect(described(answer).media[1]?.lines).not.toContain('a=recvonly');
    await signalling.blind('other', false, server.exchange);
    expect(server.last.media[1]?.lines).not.toContain('a=sendonly');
  });

  test('exchanges wait for each other', async () => {
    let running = 0;
    const slow = async (offer: string): Promise<string> => {
      running += 1;
      expect(running).toBe(1);
      const answer = await server.exchange(offer);
      running -= 1;

      return answer;
    };
    await Promise.all([signalling.answer(both, undefined, slow), signalling.answer(text(...audio), undefined, slow)]);
    expect(server.offers.length).toBe(2);
  });
});
