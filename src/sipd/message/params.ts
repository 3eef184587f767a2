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

export const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** Whether the text is a token (RFC 3261 section 25.1). */
export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

// One parameter at a time, each with the semicolon before it. A value is a token, a host (so brackets and colons may
// stand in it) or a quoted string.
const headerParam =
  /[ \t]*;[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)(?:[ \t]*=[ \t]*(?:([A-Za-z0-9\-.!%*_+`'~[\]:]+)|"((?:[^"\\]|\\[\x00-\x7f])*)"))?/y;

/** Parses `;name=value;flag…` of a header from `start` to the end of the text. @throws SipSyntaxError */
export function parseHeaderParams(text: string, start: number): Params {
  const params = newParams();
  let at = start;
  while (at < text.length) {
    headerParam.lastIndex = at;
    const match = headerParam.exec(text);
    if (!match) {
      if (/^[ \t]*$/.test(text.slice(at))) break;
      throw badSyntax('Malformed header parameter');
    }
    const name = match[1]!.toLowerCase();
    if (name in params) throw badSyntax('A header parameter is given twice');
    params[name] = match[2] ?? (match[3] === undefined ? '' : unescapeQuoted(match[3]));
    at = headerParam.lastIndex;
  }

  return params;
}

const uriParam =
  /;((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+)(?:=((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+))?/y;

/** Parses `;name=value;flag…` of a URI. No white space is allowed there. @throws SipSyntaxError */
export function parseUriParams(text: string): Params {
  const params = newParams();
  let at = 0;
  while (at < text.length) {
    uriParam.lastIndex = at;
    const match = uriParam.exec(text);
    if (!match) throw badSyntax('Malformed URI parameter');
    const name = match[1]!.toLowerCase();
    if (name in params) throw badSyntax('A URI parameter is given twice');
    params[name] = match[2] ?? '';
    at = uriParam.lastIndex;
  }

  return params;
}

/** Parameters as text for a header: values that are no tokens and no hosts are quoted. */
export function formatHeaderParams(params: Params): string {
  let text = '';
  for (const name in params) {
    const value = params[name];
    if (value === undefined) continue;
    text +=
      value === '' ? `;${name}` : `;${name}=${/^[A-Za-z0-9\-.!%*_+`'~[\]:]+$/.test(value) ? value : quote(value)}`;
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
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}
