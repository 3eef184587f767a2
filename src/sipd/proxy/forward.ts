import { SipRequest } from '../message/message';
import { headerKey } from '../message/names';
import { breadthOf } from './breadth';

/** Headers of a forwarded request that only SIP itself changes. */
const reserved = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'contact', 'content-length', 'route', 'record-route'],
  'max-breadth',
]);
const defaultHops = 70;

export interface ForwardSpec {
  /** Replaces the Request-URI when given. */
  uri?: string;
  /** Into how many branches at once it may fork from here on. */
  breadth?: number;
  /** Values of Record-Route to put in front, the last one topmost. */
  recordRoutes?: readonly string[];
  /** Those of the application, each in the place of all of its name. */
  headers?: readonly (readonly [name: string, value: string])[];
}

/**
 * A copy of a request to send on (RFC 3261 section 16.6): one hop fewer, our Record-Route, and for REGISTER our Path
 * (RFC 3327). The Via is added by the transaction layer.
 */
export function forwarded(request: SipRequest, spec: ForwardSpec): SipRequest {
  const { uri = request.uri, breadth, recordRoutes = [], headers = [] } = spec;
  const copy = new SipRequest(request.method, uri, request.headers.clone(), request.body);
  const hops = copy.headers.get('Max-Forwards');
  copy.headers.set('Max-Forwards', String(hops === undefined ? defaultHops : Math.max(0, Number(hops) - 1)));
  if (breadth !== undefined) copy.headers.set('Max-Breadth', String(breadth));
  const name = request.method === 'REGISTER' ? 'Path' : 'Record-Route';
  for (const value of recordRoutes) copy.headers.prepend(name, value);
  if (name === 'Path' && recordRoutes.length > 0) copy.headers.append('Require', 'path');
  const own = headers.filter(([header]) => !reserved.has(headerKey(header)));
  for (const [header] of own) copy.headers.remove(header);
  for (const [header, value] of own) copy.headers.append(header, value);

  return copy;
}

/** What a request is refused with that may not go on: it may make no further hop (RFC 3261 section 16.3, step 3), or no branch. */
export function hindrance(request: SipRequest): 483 | 440 | undefined {
  const hops = request.headers.get('Max-Forwards');
  if (hops !== undefined && Number(hops) === 0) return 483;

  return breadthOf(request) === 0 ? 440 : undefined;
}
