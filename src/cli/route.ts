import type { Config } from '../lib/config';
import { heldTo } from '../lib/trust';
import type { ApplicationRouter } from '../sipd/drachtio/outbound';

/** Where `sightline sipd` takes new requests; undefined: to the connected applications in turn. @throws CertificateError */
export function routerOf({ route, routeTimeout, routeCa }: Config): ApplicationRouter | undefined {
  if (!route) return undefined;
  if ('url' in route) return { url: route.url, timeout: routeTimeout, tls: heldTo(routeCa) };
  if (!('host' in route)) return route;
  const { isSecure, ...place } = route;

  return isSecure ? { ...place, tls: heldTo(routeCa) } : place;
}
