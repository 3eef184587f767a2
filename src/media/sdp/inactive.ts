import { createHash } from 'node:crypto';
import { SightlineError } from '../../lib/errors';
import { codecsOf, isAuxiliary, isRtp, type Codec } from './codecs';
import {
  attribute,
  attributes,
  described,
  inherited,
  writeSdp,
  type MediaSection,
  type Sdp,
  type SessionDescription,
} from './document';
import { connectionLine, type Origin } from './origin';
import { isLive } from './queries';
import { rejected, withGroupsOf } from './slots';

/** The discard port (RFC 863): what a description names where no media is meant to arrive. */
const DISCARD = 9;

/** Bytes of key and salt together, by SDES suite (RFC 4568 section 6.2, RFC 6188, RFC 7714). */
const SDES_KEY_BYTES: Readonly<Record<string, number>> = {
  AES_CM_128_HMAC_SHA1_80: 30,
  AES_CM_128_HMAC_SHA1_32: 30,
  F8_128_HMAC_SHA1_80: 30,
  AES_192_CM_HMAC_SHA1_80: 38,
  AES_192_CM_HMAC_SHA1_32: 38,
  AES_256_CM_HMAC_SHA1_80: 46,
  AES_256_CM_HMAC_SHA1_32: 46,
  AEAD_AES_128_GCM: 28,
  AEAD_AES_256_GCM: 44,
};

/**
 * The answer of a call that is up and holds no media: every RTP section of the offer is accepted `inactive` at the discard port of our
 * host, with the first of its codecs; sections that are not RTP, or that we could not answer in their way of security, get port 0.
 * DTMF by RTP is not accepted, so that a phone which can choose sends it by INFO meanwhile.
 *
 * Secured sections get keys, an ICE name and a fingerprint that are well-formed and derived from the origin's id, but belong to no
 * endpoint: nobody can complete a handshake with them. Real ones come with the re-INVITE that brings media.
 *
 * @throws SightlineError MEDIA_MISMATCH when media are offered and none can be accepted; else as parseSdp.
 */
export function inactiveAnswer(offerSdp: Sdp, origin: Origin): string {
  const offer = described(offerSdp);
  const media = offer.media.map((section) => idle(offer, section, origin, 'answer') ?? rejected(section));
  const wanted = offer.media.some((section) => isLive(offer, section));
  if (wanted && !media.some(({ port }) => port !== 0)) {
    throw new SightlineError(
      'MEDIA_MISMATCH',
      'No section of the offer is audio or video over RTP with a codec that is known',
    );
  }

  return write(offer, media, origin);
}

/**
 * An offer without media. With `legSdp`, the last description exchanged on the leg, it takes the media away from a call that has some:
 * the same m= lines, each inactive. Without it, it is our part of a call that began with an INVITE without an offer: audio and video in
 * the codecs that every phone has, so that the phone's answer tells what it can do.
 *
 * @throws SightlineError as parseSdp.
 */
export function inactiveOffer(origin: Origin, legSdp?: Sdp): string {
  if (legSdp === undefined) return writeSdp(origin, sessionLines(origin), STANDARD);
  const leg = described(legSdp);
  const media = leg.media.map((section) => idle(leg, section, origin, 'offer') ?? rejected(section));

  return write(leg, media, origin);
}

const STANDARD: readonly MediaSection[] = [
  standardSection('audio', ['0 PCMU/8000', '8 PCMA/8000', '101 telephone-event/8000'], ['fmtp:101 0-16']),
  standardSection(
    'video',
    ['96 H264/90000', '97 VP8/90000'],
    ['fmtp:96 profile-level-id=42e01f;packetization-mode=1', 'rtcp-fb:* nack pli', 'rtcp-fb:* ccm fir'],
  ),
];

function standardSection(kind: string, codecs: readonly string[], rest: readonly string[]): MediaSection {
  return {
    kind,
    port: DISCARD,
    portCount: 1,
    protocol: 'RTP/AVP',
    formats: codecs.map((codec) => codec.split(' ')[0] ?? ''),
    lines: [...codecs.map((codec) => `a=rtpmap:${codec}`), ...rest.map((line) => `a=${line}`), 'a=inactive'],
  };
}

