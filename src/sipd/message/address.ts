import { badSyntax } from './errors';
import { splitList } from './headers';
import { formatHeaderParams, parseHeaderParams, quote, unescapeQuoted } from './params';
import type { Params } from './params';
import { parseUri } from './uri';
import type { Uri } from './uri';

/** The value of From, To, Contact, Route, Record-Route, Refer-To and their like. */
export interface NameAddr {
  /** The display name without its quotes; absent when there is none. */
  display?: string;
  /** The URI as written. */
  uri: string;
  /** The same URI, parsed. */
  address: Uri;
  /** The header's parameters, not those of the URI. */
  params: Params;
}

const quotedDisplay = /^"((?:[^"\\]|\\[\x00-\x7f])*)"[ \t]*</;
// A display name without quotes is a row of tokens. Letters outside ASCII are let through: they are common and harmless.
const plainDisplay = /^[A-Za-z0-9\-.!%*_+`'~ \t\u0080-\uffff]*$/;

/** Parses one address: `"Name" <uri>;params`, `Name <uri>;params`, or `uri;params`. @throws SipSyntaxError */
export function parseNameAddr(text: string): NameAddr {
  return parseAddress(text, 'refused');
}

/**
 * The same for From and To of a response: they repeat ours, and answerers are found that put a second tag behind the one that was
 * there. The first counts. @throws SipSyntaxError
 */
export function parseRepeatedNameAddr(text: string): NameAddr {
  return parseAddress(text, 'ignored');
}

type Repeats = 'refused' | 'ignored';

function parseAddress(text: string, repeats: Repeats): NameAddr {
  if (text.charCodeAt(0) === 0x22) {
    const match = quotedDisplay.exec(text);
    if (!match) throw badSyntax('Malformed quoted display name');

    return bracketed(text, match[0].length, unescapeQuoted(match[1]!), repeats);
  }
  const open = text.indexOf('<');
  if (open < 0) return bare(text, repeats);
  const display = text.slice(0, open).trim();
  if (!plainDisplay.test(display)) throw badSyntax('Malformed display name');

  return bracketed(text, open + 1, display === '' ? undefined : display, repeats);
}

function bracketed(text: string, start: number, display: string | undefined, repeats: Repeats): NameAddr {
  const end = text.indexOf('>', start);
  if (end < 0) throw badSyntax('Unclosed angle bracket');
  const uri = text.slice(start, end);

  return { display, uri, address: parseUri(uri), params: parseHeaderParams(text, end + 1, repeats) };
}

/** Without brackets what follows the first semicolon belongs to the header, and `?` and `,` cannot stand in the URI. */
function bare(text: string, repeats: Repeats): NameAddr {
  const semicolon = text.indexOf(';');
  const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trimEnd();
  if (uri.includes('?') || uri.includes(',')) throw badSyntax('A URI with ? or , needs angle brackets');
  const params = parseHeaderParams(text, semicolon < 0 ? text.length : semicolon, repeats);

  return { uri, address: parseUri(uri), params };
}

/** The address as text, always with angle brackets. */
export function formatNameAddr(address: Pick<NameAddr, 'display' | 'uri'> & { params?: Params }): string {
  const display = address.display === undefined ? '' : `${quote(address.display)} `;

  return `${display}<${address.uri}>${address.params ? formatHeaderParams(address.params) : ''}`;
}

/**
 * Parses every element of a header that holds addresses (Contact, Route, Record-Route, …), in order.
 * @throws SipSyntaxError
 */
export function parseAddresses(values: Iterable<string>): NameAddr[] {
  const addresses: NameAddr[] = [];
  for (const value of values) for (const element of splitList(value)) addresses.push(parseNameAddr(element));

  return addresses;
}
