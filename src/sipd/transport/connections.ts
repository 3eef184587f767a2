import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type net from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../../lib/clock';
import type { Certificates } from './certificates';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import { remoteKey } from './flow';
import { dial, TcpConnection } from './tcp';
import { TransportError } from './types';
import type { Endpoint, TransportName } from './types';
import { WsConnection } from './ws';

/** Milliseconds between looks for connections that keep us waiting. */
const sweepInterval = 5_000;

/** The far end of a connection that is wanted. */
export interface Wanted {
  transport: 'tcp' | 'tls';
  remote: Endpoint;
  /** Of ours, to leave from; the system's choice when missing. */
  from?: string;
  /** TLS: whom the far end must prove to be. */
  domain: string;
  /** TLS: whether a connection that the far end opened without a certificate will do, because it has that very address. */
  trustsAddress: boolean;
}

export interface ConnectionsContext {
  clock: Clock;
  options: StreamOptions;
  /** What we trust, and show to whoever asks, when we open a TLS connection. */
  certificates: () => Certificates;
  /** The flows that must not be closed for being idle: registrations, dialogs, requests under way. */
  inUse: () => ReadonlySet<string>;
}

/** Every open connection, found by its flow or by its far end, so that it is used again instead of opening another. */
export class Connections {
  private readonly byFlow = new Map<string, Connection>();
  private readonly byRemote = new Map<string, Connection[]>();
  private readonly dialling = new Map<string, Promise<Connection>>();
  private stopSweep: (() => void) | undefined;
  private isClosed = false;
  private readonly givingUp = new AbortController();
  private whenEmpty: (() => void) | undefined;
  private readonly events: ConnectionEvents;

  constructor(
    events: ConnectionEvents,
    private readonly context: ConnectionsContext,
  ) {
    // One listener for each connection that is being opened.
    setMaxListeners(0, this.givingUp.signal);
    this.events = { ...events, closed: (connection) => this.remove(connection, events) };
  }

  /** TCP or TLS, as the socket is. */
  acceptTcp(socket: net.Socket): void {
    if (socket.remoteAddress === undefined || this.isFull) socket.destroy();
    else this.add(new TcpConnection(socket, true, this.events, this.context.options, this.context.clock));
  }

  acceptWs(socket: WebSocket, request: IncomingMessage): void {
    if (this.isFull) socket.terminate();
    else this.add(new WsConnection(socket, request, this.events, this.context.options, this.context.clock));
  }

  byId(flowId: string): Connection | undefined {
    return this.byFlow.get(flowId);
  }

  /** The newest connection with that far end that is open. */
  find(transport: TransportName, remote: Endpoint): Connection | undefined {
    return this.byRemote.get(remoteKey(transport, remote))?.findLast((one) => one.isOpen);
  }

  /**
   * Lets requests to a further address go over a connection that its far end opened, because it asked for that by the Via
   * parameter `alias` (RFC 5923). Only a far end with a certificate gets this, and only what is for the domains in there
   * is sent to it: an address alone may be shared, and would let one steal the calls of another.
   */
  alias(flowId: string, port: number): void {
    const connection = this.byFlow.get(flowId);
    if (!connection?.accepted || connection.flow.transport !== 'tls') return;
    const { remote } = connection.flow;
    this.index(remoteKey('tls', { address: remote.address, port }), connection);
  }

  /** The connection to this far end; opened when there is none. Calls at the same time share one attempt. */
  connect(wanted: Wanted): Promise<Connection> {
    const open = this.usable(wanted);
    if (open) return Promise.resolve(open);
    const key = `${remoteKey(wanted.transport, wanted.remote)}-${wanted.from}-${wanted.domain}`;
    const attempt = this.dialling.get(key) ?? this.dial(wanted).finally(() => this.dialling.delete(key));
    this.dialling.set(key, attempt);

    return attempt;
  }

  count(transport: TransportName): number {
    let count = 0;
    for (const connection of this.byFlow.values()) if (connection.flow.transport === transport) count += 1;

    return count;
  }

  /** Closes every connection once what waits in it is sent; resolves when all are gone. */
  close(): Promise<void> {
    this.isClosed = true;
    this.stopSweep?.();
    this.givingUp.abort();
    if (this.byFlow.size === 0) return Promise.resolve();
    const gone = new Promise<void>((resolve) => (this.whenEmpty = resolve));
    for (const connection of this.byFlow.values()) connection.close();

    return gone;
  }

  /** Closes at once every connection whose far end has such an address. */
  disconnect(belongs: (address: string) => boolean): void {
    for (const connection of this.byFlow.values()) {
      if (belongs(connection.flow.remote.address)) connection.destroy();
    }
  }

  private get isFull(): boolean {
    return this.isClosed || this.byFlow.size >= this.context.options.maxConnections;
  }

  private usable({ transport, remote, domain, trustsAddress }: Wanted): Connection | undefined {
    if (transport === 'tcp') return this.find(transport, remote);
    const known = this.byRemote.get(remoteKey(transport, remote)) ?? [];

    return known.findLast(
      (one) => one.isOpen && (one.vouchesFor(domain) || (trustsAddress && isItsFarEnd(one, remote))),
    );
  }

  private async dial({ transport, remote, from, domain }: Wanted): Promise<Connection> {
    if (this.isFull) throw new TransportError('NO_CONNECTION', 'No further connection may be opened');
    const { clock, options, certificates } = this.context;
    const secure = transport === 'tls' ? { certificates: certificates(), domain } : undefined;
    const { signal } = this.givingUp;
    const socket = await dial({ remote, from, timeout: options.connectTimeout, clock, signal, secure });
    const connection = new TcpConnection(socket, false, this.events, options, clock);
    this.add(connection);
    if (this.isClosed) connection.destroy();

    return connection;
  }

  private add(connection: Connection): void {
    const { transport, remote, id } = connection.flow;
    this.byFlow.set(id, connection);
    this.index(remoteKey(transport, remote), connection);
    if (!this.stopSweep) this.scheduleSweep();
  }

  private index(key: string, connection: Connection): void {
    const others = (this.byRemote.get(key) ?? []).filter((one) => one !== connection);
    this.byRemote.set(key, [...others, connection]);
    connection.keys.add(key);
  }

  private remove(connection: Connection, events: ConnectionEvents): void {
    if (!this.byFlow.delete(connection.flow.id)) return;
    for (const key of connection.keys) {
      const others = (this.byRemote.get(key) ?? []).filter((one) => one !== connection);
      if (others.length > 0) this.byRemote.set(key, others);
      else this.byRemote.delete(key);
    }
    events.closed(connection);
    if (this.byFlow.size === 0) this.whenEmpty?.();
  }

  private scheduleSweep(): void {
    this.stopSweep = this.context.clock.after(sweepInterval, () => {
      this.stopSweep = undefined;
      this.sweep(this.context.clock.now());
      if (this.byFlow.size > 0) this.scheduleSweep();
    });
  }

  private sweep(now: number): void {
    const idle: Connection[] = [];
    for (const connection of this.byFlow.values()) {
      connection.sweep(now);
      if (now - connection.lastUsed > this.context.options.idle) idle.push(connection);
    }
    // Asked once, and only when somebody is to be closed: it goes through all dialogs.
    const needed = idle.length > 0 ? this.context.inUse() : undefined;
    for (const connection of idle) if (!needed?.has(connection.flow.id)) connection.close();
  }
}

/** Not by an alias: it was opened from this very address and port. */
function isItsFarEnd({ flow, accepted }: Connection, remote: Endpoint): boolean {
  return accepted && flow.remote.address === remote.address && flow.remote.port === remote.port;
}
