import { SightlineError } from '../../../lib/errors';
import type { SessionDescription } from '../../sdp/document';
import type { MediaKind } from '../../port';
import { directionName, eventLines, type Beside } from './answer';
import { offered, sameCodec, type CodecName, type MediaCodec } from './codecs';
import {
  bandwidthOf,
  eventsFor,
  feedbackOf,
  pictureLimit,
  ptimeOf,
  usableSections,
  type PeerSection,
} from './sections';
import type { AgreedStream, EventTypes, Slot } from './streams';

/** A payload type that stands for something in a session; it must not come to mean something else (RFC 3264 section 8.3.2). */
export interface UsedType {
  type: number;
  name: CodecName | 'telephone-event';
  clock: number;
  mode?: 0 | 1;
}

export interface OfferedSection {
  kind: MediaKind;
  slot: number;
  mid: string;
  /** With the payload types that the peer is to use towards us. */
  codecs: readonly MediaCodec[];
  events: readonly Omit<EventTypes, 'send'>[];
}

/** An offer of ours that waits for its answer. */
export interface OfferPlan {
  sections: readonly OfferedSection[];
  slots: readonly Slot[];
}

export interface OfferWish {
  /** The m= lines that were described before, in their order; none at the beginning. */
  slots: readonly Slot[];
  kinds: readonly MediaKind[];
  beside?: Beside;
  /** `b=` lines to say, by kind: what the endpoint beside takes. */
  bandwidth?: Partial<Record<MediaKind, readonly string[]>>;
  used: Readonly<Partial<Record<MediaKind, readonly UsedType[]>>>;
  protocol: string;
}

/**
 * An offer (RFC 3264 sections 5 and 8): the m= lines that there were stay in their places, new kinds come at the end. Beside another
 * endpoint only what can be passed on is offered. @throws SightlineError MEDIA_MISMATCH when nothing is left to offer.
 */
export function planOffer(wish: OfferWish): OfferPlan {
  const fresh = wish.kinds.filter((kind) => !wish.slots.some((slot) => slot.kind === kind));
  const places = [
    ...wish.slots,
    ...fresh.map((kind): Slot => ({ kind, mid: '', protocol: wish.protocol, format: '0' })),
  ];
  const sections = wish.kinds.flatMap((kind) => {
    const slot = places.findIndex((place) => place.kind === kind);
    const section = offerSection(kind, slot, places[slot]?.mid || (isBundled(wish) ? String(slot) : ''), wish);

    return section.codecs.length > 0 ? [section] : [];
  });
  if (sections.length === 0) throw new SightlineError('MEDIA_MISMATCH', 'There is no codec that both sides could use');
  const slots = places.map((place, index): Slot => {
    const section = sections.find(({ slot }) => slot === index);
    const { kind, protocol, format } = place;
    if (!section) return { kind, protocol, format, mid: place.mid };

    return { kind, protocol, format, mid: section.mid, body: bodyOf(section, wish) };
  });

  return { sections, slots };
}

/** Browsers tell the sections of one port apart by their names (RFC 9143). */
function isBundled({ protocol }: OfferWish): boolean {
  return protocol.startsWith('UDP/TLS/');
}

function offerSection(kind: MediaKind, slot: number, mid: string, wish: OfferWish): OfferedSection {
  const types = new TypeTable(wish.used[kind] ?? [], kind);
  const codecs = offered(kind, wish.beside && (wish.beside[kind] ?? [])).map((codec) => ({
    ...codec,
    type: types.of(codec),
  }));
  const clocks = kind === 'audio' ? [...new Set(codecs.map(({ clock }) => clock))] : [];
  const events = clocks.map((clock) => ({ receive: types.of({ name: 'telephone-event', clock }), clock }));

  return { kind, slot, mid, codecs, events };
}

/** Gives payload types: the ones that the session has already, those of RFC 3551, and free ones from 96 on. */
class TypeTable {
  private readonly used: UsedType[];
  private next: number;

  constructor(used: readonly UsedType[], kind: MediaKind) {
    this.used = [...used];
    // Audio and video may share one port (RFC 9143): their types do not meet.
    this.next = kind === 'audio' ? 101 : 110;
  }

