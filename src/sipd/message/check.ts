import { runEnd, WORD } from './chars';
import { badSyntax } from './errors';
import { isToken, parseCount, parseNameAddr } from './grammar';
import type { NameAddr } from './grammar';
import type { SipMessage } from './message';

/**
 * Checks the grammar of every header that this server acts on. The parsed forms stay cached in the message, so the
 * check costs nothing that would not be done later.
 * @throws SipSyntaxError
 */
export function checkMessage(message: SipMessage): void {
  if (message.kind === 'request') checkTarget(message.uri, message.target.headers);
  const { branch } = message.via;
  checkVias(message);
  if (branch !== undefined && !isToken(branch)) throw badSyntax('Malformed branch');
  checkTag(message.from, 'From');
  checkTag(message.to, 'To');
  checkCallId(message.callId);
  const { method } = message.cseq;
  if (message.kind === 'request' && method !== message.method) throw badSyntax('CSeq is of another method');
  const maxForwards = message.headers.get('Max-Forwards');
  if (maxForwards !== undefined) parseCount(maxForwards, 'Max-Forwards', 255);
  checkContact(message);
}

/** The Vias below the top are copied and not read, but none of them may be empty (RFC 3261 section 25.1). */
function checkVias({ headers }: SipMessage): void {
  const hasMore = headers.get('Via')?.includes(',') === true || headers.count('Via') > 1;
  if (hasMore && headers.all('Via').includes('')) throw badSyntax('Empty Via');
}

/** Headers in a Request-URI would let the sender put words into our mouth (RFC 3261 section 19.1.1). */
function checkTarget(uri: string, headers: string | undefined): void {
  if (uri === '' || headers !== undefined) throw badSyntax('Malformed Request-URI');
}

/** `word`, or `word@word`. */
function checkCallId(text: string): void {
  let end = runEnd(text, 0, WORD);
  if (end > 0 && text.charCodeAt(end) === 0x40) {
    const host = end + 1;
    end = runEnd(text, host, WORD);
    if (end === host) end = 0;
  }
  if (end === 0 || end !== text.length) throw badSyntax('Malformed Call-ID');
}

function checkTag(address: NameAddr, header: string): void {
  const { tag } = address.params;
  if (tag !== undefined && !isToken(tag)) throw badSyntax(`Malformed tag in ${header}`);
}

function checkContact(message: SipMessage): void {
  if (!message.headers.has('Contact')) return;
  const contacts = message.headers.all('Contact');
  for (const contact of contacts) {
    if (contact !== '*') parseNameAddr(contact);
    else if (contacts.length > 1) throw badSyntax('Contact * beside another');
  }
}
