import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { silentLogger } from '../../lib/logger';
import type { Logger } from '../../lib/logger';
import type { Via } from '../message/grammar';
import type { SipMessage, SipRequest } from '../message/message';
import { parseDatagram, SipSyntaxError } from '../message/parse';
import type { TlsOptions } from './certificates';
import { defaultStreamOptions } from './connection';
import type { Connection, StreamOptions } from './connection';
import { Connections } from './connections';
import { isFlow, isStream, isWebSocket, isWildcard, remoteOf } from './flow';
import { openDoor } from './guard';
import type { TransportGuard } from './guard';
import { Listeners } from './listeners';
import { Outbound } from './outbound';
import { External, ownAddress } from './own-address';
import { isNotSip } from './sniff';
import { firstOfEach, socketFor, socketOf } from './sockets';
import type { Bound } from './sockets';
import { TransportError } from './types';
import type { Addresses, Destination, Endpoint, ExternalAddress, Flow, ListenEndpoint, ListenOptions } from './types';
import type { SipTransport, TransportEvents, TransportName, TransportStats } from './types';
import { stampFaulty, stampVia, tcpResponsePath, udpResponsePath } from './via';

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

/**
 * The sockets of the server: UDP, TCP, TLS, WebSocket and secure WebSocket over IPv4 and IPv6. `listen` may be called
 * several times. It owns every socket and connection; `close` ends them all.
 */
export class TransportLayer extends TypedEmitter<TransportEvents> implements SipTransport {
  private readonly log: Logger;
  private readonly options: StreamOptions;
  private readonly sockets: Listeners;
  private readonly outbound: Outbound;
  private readonly connections: Connections;
  private readonly external: External | undefined;
  private inUse: () => ReadonlySet<string> = () => new Set();
  private readonly guard: TransportGuard;
  private closing: Promise<void> | undefined;
  private readonly counts = emptyCounts();

  /** @throws RangeError for a local network that is none, CertificateError */
  constructor(settings: TransportOptions = {}) {
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
      certificates: () => this.sockets.certificatesOf(undefined),
      inUse: () => this.inUse(),
    });
    const { resolve } = settings;
    this.sockets = this.makeListeners(settings);
    this.outbound = new Outbound({ listeners: this.sockets, connections: this.connections, resolve });
  }

  /** The first listening address of each transport, with the true ports. */
  get addresses(): Addresses {
    return firstOfEach(this.sockets.bound);
  }

  /** Every listening address, with the true ports, in the order in which they were asked for. */
  get listening(): readonly Bound[] {
    return this.sockets.bound;
  }

  serves(transport: TransportName): boolean {
    return this.sockets.bound.some((one) => one.transport === transport);
  }

  /** Whether a socket of ours reaches that address by that transport. */
  reaches(transport: TransportName, address: string): boolean {
    const bound = this.sockets.bound.filter((one) => one.transport === transport);

    return socketFor(bound, address) !== undefined;
  }

  /** Tells which flows must not be closed for being idle, such as those of registrations and dialogs. */
  keepOpen(inUse: () => ReadonlySet<string>): void {
    this.inUse = inUse;
  }

  /** Reads the certificates anew, for new connections. @returns false when one could not be used and stays as it was */
  reloadCertificates(): boolean {
    return this.sockets.reloadCertificates();
  }

  /**
   * Opens sockets, all or none: those that have a port, or each of a list.
   * @throws TransportError that names the transport and the address, CertificateError
   */
  async listen(options: ListenOptions | readonly ListenEndpoint[]): Promise<void> {
    await this.sockets.listen(options);
  }

  async send(bytes: Buffer, destination: Destination): Promise<Flow> {
    try {
      const flow = await this.outbound.send(bytes, destination);
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
    const bound = this.sockets.of(destination.transport);
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
    this.closing ??= Promise.all([...this.sockets.close(), this.connections.close()]).then(() => undefined);

    return this.closing;
  }

  private makeListeners({ clock, tls, resolve }: TransportOptions): Listeners {
    return new Listeners({
      ...{ log: this.log, clock, options: this.options, tls, resolve, guard: this.guard },
      accept: {
        tcp: (socket) => this.connections.acceptTcp(socket),
        ws: (socket, http) => this.connections.acceptWs(socket, http),
        datagram: (bytes, flow) => this.datagram(bytes, flow),
      },
    });
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
