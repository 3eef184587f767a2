import type { SipRequest } from '../message/message';

/** Emergency traffic: RFC 5031, RFC 3261 section 20.26, RFC 4412 and RFC 7135. */
export function isEmergency(request: SipRequest): boolean {
  if (/^urn:service:sos(\.|$)/i.test(request.uri)) return true;
  if (request.headers.get('Priority')?.trim().toLowerCase() === 'emergency') return true;

  return /(^|,)\s*esnet\./i.test(request.headers.get('Resource-Priority') ?? '');
}
