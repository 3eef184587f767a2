import { isIPv6 } from 'node:net';
import type { Uri } from '../message/grammar';
import type { Target, TransportName } from '../transport/types';

/** A request cannot be sent: its URI has no way that this server knows. The message is fit to be shown to an application. */
export class UnroutableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnroutableError';
  }
}

/** wss is what a browser puts when something before this server takes the TLS off. */
const transports: Readonly<Record<string, TransportName | undefined>> = { udp: 'udp', tcp: 'tcp', ws: 'ws', wss: 'ws' };

/**
 * The next hop that a URI names (RFC 3263 without NAPTR and SRV: transport by parameter or UDP, port or 5060). `maddr`
 * overrides the host. Names are resolved where the message is sent.
 * @throws UnroutableError for sips, for transports without support and for URIs that are not SIP.
 */
export function targetOfUri(uri: Uri): Target {
  if (uri.scheme === 'sips') throw new UnroutableError('sips URIs are not supported: there is no TLS transport');
  if (uri.scheme !== 'sip') throw new UnroutableError(`no route to a ${uri.scheme} URI`);
  const name = (uri.params.transport ?? 'udp').toLowerCase();
  const transport = transports[name];
  if (!transport) throw new UnroutableError('requested protocol/transport not available');
  const host = uri.params.maddr ?? uri.host;

  return { transport, address: host.toLowerCase() === 'localhost' ? '127.0.0.1' : host, port: uri.port ?? 5060 };
}

/** Host and port of a URI or Via: IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
