import type net from 'node:net';
import type { TransportGuard } from './guard';

/**
 * Asks for every connection as it comes, before anything of it is read, so that one in its handshake holds a place of its
 * source's, too. One that is not to be taken is destroyed.
 */
export function keepDoor(server: net.Server, guard: Pick<TransportGuard, 'opens' | 'closed'>): void {
  server.prependListener('connection', (socket: net.Socket) => {
    const from = socket.remoteAddress;
    // A far end that is gone already has no address: nothing could be answered there.
    if (from === undefined || !guard.opens(from)) {
      socket.destroy();
      return;
    }
    socket.once('close', () => guard.closed(from));
  });
}
