import { attributes, type MediaSection } from './document';

/** One payload type of a section. */
export interface Codec {
  readonly format: string;
  /** Lower-case name, clock rate and channels, e.g. `opus/48000/2`, `pcmu/8000/1`: what makes two payload types the same codec. */
  readonly id: string;
  /** The parameters of its fmtp line, or ''. */
  readonly parameters: string;
}

/** The payload types that need no rtpmap line (RFC 3551 section 6). */
const STATIC: Readonly<Record<string, string>> = {
  0: 'pcmu/8000/1',
  3: 'gsm/8000/1',
  4: 'g723/8000/1',
  5: 'dvi4/8000/1',
  6: 'dvi4/16000/1',
  7: 'lpc/8000/1',
  8: 'pcma/8000/1',
  9: 'g722/8000/1',
  10: 'l16/44100/2',
  11: 'l16/44100/1',
  12: 'qcelp/8000/1',
  13: 'cn/8000/1',
  14: 'mpa/90000/1',
  15: 'g728/8000/1',
  16: 'dvi4/11025/1',
  17: 'dvi4/22050/1',
  18: 'g729/8000/1',
  25: 'celb/90000/1',
  26: 'jpeg/90000/1',
  28: 'nv/90000/1',
  31: 'h261/90000/1',
  32: 'mpv/90000/1',
  33: 'mp2t/90000/1',
  34: 'h263/90000/1',
};

/** Formats that only go along with a codec. */
const AUXILIARY = /^(telephone-event|cn|rtx|red|ulpfec|flexfec(-03)?|parityfec)\//;

const RTP = /^(UDP\/TLS\/)?RTP\/S?AVPF?$/i;

/** Whether a section is one of media over RTP, plain or secured. */
export function isRtp(section: MediaSection): boolean {
  return RTP.test(section.protocol);
}

/** What was read of sections that are still in use: they never change. */
const known = new WeakMap<MediaSection, readonly Codec[]>();

/** The codecs of a section in the order of its m= line; formats that nothing explains are left out. */
export function codecsOf(section: MediaSection): readonly Codec[] {
  let codecs = known.get(section);
  if (!codecs) {
    codecs = readCodecs(section);
    known.set(section, codecs);
  }

  return codecs;
}

function readCodecs(section: MediaSection): Codec[] {
  const maps = new Map(attributes(section.lines, 'rtpmap').map(readMap));
  const parameters = new Map(attributes(section.lines, 'fmtp').map(splitFormat));

  return section.formats.flatMap((format) => {
    const id = maps.get(format) ?? (Object.hasOwn(STATIC, format) ? STATIC[format] : undefined);

    return id ? [{ format, id, parameters: parameters.get(format) ?? '' }] : [];
  });
}

export function isAuxiliary(codec: Codec): boolean {
  return AUXILIARY.test(codec.id);
}

/** The section with some of its formats only; lines about the others go away. */
export function withFormats(section: MediaSection, formats: readonly string[]): MediaSection {
  const kept = new Set(formats);
  const lines = section.lines.filter((line) => {
    const [, format] = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)(?:\s|$)/.exec(line) ?? [];

    return format === undefined || kept.has(format);
  });

  return { ...section, formats: [...formats], lines };
}

function readMap(value: string): [string, string] {
  const [format, encoding] = splitFormat(value);
  const [name = '', clock = '', channels = '1'] = encoding.toLowerCase().split('/');

  return [format, `${name}/${clock}/${channels}`];
}

function splitFormat(value: string): [string, string] {
  const [, format = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(value) ?? [];

  return [format, rest.trim()];
}
