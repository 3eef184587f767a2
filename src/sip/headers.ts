import { warningHeader, type SightlineError } from '../lib/errors';
import type { Headers } from './drachtio';

/** The methods this server takes; REFER is refused until transfers are built. */
export const allowHeader: Headers = { Allow: 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, MESSAGE' };

/** Headers of a refusal: the code of the error table, and when to come back (RFC 3261 section 20.33). */
export function errorHeaders(error: SightlineError): Record<string, string> {
  return {
    Warning: warningHeader(error),
    ...(error.retryAfter === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfter))) }),
  };
}
