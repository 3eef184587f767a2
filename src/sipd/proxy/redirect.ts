import { SipSyntaxError } from '../message/errors';
import { isSipUri, parseAddresses } from '../message/grammar';
import type { NameAddr } from '../message/grammar';
import type { SipResponse } from '../message/message';

/**
 * The URIs that a redirection names, the preferred ones first (RFC 3261 section 16.7, step 4): none that is not SIP, and
 * none that would take a request for a sips URI over an open way.
 */
export function redirections(response: SipResponse, isSecure: boolean): string[] {
  try {
    return parseAddresses(response.headers.all('Contact'))
      .filter(({ address }) => (isSecure ? address.scheme === 'sips' : isSipUri(address)))
      .sort((a, b) => preference(b) - preference(a))
      .map(({ uri }) => uri);
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}

/** The q of a Contact, from 0 to 1 (RFC 3261 section 20.10); who says none is as good as the best. */
function preference({ params }: NameAddr): number {
  const q = Number(params.q ?? 1);

  return q >= 0 && q <= 1 ? q : 1;
}
