import { SipRequest } from '../message/message';
import { headerKey } from '../message/names';

/** Headers of a forwarded request that only SIP itself changes. */
const reserved = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'contact', 'content-length', 'route', 'record-route'],
]);
const defaultHops = 70;

export interface ForwardSpec {
  /** Replaces the Request-URI when given. */
  uri?: string;
  /** Values of Record-Route to put in front, the last one topmost. */
  recordRoutes?: readonly string[];
  headers?: readonly (readonly [name: string, value: string])[];
}

/**
 * A copy of a request to send on (RFC 3261 section 16.6): one hop fewer, our Record-Route, and for REGISTER our Path
 * (RFC 3327). The Via is added by the transaction layer.
 */
export function forwarded(request: SipRequest, { uri, recordRoutes = [], headers = [] }: ForwardSpec): SipRequest {
  const copy = new SipRequest(request.method, uri ?? request.uri, request.headers.clone(), request.body);
  const hops = copy.headers.get('Max-Forwards');
  copy.headers.set('Max-Forwards', String(hops === undefined ? defaultHops : Math.max(0, Number(hops) - 1)));
  const name = request.method === 'REGISTER' ? 'Path' : 'Record-Route';
  for (const value of recordRoutes) copy.headers.prepend(name, value);
  if (name === 'Path' && recordRoutes.length > 0) copy.headers.append('Require', 'path');
  for (const [own, value] of headers) if (!reserved.has(headerKey(own))) copy.headers.set(own, value);

  return copy;
}

/** Whether the request may make one more hop (RFC 3261 section 16.3, step 3). */
export function mayHop(request: SipRequest): boolean {
  const hops = request.headers.get('Max-Forwards');

  return hops === undefined || Number(hops) > 0;
}
