export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type MediaKind = 'audio' | 'video';

export interface MediaLine {
  /** `audio`, `video` or another word of the m-line. */
  kind: string;
  host: string;
  /** 0 means refused or switched off. */
  port: number;
  direction: Direction;
  protocol: string;
  /** Payload numbers in the order of the m-line. */
  payloads: string[];
  /** Payload number -> `name/clock`. */
  codecs: Map<string, string>;
  formats: Map<string, string>;
}

/** What this phone wants to do with media. */
export interface LocalMedia {
  host: string;
  audioPort: number;
  /** 0: no video. */
  videoPort: number;
  direction: Direction;
  /** Left out: as `direction`. */
  videoDirection?: Direction;
  /** Number in the o= line; stays through the dialog. */
  session: number;
  /** Grows by one with each description that differs (RFC 3264 section 8). */
  version: number;
}

const knownCodecs = new Set(['pcmu/8000', 'pcma/8000', 'telephone-event/8000', 'vp8/90000', 'h264/90000']);
const staticCodecs = new Map([
  ['0', 'PCMU/8000'],
  ['8', 'PCMA/8000'],
]);

export function offerSdp(local: LocalMedia): string {
  let sdp = sessionLines(local) + audioLines(local);
  if (local.videoPort > 0) sdp += videoLines(local);

  return sdp;
}

function sessionLines(local: LocalMedia): string {
  return (
    `v=0\r\no=phone ${local.session} ${local.version} IN IP4 ${local.host}\r\ns=-\r\n` +
    `c=IN IP4 ${local.host}\r\nt=0 0\r\n`
  );
}

function audioLines(local: LocalMedia): string {
  return (
    `m=audio ${local.audioPort} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n` +
    `a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=${local.direction}\r\n`
  );
}

function videoLines(local: LocalMedia): string {
  return (
    `m=video ${local.videoPort} RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\n` +
    `a=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\na=${local.videoDirection ?? local.direction}\r\n`
  );
}

/** The answer to an offer: same m-lines in the same order, only codecs that this phone knows (RFC 3264 section 6). */
export function answerSdp(offer: string, local: LocalMedia): string {
  let sdp = sessionLines(local);
  for (const line of readSdp(offer)) sdp += answerLines(line, local);

  return sdp;
}

function answerLines(offered: MediaLine, local: LocalMedia): string {
  const port = offered.kind === 'audio' ? local.audioPort : offered.kind === 'video' ? local.videoPort : 0;
  const taken = offered.payloads.filter((payload) => knownCodecs.has(offered.codecs.get(payload)?.toLowerCase() ?? ''));
  if (offered.port === 0 || port === 0 || taken.length === 0) {
    return `m=${offered.kind} 0 ${offered.protocol} ${offered.payloads.join(' ')}\r\n`;
  }
  let lines = `m=${offered.kind} ${port} ${offered.protocol} ${taken.join(' ')}\r\n`;
  for (const payload of taken) {
    lines += `a=rtpmap:${payload} ${offered.codecs.get(payload)}\r\n`;
    const format = offered.formats.get(payload);
    if (format !== undefined) lines += `a=fmtp:${payload} ${format}\r\n`;
  }
  const wanted = offered.kind === 'video' ? (local.videoDirection ?? local.direction) : local.direction;

  return `${lines}a=${answerDirection(offered.direction, wanted)}\r\n`;
}

const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly';
const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly';

export { sends, receives };

/** What is left of our wish when the other side offered `offered`: we send only if it receives, and the reverse. */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  const send = sends(wanted) && receives(offered);
  const receive = receives(wanted) && sends(offered);
  if (send && receive) return 'sendrecv';
  if (send) return 'sendonly';

  return receive ? 'recvonly' : 'inactive';
}

const directions = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** Reads the m-lines of a session description; what it does not know it leaves out. */
export function readSdp(text: string): MediaLine[] {
  const media: MediaLine[] = [];
  let host = '';
  let direction: Direction = 'sendrecv';
  for (const line of text.split(/\r?\n/)) {
    const current = media[media.length - 1];
    const value = line.slice(2);
    if (line.startsWith('m=')) media.push(readMediaLine(value, host, direction));
    else if (line.startsWith('c=')) {
      const address = value.split(' ')[2] ?? '';
      if (current) current.host = address;
      else host = address;
    } else if (line.startsWith('a=') && directions.has(value)) {
      if (current) current.direction = value as Direction;
      else direction = value as Direction;
    } else if (current) readAttribute(line, current);
  }

  return media;
}

function readMediaLine(value: string, host: string, direction: Direction): MediaLine {
  const [kind = '', port = '0', protocol = 'RTP/AVP', ...payloads] = value.trim().split(/\s+/);
  const codecs = new Map<string, string>();
  for (const payload of payloads) {
    const known = staticCodecs.get(payload);
    if (known !== undefined) codecs.set(payload, known);
  }

  return { kind, host, port: Number.parseInt(port, 10), direction, protocol, payloads, codecs, formats: new Map() };
}

function readAttribute(line: string, media: MediaLine): void {
  const map = /^a=rtpmap:(\d+) ([^/\s]+\/\d+)/.exec(line);
  if (map) media.codecs.set(map[1]!, map[2]!);
  const format = /^a=fmtp:(\d+) (.*)$/.exec(line);
  if (format) media.formats.set(format[1]!, format[2]!);
}

/** `audio sendrecv, video inactive`: a session description in a few words, for timelines. */
export function describeSdp(text: string): string {
  return readSdp(text)
    .map((line) => `${line.kind} ${line.port === 0 ? 'off' : line.direction}`)
    .join(', ');
}
