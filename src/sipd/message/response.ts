import type { PartialRequest } from './errors';
import { Headers, SipResponse } from './message';
import { reasonPhrase } from './reasons';

export interface ResponseExtras {
  /** Added to To when the request's To had no tag. */
  toTag?: string;
  /** Further header lines. */
  headers?: Iterable<readonly [string, string]>;
  body?: Buffer;
}

/**
 * A response to a request with what RFC 3261 section 8.2.6.2 copies: every Via, From, To, Call-ID and CSeq; for a 100
 * also Timestamp. Record-Route is not copied: only a response that makes a dialog carries it.
 */
export function makeResponse(
  request: PartialRequest,
  status: number,
  reason: string = reasonPhrase(status),
  extras: ResponseExtras = {},
): SipResponse {
  const headers = new Headers();
  request.headers.forEach((name, value) => {
    if (name === 'Via' || name === 'From' || name === 'Call-ID' || name === 'CSeq') headers.append(name, value);
    else if (name === 'To') headers.append(name, withTag(value, extras.toTag));
    else if (name === 'Timestamp' && status === 100) headers.append(name, value);
  });
  for (const [name, value] of extras.headers ?? []) headers.append(name, value);

  return new SipResponse(status, reason, headers, extras.body);
}

/** A To or From value with the tag added, unless it has one. */
export function withTag(value: string, tag: string | undefined): string {
  if (tag === undefined || hasTag(value)) return value;

  return `${value};tag=${tag}`;
}

/** Looks only behind the URI, so that a tag inside angle brackets or a display name does not count. */
function hasTag(value: string): boolean {
  const params = value.slice(value.lastIndexOf('>') + 1);

  return /;[ \t]*tag[ \t]*=/i.test(params);
}
