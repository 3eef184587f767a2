import { SightlineError } from '../../lib/errors';
import { originLine, type Origin } from './origin';

/**
 * A session description as its lines. Nothing is dropped or put in another order, so what we do not know passes from end to end;
 * the few attributes that matter to us are read from the lines when they are asked for.
 */
export interface SessionDescription {
  /** The value of the o= line. */
  readonly origin: string;
  /** The lines of the session part without v= and o=, from s= on. */
  readonly session: readonly string[];
  readonly media: readonly MediaSection[];
}

export interface MediaSection {
  /** `audio`, `video`, `text`, `application`, ... */
  readonly kind: string;
  readonly port: number;
  /** The number of ports after a slash; 1 when there is none. */
  readonly portCount: number;
  readonly protocol: string;
  /** Payload types for RTP, without repetitions. */
  readonly formats: readonly string[];
  /** The lines below m=. */
  readonly lines: readonly string[];
}

/** Where a function takes a description, it takes the text too. */
export type Sdp = string | SessionDescription;

export const SDP_LIMITS = { bytes: 32_768, lines: 1000, lineLength: 4096, media: 32, formats: 128 } as const;

/**
 * Reads a session description (RFC 8866). Tolerant in what does no harm (bare LF, blank lines, no s= or t= line, repeated formats),
 * strict in the rest.
 *
 * @throws SightlineError BODY_TOO_LARGE above 32 KiB, BAD_REQUEST when it cannot be read; the text names the line.
 */
export function parseSdp(text: string | Buffer): SessionDescription {
  return typeof text === 'string' ? recent(text) : read(text.toString());
}

/** As many descriptions are remembered; those of a call come within its few seconds of setting up, again and again. */
const rememberedTexts = 256;
const remembered = new Map<string, SessionDescription>();

/** Each step of a call asks something else of the same few texts: they are read once. A description is never changed. */
function recent(text: string): SessionDescription {
  const known = remembered.get(text);
  if (known) return known;
  const description = read(text);
  for (const oldest of remembered.keys()) {
    if (remembered.size < rememberedTexts) break;
    remembered.delete(oldest);
  }
  remembered.set(text, description);

  return description;
}

function read(text: string): SessionDescription {
  const bytes = Buffer.byteLength(text);
  if (bytes > SDP_LIMITS.bytes)
    throw new SightlineError('BODY_TOO_LARGE', `The session description has ${bytes} bytes`);
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line, index) => checkLine(line, index + 1))
    .filter((line) => line !== '');
  if (lines.length > SDP_LIMITS.lines) throw fault(`more than ${SDP_LIMITS.lines} lines`);

  return checkConnections(collect(lines));
}

/** The description as parsed; one that is already parsed is given back. */
export function described(sdp: Sdp): SessionDescription {
  return typeof sdp === 'string' ? parseSdp(sdp) : sdp;
}

/** The text of a description under an origin of ours. */
export function writeSdp(origin: Origin, session: readonly string[], media: readonly MediaSection[]): string {
  const lines = ['v=0', originLine(origin), ...complete(session), ...media.flatMap(writeMedia)];

  return `${lines.join('\r\n')}\r\n`;
}

/** The text of a description under the origin that it has. */
export function textOf(sdp: SessionDescription): string {
  return `${['v=0', `o=${sdp.origin}`, ...complete(sdp.session), ...sdp.media.flatMap(writeMedia)].join('\r\n')}\r\n`;
}

/** The value of the last attribute `name` among lines; '' when it has none (a property attribute), undefined when it is absent. */
export function attribute(lines: readonly string[], name: string): string | undefined {
  const [property, valued] = [`a=${name}`, `a=${name}:`];
  const line = lines.findLast((candidate) => candidate === property || candidate.startsWith(valued));

  return line?.slice(name.length + 3).trim();
}

/** The values of every attribute `name` among lines, in order. */
export function attributes(lines: readonly string[], name: string): string[] {
  const start = `a=${name}:`;

  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).trim());
}

/** The value of an attribute that may stand at the media or, for all media, at the session. */
export function inherited(sdp: SessionDescription, section: MediaSection, name: string): string | undefined {
  return attribute(section.lines, name) ?? attribute(sdp.session, name);
}

export interface Connection {
  readonly family: 'IP4' | 'IP6';
  readonly address: string;
}

