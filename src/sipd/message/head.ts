import { CharClass, classOf, isToken, runOf } from './chars';
import { checkMessage } from './check';
import { SipSyntaxError } from './errors';
import { parseCount } from './grammar';
import { SipRequest, SipResponse } from './message';
import type { SipMessage } from './message';
import { methodAt } from './methods';
import type { Headers } from './headers';
import { HeaderScan } from './scan';
import { usualUri } from './usual-uri';
import { decodeUtf8 } from './utf8';

const classes = classOf;
/** What the first pass over a message's head found out. */
export interface Head {
  /** Absent when the start line belongs to no SIP message. Its body is not filled in yet. */
  message: SipMessage | undefined;
  /** The first fault; the lines after it were read all the same, so that an answer can be made. */
  fault: Fault | undefined;
  /** What was found of the headers, most of them checked already. */
  scan: HeaderScan;
}

interface Fault {
  status: number;
  reason: string;
}

/** The first line, and where the next begins. */
interface Start {
  message: SipMessage | undefined;
  fault: Fault | undefined;
  end: number;
}

/**
 * Reads the start line and splits the header lines. Header values stay text: they are parsed when asked for.
 * @param bytes what holds the head
 * @param start where the start line begins
 * @param end behind the CRLF of the last header line, or anywhere behind the empty line
 * @param isQuick whether what has the usual shape is read the quick way; the other way comes to the same
 */
export function readHead(bytes: Buffer, start: number, end: number, isQuick = true): Head {
  const text = bytes.toString('latin1', 0, end);
  const scan = new HeaderScan(bytes, text, isQuick);
  const first =
    (isQuick ? quickStart(bytes, text, start, scan.headers) : undefined) ?? slowStart(text, start, scan.headers);
  if (first === undefined)
    return { message: undefined, fault: { status: 400, reason: 'Unterminated start line' }, scan };
  const { message } = first;
  scan.run(first.end, message?.kind === 'request' ? message.method : undefined);
  message?.know(scan);
  const reason = scan.fault;

  return { message, fault: first.fault ?? (reason === undefined ? undefined : { status: 400, reason }), scan };
}

/** The head's message, checked. @throws SipSyntaxError that carries the request when there was one */
export function finishHead(head: Head): SipMessage {
  const { message, fault } = head;
  if (fault || !message) throw headError(head, fault?.status ?? 400, fault?.reason ?? 'Not a SIP message');
  try {
    checkMessage(message, head.scan);
  } catch (thrown) {
    throw withRequest(thrown, message);
  }

  return message;
}

/** The length that Content-Length tells, or undefined without one. @throws SipSyntaxError */
export function contentLength(head: Head): number | undefined {
  if (head.scan.contentLength >= 0) return head.scan.contentLength;
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

/** A start line of the usual shape: a method, a SIP URI and the version, or the version, a status and printable ASCII. */
function quickStart(bytes: Buffer, text: string, start: number, headers: Headers): Start | undefined {
  const methodEnd = runOf(bytes, start, CharClass.TOKEN);
  if (bytes[methodEnd] === 0x2f) return quickStatusLine(bytes, text, start, headers);
  if (methodEnd === start || bytes[methodEnd] !== 0x20) return undefined;
  const uri = usualUri(bytes, text, methodEnd + 1);
  if (uri === undefined || !text.startsWith(versionEnd, uri.end)) return undefined;
  const method = methodAt(bytes, start, methodEnd) ?? text.slice(start, methodEnd);
  const message = new SipRequest(method, uri.text, headers);
  message.knowTarget(uri);

  return { message, fault: undefined, end: uri.end + versionEnd.length };
}

const versionEnd = ' SIP/2.0\r\n';
const statusBegin = 'SIP/2.0 ';

function quickStatusLine(bytes: Buffer, text: string, start: number, headers: Headers): Start | undefined {
  const codeStart = start + statusBegin.length;
  const codeEnd = runOf(bytes, codeStart, CharClass.DIGIT);
  const first = bytes[codeStart]!;
  const isStatus = codeEnd === codeStart + 3 && first >= 0x31 && first <= 0x36 && bytes[codeEnd] === 0x20;
  if (!isStatus || !text.startsWith(statusBegin, start)) return undefined;
  let end = codeEnd + 1;
  while (end < text.length && (classes[bytes[end]!]! & (CharClass.CONTROL | CharClass.HIGH)) === 0) end += 1;
  if (bytes[end] !== 0x0d || bytes[end + 1] !== 0x0a) return undefined;
  const status = Number(text.slice(codeStart, codeEnd));

  return { message: new SipResponse(status, text.slice(codeEnd + 1, end), headers), fault: undefined, end: end + 2 };
}

function slowStart(text: string, start: number, headers: Headers): Start | undefined {
  const end = text.indexOf('\r\n', start);
  if (end < 0) return undefined;

  return { ...readStartLine(text.slice(start, end), headers), end: end + 2 };
}

type StartLine = Pick<Start, 'message' | 'fault'>;

function readStartLine(line: string, headers: Headers): StartLine {
  // No method begins so: a slash is no token character.
  return statusStart.test(line) ? readStatusLine(line, headers) : readRequestLine(line, headers);
}

const statusStart = /^SIP\//i;
const statusLine = /^SIP\/([0-9]+\.[0-9]+) ([1-6][0-9]{2}) (.*)$/i;

function readStatusLine(line: string, headers: Headers): StartLine {
  const match = statusLine.exec(line);
  if (!match) return { message: undefined, fault: { status: 400, reason: 'Malformed status line' } };
  const message = new SipResponse(Number(match[2]), decodeUtf8(match[3]!), headers);

  return { message, fault: match[1] === '2.0' ? undefined : wrongVersion };
}

const wrongVersion = { status: 505, reason: 'Version Not Supported' };
const version2 = ' SIP/2.0';
const anyVersion = / SIP\/([0-9]+\.[0-9]+)[ \t]*$/i;

/** Method, URI and version are parted by exactly one space each, and nothing follows (RFC 3261 section 7.1). */
function readRequestLine(line: string, headers: Headers): StartLine {
  const version = line.endsWith(version2) ? '2.0' : anyVersion.exec(line)?.[1];
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.indexOf(' ', methodEnd + 1);
  const method = line.slice(0, Math.max(methodEnd, 0));
  if (version === undefined || uriEnd < 0 || !isToken(method)) {
    return { message: undefined, fault: { status: 400, reason: 'Malformed request line' } };
  }
  const message = new SipRequest(method, decodeUtf8(line.slice(methodEnd + 1, uriEnd)), headers);
  if (version !== '2.0') return { message, fault: wrongVersion };
  if (uriEnd + version2.length !== line.length) {
    return { message, fault: { status: 400, reason: 'White space in request line' } };
  }

  return { message, fault: undefined };
}
