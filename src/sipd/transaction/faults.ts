import { createHash } from 'node:crypto';
import type { PartialRequest } from '../message/errors';
import { Headers, SipResponse } from '../message/message';
import { withTag } from '../message/response';

/** Headers that an answer copies once, in their usual order. */
const copied = ['From', 'To', 'Call-ID', 'CSeq'] as const;

/** More hops than Max-Forwards can count: a request with more Vias has taken none of these ways. */
const mostVias = 255;

/**
 * The answer to a request that cannot be read: every Via and the first of the other headers that an answer copies, as
 * far as they are there. Undefined when no answer can be made safely: to an ACK, without a Via or a CSeq, which are what
 * the sender finds its transaction by, with so many Vias that the answer would be many times the request, or when a
 * copied value could break the answer's own lines.
 */
export function faultResponse(request: PartialRequest, status: number, reason: string): SipResponse | undefined {
  if (request.method === 'ACK') return undefined;
  const vias = request.headers.all('Via');
  if (vias.length === 0 || vias.length > mostVias || !request.headers.has('CSeq')) return undefined;
  const headers = new Headers();
  for (const via of vias) headers.append('Via', via);
  for (const name of copied) {
    const value = request.headers.get(name);
    if (value !== undefined) headers.append(name, name === 'To' ? withTag(value, statelessTag(request)) : value);
  }
  for (const [, value] of headers) if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return undefined;

  return new SipResponse(status, reason, headers);
}

/** The same for every copy of a request, as a server without a transaction must have it (RFC 3261 section 8.2.7). */
function statelessTag(request: PartialRequest): string {
  const { headers } = request;
  const hash = createHash('sha1').update(`${headers.get('Via')}\n${headers.get('Call-ID')}\n${headers.get('CSeq')}`);

  return hash.digest('hex').slice(0, 16);
}
