import type { SipResponse } from '../message/message';
import type { ServerTransaction } from '../transaction/types';
import type { ContactFlows } from './contact-flows';

/**
 * What an answer to a REGISTER means for the connection that it came by: a client that registered over a stream is reached
 * over that from now on. Of other requests and refusals nothing is noted.
 */
export function noteRegistration(
  contactFlows: ContactFlows,
  { request, flow }: Pick<ServerTransaction, 'request' | 'flow'>,
  response: SipResponse,
): void {
  if (request.method !== 'REGISTER' || response.status >= 300 || flow.transport === 'udp') return;
  for (const contact of request.headers.all('Contact')) {
    const uri = /<([^>]*)>/.exec(contact)?.[1] ?? contact.split(';')[0]!;
    contactFlows.set(uri, flow, grantedSeconds(uri, response));
  }
}

/** The seconds that a 2xx to REGISTER grants a contact (RFC 3261 section 10.3), 0 when it is not bound. */
function grantedSeconds(uri: string, response: SipResponse): number {
  const bound = response.headers.all('Contact').find((contact) => contact.includes(uri));
  if (bound === undefined) return 0;
  const own = /;[ \t]*expires[ \t]*=[ \t]*([0-9]+)/i.exec(bound.slice(bound.indexOf(uri) + uri.length))?.[1];

  return Number(own ?? response.headers.get('Expires') ?? 0);
}
