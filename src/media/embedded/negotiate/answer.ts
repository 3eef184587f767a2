import { SightlineError } from '../../../lib/errors';
import { codecsOf } from '../../sdp/codecs';
import type { SessionDescription } from '../../sdp/document';
import type { MediaKind } from '../../port';
import { answerParameters, canPass, isG711, type MediaCodec, type Passable } from './codecs';
import {
  bandwidthOf,
  eventsFor,
  feedbackOf,
  pictureLimit,
  ptimeOf,
  usableSections,
  type PeerSection,
} from './sections';
import type { AgreedStream, Slot } from './streams';

/** What another endpoint can pass on, by kind; a kind that it has not got is missing. */
export type Beside = Partial<Record<MediaKind, readonly Passable[]>>;

/** How an offer is going to be answered. */
export interface AnswerPlan {
  streams: readonly AgreedStream[];
  slots: readonly Slot[];
}

/**
 * Decides how to answer an offer (RFC 3264 section 6). Alone, sound is PCMU or PCMA where the peer has it, for prompts can be made for
 * these at once, and video the peer's first of VP8 and H.264. Beside another endpoint, codecs that can be passed on between the two.
 * Video that has no codec in common gets port 0, and sound goes on.
 *
 * @throws SightlineError MEDIA_MISMATCH when nothing can be used, or no sound where both sides have some; the text says why.
 */
export function planAnswer(offer: SessionDescription, beside?: Beside): AnswerPlan {
  const sections = usableSections(offer);
  const streams = sections.flatMap((section) => agree(section, beside) ?? []);
  const silent = sections.find(({ kind }) => kind === 'audio' && !streams.some((stream) => stream.kind === kind));
  if (streams.length === 0 || (silent && (!beside || beside.audio))) throw mismatch(sections);
  const slots = offer.media.map((section, index): Slot => {
    const stream = streams.find(({ slot }) => slot === index);
    const mid = sections.find(({ slot }) => slot === index)?.mid ?? '';
    const { kind, protocol } = section;
    const format = section.formats[0] ?? '0';

    return { kind, protocol, mid, format, ...(stream && { body: bodyOf(stream, beside) }) };
  });

  return { streams, slots };
}

function agree(peer: PeerSection, beside: Beside | undefined): AgreedStream | undefined {
  const codec = choose(peer, beside);
  if (!codec) return undefined;
  const events = peer.kind === 'audio' ? eventsFor(peer.events, codec) : undefined;

  return {
    kind: peer.kind,
    slot: peer.slot,
    mid: peer.mid,
    codec,
    accepts: [codec],
    ...(events && { events: { ...events, send: events.receive } }),
    send: peer.receives,
    receive: peer.sends,
    feedback: feedbackOf(peer.section, codec.type),
    ptime: ptimeOf(peer.section),
    picture: pictureLimit(codec),
    bandwidth: bandwidthOf(peer.section),
    remote: peer.remote,
  };
}

function choose(peer: PeerSection, beside: Beside | undefined): MediaCodec | undefined {
  if (!beside) return chooseAlone(peer.codecs);
  const others = beside[peer.kind] ?? [];
  const passable = peer.codecs.filter((codec) => others.some((other) => canPass(codec, other)));
  const alike = (codec: MediaCodec) =>
    others.some(
      (other) => other.name === codec.name && (other.profile ?? '').slice(0, 2) === (codec.profile ?? '').slice(0, 2),
    );

  return passable.find(alike) ?? passable[0];
}

/**
 * What the peer names first; of several ways of H.264 one that divides large pictures into packets (mode 1), and of these one in the
 * baseline profile, in which pictures are made here.
 */
function chooseAlone(codecs: readonly MediaCodec[]): MediaCodec | undefined {
  const first = codecs.find(({ name }) => isG711(name)) ?? codecs[0];

  const divided = codecs.filter(({ name, mode }) => name === first?.name && mode === 1);

  return divided.find(({ profile }) => profile?.startsWith('42')) ?? divided[0] ?? first;
}

function bodyOf(stream: AgreedStream, beside: Beside | undefined): Slot['body'] {
  const { codec, events, feedback, send, receive } = stream;
  const other = beside?.[stream.kind]?.find((one) => canPass(codec, one));
  const parameters = answerParameters(codec, other);

  return {
    formats: [String(codec.type), ...(events ? [String(events.receive)] : [])],
    lines: [
      `a=rtpmap:${codec.type} ${codec.encoding}`,
      ...(parameters ? [`a=fmtp:${codec.type} ${parameters}`] : []),
      ...(events ? eventLines(events.receive, events.clock) : []),
      ...(feedback.pli ? [`a=rtcp-fb:${codec.type} nack pli`] : []),
      ...(feedback.fir ? [`a=rtcp-fb:${codec.type} ccm fir`] : []),
      ...(stream.kind === 'audio' ? [`a=ptime:${stream.ptime}`] : []),
      `a=${directionName(send, receive)}`,
    ],
  };
}

/** Keys 0-9, *, #, A-D and the flash (RFC 4733 section 3.2). */
export function eventLines(type: number, clock: number): string[] {
  return [`a=rtpmap:${type} telephone-event/${clock}`, `a=fmtp:${type} 0-16`];
}

export function directionName(send: boolean, receive: boolean): string {
  if (send) return receive ? 'sendrecv' : 'sendonly';

  return receive ? 'recvonly' : 'inactive';
}

function mismatch(sections: readonly PeerSection[]): SightlineError {
  if (sections.length === 0) {
    return new SightlineError('MEDIA_MISMATCH', 'The offer has no audio or video over RTP that is in use');
  }
  const said = sections.map(({ kind, section }) => {
    const names = codecsOf(section).map(({ id }) => id.replace(/\/1$/, ''));

    return `${kind} in ${names.join(', ') || 'nothing that is named'}`;
  });

  return new SightlineError('MEDIA_MISMATCH', `No codec in common: the peer has ${said.join('; ')}`);
}
