/**
 * The shapes that nearly every header has, read in one pass over the bytes. What has such a shape is well-formed, and where its parts
 * begin and end is noted, so that they can be cut out when somebody asks for them. All else may be well-formed too: then the parsers of
 * this folder say, which are the grammar. Whatever is taken here they take as well, and make the same of it; `npm run proof:parser`
 * looks for an exception.
 *
 * `bytes` and `head` are the same, as bytes and as latin1; an offset means the same place in both. This file has what the shapes have in
 * common, and the headers of which no part is asked for; the files beside it have URIs, addresses and Vias.
 */
import { CharClass, classOf, isBlank, runOf, standsAt } from './chars';
import type { CSeq } from './grammar';

const classes = classOf;
export const signs = Object.freeze({
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  doubleQuote: 0x22,
  dot: 0x2e,
  zero: 0x30,
  colon: 0x3a,
  semicolon: 0x3b,
  opening: 0x3c,
  equals: 0x3d,
  closing: 0x3e,
  atSign: 0x40,
  backslash: 0x5c,
});
const { atSign, carriageReturn, dot, lineFeed, space, zero } = signs;
/** The parsers know what is to be said of more. */
const longestHost = 255;

/** A header value of a usual shape: where it ends, and its text. */
export interface UsualValue {
  readonly end: number;
  readonly text: string;
}

/** Whether a header's value ends here: no blanks before the end of the line, and no continuation line behind it. */
export function isValueEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed && !isBlank(bytes[at + 2]!);
}

/** The number that these digits make; there are few enough of them for it to be exact. */
export function numberOf(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + bytes[at]! - zero;

  return value;
}

/** The port from `start` to `end`, both behind the colon; 0 when that is none. */
export function portOf(bytes: Buffer, start: number, end: number): number {
  const port = end - start > 5 ? 0 : numberOf(bytes, start, end);

  return port > 65_535 ? 0 : port;
}

/** The end of the name or IPv4 address that begins here, or -1. */
export function hostEnd(bytes: Buffer, start: number): number {
  let at = start;
  let before: number = dot;
  let isName = false;
  for (; ; at += 1) {
    const code = bytes[at]!;
    const bits = classes[code]!;
    if ((bits & CharClass.HOST) === 0) break;
    if (code === dot) {
      if (before === dot) return -1;
    } else if ((bits & CharClass.DIGIT) === 0) {
      isName = true;
    }
    before = code;
  }
  if (before === dot || at - start > longestHost) return -1;

  return isName || isIPv4(bytes, start, at) ? at : -1;
}

/** Four numbers up to 255, written without needless zeros. */
export function isIPv4(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  for (let part = 1; part <= 4; part += 1) {
    const partEnd = runOf(bytes, at, CharClass.DIGIT);
    const digits = partEnd - at;
    if (digits < 1 || digits > 3 || numberOf(bytes, at, partEnd) > 255) return false;
    if (digits > 1 && bytes[at] === zero) return false;
    if (part === 4) return partEnd === end;
    if (bytes[partEnd] !== dot) return false;
    at = partEnd + 1;
  }

  return false;
}

/** A CSeq of ten digits at most and one space. */
export class UsualCSeq implements UsualValue {
  constructor(
    readonly value: CSeq,
    readonly end: number,
    readonly text: string,
  ) {}
}

/** @param method what the CSeq has to name; any when not given */
export function usualCSeq(bytes: Buffer, head: string, start: number, method?: string): UsualCSeq | undefined {
  const numberEnd = runOf(bytes, start, CharClass.DIGIT);
  if (numberEnd === start || numberEnd - start > 10 || bytes[numberEnd] !== space) return undefined;
  const methodStart = numberEnd + 1;
  const end = runOf(bytes, methodStart, CharClass.TOKEN);
  if (end === methodStart || !isValueEnd(bytes, end)) return undefined;
  if (method !== undefined && (method.length !== end - methodStart || !standsAt(method, bytes, methodStart))) {
    return undefined;
  }
  const number = numberOf(bytes, start, numberEnd);
  if (number > 0x7fff_ffff) return undefined;

  return new UsualCSeq({ number, method: method ?? head.slice(methodStart, end) }, end, head.slice(start, end));
}

/** The end of a Call-ID, `word` or `word@word`; -1 for anything else. */
export function usualCallIdEnd(bytes: Buffer, start: number): number {
  let end = runOf(bytes, start, CharClass.WORD);
  if (end === start) return -1;
  if (bytes[end] === atSign) {
    const host = end + 1;
    end = runOf(bytes, host, CharClass.WORD);
    if (end === host) return -1;
  }

  return isValueEnd(bytes, end) ? end : -1;
}

/** The end of a number of up to nine digits that is not above `max`; -1 for anything else. */
export function usualCountEnd(bytes: Buffer, start: number, max: number): number {
  const end = runOf(bytes, start, CharClass.DIGIT);
  if (end === start || end - start > 9 || numberOf(bytes, start, end) > max) return -1;

  return isValueEnd(bytes, end) ? end : -1;
}
