import type { Address } from '../transactions';
import { answerDirection, readSdp, receives, sends, type Direction, type MediaKind, type MediaLine } from '../sdp';

/** A way to encode, under the number that this phone gives it in its offers. */
export interface Format {
  name: 'pcmu' | 'pcma' | 'g722' | 'opus' | 'vp8' | 'h264' | 'telephone-event' | (string & {});
  payloadType: number;
  fmtp?: string;
}

/** What a phone can do in one m= section, best first; no formats: it does not have that kind. */
export interface LocalSection {
  kind: MediaKind;
  formats: readonly Format[];
  port: number;
  rtcpPort: number;
  mux: boolean;
  direction: Direction;
}

export interface Local {
  host: string;
  session: number;
  version: number;
  sections: readonly LocalSection[];
}

/** What was agreed for one kind. */
export interface Agreed {
  to: Address;
  rtcpTo: Address;
  /** For sending: as the other side numbered it. */
  payloadType: number;
  codec: string;
  /** Number for sending keys; undefined where the other side takes none. */
  eventType: number | undefined;
  /** What comes in: number -> codec. */
  incoming: Map<number, string>;
  sends: boolean;
  receives: boolean;
}

const clocks: Record<string, string> = { opus: '48000/2', vp8: '90000', h264: '90000' };
const feedback = ['nack pli', 'ccm fir'];

export function writeOffer(local: Local): string {
  const sections = local.sections.filter((section) => section.formats.length > 0);

  return head(local) + sections.map((section) => writeSection(section, section.formats, section.direction)).join('');
}

/** The answer to an offer: its sections in its order, with its numbers (RFC 3264 section 6). */
export function writeAnswer(local: Local, offer: string): string {
  const muxed = sectionTexts(offer).map((text) => /^a=rtcp-mux\s*$/m.test(text));
  const sections = readSdp(offer).map((line, index) => {
    const own = local.sections.find((section) => section.kind === line.kind);
    const formats = own ? common(own, line) : [];
    if (!own || line.port === 0 || !formats.some((format) => format.name !== 'telephone-event')) {
      return `m=${line.kind} 0 ${line.protocol} ${line.payloads.join(' ')}\r\n`;
    }

    return writeSection(
      { ...own, mux: own.mux && muxed[index]! },
      formats,
      answerDirection(line.direction, own.direction),
    );
  });

  return head(local) + sections.join('');
}

/** What two descriptions agree on, by kind. Kinds that are refused are missing. */
export function agree(local: Local, ours: string, theirs: string): Map<MediaKind, Agreed> {
  const agreed = new Map<MediaKind, Agreed>();
  const [mine, other] = [readSdp(ours), readSdp(theirs)];
  const texts = sectionTexts(theirs);
  other.forEach((line, index) => {
    const own = local.sections.find((section) => section.kind === line.kind);
    const described = mine[index];
    if (!own || !described || line.port === 0 || described.port === 0) return;
    const one = agreeOn(own, described, line, texts[index] ?? '');
    if (one) agreed.set(own.kind, one);
  });

  return agreed;
}

function agreeOn(own: LocalSection, mine: MediaLine, theirs: MediaLine, text: string): Agreed | undefined {
  const formats = common(own, theirs);
  const first = formats.find((format) => format.name !== 'telephone-event');
  if (!first) return undefined;
  const mux = own.mux && /^a=rtcp-mux\s*$/m.test(text);
  const rtcp = /^a=rtcp:(\d+)/m.exec(text)?.[1];
  const rtcpPort = mux ? theirs.port : rtcp === undefined ? theirs.port + 1 : Number(rtcp);
  const incoming = mine.payloads.map((payload) => [Number(payload), nameOf(mine, payload)] as const);

  return {
    to: { host: theirs.host, port: theirs.port },
    rtcpTo: { host: theirs.host, port: rtcpPort },
    payloadType: first.payloadType,
    codec: first.name,
    eventType: formats.find((format) => format.name === 'telephone-event')?.payloadType,
    incoming: new Map(incoming),
    sends: sends(mine.direction) && receives(theirs.direction),
    receives: receives(mine.direction) && sends(theirs.direction),
  };
}

/** Their formats that we know, in their order and numbered as they do. */
function common(own: LocalSection, theirs: MediaLine): Format[] {
  return theirs.payloads.flatMap((payload) => {
    const name = nameOf(theirs, payload);
    const known = own.formats.some((format) => format.name === name);
    const fmtp = theirs.formats.get(payload);

    return known ? [{ name, payloadType: Number(payload), ...(fmtp === undefined ? {} : { fmtp }) }] : [];
  });
}

function nameOf(line: MediaLine, payload: string): string {
  const known = line.codecs.get(payload) ?? (payload === '9' ? 'G722/8000' : '');

  return known.split('/')[0]!.toLowerCase();
}

function head({ session, version, host }: Local): string {
  return `v=0\r\no=peer ${session} ${version} IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\n`;
}

function writeSection(section: LocalSection, formats: readonly Format[], direction: Direction): string {
  const numbers = formats.map((format) => format.payloadType);
  const lines = [`m=${section.kind} ${section.port} RTP/AVP ${numbers.join(' ')}`];
  for (const { name, payloadType, fmtp } of formats) {
    lines.push(
      `a=rtpmap:${payloadType} ${name.toUpperCase().replace('TELEPHONE-EVENT', 'telephone-event')}/${clockOf(name)}`,
    );
    if (fmtp !== undefined) lines.push(`a=fmtp:${payloadType} ${fmtp}`);
    if (section.kind === 'video') lines.push(...feedback.map((one) => `a=rtcp-fb:${payloadType} ${one}`));
  }
  if (section.mux) lines.push('a=rtcp-mux');
  else lines.push(`a=rtcp:${section.rtcpPort}`);
  lines.push(`a=${direction}`);

  return `${lines.join('\r\n')}\r\n`;
}

function clockOf(name: string): string {
  return clocks[name] ?? '8000';
}

/** The text of each m= section. */
function sectionTexts(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m).slice(1);
}
