import { CharClass, runEnd } from './chars';
import { badSyntax } from './errors';
import { isToken, parseCount, parseNameAddr } from './grammar';
import type { NameAddr } from './grammar';
import type { SipMessage, SipRequest } from './message';
import type { HeaderScan } from './scan';

/**
 * Checks the grammar of every header that this server acts on. What the scan found to have the usual shape is known to be
 * well-formed. All else is parsed, and the parsed forms stay cached in the message.
 * @throws SipSyntaxError
 */
export function checkMessage(message: SipMessage, scan: HeaderScan): void {
  const { headers } = message;
  if (message.kind === 'request' && !message.isTargetKnown) checkTarget(message);
  if (scan.vias === 0 || scan.usualVias !== scan.vias) checkVias(message);
  if (!scan.from) checkTag(message.from, 'From');
  if (!scan.to) checkTag(message.to, 'To');
  if (!scan.isCallIdUsual) checkCallId(message.callId);
  if (!scan.cseq) checkCSeq(message);
  if (!scan.isMaxForwardsUsual) {
    const maxForwards = headers.get('Max-Forwards');
    if (maxForwards !== undefined) parseCount(maxForwards, 'Max-Forwards', 255);
  }
  if (scan.contacts !== 1 || !scan.contact) checkContact(message);
}

/** The Vias below the top are copied and not read, but none of them may be empty (RFC 3261 section 25.1). */
function checkVias(message: SipMessage): void {
  const { branch } = message.via;
  const { headers } = message;
  const hasMore = headers.count('Via') > 1 || headers.get('Via')?.includes(',') === true;
  if (hasMore && headers.all('Via').includes('')) throw badSyntax('Empty Via');
  if (branch !== undefined && !isToken(branch)) throw badSyntax('Malformed branch');
}

/** Headers in a Request-URI would let the sender put words into our mouth (RFC 3261 section 19.1.1). */
function checkTarget({ uri, target }: SipRequest): void {
  if (uri === '' || target.headers !== undefined) throw badSyntax('Malformed Request-URI');
}

/** `word`, or `word@word`. */
function checkCallId(text: string): void {
  let end = runEnd(text, 0, CharClass.WORD);
  if (end > 0 && text.charCodeAt(end) === 0x40) {
    const host = end + 1;
    end = runEnd(text, host, CharClass.WORD);
    if (end === host) end = 0;
  }
  if (end === 0 || end !== text.length) throw badSyntax('Malformed Call-ID');
}

function checkCSeq(message: SipMessage): void {
  const expected = message.kind === 'request' ? message.method : undefined;
  const { method } = message.cseq;
  if (expected !== undefined && method !== expected) throw badSyntax('CSeq is of another method');
}

function checkTag(address: NameAddr, header: string): void {
  const { tag } = address.params;
  if (tag !== undefined && !isToken(tag)) throw badSyntax(`Malformed tag in ${header}`);
}

function checkContact({ headers }: SipMessage): void {
  if (!headers.has('Contact')) return;
  const contacts = headers.all('Contact');
  for (const contact of contacts) {
    if (contact !== '*') parseNameAddr(contact);
    else if (contacts.length > 1) throw badSyntax('Contact * beside another');
  }
}
