/** A SIP message as a phone sees it: the head split into lines once, values read when asked for. */
export class SipMsg {
  /** Upper-case method of a request; of a response the method in its CSeq. */
  readonly method: string;
  readonly uri: string;
  /** 0 for a request. */
  readonly status: number;
  readonly reason: string;
  private readonly fields: Map<string, string[]>;

  constructor(
    startLine: string,
    fields: Map<string, string[]>,
    readonly body: string,
  ) {
    this.fields = fields;
    if (startLine.startsWith('SIP/2.0 ')) {
      this.status = Number(startLine.slice(8, 11));
      this.reason = startLine.slice(12);
      this.method = this.header('cseq')?.split(/\s+/)[1]?.toUpperCase() ?? '';
      this.uri = '';
      return;
    }
    const [method, uri, version] = startLine.split(' ');
    if (!method || !uri || version !== 'SIP/2.0') throw new Error(`not a SIP start line: ${startLine.slice(0, 60)}`);
    this.method = method;
    this.uri = uri;
    this.status = 0;
    this.reason = '';
  }

  get isRequest(): boolean {
    return this.status === 0;
  }

  /** The first raw value of a header; `name` in lower case, long form. */
  header(name: string): string | undefined {
    return this.fields.get(name)?.[0];
  }

  /** Every value of a header, one entry a header line. */
  headers(name: string): string[] {
    return this.fields.get(name) ?? [];
  }

  get callId(): string {
    return this.header('call-id') ?? '';
  }

  get cseq(): number {
    return Number.parseInt(this.header('cseq') ?? '', 10);
  }

  get fromTag(): string {
    return tagOf(this.header('from'));
  }

  get toTag(): string {
    return tagOf(this.header('to'));
  }

  /** The branch of the top Via. */
  get branch(): string {
    return /;\s*branch=([^;,\s]+)/i.exec(this.header('via') ?? '')?.[1] ?? '';
  }

  get contentType(): string {
    return (this.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  }
}

const compact: Record<string, string> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  k: 'supported',
  s: 'subject',
  e: 'content-encoding',
};

/** @throws Error when the datagram is no SIP message. */
export function parseMessage(datagram: Buffer): SipMsg {
  const end = datagram.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('no empty line after the head');
  const lines = datagram.toString('utf8', 0, end).split('\r\n');
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  for (let i = 1; i < lines.length; i++) last = readLine(lines[i]!, fields, last);
  const length = Number(fields.get('content-length')?.[0] ?? datagram.length - end - 4);
  const body = length > 0 ? datagram.toString('utf8', end + 4, end + 4 + length) : '';

  return new SipMsg(lines[0]!, fields, body);
}

function readLine(line: string, fields: Map<string, string[]>, last: string[] | undefined): string[] | undefined {
  // A line that begins with a blank continues the one before (RFC 3261 section 7.3.1).
  if ((line.startsWith(' ') || line.startsWith('\t')) && last) {
    last.push(`${last.pop()} ${line.trim()}`);
    return last;
  }
  const colon = line.indexOf(':');
  if (colon < 1) throw new Error(`not a header line: ${line.slice(0, 60)}`);
  const written = line.slice(0, colon).trimEnd().toLowerCase();
  const name = compact[written] ?? written;
  const values = fields.get(name) ?? [];
  values.push(line.slice(colon + 1).trim());
  fields.set(name, values);

  return values;
}

function tagOf(value: string | undefined): string {
  if (value === undefined) return '';
  const at = value.indexOf('>');

  return /;\s*tag=([^;\s]+)/i.exec(at < 0 ? value : value.slice(at))?.[1] ?? '';
}

/** The URI inside a name-addr or addr-spec header value. */
export function uriOf(value: string | undefined): string {
  if (value === undefined) return '';
  const bracketed = /<([^>]*)>/.exec(value);

  return bracketed ? bracketed[1]! : value.split(';')[0]!.trim();
}

