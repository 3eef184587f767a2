import { Headers, SipRequest } from '../message/message';
import type { SipResponse } from '../message/message';
import { headerKey } from '../message/names';

const maxForwards = '70';
/** Headers of a CANCEL that come from the INVITE, or may not stand in it, whatever its user wants to add. */
const reserved = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'route', 'max-forwards', 'content-length', 'content-type'],
  ...['require', 'proxy-require', 'contact'],
]);

/** The ACK to a non-2xx final response: part of the INVITE's own transaction (RFC 3261 section 17.1.1.3). */
export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  return inTransaction(invite, 'ACK', response.headers.get('To') ?? invite.headers.get('To') ?? '');
}

/** The CANCEL of an INVITE (RFC 3261 section 9.1), with further headers such as Reason. */
export function cancelFor(invite: SipRequest, extra: Headers | undefined): SipRequest {
  const cancel = inTransaction(invite, 'CANCEL', invite.headers.get('To') ?? '');
  for (const [name, value] of extra ?? []) if (!reserved.has(headerKey(name))) cancel.headers.append(name, value);

  return cancel;
}

function inTransaction(invite: SipRequest, method: string, to: string): SipRequest {
  const headers = new Headers();
  headers.append('Via', invite.headers.first('Via') ?? '');
  headers.append('Max-Forwards', maxForwards);
  for (const [name, value] of invite.headers) if (name === 'Route') headers.append(name, value);
  headers.append('From', invite.headers.get('From') ?? '');
  headers.append('To', to);
  headers.append('Call-ID', invite.callId);
  headers.append('CSeq', `${invite.cseq.number} ${method}`);

  return new SipRequest(method, invite.uri, headers);
}
