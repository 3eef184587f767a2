import { isIPv4, isIPv6 } from 'node:net';
import { badSyntax } from './errors';
import { formatUriParams, newParams, parseUriParams } from './params';
import type { Params } from './params';

/** A URI. For schemes other than sip and sips only `scheme` and `opaque` are filled; `host` is then empty. */
export interface Uri {
  /** In lower case. */
  scheme: string;
  /** As written, escapes included. */
  user?: string;
  password?: string;
  /** A name or an address; IPv6 without brackets. */
  host: string;
  /** 1-65535 */
  port?: number;
  params: Params;
  /** What follows the question mark, as written. */
  headers?: string;
  /** Everything after the colon of a URI that is not a SIP URI. */
  opaque?: string;
}

const sipUri =
  /^(sips?):(?:((?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+)(?::((?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*))?@)?([A-Za-z0-9\-_.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(;[^?]*)?(?:\?(.+))?$/i;
const otherUri = /^([A-Za-z][A-Za-z0-9+\-.]*):([\x21\x23-\x3b\x3d\x3f-\x7e]+)$/;
const uriHeaders = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$=&]|%[0-9A-Fa-f]{2})+$/;
/** The longest URI that is looked at; longer ones are refused before any pattern runs over them. */
const maxUriLength = 8192;

/** @throws SipSyntaxError when the text is no URI, or a SIP URI with a fault in any of its parts. */
export function parseUri(text: string): Uri {
  if (text.length > maxUriLength) throw badSyntax('URI too long');
  const match = sipUri.exec(text);
  if (!match) return parseOtherUri(text);
  const [, scheme, user, password, host, port, params, headers] = match;
  if (headers !== undefined && !uriHeaders.test(headers)) throw badSyntax('Malformed headers in URI');
  const uri: Uri = {
    scheme: scheme!.toLowerCase(),
    user,
    password,
    host: parseHost(host!),
    port: port === undefined ? undefined : parsePort(port),
    params: params === undefined ? newParams() : parseUriParams(params),
    headers,
  };

  return uri;
}

function parseOtherUri(text: string): Uri {
  const match = otherUri.exec(text);
  const scheme = match?.[1]!.toLowerCase();
  if (!match || scheme === undefined || scheme === 'sip' || scheme === 'sips') throw badSyntax('Malformed URI');

  return { scheme, host: '', params: newParams(), opaque: match[2]! };
}

export function isSipUri(uri: Uri): boolean {
  return uri.scheme === 'sip' || uri.scheme === 'sips';
}

/** The URI as text. */
export function formatUri(uri: Uri): string {
  if (uri.opaque !== undefined) return `${uri.scheme}:${uri.opaque}`;
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  }
  text += formatHostPort(uri.host, uri.port) + formatUriParams(uri.params);

  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

/** `host` or `host:port`, with brackets around IPv6. */
export function formatHostPort(host: string, port?: number): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;

  return port === undefined ? bracketed : `${bracketed}:${port}`;
}

/** A host as written in a message: a name, IPv4, or IPv6 in brackets, which are taken off. @throws SipSyntaxError */
export function parseHost(text: string): string {
  if (text.charCodeAt(0) === 0x5b) {
    const address = text.slice(1, -1);
    if (!isIPv6(address)) throw badSyntax('Malformed IPv6 address');

    return address;
  }
  // What looks like an IPv4 address must be one: `1.2.3.400` is not a name either, as a name's last label has a letter.
  const last = text.charCodeAt(text.length - 1);
  if (last >= 0x30 && last <= 0x39 && /^[0-9.]+$/.test(text) && !isIPv4(text)) throw badSyntax('Malformed host');
  if (text.length > 255 || text.charCodeAt(0) === 0x2e || text.includes('..')) throw badSyntax('Malformed host');

  return text;
}

/** A port as written in a message. @throws SipSyntaxError when it is not in 1-65535. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!(port >= 1 && port <= 65535)) throw badSyntax('Port out of range');

  return port;
}
