import type { Codec } from '../../sdp/codecs';
import type { MediaKind } from '../../port';

/** The codecs that the engine can pass on; of the sound it makes itself, `g711` and what ffmpeg encodes. */
export type CodecName = 'pcmu' | 'pcma' | 'g722' | 'opus' | 'vp8' | 'h264';

interface Known {
  name: CodecName;
  kind: MediaKind;
  id: string;
  /** As its rtpmap line names it. */
  encoding: string;
  clock: number;
}

/** In the order in which we offer them. What G.711 phones understand comes first, since every prompt can be made for them at once. */
const KNOWN: readonly Known[] = [
  { name: 'pcmu', kind: 'audio', id: 'pcmu/8000/1', encoding: 'PCMU/8000', clock: 8000 },
  { name: 'pcma', kind: 'audio', id: 'pcma/8000/1', encoding: 'PCMA/8000', clock: 8000 },
  { name: 'g722', kind: 'audio', id: 'g722/8000/1', encoding: 'G722/8000', clock: 8000 },
  { name: 'opus', kind: 'audio', id: 'opus/48000/2', encoding: 'opus/48000/2', clock: 48_000 },
  { name: 'vp8', kind: 'video', id: 'vp8/90000/1', encoding: 'VP8/90000', clock: 90_000 },
  { name: 'h264', kind: 'video', id: 'h264/90000/1', encoding: 'H264/90000', clock: 90_000 },
];

/** A codec of a description that the engine knows, with what it says of itself there. */
export interface MediaCodec {
  name: CodecName;
  /** Payload type in the description that it was read from. */
  type: number;
  clock: number;
  encoding: string;
  /** The parameters of its fmtp line, or ''. */
  parameters: string;
  /** H.264 alone: how NAL units are put into packets (RFC 6184 section 6). */
  mode?: 0 | 1;
  /** H.264 alone: six hexadecimal digits, profile, constraints and level. */
  profile?: string;
}

/** What an offer of ours or an answer beside another endpoint may use of one kind: what that one takes, best first. */
export type Passable = Pick<MediaCodec, 'name' | 'mode' | 'profile'>;

/** RFC 6184 section 8.1: what a description without the parameter means. */
const BASELINE_1 = '42000a';

/** A codec of a description as one that we know; undefined for others. */
export function knownCodec(codec: Codec, kind: MediaKind): MediaCodec | undefined {
  const known = KNOWN.find(({ id, kind: of }) => id === codec.id && of === kind);
  const type = Number(codec.format);
  if (!known || !Number.isInteger(type) || type > 127) return undefined;
  const { name, clock, encoding } = known;
  const found = { name, type, clock, encoding, parameters: codec.parameters };
  if (name !== 'h264') return found;
  const mode = Number(parameter(codec.parameters, 'packetization-mode') ?? 0);
  if (mode !== 0 && mode !== 1) return undefined;

  return { ...found, mode, profile: profileOf(codec.parameters) };
}

/** The value of one parameter of an fmtp line. */
export function parameter(parameters: string, name: string): string | undefined {
  for (const part of parameters.split(';')) {
    const [key = '', value = ''] = part.trim().split('=', 2);
    if (key.trim().toLowerCase() === name) return value.trim();
  }

  return undefined;
}

function profileOf(parameters: string): string {
  const value = parameter(parameters, 'profile-level-id')?.toLowerCase();

  return value && /^[0-9a-f]{6}$/.test(value) ? value : BASELINE_1;
}

/** Whether packets of one can be made into packets of the other without decoding pictures: the same codec, or both G.711. */
export function canPass(a: Passable, b: Passable): boolean {
  if (isG711(a.name) && isG711(b.name)) return true;

  return a.name === b.name && (a.mode ?? 0) === (b.mode ?? 0);
}

export function isG711(name: CodecName): boolean {
  return name === 'pcmu' || name === 'pcma';
}

/** What we offer of one kind: beside another endpoint, what it can pass on; otherwise everything, H.264 in both modes. */
export function offered(kind: MediaKind, beside: readonly Passable[] | undefined): Omit<MediaCodec, 'type'>[] {
  const all = KNOWN.filter((known) => known.kind === kind).flatMap((known) => variants(known));
  if (!beside) return all;
  const wanted = beside.flatMap((one) => {
    const fits = all.filter((codec) => canPass(codec, one)).map((codec) => asPassed(codec, one));

    return fits.toSorted((x, y) => Number(y.name === one.name) - Number(x.name === one.name));
  });

  return wanted.filter((codec, index) => wanted.findIndex((other) => sameCodec(other, codec)) === index);
}

function variants({ name, clock, encoding }: Known): Omit<MediaCodec, 'type'>[] {
  if (name === 'opus') return [{ name, clock, encoding, parameters: 'useinbandfec=1' }];
  if (name !== 'h264') return [{ name, clock, encoding, parameters: '' }];

  return ([1, 0] as const).map((mode) => {
    return { name, clock, encoding, mode, profile: OUR_PROFILE, parameters: h264Parameters(OUR_PROFILE, mode) };
  });
}

/** Constrained baseline, level 3.1: up to 1280x720. */
export const OUR_PROFILE = '42e01f';

function asPassed(codec: Omit<MediaCodec, 'type'>, other: Passable): Omit<MediaCodec, 'type'> {
  if (codec.name !== 'h264' || codec.mode === undefined || !other.profile) return codec;

  return { ...codec, profile: other.profile, parameters: h264Parameters(other.profile, codec.mode) };
}

export function sameCodec(a: Passable, b: Passable): boolean {
  return a.name === b.name && (a.mode ?? 0) === (b.mode ?? 0);
}

/**
 * What we answer to a codec of an offer: for H.264 the peer's profile, and a level of ours: with level-asymmetry-allowed our own, else
 * not above the offered one (RFC 6184 section 8.2.2).
 */
export function answerParameters(codec: MediaCodec, beside: Passable | undefined): string {
  if (codec.name === 'opus') return 'useinbandfec=1';
  if (codec.name !== 'h264' || codec.mode === undefined || !codec.profile) return '';
  const limit = (beside?.profile ?? OUR_PROFILE).slice(4);
  const offeredLevel = codec.profile.slice(4);
  const free = parameter(codec.parameters, 'level-asymmetry-allowed') === '1';
  const level = free || parseInt(limit, 16) < parseInt(offeredLevel, 16) ? limit : offeredLevel;

  return h264Parameters(codec.profile.slice(0, 4) + level, codec.mode);
}

function h264Parameters(profile: string, mode: number): string {
  return `profile-level-id=${profile};packetization-mode=${mode};level-asymmetry-allowed=1`;
}
