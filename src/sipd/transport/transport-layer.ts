import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import type { TlsFiles } from '../../lib/certificate';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { silentLogger } from '../../lib/logger';
import type { Logger } from '../../lib/logger';
import type { Via } from '../message/grammar';
import type { SipMessage, SipRequest } from '../message/message';
import { parseDatagram, SipSyntaxError } from '../message/parse';
import { Certificates } from './certificates';
import type { TlsOptions } from './certificates';
import { closedError, defaultStreamOptions } from './connection';
import type { Connection, StreamOptions } from './connection';
import { Connections } from './connections';
import { endpointText, isFlow, isSecure, isStream, isWebSocket, isWildcard, remoteOf, UdpFlow } from './flow';
import { openDoor } from './guard';
import type { TransportGuard } from './guard';
import { isLoopbackAddress } from './networks';
import { External, ownAddress } from './own-address';
import { isNotSip } from './sniff';
import { firstOfEach, socketFor, socketOf } from './sockets';
import type { Bound } from './sockets';
import { TcpListener } from './tcp';
import { TransportError, transportNames } from './types';
import type { Addresses, Destination, Endpoint, ExternalAddress, Flow, ListenEndpoint, ListenOptions } from './types';
import type { SipTransport, Target, TransportEvents, TransportName, TransportStats } from './types';
import { UdpSocket } from './udp';
import { stampFaulty, stampVia, tcpResponsePath, udpResponsePath } from './via';
import { WsListener } from './ws';

export interface TransportOptions extends Partial<StreamOptions> {
  log?: Logger;
  clock?: Clock;
  /** Decides what is read at all; all is when left out. */
  guard?: TransportGuard;
  /** The address that everybody is told, whatever network he is in. */
  publicAddress?: string;
  /** The address that everybody outside our networks is told. */
  external?: ExternalAddress;
  /** The certificate for TLS and WSS, and the authorities that others' are held to. */
  tls?: TlsOptions;
  /** Resolves a name to its addresses, best first; the system's resolver unless told otherwise. */
  resolve?: (name: string) => Promise<string[]>;
}

/** A bound socket. */
interface Listener {
  readonly local: Endpoint;
  close(): Promise<void>;
}

interface Opened extends Bound {
  listener: Listener;
}

/**
 * The sockets of the server: UDP, TCP, TLS, WebSocket and secure WebSocket over IPv4 and IPv6. `listen` may be called
 * several times. It owns every socket and connection; `close` ends them all.
 */
export class TransportLayer extends TypedEmitter<TransportEvents> implements SipTransport {
  private readonly log: Logger;
  private readonly options: StreamOptions;
  private readonly bound: Opened[] = [];
  private readonly connections: Connections;
  private readonly external: External | undefined;
  private readonly certificates = new Map<string, Certificates>();
  private inUse: () => ReadonlySet<string> = () => new Set();
  private readonly guard: TransportGuard;
  private closing: Promise<void> | undefined;
  private readonly counts = emptyCounts();

  /** @throws RangeError for a local network that is none, CertificateError */
  constructor(private readonly settings: TransportOptions = {}) {
    const log = settings.log ?? silentLogger;
    super((error, event) => log.error({ err: error, event }, 'a listener of the SIP transport failed'));
    this.log = log;
    this.options = streamOptions(settings);
    this.guard = settings.guard ?? openDoor;
    const { publicAddress, external } = settings;
    if (external !== undefined) this.external = new External(external);
    else if (publicAddress !== undefined) this.external = new External({ address: publicAddress, localNetworks: [] });
    const events = {
      message: (message: SipMessage, flow: Flow, raw: Buffer) => this.deliver(message, flow, raw),
      malformed: (error: SipSyntaxError, flow: Flow, raw: Buffer) => this.reject(error, flow, raw),
      ignored: (flow: Flow) => {
        this.counts.ignored += 1;
        this.isTooMuch(flow);
      },
      failed: (error: unknown) => this.log.error({ err: error }, 'a SIP message could not be handled'),
      closed: (connection: Connection) => this.emit('flowClosed', connection.flow),
    };
    this.connections = new Connections(events, {
      clock: settings.clock ?? systemClock,
      options: this.options,
      certificates: () => this.certificatesOf(undefined),
      inUse: () => this.inUse(),
      guard: this.guard,
    });
  }

  /** The first listening address of each transport, with the true ports. */
  get addresses(): Addresses {
    return firstOfEach(this.bound);
  }

  /** Every listening address, with the true ports, in the order in which they were asked for. */
  get listening(): readonly Bound[] {
    return this.bound;
  }

  serves(transport: TransportName): boolean {
    return this.bound.some((one) => one.transport === transport);
  }

  /** Whether a socket of ours reaches that address by that transport. */
  reaches(transport: TransportName, address: string): boolean {
    const bound = this.bound.filter((one) => one.transport === transport);

    return socketFor(bound, address) !== undefined;
  }

