import {
  canHear,
  canSee,
  chooseFace,
  hasSections,
  isWebrtc,
  kindsOf,
  nextFace,
  reasonsToAnchor,
  securityFor,
} from '../../../src/calls/face-choice';
import { browser, g729, h263, h264, pcmu, phone, sdes, vp8 } from './descriptions';

describe('the face of a call at its beginning', () => {
  const facts = { visualMenu: false, hasMenu: true, engine: true, offer: phone(pcmu, vp8) };

  test('a screen program gets pages by INFO, whatever else there is', () => {
    expect(chooseFace({ ...facts, visualMenu: true })).toBe('screen');
    expect(chooseFace({ ...facts, visualMenu: true, hasMenu: false, engine: false })).toBe('screen');
  });

  test('a phone gets pages as video where it can see them, else prompts', () => {
    expect(chooseFace(facts)).toBe('video');
    expect(chooseFace({ ...facts, offer: phone(pcmu, h264) })).toBe('video');
    expect(chooseFace({ ...facts, offer: phone(pcmu) })).toBe('voice');
    expect(chooseFace({ ...facts, offer: phone(pcmu, h263) })).toBe('voice');
    expect(chooseFace({ ...facts, offer: phone(pcmu, `${vp8}\na=sendonly`) })).toBe('voice');
    expect(chooseFace({ ...facts, offer: undefined })).toBe('video');
  });

  test('without a menu, an engine, or ears it rings', () => {
    expect(chooseFace({ ...facts, hasMenu: false })).toBe('ring');
    expect(chooseFace({ ...facts, engine: false })).toBe('ring');
    expect(chooseFace({ ...facts, offer: phone(`${pcmu}\na=inactive`) })).toBe('ring');
  });

  test('each face has one after it, and the last is none', () => {
    expect(nextFace('screen', true)).toBe('video');
    expect(nextFace('screen', false)).toBe('voice');
    expect(nextFace('video', true)).toBe('voice');
    expect(nextFace('voice', true)).toBe('ring');
    expect(nextFace('ring', true)).toBe('ring');
  });
});

describe('what a description says of its phone', () => {
  test('what it can see and hear', () => {
    expect(canSee(phone(pcmu, vp8))).toBe(true);
    expect(canSee(phone(pcmu, vp8.replace('4002', '0')))).toBe(false);
    expect(canHear(phone(g729))).toBe(true);
    expect(canHear(phone(vp8))).toBe(false);
    expect(kindsOf(phone(pcmu))).toEqual(['audio']);
    expect(kindsOf(phone(`${pcmu}\na=inactive`, `${vp8}\na=inactive`))).toEqual(['audio', 'video']);
    expect(kindsOf(undefined)).toEqual(['audio', 'video']);
    expect(hasSections(phone('m=image 9 udptl t38'))).toBe(false);
    expect(hasSections(phone(g729))).toBe(true);
  });

  test('how it is secured', () => {
    expect([phone(pcmu), phone(sdes), phone(browser), undefined].map(securityFor)).toEqual([
      'none',
      'sdes',
      'dtls',
      'none',
    ]);
    expect(isWebrtc(phone(browser))).toBe(true);
  });

  test('a talk goes through the server for a recording that has to be, and for browsers', () => {
    expect(reasonsToAnchor(phone(pcmu), undefined)).toEqual([]);
    expect(reasonsToAnchor(phone(pcmu), 'by-request')).toEqual([]);
    expect(reasonsToAnchor(phone(pcmu), 'by-agent')).toEqual(['recording']);
    expect(reasonsToAnchor(phone(browser), 'always')).toEqual(['recording', 'webrtc']);
  });
});
