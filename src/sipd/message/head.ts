import { CONTROL, classOf, HIGH, isBlank, isToken, runEnd, skipBlanks, blanksBefore, TOKEN } from './chars';
import { checkMessage } from './check';
import { SipSyntaxError } from './errors';
import { parseCount } from './grammar';
import { Headers, SipRequest, SipResponse } from './message';
import type { SipMessage } from './message';
import { headerName, mandatoryBits, viaBit } from './names';

/** What the first pass over a message's head found out. */
export interface Head {
  /** Absent when the start line belongs to no SIP message. Its body is not filled in yet. */
  message: SipMessage | undefined;
  /** The first fault; the lines after it were read all the same, so that an answer can be made. */
  fault: { status: number; reason: string } | undefined;
}

/**
 * Reads the start line and splits the header lines. Header values stay text: they are parsed when asked for.
 * @param text the head decoded as latin1, from the start line to the CRLF of the last header line.
 */
export function readHead(text: string): Head {
  const lineEnd = text.indexOf('\r\n');
  const scan = new HeaderScan(text);
  if (lineEnd < 0) return { message: undefined, fault: { status: 400, reason: 'Unterminated start line' } };
  const start = readStartLine(text.slice(0, lineEnd), scan.headers);
  scan.run(lineEnd + 2);
  const reason = scan.fault;

  return { message: start.message, fault: start.fault ?? (reason === undefined ? undefined : { status: 400, reason }) };
}

/** The head's message, checked. @throws SipSyntaxError that carries the request when there was one */
export function finishHead(head: Head): SipMessage {
  const { message, fault } = head;
  if (fault || !message) throw headError(head, fault?.status ?? 400, fault?.reason ?? 'Not a SIP message');
  try {
    checkMessage(message);
  } catch (thrown) {
    throw withRequest(thrown, message);
  }

  return message;
}

/** The length that Content-Length tells, or undefined without one. @throws SipSyntaxError */
export function contentLength(head: Head): number | undefined {
  const text = head.message?.headers.get('Content-Length');
  if (text === undefined) return undefined;
  try {
    return parseCount(text, 'Content-Length', 0xffff_ffff);
  } catch (thrown) {
    throw withRequest(thrown, head.message);
  }
}

/** A fault as an error that carries the request when there was one. */
export function headError(head: Head, status: number, reason: string): SipSyntaxError {
  return withRequest(new SipSyntaxError(status, reason), head.message) as SipSyntaxError;
}

function withRequest(thrown: unknown, message: SipMessage | undefined): unknown {
  if (thrown instanceof SipSyntaxError && message?.kind === 'request') thrown.request = message;

  return thrown;
}

function readStartLine(line: string, headers: Headers): Head {
  // No method begins so: a slash is no token character.
  return statusStart.test(line) ? readStatusLine(line, headers) : readRequestLine(line, headers);
}

const statusStart = /^SIP\//i;
const statusLine = /^SIP\/([0-9]+\.[0-9]+) ([1-6][0-9]{2}) (.*)$/i;

function readStatusLine(line: string, headers: Headers): Head {
  const match = statusLine.exec(line);
  if (!match) return { message: undefined, fault: { status: 400, reason: 'Malformed status line' } };
  const message = new SipResponse(Number(match[2]), decodeText(match[3]!), headers);

  return { message, fault: match[1] === '2.0' ? undefined : wrongVersion };
}

const wrongVersion = { status: 505, reason: 'Version Not Supported' };
const version2 = ' SIP/2.0';
const anyVersion = / SIP\/([0-9]+\.[0-9]+)[ \t]*$/i;

/** Method, URI and version are parted by exactly one space each, and nothing follows (RFC 3261 section 7.1). */
function readRequestLine(line: string, headers: Headers): Head {
  const version = line.endsWith(version2) ? '2.0' : anyVersion.exec(line)?.[1];
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.indexOf(' ', methodEnd + 1);
  const method = line.slice(0, Math.max(methodEnd, 0));
  if (version === undefined || uriEnd < 0 || !isToken(method)) {
    return { message: undefined, fault: { status: 400, reason: 'Malformed request line' } };
  }
  const message = new SipRequest(method, decodeText(line.slice(methodEnd + 1, uriEnd)), headers);
  if (version !== '2.0') return { message, fault: wrongVersion };
  if (uriEnd + version2.length !== line.length) {
    return { message, fault: { status: 400, reason: 'White space in request line' } };
  }

  return { message, fault: undefined };
}

/** One pass over the header lines, character by character: the hottest loop of the server. */
class HeaderScan {
  readonly headers = new Headers();
  fault: string | undefined;
  private seen = 0;

  constructor(private readonly text: string) {}

  run(start: number): void {
    let at = start;
    while (at < this.text.length) at = this.line(at);
    if ((this.seen & mandatoryBits) !== mandatoryBits) this.fault ??= 'Mandatory header missing';
  }

  /** Reads one header line with its continuation lines; returns where the next begins. */
  private line(start: number): number {
    const { text } = this;
    const nameEnd = runEnd(text, start, TOKEN);
    const colon = skipBlanks(text, nameEnd);
    if (nameEnd === start || text.charCodeAt(colon) !== 0x3a) return this.skipLine(start, 'Malformed header name');

    return this.value(text.slice(start, nameEnd), skipBlanks(text, colon + 1));
  }

  private value(spelling: string, start: number): number {
    const { text } = this;
    let oddity = 0;
    let folded = false;
    let at = start;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      const oddBits = classOf[code]! & (CONTROL | HIGH);
      if (oddBits === 0) continue;
      if (code === 0x0d && text.charCodeAt(at + 1) === 0x0a) {
        if (!isBlank(text.charCodeAt(at + 2))) break;
        folded = true;
        at += 2;
      } else {
        oddity |= oddBits;
      }
    }
    const value = folded ? unfold(text.slice(start, at)) : text.slice(start, blanksBefore(text, at, start));
    this.add(spelling, oddity === 0 ? value : this.odd(value, oddity));

    return at + 2;
  }

  private add(spelling: string, value: string): void {
    const name = headerName(spelling);
    const { bit } = name;
    if (bit !== 0) {
      if ((this.seen & bit) !== 0 && bit !== viaBit) this.fault ??= `More than one ${name.name} header`;
      this.seen |= bit;
    }
    this.headers.push(name, value);
  }

  /** Control characters are allowed only behind a backslash in a quoted string; other bytes above ASCII are UTF-8. */
  private odd(value: string, oddity: number): string {
    if ((oddity & CONTROL) !== 0 && hasBareControl(value)) this.fault ??= 'Control character in header';

    return (oddity & HIGH) !== 0 ? decodeText(value) : value;
  }

  private skipLine(start: number, fault: string): number {
    this.fault ??= fault;
    const end = this.text.indexOf('\r\n', start);

    return end < 0 ? this.text.length : end + 2;
  }
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
    } else if ((classOf[code]! & CONTROL) !== 0) {
      return true;
    }
  }

  return false;
}

/** Text that was decoded as latin1, read as the UTF-8 that it is (RFC 3261 section 7). */
function decodeText(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}
