import type { SipSyntaxError } from './errors';
import { contentLength, finishHead, headError, readHead } from './head';
import type { Head } from './head';
import type { SipMessage } from './message';

export { SipSyntaxError } from './errors';
export { StreamParser } from './stream';

const crlf = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

/**
 * Parses a message that fills a datagram or a WebSocket frame. CRLFs before it are skipped; bytes after the body that
 * Content-Length tells are ignored (RFC 3261 sections 7.5 and 18.3).
 * @param isQuick whether what has the usual shape is read the quick way; the other way comes to the same
 * @throws SipSyntaxError and nothing else
 */
export function parseDatagram(bytes: Buffer, isQuick = true): SipMessage {
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  const isShort = isQuick && bytes.length <= longestShort;
  const blank = isShort ? -1 : bytes.indexOf(headEnd, start);
  if (blank < 0 && !isShort) throw unterminated(bytes, start);
  const head = readHead(bytes, start, isShort ? bytes.length : blank + 2, isQuick);
  const bodyStart = isShort ? head.scan.bodyStart : blank + 4;
  if (bodyStart < 0) throw unterminated(bytes, start);
  const message = finishHead(head);
  const bodyEnd = endOfBody(head, bytes, bodyStart);
  if (bodyEnd > bodyStart) message.body = bytes.subarray(bodyStart, bodyEnd);

  return message;
}

/**
 * Up to so many bytes it is cheaper to find the empty line on the way than to look for it first, although the body is then decoded with
 * the head, and kept as long as one of the headers is.
 */
const longestShort = 4096;

function endOfBody(head: Head, bytes: Buffer, start: number): number {
  const length = contentLength(head);
  if (length === undefined) return bytes.length;
  if (start + length > bytes.length) throw headError(head, 400, 'Content-Length beyond the end of the message');

  return start + length;
}

/** A head with no empty line after it: read as far as it goes, so that the sender can be told. */
function unterminated(bytes: Buffer, start: number): SipSyntaxError {
  const whole = Buffer.concat([bytes.subarray(start), crlf]);

  return headError(readHead(whole, 0, whole.length), 400, 'No empty line after the headers');
}
