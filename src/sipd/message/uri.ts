import { isIPv6 } from 'node:net';
import { badSyntax } from './errors';
import { CharClass, escapedRunEnd, runEnd } from './chars';
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

const atSign = 0x40;
const colonSign = 0x3a;
const openBracket = 0x5b;
/** Stands in the record until the true parameters are read. */
const noParams = newParams();

const otherUri = /^([A-Za-z][A-Za-z0-9+\-.]*):([\x21\x23-\x3b\x3d\x3f-\x7e]+)$/;
const uriHeaders = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$=&]|%[0-9A-Fa-f]{2})+$/;
/** The longest URI that is looked at. */
const maxUriLength = 8192;

/** @throws SipSyntaxError when the text is no URI, or a SIP URI with a fault in any of its parts. */
export function parseUri(text: string): Uri {
  if (text.length > maxUriLength) throw badSyntax('URI too long');
  if (text.startsWith('sip:')) return parseSipUri(text, 'sip', 4);
  const colon = text.indexOf(':');
  const scheme = colon === 3 || colon === 4 ? text.slice(0, colon).toLowerCase() : '';
  if (scheme !== 'sip' && scheme !== 'sips') return parseOtherUri(text);

  return parseSipUri(text, scheme, colon + 1);
}

/** The user part may hold `;` and `?`, so it is looked for first: an at-sign stands nowhere else but in URI headers. */
function parseSipUri(text: string, scheme: string, start: number): Uri {
  const uri: Uri = {
    scheme,
    user: undefined,
    password: undefined,
    host: '',
    port: undefined,
    params: noParams,
    headers: undefined,
  };
  let at = start;
  const userEnd = escapedRunEnd(text, at, CharClass.USER);
  const afterUser = text.charCodeAt(userEnd);
  if (afterUser === atSign) {
    if (userEnd === at) throw badSyntax('Empty user in URI');
    uri.user = text.slice(at, userEnd);
    at = userEnd + 1;
  } else if (afterUser === colonSign) {
    at = readPassword(uri, text, at, userEnd);
  }
  const hostEnd = readHost(uri, text, at);
  const question = text.indexOf('?', hostEnd);
  const paramsEnd = question < 0 ? text.length : question;
  uri.params = parseUriParams(text, hostEnd, paramsEnd);
  if (question >= 0) uri.headers = text.slice(question + 1);
  if (uri.headers !== undefined && !uriHeaders.test(uri.headers)) throw badSyntax('Malformed headers in URI');

  return uri;
}

/** What follows the colon is a password when an at-sign ends it, and else a port, which is not ours to read. */
function readPassword(uri: Uri, text: string, start: number, colon: number): number {
  const end = escapedRunEnd(text, colon + 1, CharClass.USER);
  if (text.charCodeAt(end) !== atSign) return start;
  if (colon === start) throw badSyntax('Empty user in URI');
  uri.user = text.slice(start, colon);
  uri.password = text.slice(colon + 1, end);
  if (/[;?/]/.test(uri.password)) throw badSyntax('Malformed password in URI');

  return end + 1;
}

/** Reads `host[:port]` into the URI; returns where its parameters begin. */
function readHost(uri: Uri, text: string, start: number): number {
  const bracket = text.charCodeAt(start) === openBracket ? text.indexOf(']', start) + 1 : 0;
  let end = bracket > 0 ? bracket : runEnd(text, start, CharClass.HOST);
  uri.host = parseHost(text.slice(start, end));
  if (text.charCodeAt(end) === colonSign) {
    const portStart = end + 1;
    end = portStart;
    while (isDigit(text.charCodeAt(end))) end += 1;
    uri.port = parsePort(text.slice(portStart, end));
  }

  return end;
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
  if (text.charCodeAt(0) === openBracket) return parseReference(text);
  if (text === '' || text.length > 255 || text.charCodeAt(0) === 0x2e || text.includes('..')) {
    throw badSyntax('Malformed host');
  }
  // What ends in a digit and looks like an IPv4 address must be one, as the last label of a name begins with a letter.
  if (isDigit(text.charCodeAt(text.length - 1)) && !isAddressOrName(text)) throw badSyntax('Malformed host');

  return text;
}

/** Whether the text is an IPv4 address, or has another character than digits and dots, which makes it a name. */
function isAddressOrName(text: string): boolean {
  let parts = 1;
  let part = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      parts += 1;
      part = 0;
      digits = 0;
    } else if (isDigit(code)) {
      part = part * 10 + code - 0x30;
      digits += 1;
      // A faulty part counts as too many parts: the text may still turn out to be a name.
      if (part > 255 || digits > 3) parts = 5;
    } else {
      return true;
    }
  }

  return parts === 4;
}

/** RFC 5118 section 4.10: RFC 3261's own grammar once made senders write three colons before an IPv4 part. */
function parseReference(text: string): string {
  const address = text.slice(1, -1).replace(/:::(?=[0-9]+\.)/, '::');
  if (!text.endsWith(']') || !isIPv6(address)) throw badSyntax('Malformed IPv6 address');

  return address;
}

/** A port as written in a message. @throws SipSyntaxError when it is not in 1-65535. */
export function parsePort(text: string): number {
  const port = text.length >= 1 && text.length <= 5 ? Number(text) : 0;
  if (!(port >= 1 && port <= 65535)) throw badSyntax('Port out of range');

  return port;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
