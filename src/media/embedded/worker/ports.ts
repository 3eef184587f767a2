import dgram from 'node:dgram';
import { randomInt } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { advertisedAddress, isLoopback } from '../../../lib/addresses';
import type { PortRange } from '../../../lib/config';
import { SightlineError } from '../../../lib/errors';
import type { EngineSocket } from '../secure';

/** Room for a burst while the thread is busy; the kernel gives less where its own limit is lower. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Faults of a single port; any other is one of the address, and the next port would not help. */
const TAKEN = new Set(['EADDRINUSE', 'EACCES']);

/**
 * Hands out UDP sockets at ports of the range: pairs at an even port and the next one (RFC 3550 section 11), and single ones. Goes
 * around in the range, so that a port that was given back rests before it is used again.
 */
export class Ports {
  /** The address that descriptions name. */
  readonly address: string;
  /** Whether our sockets are to be reached from this machine alone, or from everywhere: then peers may live on it. */
  readonly reachesLoopback: boolean;
  private readonly used = new Set<number>();
  private readonly opened = new Set<EngineSocket>();
  private readonly first: number;
  private readonly count: number;
  private next: number;

  constructor(
    private readonly host: string,
    range: PortRange,
    private readonly onChange: (bound: number) => void = () => undefined,
  ) {
    this.address = advertisedAddress(host);
    this.reachesLoopback = isLoopback(host) || host === '0.0.0.0' || host === '::';
    this.first = range.from + (range.from % 2);
    this.count = Math.max(0, Math.floor((range.to + 1 - this.first) / 2));
    this.next = this.count > 0 ? randomInt(this.count) : 0;
  }

  get bound(): number {
    return this.opened.size;
  }

  /** From 0 to 1. */
  get busy(): number {
    return this.count === 0 ? 1 : Math.min(1, this.used.size / (this.count * 2));
  }

  /** Two sockets at neighbouring ports, for RTP and RTCP. @throws SightlineError MEDIA_UNAVAILABLE when none are left. */
  async pair(): Promise<[EngineSocket, EngineSocket]> {
    return this.search(async (port) => {
      if (this.used.has(port) || this.used.has(port + 1)) return undefined;
      const even = await this.open(port);
      if (!even) return undefined;
      const odd = await this.open(port + 1).catch((error: unknown) => even.close().then(() => Promise.reject(error)));
      if (odd) return [even, odd];
      await even.close();

      return undefined;
    });
  }

  /** One socket, for RTP and RTCP together. @throws SightlineError MEDIA_UNAVAILABLE when none is left. */
  async single(): Promise<EngineSocket> {
    return this.search(async (port) => {
      if (!this.used.has(port)) return this.open(port);

      return this.used.has(port + 1) ? undefined : this.open(port + 1);
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened].map((socket) => socket.close()));
  }

  private async search<T>(attempt: (port: number) => Promise<T | undefined>): Promise<T> {
    for (let tried = 0; tried < this.count; tried++) {
      const port = this.first + this.next * 2;
      this.next = (this.next + 1) % this.count;
      const found = await attempt(port);
      if (found !== undefined) return found;
    }
    throw new SightlineError('MEDIA_UNAVAILABLE', `No RTP port is free from ${this.first} on, of ${this.count * 2}`);
  }

  /** Undefined when the port is taken by somebody else. */
  private async open(port: number): Promise<EngineSocket | undefined> {
    this.used.add(port);
    try {
      const socket = await bind(this.host, port);

      return this.keep(socket, port);
    } catch (thrown) {
      this.used.delete(port);
      const { code = '' } = thrown as NodeJS.ErrnoException;
      if (TAKEN.has(code)) return undefined;
      throw new SightlineError(
        'MEDIA_UNAVAILABLE',
        `RTP ports cannot be bound at ${this.host}: ${code || 'unknown fault'}`,
        {
          cause: thrown,
        },
      );
    }
  }

  private keep(socket: dgram.Socket, port: number): EngineSocket {
    let closing: Promise<void> | undefined;
    const release = (resolve: () => void) => {
      this.used.delete(port);
      this.opened.delete(kept);
      this.onChange(this.bound);
      resolve();
    };
    const kept: EngineSocket = {
      socket,
      port,
      close: () => (closing ??= new Promise((resolve) => closeSocket(socket, () => release(resolve)))),
    };
    this.opened.add(kept);
    this.onChange(this.bound);

    return kept;
  }
}

function closeSocket(socket: dgram.Socket, done: () => void): void {
  try {
    socket.close(done);
  } catch {
    // Closed already by the one who used it.
    done();
  }
}

/** How an IPv6 socket that hears IPv4 too (RFC 4291 section 2.5.5.2) names addresses of that. */
const MAPPED = '::ffff:';

/** The first listener of such a socket: those after it see the address as descriptions name it. */
function asPlain(_packet: Buffer, from: dgram.RemoteInfo): void {
  if (from.address.startsWith(MAPPED)) from.address = from.address.slice(MAPPED.length);
}

function bind(host: string, port: number): Promise<dgram.Socket> {
  const family = isIPv6(host) ? 6 : 4;
  const socket = dgram.createSocket({
    type: `udp${family}`,
    recvBufferSize: RECEIVE_BUFFER,
    // Packets go to addresses, never to names, so nothing has to be looked up for each.
    lookup: (address, _options, done) =>
      done(null, family === 6 && isIPv4(address) ? `${MAPPED}${address}` : address, family),
  });
  if (family === 6) socket.on('message', asPlain);

  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      closeSocket(socket, () => undefined);
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', fail);
      // An unreachable peer shows as an error of the socket; the packet is lost, as any can be.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
