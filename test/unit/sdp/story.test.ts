import {
  asAnswer,
  asOffer,
  bumped,
  directionOf,
  hasVideo,
  inactiveAnswer,
  inactiveOffer,
  isHold,
  sameMedia,
} from '../../../src/media/sdp';
import { linesOf, mLines, sample, sdpOf } from './samples';

const terminalOrigin = { id: '100', version: 1, host: '192.0.2.10' };
const seatOrigin = { id: '200', version: 1, host: '192.0.2.10' };

const SEAT_AUDIO = ['m=audio 7000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000'];
const SEAT_VIDEO = [
  'm=video 7002 RTP/AVP 97',
  'a=rtpmap:97 H264/90000',
  'a=fmtp:97 packetization-mode=1;profile-level-id=42e01f',
];

/** What a well-behaved terminal answers to an offer that takes part of its own first offer up again. */
function terminalAnswers(offer: string, ...rest: string[]): string {
  expect(mLines(offer)).toHaveLength(2);

  return sdpOf('m=audio 40022 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000', ...rest).replaceAll(
    '198.51.100.1',
    '192.0.2.2',
  );
}

describe('a screen call comes to a person', () => {
  const first = sample('baresip')
    .replace(/m=audio \d+/, 'm=audio 40022')
    .replace(/m=video \d+/, 'm=video 40018');
  const video = [
    'm=video 40018 RTP/AVP 97',
    'a=rtpmap:97 H264/90000',
    'a=fmtp:97 packetization-mode=1;profile-level-id=42e01f',
  ];

  test('with nothing to tell the seat when the terminal answers as it offered', () => {
    const menu = inactiveAnswer(first, terminalOrigin);
    expect(isHold(menu)).toBe(true);
    const toSeat = asOffer(first, seatOrigin);
    expect(hasVideo(toSeat)).toBe(true);
    const seat = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO);
    const toTerminal = asOffer(seat, bumped(terminalOrigin), menu);
    expect(linesOf(toTerminal)[1]).toBe('o=- 100 2 IN IP4 192.0.2.10');
    expect(sameMedia(first, terminalAnswers(toTerminal, ...video), seat)).toBe(true);
  });

  test('and the seat is told when the terminal moved its ports', () => {
    const seat = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO);
    const toTerminal = asOffer(seat, bumped(terminalOrigin), first);
    const moved = terminalAnswers(toTerminal, ...video).replace('40018', '40028');
    expect(sameMedia(first, moved, seat)).toBe(false);
    expect(mLines(asOffer(moved, bumped(seatOrigin), seat))[1]).toBe('m=video 40028 RTP/AVP 97');
  });

  test('the agent only watches', () => {
    const seat = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO, 'a=recvonly');
    const toTerminal = asOffer(seat, bumped(terminalOrigin), first);
    expect(directionOf(toTerminal, 'video')).toBe('recvonly');
    const answer = terminalAnswers(toTerminal, ...video, 'a=sendonly');
    expect(sameMedia(first, answer, seat)).toBe(true);
  });

  test('baresip answers an agent who only watches, and the agent need not hear of it', () => {
    const offered = sample('baresip')
      .replace(/m=audio \d+/, 'm=audio 40008')
      .replace(/m=video \d+/, 'm=video 40070');
    const seat = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO, 'a=recvonly');
    expect(sameMedia(offered, sample('baresip-answer'), seat)).toBe(true);
    expect(sameMedia(offered, sample('baresip-answer'))).toBe(false);
  });

  test('the agent has no camera and no screen', () => {
    const seat = sdpOf(...SEAT_AUDIO, 'm=video 0 RTP/AVP 96');
    const toTerminal = asOffer(seat, bumped(terminalOrigin), first);
    expect(mLines(toTerminal)[1]).toBe('m=video 0 RTP/AVP 96');
    expect(sameMedia(first, terminalAnswers(toTerminal, 'm=video 0 RTP/AVP 96'), seat)).toBe(true);
  });

  test('hold and resume pass through, and the menu takes the media away again', () => {
    const seat = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO);
    const hold = asOffer(
      sdpOf(...SEAT_AUDIO, 'a=sendonly', ...SEAT_VIDEO, 'a=sendonly'),
      bumped(terminalOrigin),
      first,
    );
    expect(isHold(hold)).toBe(true);
    const held = terminalAnswers(hold, 'a=recvonly', ...video, 'a=recvonly');
    const back = asAnswer(held, seat.replaceAll('a=rtpmap', 'a=sendonly\r\na=rtpmap'), bumped(seatOrigin));
    expect(directionOf(back, 'audio')).toBe('recvonly');
    expect(isHold(asOffer(seat, bumped(bumped(terminalOrigin)), first))).toBe(false);
    expect(isHold(inactiveOffer(bumped(terminalOrigin), held))).toBe(true);
  });

  test('the terminal adds video during the call', () => {
    const audioCall = sdpOf('m=audio 40022 RTP/AVP 0');
    const reinvite = sdpOf('m=audio 40022 RTP/AVP 0', ...video);
    const seatBefore = sdpOf(...SEAT_AUDIO);
    expect(sameMedia(audioCall, reinvite, seatBefore)).toBe(false);
    const toSeat = asOffer(reinvite, bumped(seatOrigin), seatBefore);
    expect(mLines(toSeat)).toHaveLength(2);
    const answer = asAnswer(sdpOf('m=audio 7000 RTP/AVP 0', ...SEAT_VIDEO), reinvite, bumped(terminalOrigin));
    expect(hasVideo(answer)).toBe(true);
  });

  test('a re-INVITE without an offer is asked on to the other side', () => {
    // The seat's offer travels in our 200 to the terminal, the terminal's answer in our ACK to the seat.
    const seatOffer = sdpOf(...SEAT_AUDIO, ...SEAT_VIDEO);
    const toTerminal = asOffer(seatOffer, bumped(terminalOrigin), first);
    const answer = asAnswer(terminalAnswers(toTerminal, ...video), seatOffer, bumped(seatOrigin));
    expect(mLines(answer)).toEqual(['m=audio 40022 RTP/AVP 0 101', 'm=video 40018 RTP/AVP 97']);
  });
});