/** The user part of a SIP URI, unescaped; empty when it has none. */
export function userOf(uri: string): string {
  const user = /^sips?:([^@;?]*)@/i.exec(uri)?.[1] ?? '';
  try {
    return decodeURIComponent(user.split(':')[0]!);
  } catch {
    return user;
  }
}

/** Host and port of a SIP URI; `port` is undefined when the URI has none. */
export function hostOf(uri: string): { host: string; port: number | undefined } {
  const rest = uri.replace(/^sips?:/i, '').replace(/^[^@;?]*@/, '');
  const found = /^(\[[^\]]+\]|[^:;?>]+)(?::(\d+))?/.exec(rest);

  return { host: found?.[1] ?? '', port: found?.[2] === undefined ? undefined : Number(found[2]) };
}

/** Splits a comma-joined list header outside quotes and brackets. */
export function splitList(values: string[]): string[] {
  const out: string[] = [];
  for (const value of values) {
    let start = 0;
    let quoted = false;
    let depth = 0;
    for (let i = 0; i < value.length; i++) {
      const c = value[i];
      if (c === '"' && value[i - 1] !== '\\') quoted = !quoted;
      else if (!quoted && c === '<') depth++;
      else if (!quoted && c === '>') depth--;
      else if (c === ',' && !quoted && depth === 0) {
        out.push(value.slice(start, i).trim());
        start = i + 1;
      }
    }
    out.push(value.slice(start).trim());
  }

  return out.filter((part) => part !== '');
}

export interface RequestParts {
  method: string;
  uri: string;
  /** `host:port` of the sender, for the Via. */
  sentBy: string;
  branch: string;
  /** Whole header values with their tags. */
  from: string;
  to: string;
  callId: string;
  cseq: number;
  routes?: readonly string[];
  /** Whole header lines without line end. */
  headers?: readonly string[];
  contentType?: string;
  body?: string;
}

export function writeRequest(p: RequestParts): string {
  let text =
    `${p.method} ${p.uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${p.sentBy};branch=${p.branch};rport\r\nMax-Forwards: 70\r\n` +
    `From: ${p.from}\r\nTo: ${p.to}\r\nCall-ID: ${p.callId}\r\nCSeq: ${p.cseq} ${p.method}\r\n`;
  if (p.routes) for (const route of p.routes) text += `Route: ${route}\r\n`;

  return text + tail(p.headers, p.contentType, p.body);
}

export interface ResponseParts {
  status: number;
  reason?: string;
  /** Set into the To header unless the request has one there already. */
  toTag?: string;
  headers?: readonly string[];
  contentType?: string;
  body?: string;
}

export function writeResponse(request: SipMsg, p: ResponseParts): string {
  let text = `SIP/2.0 ${p.status} ${p.reason ?? reasonOf(p.status)}\r\n`;
  for (const via of request.headers('via')) text += `Via: ${via}\r\n`;
  const to = request.header('to') ?? '';
  const tag = p.toTag !== undefined && request.toTag === '' && p.status !== 100 ? `;tag=${p.toTag}` : '';
  text += `From: ${request.header('from')}\r\nTo: ${to}${tag}\r\nCall-ID: ${request.callId}\r\n`;
  text += `CSeq: ${request.header('cseq')}\r\n`;
  for (const route of request.headers('record-route')) text += `Record-Route: ${route}\r\n`;

  return text + tail(p.headers, p.contentType, p.body);
}

function tail(headers: readonly string[] | undefined, contentType: string | undefined, body = ''): string {
  let text = '';
  if (headers) for (const line of headers) text += `${line}\r\n`;
  if (body === '') return `${text}Content-Length: 0\r\n\r\n`;

  return `${text}Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const reasons: Record<number, string> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  415: 'Unsupported Media Type',
  420: 'Bad Extension',
  469: 'Bad Info Package',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  603: 'Decline',
};

function reasonOf(status: number): string {
  return reasons[status] ?? 'Answer';
}
