import { badSyntax } from './errors';
import { isToken, parseCount, parseNameAddr } from './grammar';
import type { NameAddr } from './grammar';
import type { SipMessage } from './message';

const callIdWord = `[A-Za-z0-9\\-.!%*_+\`'~()<>:\\\\"/[\\]?{}]+`;
const callId = new RegExp(`^${callIdWord}(?:@${callIdWord})?$`);

/**
 * Checks the grammar of every header that this server acts on. The parsed forms stay cached in the message, so the
 * check costs nothing that would not be done later.
 * @throws SipSyntaxError
 */
export function checkMessage(message: SipMessage): void {
  if (message.kind === 'request') checkTarget(message.uri, message.target.headers);
  const { branch } = message.via;
  if (branch !== undefined && !isToken(branch)) throw badSyntax('Malformed branch');
  checkTag(message.from, 'From');
  checkTag(message.to, 'To');
  if (!callId.test(message.callId)) throw badSyntax('Malformed Call-ID');
  const { method } = message.cseq;
  if (message.kind === 'request' && method !== message.method) throw badSyntax('CSeq is of another method');
  const maxForwards = message.headers.get('Max-Forwards');
  if (maxForwards !== undefined) parseCount(maxForwards, 'Max-Forwards', 255);
  checkContact(message);
}

/** Headers in a Request-URI would let the sender put words into our mouth (RFC 3261 section 19.1.1). */
function checkTarget(uri: string, headers: string | undefined): void {
  if (uri === '' || headers !== undefined) throw badSyntax('Malformed Request-URI');
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
