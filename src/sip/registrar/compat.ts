import { digestAlgorithms } from './digest';
import type { DigestAlgorithm } from './digest';

/** What of a request tells its maker. */
export interface ClientMarks {
  userAgent: string;
  callId: string;
}

interface Quirk {
  client: string;
  /** Matches the User-Agent header, or with `mark: 'callId'` the Call-ID. */
  pattern: RegExp;
  mark: keyof ClientMarks;
  offer: readonly DigestAlgorithm[];
}

/**
 * Clients that cannot read the offer that RFC 8760 asks for. They know MD5 only, and in place of passing over a
 * challenge they do not understand (RFC 7616 section 3.3) they give up. Seen with the Debian packages of baresip and
 * sipp. Nothing is lost in safety: who can change the User-Agent on its way can strike out the better challenge too.
 */
const quirks: readonly Quirk[] = [
  // libre learned SHA-256 with baresip 3.12. Older ones give up when any challenge names an algorithm that is not MD5.
  {
    client: 'baresip before 3.12',
    pattern: /^baresip v?([0-2]\.|3\.([0-9]|1[01])(\D|$))/i,
    mark: 'userAgent',
    offer: ['MD5'],
  },
  // These look at the first challenge only.
  {
    client: 'PJSIP before 2.11',
    pattern: /\bpjs(ua|ip)\b.*\bv?([01]\.|2\.([0-9]|10)(\D|$))/i,
    mark: 'userAgent',
    offer: ['MD5', 'SHA-256'],
  },
  { client: 'sipp', pattern: /^sipp\b/i, mark: 'userAgent', offer: ['MD5', 'SHA-256'] },
  // sipp sends no User-Agent of its own, but its Call-IDs have a form of their own: call-process@address.
  { client: 'sipp', pattern: /^\d+-\d+@[\d.:a-f[\]]+$/, mark: 'callId', offer: ['MD5', 'SHA-256'] },
];

/** The algorithms to offer to a client, in order. */
export function offerFor(client: ClientMarks): readonly DigestAlgorithm[] {
  return quirks.find((quirk) => quirk.pattern.test(client[quirk.mark]))?.offer ?? digestAlgorithms;
}
