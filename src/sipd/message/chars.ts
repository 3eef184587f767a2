/** Classes of latin1 characters as bits, so that the scanners of this folder test a character by one look-up. */

/** Numbers that the compiler puts in their places: they are in the innermost loops of the server. */
export const enum CharClass {
  /** token (RFC 3261 section 25.1) */
  TOKEN = 1 << 0,
  /** What stands in a token or in a host with port: the unquoted values of header parameters. */
  VALUE = 1 << 1,
  /** What stands unescaped in the user part of a SIP URI. */
  USER = 1 << 2,
  /** What stands unescaped in a URI parameter. */
  URI_PARAM = 1 << 3,
  /** What stands in a host name or IPv4 address. */
  HOST = 1 << 4,
  /** Control characters but the tab. */
  CONTROL = 1 << 5,
  /** Bytes above ASCII. */
  HIGH = 1 << 6,
  /** What a Call-ID is made of, but for its at-sign (RFC 3261, `word`). */
  WORD = 1 << 7,
  /** What most user parts of a URI are made of. */
  PLAIN_USER = 1 << 8,
  /** What stands in a quoted string as it is. */
  QUOTED = 1 << 9,
  /** What a display name without quotes is made of. */
  DISPLAY = 1 << 10,
  /** Letters, digits and the hyphen. */
  NAME = 1 << 11,
  DIGIT = 1 << 12,
  /** Neither control characters nor bytes above ASCII. */
  PLAIN = 1 << 13,
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const unreserved = `${letters}${digits}-_.!~*'()`;

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 0x20 + i));

const members: [bit: number, characters: string][] = [
  [CharClass.TOKEN, `${letters}${digits}-.!%*_+\`'~`],
  [CharClass.VALUE, `${letters}${digits}-.!%*_+\`'~[]:`],
  [CharClass.USER, `${unreserved}&=+$,;?/`],
  [CharClass.URI_PARAM, `${unreserved}[]/:&+$`],
  [CharClass.HOST, `${letters}${digits}-._`],
  [CharClass.WORD, `${letters}${digits}-.!%*_+\`'~()<>:\\"/[]?{}`],
  [CharClass.PLAIN_USER, `${unreserved}+`],
  [CharClass.QUOTED, printable.replace(/["\\]/g, '')],
  [CharClass.DISPLAY, `${letters}${digits}-.!%*_+\`'~ \t`],
  [CharClass.NAME, `${letters}${digits}-`],
  [CharClass.DIGIT, digits],
  [CharClass.PLAIN, `${printable}\t`],
];

/** The classes of each character from 0 to 255. Beyond that a look-up gives undefined, which has no bit set. */
const classes = Uint16Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  let bits = 0;
  for (const [bit, characters] of members) if (characters.includes(character)) bits |= bit;
  if ((code < 0x20 && code !== 0x09) || code === 0x7f) bits |= CharClass.CONTROL;
  if (code >= 0x80) bits |= CharClass.HIGH;

  return bits;
});
/** Modules whose loops use it have a constant of their own for it: that of another module is looked up each time. */
export { classes as classOf };

/** The end of the run of characters of this class that begins at `at`. */
export function runEnd(text: string, at: number, bit: number): number {
  let end = at;
  while (end < text.length && (classes[text.charCodeAt(end)]! & bit) !== 0) end += 1;

  return end;
}

/** The same in bytes; a run does not go beyond them. */
export function runOf(bytes: Uint8Array, at: number, bit: number): number {
  let end = at;
  // What lies behind the last byte is undefined, and has no class.
  while ((classes[bytes[end]!]! & bit) !== 0) end += 1;

  return end;
}

/** Whether these ASCII characters are the next. */
export function standsAt(word: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word.charCodeAt(i)) return false;

  return true;
}

/** Like runEnd, for classes whose other characters may be written as %HH. A bad escape ends the run. */
export function escapedRunEnd(text: string, at: number, bit: number): number {
  let end = at;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if ((classes[code]! & bit) !== 0) end += 1;
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
  return text !== '' && runEnd(text, 0, CharClass.TOKEN) === text.length;
}
