import { warningHeader, type SightlineError } from '../lib/errors';
import { RECV_INFO_HEADERS } from '../ivr/headers';
import type { Leg, LegRequest } from './leg';

/** What is allowed within a dialog; said in refusals (RFC 3261 section 20.5). */
const allow = { Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, MESSAGE' };

/** Passes a request to the other side as it is, and its answer back. */
export async function relay(request: LegRequest, to: Leg): Promise<void> {
  try {
    const { status } = await to.request(request.method, { contentType: request.contentType, body: request.body });
    request.reply(status);
  } catch {
    // The other side is gone; the call is about to end for that reason.
    request.reply(480);
  }
}

export function refuse(request: LegRequest, error: SightlineError): void {
  const headers: Record<string, string> = { Warning: warningHeader(error) };
  // RFC 6086 section 4.2.2: a refusal of the package names those that are taken.
  if (error.sip === 469) Object.assign(headers, RECV_INFO_HEADERS);
  if (error.sip === 405) Object.assign(headers, allow);
  request.reply(error.sip, { headers });
}

export function answerOptions(request: LegRequest): void {
  request.reply(200, { headers: { ...allow, ...RECV_INFO_HEADERS } });
}
