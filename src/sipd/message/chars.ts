/** Classes of latin1 characters as bits, so that the scanners of this folder test a character by one look-up. */

/** token (RFC 3261 section 25.1) */
export const TOKEN = 1;
/** What stands in a token or in a host with port: the unquoted values of header parameters. */
export const VALUE = 2;
/** What stands unescaped in the user part of a SIP URI. */
export const USER = 4;
/** What stands unescaped in a URI parameter. */
export const URI_PARAM = 8;
/** What stands in a host name or IPv4 address. */
export const HOST = 16;
/** What a Call-ID is made of, but for its at-sign (RFC 3261, `word`). */
export const WORD = 128;
/** Control characters but the tab. */
export const CONTROL = 32;
/** Bytes above ASCII. */
export const HIGH = 64;
/** What most user parts of a URI are made of. */
export const PLAIN_USER = 256;
/** What stands in a quoted string as it is. */
export const QUOTED = 512;
/** What a display name without quotes is made of. */
export const DISPLAY = 1024;
/** Letters, digits and the hyphen. */
export const NAME = 2048;
export const DIGIT = 4096;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const unreserved = `${letters}${digits}-_.!~*'()`;

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 0x20 + i));

const members: [bit: number, characters: string][] = [
  [TOKEN, `${letters}${digits}-.!%*_+\`'~`],
  [VALUE, `${letters}${digits}-.!%*_+\`'~[]:`],
  [USER, `${unreserved}&=+$,;?/`],
  [URI_PARAM, `${unreserved}[]/:&+$`],
  [HOST, `${letters}${digits}-._`],
  [WORD, `${letters}${digits}-.!%*_+\`'~()<>:\\"/[]?{}`],
  [PLAIN_USER, `${unreserved}+`],
  [QUOTED, printable.replace(/["\\]/g, '')],
  [DISPLAY, `${letters}${digits}-.!%*_+\`'~ \t`],
  [NAME, `${letters}${digits}-`],
  [DIGIT, digits],
];

/** The classes of each character from 0 to 255. Beyond that a look-up gives undefined, which has no bit set. */
export const classOf = Uint16Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  let bits = 0;
  for (const [bit, characters] of members) if (characters.includes(character)) bits |= bit;
  if ((code < 0x20 && code !== 0x09) || code === 0x7f) bits |= CONTROL;
  if (code >= 0x80) bits |= HIGH;

  return bits;
});

/** The end of the run of characters of this class that begins at `at`. */
export function runEnd(text: string, at: number, bit: number): number {
  let end = at;
  while (end < text.length && (classOf[text.charCodeAt(end)]! & bit) !== 0) end += 1;

  return end;
}

/** The same in bytes; a run does not go beyond them. */
export function runOf(bytes: Uint8Array, at: number, bit: number): number {
  let end = at;
  // What lies behind the last byte is undefined, and has no class.
  while ((classOf[bytes[end]!]! & bit) !== 0) end += 1;

  return end;
}

/** Like runEnd, for classes whose other characters may be written as %HH. A bad escape ends the run. */
export function escapedRunEnd(text: string, at: number, bit: number): number {
  let end = at;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if ((classOf[code]! & bit) !== 0) end += 1;
    else if (code === 0x25 && isHex(text.charCodeAt(end + 1)) && isHex(text.charCodeAt(end + 2))) end += 3;
    else break;
  }

  return end;
}

/** The first character from `at` that is neither space nor tab. */
export function skipBlanks(text: string, at: number): number {
  let end = at;
  while (end < text.length && isBlank(text.charCodeAt(end))) end += 1;

  return end;
}

/**
 * Where the blanks that end at `end` begin, not before `start`. Only space and tab: a non-breaking space may be half of a
 * letter in UTF-8 that is not decoded yet.
 */
export function blanksBefore(text: string, end: number, start: number): number {
  let at = end;
  while (at > start && isBlank(text.charCodeAt(at - 1))) at -= 1;

  return Math.max(at, start);
}

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function isHex(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** Whether the text is a token. */
export function isToken(text: string): boolean {
  return text !== '' && runEnd(text, 0, TOKEN) === text.length;
}