  /** Tells which flows must not be closed for being idle, such as those of registrations and dialogs. */
  keepOpen(inUse: () => ReadonlySet<string>): void {
    this.inUse = inUse;
  }

  /** Reads the certificates anew, for new connections. @returns false when one could not be used and stays as it was */
  reloadCertificates(): boolean {
    return [...this.certificates.values()].map((one) => one.reload()).every(Boolean);
  }

  /**
   * Opens sockets, all or none: those that have a port, or each of a list.
   * @throws TransportError that names the transport and the address, CertificateError
   */
  async listen(options: ListenOptions | readonly ListenEndpoint[]): Promise<void> {
    const opened: Opened[] = [];
    try {
      for (const endpoint of endpointsOf(options)) opened.push(await this.bind(endpoint));
    } catch (thrown) {
      await Promise.all(opened.map(({ listener }) => listener.close()));
      throw thrown;
    }
    this.bound.push(...opened);
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
    if (isWebSocket(flow.transport) || this.isOpen(flow)) return flow;

    return tcpResponsePath(via, flow);
  }

  isOpen(flow: Flow): boolean {
    return !isStream(flow.transport) || this.connections.byId(flow.id)?.isOpen === true;
  }

  sentBy(destination: Destination): Endpoint {
    const remote = remoteOf(destination).address;
    const bound = this.socketsOf(destination.transport);
    const socket = isFlow(destination) ? socketOf(bound, destination) : (socketFor(bound, remote) ?? bound[0]);
    const listener = (socket ?? bound[0])?.local;
    if (!listener) throw new TransportError('NO_LISTENER', 'The SIP transport listens nowhere');
    const external = this.external?.toldTo(remote);
    if (external !== undefined) return { address: external, port: listener.port };
    const isKnown = isFlow(destination) && !isWildcard(destination.local.address);

    return {
      address: isKnown ? destination.local.address : ownAddress(listener.address, remote),
      port: listener.port,
    };
  }

  stats(): TransportStats {
    const { received, sent, ...others } = this.counts;
    const count = (name: TransportName): number => this.connections.count(name);
    const connections = { tcp: count('tcp'), tls: count('tls'), ws: count('ws'), wss: count('wss') };

    return { ...others, received: { ...received }, sent: { ...sent }, connections };
  }

  /** Closes at once every connection whose far end has such an address. */
  disconnect(belongs: (address: string) => boolean): void {
    this.connections.disconnect(belongs);
  }

  /** Closes every socket and connection; resolves when they are gone. */
  close(): Promise<void> {
    // All at once: a listener is not gone before the connections that it accepted are.
    this.closing ??= Promise.all([
      ...this.bound.map(({ listener }) => listener.close()),
      this.connections.close(),
      ...[...this.certificates.values()].map((one) => one.close()),
    ]).then(() => undefined);

    return this.closing;
  }

  private async bind({ transport, host, port, tls }: ListenEndpoint): Promise<Opened> {
    const { address } = await this.resolved({ address: host, port });
    const certificates = isSecure(transport) ? this.certificatesOf(tls) : undefined;
    const place = `${transport.toUpperCase()} ${endpointText({ address, port })}`;
    if (certificates && !certificates.canServe) {
      throw new TransportError('NO_CERTIFICATE', `Cannot listen on ${place}: a certificate and its key are needed`);
    }
    try {
      const listener = await this.open(transport, address, port, certificates);

      return { transport, local: listener.local, listener };
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? 'EIO';
      throw new TransportError(code, `Cannot listen on ${place}: ${code}`, { cause: thrown });
    }
  }

  private open(
    transport: TransportName,
    host: string,
    port: number,
    certificates: Certificates | undefined,
  ): Promise<Listener> {
    const { maxHead, maxBody } = this.options;
    if (isWebSocket(transport)) {
      const limits = { ...this.options, maxPayload: maxHead + maxBody };

      return WsListener.bind(
        host,
        port,
        limits,
        (socket, http) => this.connections.acceptWs(socket, http),
        certificates,
      );
    }
    if (isStream(transport)) {
      return TcpListener.bind(host, port, this.options, (socket) => this.connections.acceptTcp(socket), certificates);
    }

    return UdpSocket.bind(host, port, {
      datagram: (bytes, flow) => this.datagram(bytes, flow),
      error: (error) => this.log.warn({ err: error }, 'UDP socket error'),
    });
  }

  /** Those of the whole server, or of one socket that has its own. @throws CertificateError */
  private certificatesOf(own: TlsFiles | undefined): Certificates {
    const options = { ...this.settings.tls, ...own };
    const key = JSON.stringify([options.cert, options.key, options.ca]);
    const known = this.certificates.get(key);
    if (known) return known;
    const made = new Certificates(options, this.log, this.settings.clock);
    this.certificates.set(key, made);

    return made;
  }