/** Where a section wants its media, by its own c= line or that of the session. */
export function connectionOf(sdp: SessionDescription, section: MediaSection): Connection | undefined {
  const isConnection = (line: string) => line.startsWith('c=');
  const line = section.lines.find(isConnection) ?? sdp.session.find(isConnection);
  const [, family, address] = /^c=IN (IP4|IP6) ([!-.0-~]+)(?:\/[\d/]+)?\s*$/.exec(line ?? '') ?? [];

  return family && address ? { family: family as Connection['family'], address } : undefined;
}

function fault(what: string): SightlineError {
  return new SightlineError('BAD_REQUEST', `The session description cannot be read: ${what}`);
}

function checkLine(line: string, number: number): string {
  if (line.length > SDP_LIMITS.lineLength)
    throw fault(`line ${number} is longer than ${SDP_LIMITS.lineLength} characters`);
  if (line !== '' && !/^[a-z]=/.test(line)) throw fault(`line ${number} is not of the form <letter>=<value>`);

  if (/[\0-\x08\x0b-\x1f\x7f]/.test(line)) throw fault(`line ${number} has a control character`);

  return line;
}

function collect(lines: readonly string[]): SessionDescription {
  if (lines[0]?.trim() !== 'v=0') throw fault('it does not begin with v=0');
  const start = lines.findIndex((line) => line.startsWith('m='));
  const head = lines.slice(1, start < 0 ? undefined : start);
  const origins = head.filter((line) => line.startsWith('o='));
  if (origins.length !== 1) throw fault(`it has ${origins.length} o= lines`);
  if (head.some((line) => line.startsWith('v='))) throw fault('it has two v= lines');

  return {
    origin: origins[0]?.slice(2) ?? '',
    session: head.filter((line) => !line.startsWith('o=')),
    media: start < 0 ? [] : collectMedia(lines.slice(start)),
  };
}

function collectMedia(lines: readonly string[]): MediaSection[] {
  const sections: (Omit<MediaSection, 'lines'> & { lines: string[] })[] = [];
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push({ ...readMedia(line), lines: [] });
    else if (/^[vost]=/.test(line)) throw fault(`'${line.slice(0, 40)}' stands below an m= line`);
    else sections.at(-1)?.lines.push(line);
  }
  if (sections.length > SDP_LIMITS.media) throw fault(`more than ${SDP_LIMITS.media} m= lines`);

  return sections;
}

function readMedia(line: string): Omit<MediaSection, 'lines'> {
  const [, kind, port, count, protocol, list] =
    /^m=([!-~]+) +(\d{1,5})(?:\/(\d{1,5}))? +([!-~]+)((?: +[!-~]+)*) *$/.exec(line) ?? [];
  if (!kind || !port || !protocol) throw fault(`'${line.slice(0, 80)}' is no m= line`);
  if (Number(port) > 65_535) throw fault(`port ${port} is higher than 65535`);
  const formats = [...new Set((list ?? '').split(' ').filter(Boolean))];
  if (formats.length > SDP_LIMITS.formats) throw fault(`an m= line with more than ${SDP_LIMITS.formats} formats`);
  if (formats.length === 0 && port !== '0') throw fault(`'${line.slice(0, 80)}' has no format`);

  return {
    kind: kind.toLowerCase(),
    port: Number(port),
    portCount: Number(count ?? 1),
    protocol,
    formats: formats.length > 0 ? formats : ['0'],
  };
}

/** RFC 8866 section 5.7: each section that is in use has to be told an address. */
function checkConnections(sdp: SessionDescription): SessionDescription {
  sdp.media.forEach((section, index) => {
    if (section.port === 0 || connectionOf(sdp, section)) return;
    throw fault(`m= line ${index + 1} (${section.kind}) has no c= line with an IP4 or IP6 address`);
  });

  return sdp;
}

/** Adds the lines of the session part that RFC 8866 requires and some phones leave out. */
function complete(session: readonly string[]): string[] {
  const lines = session.some((line) => line.startsWith('s=')) ? [...session] : ['s=-', ...session];
  if (lines.some((line) => line.startsWith('t='))) return lines;
  const after = lines.findIndex((line) => /^[rzka]=/.test(line));

  return lines.toSpliced(after < 0 ? lines.length : after, 0, 't=0 0');
}

function writeMedia(section: MediaSection): string[] {
  const count = section.portCount > 1 ? `/${section.portCount}` : '';

  return [
    `m=${section.kind} ${section.port}${count} ${section.protocol} ${section.formats.join(' ')}`,
    ...section.lines,
  ];
}
