import net from 'node:net';

/** Stands between the application and the event socket of a FreeSWITCH, so that the server can be lost without being stopped. */
export class EslProxy {
  private readonly sockets = new Set<net.Socket>();
  private isCut = false;

  private constructor(
    private readonly server: net.Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (socket) => this.join(socket));
  }

  static async start(target: { host: string; port: number }): Promise<EslProxy> {
    const server = net.createServer();
    const proxy = new EslProxy(server, target);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

    return proxy;
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  /** As when the server has crashed: what is open breaks, and nobody answers. */
  cut(): void {
    this.isCut = true;
    this.drop();
  }

  /** As when the server hangs: everything stays open, and nothing comes any more. */
  freeze(): void {
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.server.close();
    this.drop();
  }

  private join(near: net.Socket): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(this.target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  private drop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
}
