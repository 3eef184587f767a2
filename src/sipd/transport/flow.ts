import { formatHostPort } from '../message/grammar';
import type { Destination, Endpoint, Flow, TransportName } from './types';

/** A pair of UDP addresses. Made for each datagram, so its id is put together only when asked for. */
export class UdpFlow implements Flow {
  readonly transport = 'udp';

  constructor(
    readonly local: Endpoint,
    readonly remote: Endpoint,
  ) {}

  get id(): string {
    return `udp-${endpointText(this.local)}-${endpointText(this.remote)}`;
  }
}

export function isFlow(destination: Destination): destination is Flow {
  return 'remote' in destination;
}

/** Where messages to this destination arrive. */
export function remoteOf(destination: Destination): Endpoint {
  return isFlow(destination) ? destination.remote : destination;
}

export function endpointText(endpoint: Endpoint): string {
  return formatHostPort(endpoint.address, endpoint.port);
}

/** The key under which a connection is found again. */
export function remoteKey(transport: TransportName, remote: Endpoint): string {
  return `${transport}-${remote.address}-${remote.port}`;
}

/** IPv4 that came in by an IPv6 socket in its plain form; all else as it is, without a zone. */
export function plainAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  const zone = address.indexOf('%');

  return zone < 0 ? address : address.slice(0, zone);
}

/** Whether nobody on the way reads or changes what goes over it. */
export function isSecure(transport: TransportName): boolean {
  return transport === 'tls' || transport === 'wss';
}

export function isWebSocket(transport: TransportName): boolean {
  return transport === 'ws' || transport === 'wss';
}

export function isStream(transport: TransportName): boolean {
  return transport !== 'udp';
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
