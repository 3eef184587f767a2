import { blanksBefore, CharClass, classOf, isBlank, runOf, skipBlanks } from './chars';
import { Headers } from './headers';
import { bitOf, headerName, knownHeader, mandatoryBits, viaBit } from './names';
import type { HeaderName } from './names';
import { isValueEnd, numberOf, usualCallIdEnd, usualCountEnd, usualCSeq } from './usual';
import type { UsualCSeq, UsualValue } from './usual';
import { usualAddress } from './usual-address';
import type { UsualAddress } from './usual-address';
import { usualVia } from './usual-via';
import type { UsualVia } from './usual-via';
import { decodeUtf8 } from './utf8';

const classes = classOf;
const fromBit = bitOf('From');
const toBit = bitOf('To');
const callIdBit = bitOf('Call-ID');
const cseqBit = bitOf('CSeq');
const maxForwardsBit = bitOf('Max-Forwards');
const lengthBit = bitOf('Content-Length');
const contact = headerName('Contact');

/**
 * One pass over the header lines: the hottest loop of the server. What this server acts on is checked on the way where it has
 * the usual shape; the rest is left to the check of the whole message.
 */
export class HeaderScan {
  readonly headers = new Headers();
  fault: string | undefined = undefined;
  /** Behind the empty line; -1 when there was none. */
  bodyStart = -1;
  /** The topmost Via and the others when they have the usual shape, and so on; undefined when not, or when there is none. */
  via: UsualVia | undefined = undefined;
  from: UsualAddress | undefined = undefined;
  to: UsualAddress | undefined = undefined;
  cseq: UsualCSeq | undefined = undefined;
  contact: UsualAddress | undefined = undefined;
  /** -1 when it is yet to be read, or is not there. */
  contentLength = -1;
  /** How many lines there are, and how many of them have the usual shape. */
  vias = 0;
  usualVias = 0;
  contacts = 0;
  isCallIdUsual = false;
  isMaxForwardsUsual = false;
  private seen = 0;
  private method: string | undefined = undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly text: string,
    private readonly isQuick: boolean,
  ) {}

  /** @param method what the CSeq has to name; any when undefined */
  run(start: number, method: string | undefined): void {
    this.method = method;
    const { bytes } = this;
    const { length } = this.text;
    let at = start;
    while (at < length) {
      if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
        this.bodyStart = at + 2;
        break;
      }
      at = this.line(at);
    }
    if ((this.seen & mandatoryBits) !== mandatoryBits) this.fault ??= 'Mandatory header missing';
  }

  /** Reads one header line with its continuation lines; returns where the next begins. */
  private line(start: number): number {
    const { bytes, text } = this;
    const nameEnd = runOf(bytes, start, CharClass.TOKEN);
    const colon = bytes[nameEnd] === 0x3a ? nameEnd : skipBlanks(text, nameEnd);
    if (nameEnd === start || bytes[colon] !== 0x3a || colon >= text.length) {
      return this.skipLine(start, 'Malformed header name');
    }
    const name = knownHeader(bytes, start, nameEnd) ?? headerName(text.slice(start, nameEnd));
    const valueStart = skipBlanks(text, colon + 1);
    const end = this.isQuick && (name.bit !== 0 || name === contact) ? this.usual(name, valueStart) : -1;
    if (end < 0) return this.value(name, valueStart);

    return end + 2;
  }

  /** Reads a value of the usual shape and gives its end, or -1 when it has another. */
  private usual(name: HeaderName, start: number): number {
    const { bytes, text } = this;
    switch (name.bit) {
      case viaBit:
        return this.usualVia(name, start);
      case fromBit:
        return this.keep(name, (this.from = usualAddress(bytes, text, start)));
      case toBit:
        return this.keep(name, (this.to = usualAddress(bytes, text, start)));
      case cseqBit:
        return this.keep(name, (this.cseq = usualCSeq(bytes, text, start, this.method)));
      case 0:
        // Contact, the only one without a bit that comes here.
        this.contacts += 1;

        return this.keep(name, (this.contact = usualAddress(bytes, text, start)));
      default:
        return this.usualText(name, start);
    }
  }

  private usualVia(name: HeaderName, start: number): number {
    const via = usualVia(this.bytes, this.text, start);
    if (this.vias === 0) this.via = via;
    this.vias += 1;
    if (via) this.usualVias += 1;

    return this.keep(name, via);
  }

  private keep(name: HeaderName, value: UsualValue | undefined): number {
    if (value === undefined) return -1;
    this.add(name, value.text);

    return value.end;
  }

  /** Headers of which nothing but the text is kept. */
  private usualText(name: HeaderName, start: number): number {
    const { bytes, text } = this;
    let end = -1;
    if (name.bit === callIdBit) {
      end = usualCallIdEnd(bytes, start);
      this.isCallIdUsual = end >= 0;
    } else if (name.bit === maxForwardsBit) {
      end = usualCountEnd(bytes, start, 255);
      this.isMaxForwardsUsual = end >= 0;
    } else if (name.bit === lengthBit) {
      end = usualCountEnd(bytes, start, 0xffff_ffff);
      if (end >= 0) this.contentLength = numberOf(bytes, start, end);
    }
    if (end >= 0) this.add(name, text.slice(start, end));

    return end;
  }

  private value(name: HeaderName, start: number): number {
    const { bytes, text } = this;
    const end = runOf(bytes, start, CharClass.PLAIN);
    if (!isValueEnd(bytes, end)) return this.oddValue(name, start, end);
    this.add(name, text.slice(start, beforeBlanks(bytes, start, end)));

    return end + 2;
  }

  /** A value with continuation lines, control characters or bytes above ASCII; nothing is odd before `from`. */
  private oddValue(name: HeaderName, start: number, from: number): number {
    const { bytes, text } = this;
    let oddity = 0;
    let folded = false;
    let at = from;
    for (; at < text.length; at += 1) {
      const code = bytes[at]!;
      const oddBits = classes[code]! & (CharClass.CONTROL | CharClass.HIGH);
      if (oddBits === 0) continue;
      if (code === 0x0d && bytes[at + 1] === 0x0a && at + 1 < text.length) {
        if (at + 2 >= text.length || !isBlank(bytes[at + 2]!)) break;
        folded = true;
        at += 2;
      } else {
        oddity |= oddBits;
      }
    }
    const value = folded ? unfold(text.slice(start, at)) : text.slice(start, beforeBlanks(bytes, start, at));
    this.add(name, oddity === 0 ? value : this.odd(value, oddity));

    return at + 2;
  }

  private add(name: HeaderName, value: string): void {
    const { bit } = name;
    if (bit !== 0) {
      if ((this.seen & bit) !== 0 && bit !== viaBit) this.fault ??= `More than one ${name.name} header`;
      this.seen |= bit;
    }
    this.headers.push(name, value);
  }

  /** Control characters are allowed only behind a backslash in a quoted string; other bytes above ASCII are UTF-8. */
  private odd(value: string, oddity: number): string {
    if ((oddity & CharClass.CONTROL) !== 0 && hasBareControl(value)) this.fault ??= 'Control character in header';

    return (oddity & CharClass.HIGH) !== 0 ? decodeUtf8(value) : value;
  }

  private skipLine(start: number, fault: string): number {
    this.fault ??= fault;
    const end = this.text.indexOf('\r\n', start);

    return end < 0 ? this.text.length : end + 2;
  }
}

/** Where the blanks that end at `end` begin, not before `start`. */
function beforeBlanks(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1]!)) at -= 1;

  return at;
}

/** A line and its continuation lines as one, with a single space between them (RFC 3261 section 7.3.1). */
function unfold(value: string): string {
  return value
    .split('\r\n')
    .map((line) => line.slice(skipBlanks(line, 0), blanksBefore(line, line.length, 0)))
    .filter((line) => line !== '')
    .join(' ');
}

/**
 * Whether a control character stands anywhere but behind a backslash in a quoted string; CR and LF cannot stand even
 * there (RFC 3261 section 25.1, quoted-pair). One pass, as the value may be long and hostile.
 */
function hasBareControl(value: string): boolean {
  let isQuoted = false;
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code === 0x22) {
      isQuoted = !isQuoted;
    } else if (isQuoted && code === 0x5c) {
      i += 1;
      const escaped = value.charCodeAt(i);
      if (escaped === 0x0a || escaped === 0x0d) return true;
    } else if ((classes[code]! & CharClass.CONTROL) !== 0) {
      return true;
    }
  }

  return false;
}
