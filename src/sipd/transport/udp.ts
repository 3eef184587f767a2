import dgram from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress, UdpFlow } from './flow';
import { TransportError } from './types';
import type { Endpoint, Flow } from './types';

/** Large enough for a burst of some thousand requests; the kernel gives less where its own limit is lower. */
const receiveBuffer = 4 * 1024 * 1024;

export interface UdpHandler {
  datagram(bytes: Buffer, flow: Flow): void;
  error(error: Error): void;
}

/** One bound UDP socket. */
export class UdpSocket {
  readonly isIPv6: boolean;

  private constructor(
    private readonly socket: dgram.Socket,
    readonly local: Endpoint,
  ) {
    this.isIPv6 = isIPv6(local.address);
  }

  /** Binds to host and port; 0 takes any free port. Rejects with the system's error when that cannot be. */
  static bind(host: string, port: number, handler: UdpHandler): Promise<UdpSocket> {
    const family = isIPv6(host) ? 6 : 4;
    const socket = dgram.createSocket({
      type: `udp${family}`,
      recvBufferSize: receiveBuffer,
      // Only addresses come here, names are resolved before; so nothing needs to be looked up for each datagram.
      lookup: (address, _options, done) => done(null, address, family),
    });

    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', fail);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', fail);
        resolve(new UdpSocket(socket, { address: host, port: socket.address().port }).receive(handler));
      });
    });
  }

  /** Whether this IPv6 socket reaches IPv4 addresses too. */
  get isDual(): boolean {
    return this.local.address === '::';
  }

  /** Rejects with TransportError: EMSGSIZE when the message is too long for a datagram, ENETUNREACH, … */
  send(bytes: Buffer, remote: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: NodeJS.ErrnoException | null): void => {
        if (error)
          reject(new TransportError(error.code ?? 'EIO', `UDP send failed: ${error.message}`, { cause: error }));
        else resolve();
      };
      const address = this.isIPv6 && isIPv4(remote.address) ? `::ffff:${remote.address}` : remote.address;
      try {
        this.socket.send(bytes, remote.port, address, done);
      } catch (thrown) {
        // Thrown at once for what can never work: a closed socket, a port out of range.
        done(thrown as NodeJS.ErrnoException);
      }
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      try {
        this.socket.close(() => resolve());
      } catch {
        resolve();
      }
    });
  }

  private receive(handler: UdpHandler): this {
    this.socket.on('error', (error) => handler.error(error));
    this.socket.on('message', (bytes, from) => {
      if (from.port === 0) return;
      handler.datagram(bytes, new UdpFlow(this.local, { address: plainAddress(from.address), port: from.port }));
    });

    return this;
  }
}