  of(wanted: Omit<UsedType, 'type'>): number {
    const known = this.used.find(
      (one) => one.name === wanted.name && one.clock === wanted.clock && one.mode === wanted.mode,
    );
    if (known) return known.type;
    const type = FIXED[wanted.name] ?? this.free();
    this.used.push({ ...wanted, type });

    return type;
  }

  private free(): number {
    while (this.used.some(({ type }) => type === this.next)) this.next++;

    return this.next;
  }
}

const FIXED: Readonly<Partial<Record<UsedType['name'], number>>> = { pcmu: 0, pcma: 8, g722: 9 };

function bodyOf({ kind, codecs, events }: OfferedSection, wish: OfferWish): Slot['body'] {
  return {
    formats: [...codecs.map(({ type }) => String(type)), ...events.map(({ receive }) => String(receive))],
    lines: [
      ...(wish.bandwidth?.[kind] ?? []),
      ...codecs.flatMap((codec) => codecLines(codec, kind)),
      ...events.flatMap(({ receive, clock }) => eventLines(receive, clock)),
      ...(kind === 'audio' ? ['a=ptime:20'] : []),
      `a=${directionName(true, true)}`,
    ],
  };
}

function codecLines({ type, encoding, parameters }: MediaCodec, kind: MediaKind): string[] {
  return [
    `a=rtpmap:${type} ${encoding}`,
    ...(parameters ? [`a=fmtp:${type} ${parameters}`] : []),
    ...(kind === 'video' ? [`a=rtcp-fb:${type} nack pli`, `a=rtcp-fb:${type} ccm fir`] : []),
  ];
}

/**
 * What the peer's answer makes of our offer. The first codec of an m= line that we offered is the one that we send.
 *
 * @throws SightlineError MEDIA_MISMATCH when the answer has other m= lines, or takes nothing of what was offered.
 */
export function readAnswer(plan: OfferPlan, answer: SessionDescription): AgreedStream[] {
  if (answer.media.length !== plan.slots.length) {
    const counts = `${answer.media.length} m= lines for an offer of ${plan.slots.length}`;
    throw new SightlineError('MEDIA_MISMATCH', `The answer has ${counts}`);
  }
  const streams = usableSections(answer).flatMap((section) => {
    const ours = plan.sections.find(({ slot, kind }) => slot === section.slot && kind === section.kind);

    return ours ? (taken(ours, section) ?? []) : [];
  });
  if (streams.length === 0) throw new SightlineError('MEDIA_MISMATCH', 'The answer takes none of the media offered');

  return streams;
}

function taken(ours: OfferedSection, peer: PeerSection): AgreedStream | undefined {
  const pairs = peer.codecs.flatMap((codec) => {
    // By number first: some phones leave the fmtp line out of their answer.
    const own =
      ours.codecs.find(({ name, type }) => name === codec.name && type === codec.type) ??
      ours.codecs.find((one) => sameCodec(one, codec));

    return own ? [{ send: codec, receive: { ...codec, type: own.type } }] : [];
  });
  const [first] = pairs;
  if (!first) return undefined;

  return {
    kind: peer.kind,
    slot: peer.slot,
    mid: ours.mid,
    codec: first.send,
    accepts: pairs.map(({ receive }) => receive),
    ...eventsOf(ours, peer, first.send),
    send: peer.receives,
    receive: peer.sends,
    feedback: feedbackOf(peer.section, first.send.type),
    ptime: ptimeOf(peer.section),
    picture: pictureLimit(first.send),
    bandwidth: bandwidthOf(peer.section),
    remote: peer.remote,
  };
}

function eventsOf(ours: OfferedSection, peer: PeerSection, codec: MediaCodec): { events?: EventTypes } {
  const theirs = peer.kind === 'audio' ? eventsFor(peer.events, codec) : undefined;
  const own = theirs && ours.events.find(({ clock }) => clock === theirs.clock);

  return theirs && own ? { events: { send: theirs.receive, receive: own.receive, clock: own.clock } } : {};
}
