import { isToken, parseNameAddr } from '../message/grammar';
import type { NameAddr } from '../message/grammar';
import { headerName } from '../message/names';
import { badHeader } from './user-error';

/** A header as an application gives it. */
export type UserHeader = readonly [name: string, value: string];

/** What the user of this layer asks to be put into a message. */
export interface UserContent {
  headers: readonly UserHeader[];
  body: Buffer;
}

/** Headers that only the server writes: they are dropped without a word, as drachtio-server does. */
const serverOnly = new Set(['via', 'route', 'rseq', 'record-route', 'content-length']);

/** Headers in which `@localhost` stands for the address of the server. */
const withLocalHost = new Set(['from', 'contact', 'to', 'p-asserted-identity']);

/** The control characters that would end a header line or a message. */
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The headers that a user may set, by look-up key; several lines of one name keep their order. */
export class UserHeaders {
  private readonly lines: { key: string; name: string; value: string }[] = [];

  /** @throws UserError for a name that is no token and for a value with a line break. */
  constructor(headers: readonly UserHeader[], localHostPort: string) {
    for (const [spelling, raw] of headers) {
      if (!isToken(spelling) || controls.test(raw)) throw badHeader(spelling);
      const { key, name } = headerName(spelling);
      if (serverOnly.has(key)) continue;
      const value = withLocalHost.has(key) && raw.includes('@localhost') ? replaceHost(raw, localHostPort) : raw;
      this.lines.push({ key, name: name === key ? capitalized(name) : name, value });
    }
  }

  get(name: string): string | undefined {
    const { key } = headerName(name);

    return this.lines.find((line) => line.key === key)?.value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Takes a header out, so that it is not copied with the rest. */
  take(name: string): string | undefined {
    const value = this.get(name);
    this.drop(name);

    return value;
  }

  drop(...names: string[]): void {
    const keys = names.map((name) => headerName(name).key);
    for (let i = this.lines.length - 1; i >= 0; i -= 1) {
      if (keys.includes(this.lines[i]!.key)) this.lines.splice(i, 1);
    }
  }

  *[Symbol.iterator](): Iterator<UserHeader> {
    for (const { name, value } of this.lines) yield [name, value];
  }
}

/** Applications write names in lower case; on the wire each part begins with a capital. X- names are left as they are. */
function capitalized(name: string): string {
  if (name.startsWith('x-')) return name;

  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Puts our address in the place of localhost and of its port. */
function replaceHost(value: string, hostPort: string): string {
  return value.replace(/@localhost(?::[0-9]+)?(?=[;>?\s]|$)/, `@${hostPort}`);
}

/**
 * Adds ;transport to a Contact for streams, so that the peer comes back the same way. One that is secure is a sips URI: who
 * was called by one must be so, and stay so, for the whole dialog (RFC 3261 sections 8.1.1.8 and 12.1.1).
 */
export function withTransport(contact: string, transport: string, secure = false): string {
  if (transport === 'udp') return contact;
  const text = secure ? contact.replace(/(^|<)sip:/i, '$1sips:') : contact;
  let parsed: NameAddr;
  try {
    parsed = parseNameAddr(text);
  } catch {
    return text;
  }
  if (parsed.address.params.transport !== undefined) return text;
  // RFC 3261 section 26.2.2: in a sips URI the parameter names what TLS runs over, and TCP goes without saying.
  if (parsed.address.scheme === 'sips' && transport === 'tls') return text;
  const named = parsed.address.scheme === 'sips' && transport === 'wss' ? 'ws' : transport;

  return text.includes('<') ? text.replace('>', `;transport=${named}>`) : `<${parsed.uri};transport=${named}>`;
}

/**
 * The content type of a body: the user's, or SDP when the body looks like it.
 * @returns undefined when the body is empty or of an unknown kind.
 */
export function contentType(headers: UserHeaders, body: Buffer): string | undefined {
  if (body.length === 0) return undefined;

  return (
    headers.get('Content-Type') ?? (body.subarray(0, 3).toString('latin1') === 'v=0' ? 'application/sdp' : undefined)
  );
}
