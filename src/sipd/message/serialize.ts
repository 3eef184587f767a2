import type { SipMessage } from './message';

/**
 * The message as bytes. Content-Length is always written, from the body's true length (RFC 3261 section 18.3 needs it
 * on streams and allows it everywhere).
 */
export function toBuffer(message: SipMessage): Buffer {
  const { body, headers } = message;
  const length = String(body.length);
  if (headers.get('Content-Length') !== length) headers.set('Content-Length', length);
  const head = Buffer.from(`${startLine(message)}\r\n${headers.toString()}\r\n`, 'utf8');

  return body.length === 0 ? head : Buffer.concat([head, body]);
}

/** The first line of a message, without its CRLF. */
export function startLine(message: SipMessage): string {
  return message.kind === 'request'
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
}