type Role = 'offer' | 'answer';

function sessionLines(origin: Origin): string[] {
  return ['s=-', connectionLine(origin), 't=0 0'];
}

function write(peer: SessionDescription, media: readonly MediaSection[], origin: Origin): string {
  const mids = new Set(media.filter(({ port }) => port !== 0).flatMap(({ lines }) => attribute(lines, 'mid') ?? []));
  const bundles = peer.session.filter((line) => line.startsWith('a=group:BUNDLE '));

  return writeSdp(origin, [...sessionLines(origin), ...withGroupsOf(bundles, mids)], media);
}

/** The section as one of ours that moves nothing; undefined when it cannot be. */
function idle(peer: SessionDescription, section: MediaSection, origin: Origin, role: Role): MediaSection | undefined {
  if (!isLive(peer, section) || !isRtp(section)) return undefined;
  const codec = codecsOf(section).find((candidate) => !isAuxiliary(candidate));
  const security = securityLines(peer, section, origin, role);
  if (!codec || !security) return undefined;

  return {
    kind: section.kind,
    port: DISCARD,
    portCount: 1,
    protocol: section.protocol,
    formats: [codec.format],
    lines: [
      ...codecLines(section, codec),
      ...kept(section, ['mid', 'rtcp-mux', 'rtcp-mux-only']),
      ...security,
      'a=inactive',
    ],
  };
}

function codecLines(section: MediaSection, codec: Codec): string[] {
  const map = attributes(section.lines, 'rtpmap').find((value) => value.split(/\s/)[0] === codec.format);

  return [
    ...(map === undefined ? [] : [`a=rtpmap:${map}`]),
    ...(codec.parameters === '' ? [] : [`a=fmtp:${codec.format} ${codec.parameters}`]),
  ];
}

function kept(section: MediaSection, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = attribute(section.lines, name);
    if (value === undefined) return [];

    return [value === '' ? `a=${name}` : `a=${name}:${value}`];
  });
}

/** What a secured section has to say; undefined when it is secured in a way that cannot be answered. */
function securityLines(
  peer: SessionDescription,
  section: MediaSection,
  origin: Origin,
  role: Role,
): string[] | undefined {
  const secured = /SAVPF?$/i.test(section.protocol);
  const ice = inherited(peer, section, 'ice-ufrag') === undefined ? [] : iceLines(origin);
  if (!secured) return ice;
  if (inherited(peer, section, 'fingerprint') !== undefined) return [...ice, ...dtlsLines(peer, section, origin, role)];
  const key = sdesLine(section, origin);

  return key === undefined ? undefined : [...ice, key];
}

function iceLines(origin: Origin): string[] {
  const secret = derived(origin, 'ice').toString('hex');

  return [`a=ice-ufrag:${secret.slice(0, 8)}`, `a=ice-pwd:${secret.slice(8, 40)}`];
}

/** RFC 8842 section 5: an offer leaves the role open, an answer takes one; passive where it may, since we never begin a handshake. */
function dtlsLines(peer: SessionDescription, section: MediaSection, origin: Origin, role: Role): string[] {
  const offered = inherited(peer, section, 'setup');
  const answered = offered === 'passive' ? 'active' : 'passive';
  const print = derived(origin, 'dtls').subarray(0, 32).toString('hex').toUpperCase().match(/../g) ?? [];

  return [`a=fingerprint:sha-256 ${print.join(':')}`, `a=setup:${role === 'offer' ? 'actpass' : answered}`];
}

function sdesLine(section: MediaSection, origin: Origin): string | undefined {
  for (const value of attributes(section.lines, 'crypto')) {
    const [tag = '', suite = ''] = value.split(/\s+/);
    const bytes = Object.hasOwn(SDES_KEY_BYTES, suite) ? SDES_KEY_BYTES[suite] : undefined;
    if (bytes === undefined || !/^\d{1,9}$/.test(tag)) continue;

    return `a=crypto:${tag} ${suite} inline:${derived(origin, 'sdes').subarray(0, bytes).toString('base64')}`;
  }

  return undefined;
}

function derived(origin: Origin, purpose: string): Buffer {
  return createHash('sha512').update(`${origin.id} ${purpose}`).digest();
}
