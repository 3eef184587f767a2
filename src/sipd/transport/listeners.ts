import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type WebSocket from 'ws';
import type { TlsFiles } from '../../lib/certificate';
import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { Certificates } from './certificates';
import type { TlsOptions } from './certificates';
import type { StreamOptions } from './connection';
import { endpointText, isSecure, isStream, isWebSocket } from './flow';
import type { TransportGuard } from './guard';
import { resolved } from './names';
import type { Resolve } from './names';
import type { Bound } from './sockets';
import { TcpListener } from './tcp';
import { TransportError, transportNames } from './types';
import type { Endpoint, Flow, ListenEndpoint, ListenOptions, TransportName } from './types';
import { UdpSocket } from './udp';
import { WsListener } from './ws';

/** A bound socket. */
interface Listener {
  readonly local: Endpoint;
  close(): Promise<void>;
}

export interface Opened extends Bound {
  listener: Listener;
}

export interface ListenersContext {
  log: Logger;
  clock: Clock | undefined;
  options: StreamOptions;
  tls: TlsOptions | undefined;
  resolve: Resolve | undefined;
  guard: TransportGuard;
  /** What comes in. */
  accept: {
    tcp(socket: Socket): void;
    ws(socket: WebSocket, http: IncomingMessage): void;
    datagram(bytes: Buffer, flow: Flow): void;
  };
}

/** The sockets that listen, and the certificates of those that speak TLS. `close` ends both; connections are not theirs. */
export class Listeners {
  /** In the order in which they were asked for. */
  readonly bound: Opened[] = [];
  private readonly certificates = new Map<string, Certificates>();

  constructor(private readonly context: ListenersContext) {}

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

  /** Those of a transport; where there are none, all: what is sent must name some address of ours. */
  of(transport: TransportName): Opened[] {
    const found = this.bound.filter((one) => one.transport === transport);

    return found.length > 0 ? found : this.bound;
  }

  close(): Promise<void>[] {
    return [
      ...this.bound.map(({ listener }) => listener.close()),
      ...[...this.certificates.values()].map((one) => Promise.resolve(one.close())),
    ];
  }

  private async bind({ transport, host, port, tls }: ListenEndpoint): Promise<Opened> {
    const { address } = await resolved({ address: host, port }, this.bound, this.context.resolve);
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
    const { options, guard, accept } = this.context;
    const limits = { ...options, guard };
    if (isWebSocket(transport)) {
      const maxPayload = options.maxHead + options.maxBody;

      return WsListener.bind(
        host,
        port,
        { ...limits, maxPayload },
        (socket, http) => accept.ws(socket, http),
        certificates,
      );
    }
    if (isStream(transport)) {
      return TcpListener.bind(host, port, limits, (socket) => accept.tcp(socket), certificates);
    }

    return UdpSocket.bind(host, port, {
      datagram: (bytes, flow) => accept.datagram(bytes, flow),
      error: (error) => this.context.log.warn({ err: error }, 'UDP socket error'),
    });
  }

  /** Those of the whole server, or of one socket that has its own. @throws CertificateError */
  certificatesOf(own: TlsFiles | undefined): Certificates {
    const options = { ...this.context.tls, ...own };
    const key = JSON.stringify([options.cert, options.key, options.ca]);
    const known = this.certificates.get(key);
    if (known) return known;
    const made = new Certificates(options, this.context.log, this.context.clock);
    this.certificates.set(key, made);

    return made;
  }
}

function endpointsOf(options: ListenOptions | readonly ListenEndpoint[]): readonly ListenEndpoint[] {
  if (!('host' in options)) return options;

  return transportNames.flatMap((transport) => {
    const port = options[`${transport}Port`];

    return port === undefined ? [] : [{ transport, host: options.host, port }];
  });
}
