import type net from 'node:net';
import type tls from 'node:tls';

/** The sockets that have not become TLS connections yet: nobody else knows them, and a server does not close before they do. */
export class Handshakes {
  private readonly sockets = new Map<string, net.Socket>();

  constructor(server: tls.Server) {
    server.on('connection', (socket: net.Socket) => this.begin(socket));
    server.on('secureConnection', (socket) => this.sockets.delete(keyOf(socket)));
    // A handshake that fails has closed its socket already, unless it failed by its time alone.
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy();
    });
  }

  /** Ends those under way. */
  close(): void {
    for (const socket of [...this.sockets.values()]) socket.destroy();
  }

  private begin(socket: net.Socket): void {
    const key = keyOf(socket);
    this.sockets.set(key, socket);
    socket.once('close', () => {
      if (this.sockets.get(key) === socket) this.sockets.delete(key);
    });
  }
}

/** The secure socket is another object than the one that it was made of, but has the same far end. */
function keyOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress}|${remotePort}`;
}
