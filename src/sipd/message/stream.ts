import { SipSyntaxError } from './errors';
import { contentLength, finishHead, headError, readHead } from './head';
import type { Head } from './head';
import { headerFault } from './limits';
import type { SipMessage } from './message';

export interface StreamLimits {
  /** The longest head, start line and headers, in bytes. */
  maxHead: number;
  /** The longest body, in bytes. */
  maxBody: number;
  /** Header lines in one message; as many as the head holds when left out. */
  maxHeaders?: number;
}

export const defaultStreamLimits: StreamLimits = Object.freeze({ maxHead: 65_536, maxBody: 262_144 });

export interface StreamHandler {
  /** `raw` is the whole message, start line to body. */
  message(message: SipMessage, raw: Buffer): void;
  /** A message that cannot be read. When the parser is `broken` afterwards, the connection is of no more use. */
  malformed(error: SipSyntaxError, raw: Buffer): void;
  /** A keep-alive that wants a single CRLF in return (RFC 5626 section 4.4.1). */
  ping(): void;
}

const crlf = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

/**
 * Cuts a byte stream into messages by Content-Length (RFC 3261 section 18.3). A message with a fault but a readable
 * length is reported and skipped; when the next message's beginning cannot be known the parser breaks.
 */
export class StreamParser {
  private bytes: Buffer = Buffer.alloc(0);
  /** Unread bytes are those from `start` to `end`. */
  private start = 0;
  private end = 0;
  /** Where the search for the end of the head goes on. */
  private searched = 0;
  /** A head that waits for its body. */
  private waiting: { head: Head; bodyStart: number; bodyEnd: number } | undefined;
  private crlfs = 0;
  private isBroken = false;

  constructor(
    private readonly handler: StreamHandler,
    private readonly limits: StreamLimits = defaultStreamLimits,
  ) {}

  /** True once the stream cannot be followed any further; whatever comes is dropped. */
  get broken(): boolean {
    return this.isBroken;
  }

  /** Whether a message has begun and is not complete. */
  get partial(): boolean {
    return !this.isBroken && this.end > this.start;
  }

  push(chunk: Buffer): void {
    if (this.isBroken) return;
    this.append(chunk);
    while (!this.isBroken && this.next());
    if (this.start === this.end || this.isBroken) this.reset();
  }

  /** A chunk that begins at a message's beginning is read where it lies; a rest is kept in a buffer that doubles. */
  private append(chunk: Buffer): void {
    if (this.start === this.end) {
      this.bytes = chunk;
      this.start = 0;
      this.searched = 0;
      this.end = chunk.length;
      return;
    }
    const kept = this.end - this.start;
    const room = this.bytes.length - this.end;
    // Bytes from another's chunk, and those that a message's body refers to, are never written over.
    if (room < chunk.length || !this.owned) this.move(Math.max(2 * kept, kept + chunk.length, 1024));
    chunk.copy(this.bytes, this.end);
    this.end += chunk.length;
  }

  private owned = false;

  private move(capacity: number): void {
    const fresh = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(fresh, 0, this.start, this.end);
    const shift = this.start;
    this.bytes = fresh;
    this.owned = true;
    this.start = 0;
    this.end -= shift;
    this.searched = Math.max(0, this.searched - shift);
    if (this.waiting) {
      this.waiting.bodyStart -= shift;
      this.waiting.bodyEnd -= shift;
    }
  }

  private reset(): void {
    this.bytes = Buffer.alloc(0);
    this.owned = false;
    this.start = 0;
    this.end = 0;
    this.searched = 0;
    this.waiting = undefined;
  }

  /** Takes one step; false when more bytes are needed. */
  private next(): boolean {
    if (this.waiting) return this.finishBody();
    if (this.skipCrlf()) return true;
    if (this.start === this.end || (this.end - this.start === 1 && this.bytes[this.start] === 0x0d)) return false;
    this.crlfs = 0;
    const blank = this.bytes.subarray(0, this.end).indexOf(headEnd, Math.max(this.start, this.searched - 3));
    if (blank >= 0 && blank - this.start <= this.limits.maxHead) return this.finishHead(blank);
    if (blank >= 0 || this.end - this.start > this.limits.maxHead) {
      this.break(this.oversizedHead());
    }
    this.searched = this.end;

    return false;
  }

  private skipCrlf(): boolean {
    if (this.bytes[this.start] !== 0x0d || this.start + 1 >= this.end || this.bytes[this.start + 1] !== 0x0a)
      return false;
    this.start += 2;
    this.crlfs += 1;
    if (this.crlfs === 2) {
      this.crlfs = 0;
      this.handler.ping();
    }

    return true;
  }

  private finishHead(blank: number): boolean {
    const { maxHeaders } = this.limits;
    const bomb = maxHeaders && headerFault(this.bytes.subarray(this.start, blank + 4), maxHeaders);
    if (bomb) {
      this.break(bomb);
      return false;
    }
    const bytes = this.bytes.subarray(this.start, blank + 2);
    const head = readHead(bytes, 0, bytes.length);
    const fault = this.frame(head, blank + 4);
    if (fault) this.break(fault);

    return !fault;
  }

  /** Finds the body's bounds; an error when they cannot be known or are beyond the limit. */
  private frame(head: Head, bodyStart: number): SipSyntaxError | undefined {
    const { message } = head;
    if (!message) return headError(head, head.fault?.status ?? 400, head.fault?.reason ?? 'Not a SIP message');
    if (message.headers.count('Content-Length') !== 1) {
      return headError(head, 400, 'A stream needs exactly one Content-Length');
    }
    let length: number;
    try {
      length = contentLength(head) ?? 0;
    } catch (thrown) {
      return thrown as SipSyntaxError;
    }
    if (length > this.limits.maxBody) return headError(head, 413, 'Request Entity Too Large');
    this.waiting = { head, bodyStart, bodyEnd: bodyStart + length };

    return undefined;
  }

  private finishBody(): boolean {
    const { head, bodyStart, bodyEnd } = this.waiting!;
    if (this.end < bodyEnd) return false;
    const raw = this.bytes.subarray(this.start, bodyEnd);
    this.waiting = undefined;
    this.start = bodyEnd;
    this.searched = bodyEnd;
    this.owned = false;
    this.deliver(head, this.bytes.subarray(bodyStart, bodyEnd), raw);

    return true;
  }

  private deliver(head: Head, body: Buffer, raw: Buffer): void {
    let message: SipMessage;
    try {
      message = finishHead(head);
    } catch (thrown) {
      if (!(thrown instanceof SipSyntaxError)) throw thrown;
      this.handler.malformed(thrown, raw);
      return;
    }
    message.body = body;
    this.handler.message(message, raw);
  }

  private oversizedHead(): SipSyntaxError {
    const bytes = this.bytes.subarray(this.start, Math.min(this.end, this.start + this.limits.maxHead));
    const complete = bytes.lastIndexOf(crlf);

    return headError(readHead(bytes, 0, complete < 0 ? bytes.length : complete + 2), 513, 'Message Too Large');
  }

  private break(error: SipSyntaxError): void {
    this.isBroken = true;
    this.handler.malformed(error, this.bytes.subarray(this.start, this.end));
  }
}
