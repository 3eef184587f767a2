import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { silentLogger } from '../../lib/logger';
import type { Logger } from '../../lib/logger';
import type { Via } from '../message/grammar';
import type { SipMessage } from '../message/message';
import { parseDatagram, SipSyntaxError } from '../message/parse';
import { closedError, defaultStreamOptions } from './connection';
import type { Connection, StreamOptions } from './connection';
import { Connections } from './connections';
import { endpointText, isFlow, isStream, isWildcard, remoteOf, UdpFlow } from './flow';
import { ownAddress } from './own-address';
import { isNotSip } from './sniff';
import { TcpListener } from './tcp';
import { TransportError } from './types';
import type { Addresses, Destination, Endpoint, Flow, ListenOptions, SipTransport } from './types';
import type { TransportEvents, TransportName, TransportStats } from './types';
import { UdpSocket } from './udp';
import { stampFaulty, stampVia, tcpResponsePath, udpResponsePath } from './via';
import { WsListener } from './ws';

export interface TransportOptions extends Partial<StreamOptions> {
  log?: Logger;
  clock?: Clock;
  /** The address that others reach us at when it is not the one that we listen on (NAT). */
  publicAddress?: string;
  /** Resolves a name to its addresses, best first; the system's resolver unless told otherwise. */
  resolve?: (name: string) => Promise<string[]>;
}

/** A bound socket. */
interface Listener {
  readonly local: Endpoint;
  close(): Promise<void>;
}

/**
 * The sockets of the server: UDP, TCP and WebSocket over IPv4 and IPv6. `listen` may be called several times. It owns
 * every socket and connection; `close` ends them all.
 */
export class TransportLayer extends TypedEmitter<TransportEvents> implements SipTransport {
  private readonly log: Logger;
  private readonly options: StreamOptions;
  private readonly bound: { transport: TransportName; local: Endpoint }[] = [];
  private readonly udpSockets: UdpSocket[] = [];
  private readonly connections: Connections;
  private readonly listeningSockets: Listener[] = [];
  private closing: Promise<void> | undefined;
  private readonly counts = emptyCounts();

  constructor(private readonly settings: TransportOptions = {}) {
    const log = settings.log ?? silentLogger;
    super((error, event) => log.error({ err: error, event }, 'a listener of the SIP transport failed'));
    this.log = log;
    this.options = streamOptions(settings);
    const events = {
      message: (message: SipMessage, flow: Flow, raw: Buffer) => this.deliver(message, flow, raw),
      malformed: (error: SipSyntaxError, flow: Flow, raw: Buffer) => this.reject(error, flow, raw),
      ignored: () => (this.counts.ignored += 1),
      failed: (error: unknown) => this.log.error({ err: error }, 'a SIP message could not be handled'),
      closed: (connection: Connection) => this.emit('flowClosed', connection.flow),
    };
    this.connections = new Connections(events, this.options, settings.clock ?? systemClock);
  }

  /** The first listening address of each transport, with the true ports. */
  get addresses(): Addresses {
    const addresses: Addresses = {};
    for (const { transport, local } of this.bound) addresses[transport] ??= local;

    return addresses;
  }

  /**
   * Opens the sockets that have a port, all or none.
   * @throws TransportError that names the transport and the address
   */
  async listen(options: ListenOptions): Promise<void> {
    const opened: { transport: TransportName; listener: Listener }[] = [];
    const { address } = await this.resolved({ address: options.host, port: 0 });
    try {
      for (const transport of ['udp', 'tcp', 'ws'] as const) {
        const port = options[`${transport}Port`];
        if (port !== undefined) opened.push({ transport, listener: await this.bind(transport, address, port) });
      }
    } catch (thrown) {
      await Promise.all(opened.map(({ listener }) => listener.close()));
      throw thrown;
    }
    for (const { transport, listener } of opened) {
      this.bound.push({ transport, local: listener.local });
      if (listener instanceof UdpSocket) this.udpSockets.push(listener);
      this.listeningSockets.push(listener);
    }
  }

  async send(bytes: Buffer, destination: Destination): Promise<Flow> {
    try {
      const flow = isStream(destination.transport)
        ? await this.sendStream(bytes, destination)
        : await this.sendDatagram(bytes, destination);
      this.counts.sent[destination.transport] += 1;
      this.emit('sent', bytes, flow);

      return flow;
    } catch (thrown) {
      this.counts.sendErrors += 1;
      throw thrown;
    }
  }

  responsePath(via: Via, flow: Flow): Destination {
    if (!isStream(flow.transport)) return udpResponsePath(via, flow);
    if (flow.transport === 'tcp' && !this.connections.byId(flow.id)) return tcpResponsePath(via, flow);

    return flow;
  }

  sentBy(destination: Destination): Endpoint {
    const remote = remoteOf(destination).address;
    const listener = this.listenerFor(destination.transport, remote);
    if (!listener) throw new TransportError('NO_LISTENER', 'The SIP transport listens nowhere');
    const { publicAddress } = this.settings;
    if (publicAddress !== undefined) return { address: publicAddress, port: listener.port };
    const isKnown = isFlow(destination) && !isWildcard(destination.local.address);

    return {
      address: isKnown ? destination.local.address : ownAddress(listener.address, remote),
      port: listener.port,
    };
  }

  stats(): TransportStats {
    const { received, sent, ...others } = this.counts;
    const connections = { tcp: this.connections.count('tcp'), ws: this.connections.count('ws') };

    return { ...others, received: { ...received }, sent: { ...sent }, connections };
  }

