import net from 'node:net';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { StreamParser } from '../message/stream';
import { closedError, connectionFlow } from './connection';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import { plainAddress } from './flow';
import { TransportError } from './types';
import type { Endpoint, Flow } from './types';

const pong = Buffer.from('\r\n');
/** How long the last bytes may take to leave after a close, in milliseconds. */
const lingerOnClose = 500;
const tcpKeepAlive = 60_000;

/** One TCP connection, whoever opened it. */
export class TcpConnection implements Connection {
  readonly flow: Flow;
  private readonly parser: StreamParser;
  /** When the far end began to keep us waiting; undefined while it owes us nothing. */
  private waitingSince: number | undefined;

  constructor(
    private readonly socket: net.Socket,
    readonly accepted: boolean,
    private readonly events: ConnectionEvents,
    private readonly options: StreamOptions,
    private readonly clock: Clock,
  ) {
    const local = { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    const remote = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    this.flow = connectionFlow('tcp', local, remote);
    this.waitingSince = accepted ? clock.now() : undefined;
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

  send(bytes: Buffer): Promise<void> {
    if (!this.socket.writable) return Promise.reject(closedError(this.flow));
    if (this.socket.writableLength > this.options.maxBacklog) {
      this.destroy();
      return Promise.reject(new TransportError('BACKLOG', `${this.flow.id} does not read what it is sent`));
    }
    this.socket.write(bytes);

    return Promise.resolve();
  }

  sweep(now: number): void {
    if (this.waitingSince !== undefined && now - this.waitingSince > this.options.patience) this.destroy();
  }

  close(): void {
    this.socket.destroySoon();
    // Real time: what is measured is the network's patience, not the protocol's.
    const stop = systemClock.after(lingerOnClose, () => this.destroy());
    this.socket.once('close', stop);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
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
    this.events.ignored();
    this.send(pong).catch(() => undefined);
  }
}

/** A listening TCP socket. `accept` is called with each new connection's socket. */
export class TcpListener {
  private constructor(
    private readonly server: net.Server,
    readonly local: Endpoint,
  ) {}

  static bind(host: string, port: number, accept: (socket: net.Socket) => void): Promise<TcpListener> {
    const server = net.createServer(accept);

    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        const bound = server.address() as net.AddressInfo;
        resolve(new TcpListener(server, { address: host, port: bound.port }));
      });
    });
  }

  /** Stops listening. Connections are closed by their owner. */
  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** Opens a connection. Rejects with TransportError when there is none in time. */
export function dial(remote: Endpoint, timeout: number, clock: Clock): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: remote.address, port: remote.port });
    const fail = (code: string, error?: Error): void => {
      cancel();
      socket.destroy();
      const place = net.isIPv6(remote.address)
        ? `[${remote.address}]:${remote.port}`
        : `${remote.address}:${remote.port}`;
      reject(new TransportError(code, `No TCP connection to ${place}: ${code}`, { cause: error }));
    };
    const cancel = clock.after(timeout, () => fail('ETIMEDOUT'));
    const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? 'EIO', error);
    socket.once('error', onError);
    socket.once('connect', () => {
      cancel();
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
