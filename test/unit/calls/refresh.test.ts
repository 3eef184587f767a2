import { newMedia, offerFor, refreshAnswer } from '../../../src/calls/media';
import type { LegMedia } from '../../../src/calls/record';
import { browser, pcmu, phone } from './descriptions';

const keys = (tag: number, key: string): string => `a=crypto:${tag} AES_CM_128_HMAC_SHA1_80 inline:${key}`;

/** A leg on which `offered` was offered, and `answered` came back. */
function settled(offered: string, answered: string): LegMedia {
  const media = newMedia('192.0.2.9');
  offerFor(media, offered);
  media.remote = answered;

  return media;
}

describe('the answer to a refresh after an offer of ours', () => {
  test('of a plain phone says what was said before', () => {
    const media = settled(phone(pcmu), phone(pcmu));
    const before = media.local;
    expect(refreshAnswer(media, phone(pcmu))).toBe(before);
  });

  test('names the one key that the phone has chosen, under the number that it has now', () => {
    const line = 'm=audio 4000 RTP/SAVP 0';
    const ours = phone(`${line}\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:no\n${keys(2, 'ours')}`);
    const media = settled(ours, phone(`${line}\n${keys(2, 'theirs')}`));
    const answer = refreshAnswer(media, phone(`${line}\n${keys(1, 'theirs')}`));
    expect(answer.match(/a=crypto.*/g)).toEqual([keys(1, 'ours')]);
    expect(media.local).toBe(answer);
  });

  test('names the part in the handshake that the phone has left to us', () => {
    const media = settled(phone(`${browser}\na=setup:actpass`), phone(`${browser}\na=setup:active`));
    expect(refreshAnswer(media, phone(`${browser}\na=setup:actpass`))).toContain('a=setup:passive');
  });
});
