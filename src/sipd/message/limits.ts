import type { SipSyntaxError } from './errors';
import { headError, readHead } from './head';

export interface SizeLimits {
  /** The longest start line and headers, in bytes. */
  maxHead: number;
  /** The longest body, in bytes. */
  maxBody: number;
  /** Header lines, continuation lines among them. */
  maxHeaders: number;
}

const crlf = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');
/** The shortest header line is `a:` with its end. */
const shortestLine = 4;

/**
 * The fault of a message that is too large, found without reading it; what the error carries for an answer is read from
 * the lines within the limits. Undefined for any other message, well-formed or not.
 */
export function sizeFault(bytes: Buffer, limits: SizeLimits): SipSyntaxError | undefined {
  if (bytes.length < limits.maxHead && bytes.length < limits.maxBody) {
    return bytes.length < shortestLine * limits.maxHeaders ? undefined : headerFault(bytes, limits.maxHeaders);
  }
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  const blank = bytes.indexOf(headEnd, start);
  const end = blank < 0 ? bytes.length : blank + 2;
  const { maxHead, maxBody, maxHeaders } = limits;
  if (end - start > maxHead) return tooLarge(bytes.subarray(start, start + maxHead), 513, 'Message Too Large');
  const fault = headerFault(bytes, maxHeaders);
  if (fault || blank < 0 || bytes.length - blank - headEnd.length <= maxBody) return fault;

  return tooLarge(bytes.subarray(start, end), 413, 'Request Entity Too Large');
}

/** The fault of a head with too many lines; what comes behind the empty line does not matter. */
export function headerFault(bytes: Buffer, maxHeaders: number): SipSyntaxError | undefined {
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  let at = bytes.indexOf(crlf, start);
  for (let lines = 0; at >= 0 && !(bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a); lines += 1) {
    if (lines > maxHeaders) return tooLarge(bytes.subarray(start, at + 2), 513, 'Too Many Headers');
    at = bytes.indexOf(crlf, at + 2);
  }

  return undefined;
}

function tooLarge(bytes: Buffer, status: number, reason: string): SipSyntaxError {
  const complete = bytes.lastIndexOf(crlf);

  return headError(readHead(bytes, 0, complete < 0 ? 0 : complete + 2), status, reason);
}
