import type { Connection } from './connection';
import { closedError } from './connection';
import type { Connections } from './connections';
import { endpointText, isFlow, isStream, isWildcard, UdpFlow } from './flow';
import type { Listeners } from './listeners';
import { resolved } from './names';
import type { Resolve } from './names';
import { isLoopbackAddress } from './networks';
import { socketFor } from './sockets';
import { TransportError } from './types';
import type { Destination, Endpoint, Flow, Target, TransportName } from './types';
import { UdpSocket } from './udp';

interface OutboundContext {
  readonly listeners: Listeners;
  readonly connections: Connections;
  readonly resolve: Resolve | undefined;
}

/** The way out: from which socket, or over which connection, bytes leave for a flow or an address. */
export class Outbound {
  constructor(private readonly context: OutboundContext) {}

  /** @returns the flow that they went by @throws TransportError, or the system's error */
  send(bytes: Buffer, destination: Destination): Promise<Flow> {
    return isStream(destination.transport)
      ? this.sendStream(bytes, destination)
      : this.sendDatagram(bytes, destination);
  }

  private async sendDatagram(bytes: Buffer, destination: Destination): Promise<Flow> {
    if (isFlow(destination)) {
      const socket = this.context.listeners.bound.find(
        (one) => one.transport === 'udp' && sameEndpoint(one.local, destination.local),
      );
      if (!(socket?.listener instanceof UdpSocket)) throw closedError(destination);
      await socket.listener.send(bytes, destination.remote);

      return destination;
    }
    const remote = await this.resolved(destination);
    const listener = socketFor(this.context.listeners.of('udp'), remote.address)?.listener;
    if (!(listener instanceof UdpSocket)) {
      throw new TransportError('NO_LISTENER', `No UDP socket reaches ${endpointText(remote)}`);
    }
    await listener.send(bytes, remote);

    return new UdpFlow(listener.local, remote);
  }

  private async sendStream(bytes: Buffer, destination: Destination): Promise<Flow> {
    if (isFlow(destination)) {
      const connection = this.context.connections.byId(destination.id);
      if (!connection) throw closedError(destination);
      await connection.send(bytes);

      return destination;
    }
    const connection = await this.connectionTo(destination);
    try {
      await connection.send(bytes);

      return connection.flow;
    } catch (error) {
      if (!hadGone(error)) throw error;
    }
    // The far end had closed it and we did not know: what never left goes by another one.
    const another = await this.connectionTo(destination);
    await another.send(bytes);

    return another.flow;
  }

  private async connectionTo(target: Target): Promise<Connection> {
    const { transport, domain, secure } = target;
    const remote = await this.resolved(target);
    if (transport === 'tcp' || transport === 'tls') {
      const from = this.sourceFor(transport, remote.address);
      const isNamed = domain !== undefined && domain !== remote.address;

      return this.context.connections.connect({
        ...{ transport, remote, from, domain: domain ?? target.address },
        trustsAddress: secure !== true && !isNamed,
      });
    }
    const connection = this.context.connections.find(transport, remote) ?? this.plainSocket(target, remote);
    // A browser cannot be dialled: it is reached over the connection that it opened, or not at all (RFC 7118).
    if (!connection) throw new TransportError('NO_CONNECTION', `No WebSocket to ${endpointText(remote)} is open`);

    return connection;
  }

  /** A browser says WSS also where something before this server takes the TLS off; a sips URI wants more than that. */
  private plainSocket({ transport, secure }: Target, remote: Endpoint): Connection | undefined {
    return transport === 'wss' && !secure ? this.context.connections.find('ws', remote) : undefined;
  }

  /**
   * The address that a connection of ours leaves from, so that the far end sees one that we listen on, when the system may
   * have a choice. An address of the loopback leads nowhere but to the loopback.
   */
  private sourceFor(transport: TransportName, remote: string): string | undefined {
    const bound = this.context.listeners.of(transport);
    const local = bound.length > 1 ? socketFor(bound, remote)?.local.address : undefined;
    if (local === undefined || isWildcard(local)) return undefined;

    return isLoopbackAddress(local) === isLoopbackAddress(remote) ? local : undefined;
  }

  private resolved(target: Endpoint): Promise<Endpoint> {
    return resolved(target, this.context.listeners.bound, this.context.resolve);
  }
}

/** Whether a connection was closed before it could take anything; not one that does not read, or that we gave up. */
function hadGone(error: unknown): boolean {
  return error instanceof TransportError && ['FLOW_CLOSED', 'EPIPE', 'ECONNRESET'].includes(error.code);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
