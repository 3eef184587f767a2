import net from 'node:net';
import tls from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { StreamParser } from '../message/stream';
import { closedError, connectionFlow, settle } from './connection';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import type { Certificates } from './certificates';
import { endpointText, plainAddress } from './flow';
import { keepDoor } from './door';
import type { TransportGuard } from './guard';
import { Handshakes } from './handshakes';
import { verifySipIdentity } from './identity';
import { TransportError } from './types';
import type { Endpoint, Flow } from './types';

const pong = Buffer.from('\r\n');
/** How long the last bytes may take to leave after a close, in milliseconds. */
const lingerOnClose = 500;
const tcpKeepAlive = 60_000;

/** One TCP or TLS connection, whoever opened it. */
export class TcpConnection implements Connection {
  readonly flow: Flow;
  readonly keys = new Set<string>();
  private readonly parser: StreamParser;
  /** When the far end began to keep us waiting; undefined while it owes us nothing. */
  private waitingSince: number | undefined;
  private usedAt: number;
  private isClosing = false;
  /** What the far end has proven; undefined when it has shown nothing that an authority of ours signed. */
  private readonly proof: Pick<PeerCertificate, 'subject' | 'subjectaltname'> | undefined;

  constructor(
    private readonly socket: net.Socket,
    readonly accepted: boolean,
    private readonly events: ConnectionEvents,
    private readonly options: StreamOptions,
    private readonly clock: Clock,
  ) {
    const local = { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    const remote = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    this.flow = connectionFlow(socket instanceof tls.TLSSocket ? 'tls' : 'tcp', local, remote);
    this.proof = proofOf(socket);
    this.usedAt = clock.now();
    this.waitingSince = accepted ? this.usedAt : undefined;
    this.parser = new StreamParser(
      {
        message: (message, raw) => {
          this.waitingSince = undefined;
          events.message(message, this.flow, raw);
        },
        malformed: (error, raw) => events.malformed(error, this.flow, raw),
        ping: () => this.pong(),
      },
      options,
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAlive);
    socket.on('data', (chunk) => this.receive(chunk));
    // The error itself says nothing that `close`, which always follows, does not.
    socket.on('error', () => undefined);
    socket.once('close', () => events.closed(this));
  }

  get lastUsed(): number {
    return this.usedAt;
  }

  vouchesFor(domain: string): boolean {
    return this.proof !== undefined && verifySipIdentity(domain, this.proof) === undefined;
  }

  get isOpen(): boolean {
    return this.socket.writable;
  }

  send(bytes: Buffer): Promise<void> {
    if (!this.isOpen) return Promise.reject(closedError(this.flow));
    if (this.socket.writableLength > this.options.maxBacklog) {
      this.destroy();
      return Promise.reject(new TransportError('BACKLOG', `${this.flow.id} does not read what it is sent`));
    }
    this.usedAt = this.clock.now();

    return new Promise((resolve, reject) => this.socket.write(bytes, settle(this.flow, resolve, reject)));
  }

  sweep(now: number): void {
    if (this.waitingSince !== undefined && now - this.waitingSince > this.options.patience) this.destroy();
  }

  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.socket.destroySoon();
    // Real time: what is measured is the network's patience, not the protocol's.
    const stop = systemClock.after(lingerOnClose, () => this.destroy());
    this.socket.once('close', stop);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.usedAt = this.clock.now();
    try {
      this.parser.push(chunk);
    } catch (error) {
      this.events.failed(error);
      this.destroy();
      return;
    }
    if (this.parser.broken) this.close();
    if (!this.parser.partial) this.waitingSince = undefined;
    else this.waitingSince ??= this.clock.now();
  }

  private pong(): void {
    this.events.ignored(this.flow);
    this.send(pong).catch(() => undefined);
  }
}

function proofOf(socket: net.Socket): Pick<PeerCertificate, 'subject' | 'subjectaltname'> | undefined {
  if (!(socket instanceof tls.TLSSocket) || !socket.authorized) return undefined;
  const { subject, subjectaltname } = socket.getPeerCertificate();

  return { subject, subjectaltname };
}

export interface ListenLimits {
  /** Connections that one socket holds at once, those in their handshake included. */
  maxConnections: number;
  handshakeTimeout: number;
  guard: Pick<TransportGuard, 'opens' | 'closed'>;
}

/** A listening TCP or TLS socket. `accept` is called with each new connection's socket. */
export class TcpListener {
  private constructor(
    private readonly server: net.Server,
    readonly local: Endpoint,
    private readonly handshakes: Handshakes | undefined,
  ) {}

  /** With certificates it is TLS. */
  static bind(
    host: string,
    port: number,
    limits: ListenLimits,
    accept: (socket: net.Socket) => void,
    certificates?: Certificates,
  ): Promise<TcpListener> {
    const server = certificates ? secureServer(certificates, limits, accept) : net.createServer(accept);
    const handshakes = server instanceof tls.Server ? new Handshakes(server) : undefined;
    keepDoor(server, limits.guard);
    server.maxConnections = limits.maxConnections;

    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        const bound = server.address() as net.AddressInfo;
        resolve(new TcpListener(server, { address: host, port: bound.port }, handshakes));
      });
    });
  }

  /** Stops listening. Connections are closed by their owner. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.handshakes?.close();
    });
  }
}

function secureServer(
  certificates: Certificates,
  { handshakeTimeout }: ListenLimits,
  accept: (socket: net.Socket) => void,
): tls.Server {
  const server = tls.createServer({ ...certificates.serverOptions(), handshakeTimeout }, (socket) => {
    if (certificates.refuses(socket)) socket.destroy();
    else accept(socket);
  });
  certificates.add(server);

  return server;
}

export interface Dialling {
  remote: Endpoint;
  /** The address of ours that it leaves from; the system's choice when missing. */
  from?: string;
  timeout: number;
  clock: Clock;
  /** Gives it up. */
  signal: AbortSignal;
  /** TLS: what we trust, and whom the far end must prove to be. */
  secure?: { certificates: Certificates; domain: string };
}

/** Opens a connection. Rejects with TransportError when there is none in time. */
export function dial({ remote, from, timeout, clock, signal, secure }: Dialling): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const place = { host: remote.address, port: remote.port, localAddress: from };
    const socket = secure ? tls.connect({ ...place, ...secureOptions(secure) }) : net.connect(place);
    const fail = (code: string, error?: Error): void => {
      settle();
      socket.destroy();
      const kind = secure ? 'TLS' : 'TCP';
      const why = error && secure ? `${code}, ${error.message}` : code;
      reject(new TransportError(code, `No ${kind} connection to ${endpointText(remote)}: ${why}`, { cause: error }));
    };
    const cancel = clock.after(timeout, () => fail('ETIMEDOUT'));
    const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? 'CERTIFICATE', error);
    const onClose = (): void => fail('ECONNRESET');
    const onAbort = (): void => fail('ECANCELED');
    const settle = (): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort);
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      settle();
      socket.off('error', onError);
      socket.off('close', onClose);
      resolve(socket);
    });
  });
}

function secureOptions({ certificates, domain }: NonNullable<Dialling['secure']>): tls.ConnectionOptions {
  // RFC 6066 section 3: an address is no server name.
  const servername = net.isIP(domain) === 0 ? domain : undefined;

  return { ...certificates.clientOptions(domain), servername };
}
