import { isIP, isIPv6 } from 'node:net';
import type { Uri } from '../message/grammar';
import { isSecure } from '../transport/flow';
import { transportNames } from '../transport/types';
import type { Target, TransportName } from '../transport/types';

/** A request cannot be sent: its URI has no way that this server knows. The message is fit to be shown to an application. */
export class UnroutableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnroutableError';
  }
}

const transports: ReadonlySet<string> = new Set(transportNames);

/**
 * The next hop that a URI names: transport by parameter or UDP, port or the usual one; `maddr` overrides the host. What the
 * URI leaves open is told with it, for DNS to say (RFC 3263); names are resolved where the message is sent. A sips URI goes
 * by TLS or WSS, whatever its transport parameter says (RFC 3261 section 26.2.2).
 * @throws UnroutableError for transports without support and for URIs that are not SIP.
 */
export function targetOfUri(uri: Uri): Target {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') throw new UnroutableError(`no route to a ${uri.scheme} URI`);
  const secure = uri.scheme === 'sips';
  const named = uri.params.transport?.toLowerCase();
  const transport = secure ? secured(named) : (named ?? 'udp');
  if (!isTransport(transport)) throw new UnroutableError('requested protocol/transport not available');
  const host = uri.params.maddr ?? uri.host;
  const target: Target = { transport, address: host, port: uri.port ?? (transport === 'tls' ? 5061 : 5060) };
  if (secure) target.secure = true;
  if (host.toLowerCase() === 'localhost') target.address = '127.0.0.1';
  else if (uri.port === undefined && isIP(host) === 0) target.open = { port: true, transport: named === undefined };
  // RFC 5922 section 7.1: whoever is there has to be the domain of the URI, wherever that was found.
  if (isSecure(transport) && target.address !== uri.host) target.domain = uri.host;

  return target;
}

/** There is no UDP that is secure. */
function secured(named: string | undefined): string {
  if (named === undefined || named === 'tcp' || named === 'tls') return 'tls';

  return named === 'ws' || named === 'wss' ? 'wss' : '';
}

function isTransport(name: string): name is TransportName {
  return transports.has(name);
}

/** Whether a URI must be reached by TLS only. */
export function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

/** Host and port of a URI or Via: IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
