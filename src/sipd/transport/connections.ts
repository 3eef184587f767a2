import type { IncomingMessage } from 'node:http';
import type net from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../../lib/clock';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import { remoteKey } from './flow';
import type { TransportGuard } from './guard';
import { dial, TcpConnection } from './tcp';
import { TransportError } from './types';
import type { Endpoint, TransportName } from './types';
import { WsConnection } from './ws';

/** Milliseconds between looks for connections that keep us waiting. */
const sweepInterval = 5_000;

/** Every open connection, found by its flow or by its far end, so that it is used again instead of opening another. */
export class Connections {
  private readonly byFlow = new Map<string, Connection>();
  private readonly byRemote = new Map<string, Connection>();
  private readonly dialling = new Map<string, Promise<Connection>>();
  private stopSweep: (() => void) | undefined;
  private isClosed = false;
  private whenEmpty: (() => void) | undefined;
  private readonly events: ConnectionEvents;

  constructor(
    events: ConnectionEvents,
    private readonly options: StreamOptions,
    private readonly clock: Clock,
    private readonly guard: TransportGuard,
  ) {
    this.events = { ...events, closed: (connection) => this.remove(connection, events) };
  }

  acceptTcp(socket: net.Socket): void {
    if (this.isFull || !this.guard.opens(socket.remoteAddress ?? '')) socket.destroy();
    else this.add(new TcpConnection(socket, true, this.events, this.options, this.clock));
  }

  acceptWs(socket: WebSocket, request: IncomingMessage): void {
    if (this.isFull || !this.guard.opens(request.socket.remoteAddress ?? '')) socket.terminate();
    else this.add(new WsConnection(socket, request, this.events, this.options, this.clock));
  }

  byId(flowId: string): Connection | undefined {
    return this.byFlow.get(flowId);
  }

  find(transport: TransportName, remote: Endpoint): Connection | undefined {
    return this.byRemote.get(remoteKey(transport, remote));
  }

  /** The TCP connection to this far end; opened when there is none. Calls at the same time share one attempt. */
  connect(remote: Endpoint): Promise<Connection> {
    const open = this.find('tcp', remote);
    if (open) return Promise.resolve(open);
    const key = remoteKey('tcp', remote);
    const attempt = this.dialling.get(key) ?? this.dial(remote).finally(() => this.dialling.delete(key));
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
    return this.isClosed || this.byFlow.size >= this.options.maxConnections;
  }

  private async dial(remote: Endpoint): Promise<Connection> {
    if (this.isFull) throw new TransportError('NO_CONNECTION', 'No further connection may be opened');
    const socket = await dial(remote, this.options.connectTimeout, this.clock);
    const connection = new TcpConnection(socket, false, this.events, this.options, this.clock);
    this.add(connection);
    if (this.isClosed) connection.destroy();

    return connection;
  }

  private add(connection: Connection): void {
    const { transport, remote, id } = connection.flow;
    this.byFlow.set(id, connection);
    this.byRemote.set(remoteKey(transport, remote), connection);
    if (!this.stopSweep) this.scheduleSweep();
  }

  private remove(connection: Connection, events: ConnectionEvents): void {
    const { transport, remote, id } = connection.flow;
    if (!this.byFlow.delete(id)) return;
    const key = remoteKey(transport, remote);
    if (this.byRemote.get(key) === connection) this.byRemote.delete(key);
    if (connection.accepted) this.guard.closed(remote.address);
    events.closed(connection);
    if (this.byFlow.size === 0) this.whenEmpty?.();
  }

  private scheduleSweep(): void {
    this.stopSweep = this.clock.after(sweepInterval, () => {
      this.stopSweep = undefined;
      const now = this.clock.now();
      for (const connection of this.byFlow.values()) connection.sweep(now);
      if (this.byFlow.size > 0) this.scheduleSweep();
    });
  }
}
