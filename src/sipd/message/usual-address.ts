/** From, To and Contact of the shape that nearly all of them have; see `usual.ts`. */
import type { NameAddr } from './address';
import { CharClass, classOf, isBlank, runOf, standsAt } from './chars';
import { newParams, parseHeaderParams, unescapeQuoted } from './params';
import { isValueEnd, signs } from './usual';
import type { UsualValue } from './usual';
import { usualUri } from './usual-uri';
import type { UsualUri } from './usual-uri';

const classes = classOf;
const { backslash, closing, doubleQuote, equals, opening, semicolon } = signs;

/** An address in angle brackets whose parts stand at these places. */
export class UsualAddress implements UsualValue {
  private made: NameAddr | undefined = undefined;

  constructor(
    private readonly head: string,
    private readonly display: Display,
    private readonly uri: UsualUri,
    /** Where the tag ends when that is the only parameter, and else -1. */
    private readonly tagEnd: number,
    readonly end: number,
    readonly text: string,
  ) {}

  get value(): NameAddr {
    return (this.made ??= this.make());
  }

  private make(): NameAddr {
    const { uri, text } = this;

    return {
      display: this.displayText(),
      uri: uri.text,
      address: uri.value,
      params: this.tagEnd < 0 ? parseHeaderParams(text, text.length - (this.end - uri.end - 1)) : this.tagOnly(),
    };
  }

  private displayText(): string | undefined {
    const { display, text } = this;
    if (display.end < 0) return undefined;
    // Counted from behind, as what was decoded is shorter than it was.
    const written = text.slice(display.isQuoted ? 1 : 0, text.length - (this.end - display.end));

    return display.isEscaped ? unescapeQuoted(written) : written;
  }

  private tagOnly(): NameAddr['params'] {
    const params = newParams();
    params.tag = this.head.slice(this.uri.end + tagBegin.length + 1, this.tagEnd);

    return params;
  }
}

/** Where a display name ends, without its quotes; where the address goes on; what is special about its characters. */
class Display {
  isQuoted = false;
  isEscaped = false;
  isHigh = false;
  bracket = 0;

  /** @param end -1 when there is none */
  constructor(public end: number) {}
}

const noDisplay = new Display(-1);

const tagBegin = ';tag=';

/** An address in angle brackets, with none but usual parameters. */
export function usualAddress(bytes: Buffer, head: string, start: number): UsualAddress | undefined {
  const display = bytes[start] === opening ? noDisplay : readDisplay(bytes, start);
  if (display === undefined) return undefined;
  const uriStart = display === noDisplay ? start + 1 : display.bracket + 1;
  const uri = usualUri(bytes, head, uriStart);
  if (uri === undefined || bytes[uri.end] !== closing) return undefined;
  let end = uri.end + 1;
  let tagEnd = -1;
  if (standsAt(tagBegin, bytes, end)) {
    const tagStart = end + tagBegin.length;
    tagEnd = runOf(bytes, tagStart, CharClass.TOKEN);
    if (tagEnd === tagStart) return undefined;
    end = tagEnd;
  }
  if (bytes[end] === semicolon) {
    end = paramsEnd(bytes, uri.end + 1);
    tagEnd = -1;
  }
  if (end < 0 || !isValueEnd(bytes, end)) return undefined;
  const text = display.isHigh ? bytes.toString('utf8', start, end) : head.slice(start, end);

  return new UsualAddress(head, display, uri, tagEnd, end, text);
}

function readDisplay(bytes: Buffer, start: number): Display | undefined {
  const display = bytes[start] === doubleQuote ? quotedDisplay(bytes, start + 1) : plainDisplay(bytes, start);

  return display !== undefined && bytes[display.bracket] === opening ? display : undefined;
}

/** A row of tokens. */
function plainDisplay(bytes: Buffer, start: number): Display {
  const bracket = runOf(bytes, start, CharClass.DISPLAY);
  let end = bracket;
  while (end > start && isBlank(bytes[end - 1]!)) end -= 1;
  const display = new Display(end === start ? -1 : end);
  display.bracket = bracket;

  return display;
}

/** A quoted string without control characters; `start` is behind its first quote. */
function quotedDisplay(bytes: Buffer, start: number): Display | undefined {
  const display = new Display(-1);
  display.isQuoted = true;
  let all = 0;
  let at = start;
  for (; ; at += 1) {
    const code = bytes[at]!;
    const bits = classes[code]!;
    if ((bits & (CharClass.QUOTED | CharClass.HIGH)) !== 0) {
      all |= bits;
    } else if (code === backslash && isEscapable(bytes[at + 1]!)) {
      display.isEscaped = true;
      at += 1;
    } else {
      break;
    }
  }
  if (bytes[at] !== doubleQuote) return undefined;
  display.isHigh = (all & CharClass.HIGH) !== 0;
  display.end = at;
  at += 1;
  while (isBlank(bytes[at]!)) at += 1;
  display.bracket = at;

  return display;
}

/** What stands in a quoted string, with or without a backslash, but nothing above ASCII. */
function isEscapable(code: number): boolean {
  return code >= 0x20 && code < 0x7f;
}

/** The end of the parameters that begin here, or -1 when one is given twice or is not of the usual ones. */
function paramsEnd(bytes: Buffer, start: number): number {
  let seen = 0;
  let at = start;
  while (bytes[at] === semicolon) {
    const nameEnd = runOf(bytes, at + 1, CharClass.TOKEN);
    const bit = param(bytes, at + 1, nameEnd - at - 1);
    if (bit === 0 || (seen & bit) !== 0 || bytes[nameEnd] !== equals) return -1;
    seen |= bit;
    at = valueEnd(bytes, nameEnd + 1, bit === instanceBit);
    if (at < 0) return -1;
  }

  return at;
}

const instanceBit = 1;

/** A bit for each usual parameter. */
function param(bytes: Buffer, at: number, length: number): number {
  if (length === 13) return standsAt('+sip.instance', bytes, at) ? instanceBit : 0;
  if (length === 3) return standsAt('tag', bytes, at) ? 2 : 0;
  if (length === 7) return standsAt('expires', bytes, at) ? 4 : 0;
  if (length === 6) return standsAt('reg-id', bytes, at) ? 8 : 0;

  return length === 1 && standsAt('q', bytes, at) ? 16 : 0;
}

/** The end of a token, or of a quoted string without backslashes when one may stand here; -1 for anything else. */
function valueEnd(bytes: Buffer, start: number, mayBeQuoted: boolean): number {
  if (mayBeQuoted && bytes[start] === doubleQuote) {
    const end = runOf(bytes, start + 1, CharClass.QUOTED);

    return bytes[end] === doubleQuote ? end + 1 : -1;
  }
  const end = runOf(bytes, start, CharClass.TOKEN);

  return end === start ? -1 : end;
}