  /** Closes every socket and connection; resolves when they are gone. */
  close(): Promise<void> {
    // All at once: a listener is not gone before the connections that it accepted are.
    this.closing ??= Promise.all([
      ...this.listeningSockets.map((listener) => listener.close()),
      this.connections.close(),
    ]).then(() => undefined);

    return this.closing;
  }

  private async bind(transport: TransportName, host: string, port: number): Promise<Listener> {
    try {
      return await this.open(transport, host, port);
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? 'EIO';
      const place = `${transport.toUpperCase()} ${endpointText({ address: host, port })}`;
      throw new TransportError(code, `Cannot listen on ${place}: ${code}`, { cause: thrown });
    }
  }

  private open(transport: TransportName, host: string, port: number): Promise<Listener> {
    const { maxHead, maxBody } = this.options;
    switch (transport) {
      case 'udp':
        return UdpSocket.bind(host, port, {
          datagram: (bytes, flow) => this.datagram(bytes, flow),
          error: (error) => this.log.warn({ err: error }, 'UDP socket error'),
        });
      case 'tcp':
        return TcpListener.bind(host, port, (socket) => this.connections.acceptTcp(socket));
      case 'ws':
        return WsListener.bind(host, port, maxHead + maxBody, (socket, request) =>
          this.connections.acceptWs(socket, request),
        );
    }
  }

  private async sendDatagram(bytes: Buffer, destination: Destination): Promise<Flow> {
    if (isFlow(destination)) {
      const socket = this.udpSockets.find(({ local }) => sameEndpoint(local, destination.local));
      if (!socket) throw closedError(destination);
      await socket.send(bytes, destination.remote);

      return destination;
    }
    const remote = await this.resolved(destination);
    const wantsIPv6 = isIPv6(remote.address);
    const socket = this.udpSockets.find((one) => one.isIPv6 === wantsIPv6) ?? this.udpSockets.find((one) => one.isDual);
    if (!socket) throw new TransportError('NO_LISTENER', `No UDP socket reaches ${endpointText(remote)}`);
    await socket.send(bytes, remote);

    return new UdpFlow(socket.local, remote);
  }

  private async sendStream(bytes: Buffer, destination: Destination): Promise<Flow> {
    const connection = isFlow(destination)
      ? this.connections.byId(destination.id)
      : await this.connectionTo(destination.transport, destination);
    if (!connection) throw closedError(destination as Flow);
    await connection.send(bytes);

    return connection.flow;
  }

  private async connectionTo(transport: TransportName, target: Endpoint): Promise<Connection> {
    const remote = await this.resolved(target);
    if (transport === 'tcp') return this.connections.connect(remote);
    const connection = this.connections.find(transport, remote);
    // A browser cannot be dialled: it is reached over the connection that it opened, or not at all (RFC 7118).
    if (!connection) throw new TransportError('NO_CONNECTION', `No WebSocket to ${endpointText(remote)} is open`);

    return connection;
  }

  private async resolved(target: Endpoint): Promise<Endpoint> {
    if (isIP(target.address) !== 0) return target;
    const addresses = await this.lookUp(target.address);
    // An address of a family that we listen on, as a response must find its way back.
    const usable = addresses.find((one) => this.bound.some(({ local }) => isIPv6(local.address) === isIPv6(one)));

    return { address: usable ?? addresses[0]!, port: target.port };
  }

  private async lookUp(name: string): Promise<string[]> {
    let cause: unknown;
    try {
      const addresses = await (this.settings.resolve ?? systemResolve)(name);
      if (addresses.length > 0) return addresses;
    } catch (thrown) {
      cause = thrown;
    }
    throw new TransportError('ENOTFOUND', `The name ${name} has no address`, { cause });
  }

  private listenerFor(transport: TransportName, remote: string): Endpoint | undefined {
    const candidates = this.bound.filter((one) => one.transport === transport);
    const sameFamily = candidates.find(({ local }) => isIPv6(local.address) === isIPv6(remote));

    return (sameFamily ?? candidates[0] ?? this.bound[0])?.local;
  }

  private datagram(bytes: Buffer, flow: Flow): void {
    if (isNotSip(bytes)) {
      this.counts.ignored += 1;
      return;
    }
    let message: SipMessage;
    try {
      message = parseDatagram(bytes);
    } catch (thrown) {
      if (thrown instanceof SipSyntaxError) this.reject(thrown, flow, bytes);
      else this.log.error({ err: thrown }, 'a SIP message could not be handled');
      return;
    }
    this.deliver(message, flow, bytes);
  }

  private deliver(message: SipMessage, flow: Flow, raw: Buffer): void {
    this.counts.received[flow.transport] += 1;
    if (message.kind === 'request') stampVia(message, flow.remote);
    this.emit('message', message, flow, raw);
  }

  private reject(error: SipSyntaxError, flow: Flow, raw: Buffer): void {
    this.counts.malformed += 1;
    if (error.request) stampFaulty(error.request.headers, flow.remote);
    this.emit('malformed', error, flow, raw);
  }
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

async function systemResolve(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function streamOptions(settings: TransportOptions): StreamOptions {
  const options: Record<string, number> = { ...defaultStreamOptions };
  for (const name of Object.keys(defaultStreamOptions) as (keyof StreamOptions)[]) {
    options[name] = settings[name] ?? defaultStreamOptions[name];
  }

  return options as unknown as StreamOptions;
}

function emptyCounts(): Omit<TransportStats, 'connections'> {
  return {
    received: { udp: 0, tcp: 0, ws: 0 },
    sent: { udp: 0, tcp: 0, ws: 0 },
    malformed: 0,
    ignored: 0,
    sendErrors: 0,
  };
}