  private async sendDatagram(bytes: Buffer, destination: Destination): Promise<Flow> {
    if (isFlow(destination)) {
      const socket = this.bound.find((one) => one.transport === 'udp' && sameEndpoint(one.local, destination.local));
      if (!(socket?.listener instanceof UdpSocket)) throw closedError(destination);
      await socket.listener.send(bytes, destination.remote);

      return destination;
    }
    const remote = await this.resolved(destination);
    const listener = socketFor(this.socketsOf('udp'), remote.address)?.listener;
    if (!(listener instanceof UdpSocket)) {
      throw new TransportError('NO_LISTENER', `No UDP socket reaches ${endpointText(remote)}`);
    }
    await listener.send(bytes, remote);

    return new UdpFlow(listener.local, remote);
  }

  private async sendStream(bytes: Buffer, destination: Destination): Promise<Flow> {
    if (isFlow(destination)) {
      const connection = this.connections.byId(destination.id);
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

      return this.connections.connect({
        ...{ transport, remote, from, domain: domain ?? target.address },
        trustsAddress: secure !== true && !isNamed,
      });
    }
    const connection = this.connections.find(transport, remote) ?? this.plainSocket(target, remote);
    // A browser cannot be dialled: it is reached over the connection that it opened, or not at all (RFC 7118).
    if (!connection) throw new TransportError('NO_CONNECTION', `No WebSocket to ${endpointText(remote)} is open`);

    return connection;
  }

  /** A browser says WSS also where something before this server takes the TLS off; a sips URI wants more than that. */
  private plainSocket({ transport, secure }: Target, remote: Endpoint): Connection | undefined {
    return transport === 'wss' && !secure ? this.connections.find('ws', remote) : undefined;
  }

  /**
   * The address that a connection of ours leaves from, so that the far end sees one that we listen on, when the system may
   * have a choice. An address of the loopback leads nowhere but to the loopback.
   */
  private sourceFor(transport: TransportName, remote: string): string | undefined {
    const bound = this.socketsOf(transport);
    const local = bound.length > 1 ? socketFor(bound, remote)?.local.address : undefined;
    if (local === undefined || isWildcard(local)) return undefined;

    return isLoopbackAddress(local) === isLoopbackAddress(remote) ? local : undefined;
  }

  private async resolved<T extends Endpoint>(target: T): Promise<Endpoint> {
    if (isIP(target.address) !== 0) return { address: target.address, port: target.port };
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

  /** Those of a transport; where there are none, all: what is sent must name some address of ours. */
  private socketsOf(transport: TransportName): Opened[] {
    const found = this.bound.filter((one) => one.transport === transport);

    return found.length > 0 ? found : this.bound;
  }

  private datagram(bytes: Buffer, flow: Flow): void {
    if (!this.guard.admits(flow.remote.address, bytes)) return;
    if (isNotSip(bytes)) {
      this.counts.ignored += 1;
      return;
    }
    let message: SipMessage;
    try {
      this.guard.inspect(bytes);
      message = parseDatagram(bytes);
    } catch (thrown) {
      if (thrown instanceof SipSyntaxError) this.reject(thrown, flow, bytes);
      else this.log.error({ err: thrown }, 'a SIP message could not be handled');
      return;
    }
    this.deliver(message, flow, bytes);
  }

  private deliver(message: SipMessage, flow: Flow, raw: Buffer): void {
    if (this.isTooMuch(flow)) return;
    this.counts.received[flow.transport] += 1;
    if (message.kind === 'request') this.stamp(message, flow);
    this.emit('message', message, flow, raw);
  }

  /** Ends the connection of whoever sends more of whatever kind than he may; datagrams are judged before they are read. */
  private isTooMuch(flow: Flow): boolean {
    if (!isStream(flow.transport) || this.guard.admits(flow.remote.address)) return false;
    this.connections.byId(flow.id)?.destroy();

    return true;
  }

  private stamp(request: SipRequest, flow: Flow): void {
    const { params, port } = request.via;
    if (flow.transport === 'tls' && 'alias' in params) this.connections.alias(flow.id, port ?? 5061);
    stampVia(request, flow.remote);
  }

  private reject(error: SipSyntaxError, flow: Flow, raw: Buffer): void {
    this.counts.malformed += 1;
    if (this.isTooMuch(flow)) return;
    if (error.request) stampFaulty(error.request.headers, flow.remote);
    this.emit('malformed', error, flow, raw);
  }
}

/** Whether a connection was closed before it could take anything; not one that does not read, or that we gave up. */
function hadGone(error: unknown): boolean {
  return error instanceof TransportError && ['FLOW_CLOSED', 'EPIPE', 'ECONNRESET'].includes(error.code);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

function endpointsOf(options: ListenOptions | readonly ListenEndpoint[]): readonly ListenEndpoint[] {
  if (!('host' in options)) return options;

  return transportNames.flatMap((transport) => {
    const port = options[`${transport}Port`];

    return port === undefined ? [] : [{ transport, host: options.host, port }];
  });
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
    received: { udp: 0, tcp: 0, tls: 0, ws: 0, wss: 0 },
    sent: { udp: 0, tcp: 0, tls: 0, ws: 0, wss: 0 },
    malformed: 0,
    ignored: 0,
    sendErrors: 0,
  };
}
