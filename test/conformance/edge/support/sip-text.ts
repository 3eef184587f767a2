/** A SIP message as a test phone sees it: read by a few lines of its own, independent of the server's parser. */
export interface Message {
  startLine: string;
  /** Set on requests. */
  method?: string;
  uri?: string;
  /** Set on responses. */
  status?: number;
  reason?: string;
  /** By lower-case name, in order. */
  headers: Map<string, string[]>;
  body: string;
}

export function readMessage(text: string): Message {
  const split = text.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = text.slice(0, split).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const message: Message = { startLine, headers, body: text.slice(split + 4) };
  const status = /^SIP\/2\.0 ([0-9]{3}) (.*)$/.exec(startLine);
  if (status) return { ...message, status: Number(status[1]), reason: status[2] };
  const [method, uri] = startLine.split(' ');

  return { ...message, method, uri };
}

export function header(message: Message, name: string): string {
  return message.headers.get(name.toLowerCase())?.[0] ?? '';
}

export function tagOf(value: string): string {
  return /;tag=([^;>\s]+)/.exec(value)?.[1] ?? '';
}

/** The URI of a Contact, From, To or Route value. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0]!.trim();
}

export function cseqOf(message: Message): { number: number; method: string } {
  const [number, method] = header(message, 'cseq').split(/\s+/);

  return { number: Number(number), method: method ?? '' };
}

export type HeaderLines = Record<string, string | string[]>;

export function writeMessage(startLine: string, headers: HeaderLines, body = ''): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}`),
  );

  return [startLine, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

/** A small session description; `version` makes it another one. */
export function sdp(version = 1, direction = 'sendrecv'): string {
  return [
    'v=0',
    `o=- 7 ${version} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 40000 RTP/AVP 0',
    `a=${direction}`,
    '',
  ].join('\r\n');
}
