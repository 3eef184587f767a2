import { CharClass, escapedRunEnd, runEnd, skipBlanks } from './chars';
import { badSyntax } from './errors';

/** Parameters by lower-case name. A parameter without a value is the empty string; quoted values are unquoted. */
export type Params = Record<string, string | undefined>;

// Objects without a prototype, so that a parameter called `constructor` is only a parameter. Made through a constructor
// with an empty prototype because such objects stay fast, which those of Object.create(null) do not.
const ParamBag = function ParamBag() {} as unknown as { new (): Params; prototype: object };
ParamBag.prototype = Object.create(null) as object;

export function newParams(): Params {
  return new ParamBag();
}

/**
 * The usual parameter names in the spelling that they are kept under. What is cut from a message is a new string each
 * time; a shared one makes every use of it as a property's name cheaper.
 */
const usualNames = new Map(
  [
    ...[
      'tag',
      'branch',
      'rport',
      'received',
      'transport',
      'lr',
      'maddr',
      'ttl',
      'user',
      'method',
      'expires',
      'q',
      'ob',
    ],
    ...['alias', 'keep', 'reg-id', 'text', 'cause', 'purpose', 'to-tag', 'from-tag', 'refresher'],
    ...['+sip.instance'],
  ].map((name) => [name, name]),
);

function nameOf(spelling: string): string {
  return usualNames.get(spelling) ?? spelling.toLowerCase();
}

const semicolon = 0x3b;
const equals = 0x3d;
const doubleQuote = 0x22;
const quoted = /"((?:[^"\\]|\\[\x00-\x7f])*)"/y;

/**
 * Parses `;name=value;flag…` of a header from `start` to the end of the text. A value is a token, a host or a quoted
 * string; blanks may stand around every separator.
 * @param repeats what a parameter that is given twice is: a fault, or nothing beside the first.
 * @throws SipSyntaxError
 */
export function parseHeaderParams(text: string, start: number, repeats: 'refused' | 'ignored' = 'refused'): Params {
  const params = newParams();
  let at = skipBlanks(text, start);
  while (at < text.length) {
    if (text.charCodeAt(at) !== semicolon) throw badSyntax('Malformed header parameter');
    const nameStart = skipBlanks(text, at + 1);
    const nameEnd = runEnd(text, nameStart, CharClass.TOKEN);
    const name = nameOf(text.slice(nameStart, nameEnd));
    if (name === '') throw badSyntax('Malformed header parameter');
    const known = params[name];
    if (known !== undefined && repeats === 'refused') throw badSyntax('A header parameter is given twice');
    at = skipBlanks(text, nameEnd);
    if (text.charCodeAt(at) === equals) at = headerValue(params, name, text, skipBlanks(text, at + 1));
    else params[name] = '';
    if (known !== undefined) params[name] = known;
  }

  return params;
}

/** Reads one value into `params`; returns where the next parameter begins. */
function headerValue(params: Params, name: string, text: string, start: number): number {
  if (text.charCodeAt(start) === doubleQuote) {
    quoted.lastIndex = start;
    const match = quoted.exec(text);
    if (!match) throw badSyntax('Malformed quoted parameter');
    params[name] = unescapeQuoted(match[1]!);

    return skipBlanks(text, quoted.lastIndex);
  }
  const end = runEnd(text, start, CharClass.VALUE);
  if (end === start) throw badSyntax('Empty header parameter');
  params[name] = text.slice(start, end);

  return skipBlanks(text, end);
}

/** Parses `;name=value;flag…` of a URI from `start` to `end`. No blanks are allowed there. @throws SipSyntaxError */
export function parseUriParams(text: string, start: number, end: number): Params {
  const params = newParams();
  let at = start;
  while (at < end) {
    const nameEnd = text.charCodeAt(at) === semicolon ? escapedRunEnd(text, at + 1, CharClass.URI_PARAM) : 0;
    if (nameEnd <= at + 1) throw badSyntax('Malformed URI parameter');
    const name = nameOf(text.slice(at + 1, nameEnd));
    if (name in params) throw badSyntax('A URI parameter is given twice');
    at = nameEnd;
    if (text.charCodeAt(at) !== equals) {
      params[name] = '';
      continue;
    }
    const valueEnd = escapedRunEnd(text, at + 1, CharClass.URI_PARAM);
    if (valueEnd === at + 1) throw badSyntax('Empty URI parameter');
    params[name] = text.slice(at + 1, valueEnd);
    at = valueEnd;
  }
  if (at !== end) throw badSyntax('Malformed URI parameter');

  return params;
}

/** Parameters as text for a header: values that are no tokens and no hosts are quoted. */
export function formatHeaderParams(params: Params): string {
  let text = '';
  for (const name in params) {
    const value = params[name];
    if (value === undefined) continue;
    const isPlain = runEnd(value, 0, CharClass.VALUE) === value.length;
    text += value === '' ? `;${name}` : `;${name}=${isPlain ? value : quote(value)}`;
  }

  return text;
}

/** Parameters as text for a URI; values are written as they are, so they must be escaped already. */
export function formatUriParams(params: Params): string {
  let text = '';
  for (const name in params) {
    const value = params[name];
    if (value === undefined) continue;
    text += value === '' ? `;${name}` : `;${name}=${value}`;
  }

  return text;
}

/** The text as a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

export function unescapeQuoted(inner: string): string {
  let text = '';
  let start = 0;
  for (let at = inner.indexOf('\\'); at >= 0 && at + 1 < inner.length; at = inner.indexOf('\\', at + 2)) {
    text += inner.slice(start, at);
    start = at + 1;
  }

  return start === 0 ? inner : text + inner.slice(start);
}
