import { formatNameAddr, formatUri, parseNameAddr } from '../message/grammar';
import type { NameAddr, Uri } from '../message/grammar';
import type { SipRequest } from '../message/message';

/** Where a request goes from here. */
export interface Way {
  /** Its Request-URI and its Routes. */
  uri: string;
  routes: string[];
  /** The URI of the next hop. */
  next: string;
  /** The last of our own URIs that it came by: the one that was made for the side it goes to. */
  by: string;
}

/** Tells the URIs that we have put into Record-Route. */
export type IsOurs = (uri: string) => boolean;

/**
 * The way of a request that names us in its Route, or in its Request-URI when whoever sent it is a strict router.
 * Undefined when it does not name us.
 * @throws SipSyntaxError when a Route is malformed
 */
export function wayOf(request: SipRequest, isOurs: IsOurs): Way | undefined {
  const routes = request.headers.all('Route').map(parseNameAddr);
  let { uri } = request;
  let by: string | undefined;
  if (isOurs(uri)) {
    const last = routes.pop();
    if (!last) return undefined;
    by = uri;
    uri = asRequestUri(last);
  }
  while (routes[0] && isOurs(routes[0].uri)) {
    by = routes.shift()!.uri;
  }

  return by === undefined ? undefined : { ...onward(uri, routes), by };
}

/** RFC 3261 section 16.6, step 6: a strict router looks for itself in the Request-URI, and for the rest in Route. */
function onward(uri: string, routes: NameAddr[]): Omit<Way, 'by'> {
  const [first, ...others] = routes;
  if (!first) return { uri, routes: [], next: uri };
  if (first.address.params.lr !== undefined) return { uri, routes: routes.map(formatNameAddr), next: first.uri };
  const strict = asRequestUri(first);

  return { uri: strict, routes: [...others.map(formatNameAddr), `<${uri}>`], next: strict };
}

/** RFC 3261 section 19.1.1: a method and headers may not stand there, and would put words into our mouth. */
export function asRequestUri({ uri, address }: Pick<NameAddr, 'uri' | 'address'>): string {
  if (address.headers === undefined && address.params.method === undefined) return uri;
  const params = { ...address.params };
  delete params.method;
  const plain: Uri = { ...address, params, headers: undefined };

  return formatUri(plain);
}
