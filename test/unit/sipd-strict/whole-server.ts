import dgram from 'node:dgram';
import net from 'node:net';
import { silentLogger } from '../../../src/lib/logger';
import { LocalSrf } from '../../../src/sipd/local/local-srf';
import type { LocalHandler } from '../../../src/sipd/local/local-srf';
import { formatHostPort } from '../../../src/sipd/message/grammar';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';
import { scaledTimers } from '../../../src/sipd/transaction/timers';
import type { Outcome } from './corpus';

/** The status by which the application of these tests shows that it was told of a request. */
const taken = 299;
/** The status of a ping's answer, which no other request gets. */
const pong = 298;
const pingMethod = 'PING';
/** All that the corpora ask for, with the two that only torture messages have. */
const methods = [
  ...[pingMethod, 'INVITE', 'OPTIONS', 'REGISTER', 'MESSAGE', 'BYE', 'INFO', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE'],
  ...['PUBLISH', 'NEWMETHOD', 'RE%47IST%45R', "!interesting-Method0123456789_*+`.%indeed'~"],
];

/** The whole server with an application that takes everything, and a peer that sends to it whatever it likes. */
export class WholeServer {
  private pings = 0;

  private constructor(
    readonly sipd: Sipd,
    private readonly srf: LocalSrf,
    private readonly host: string,
    /** What the application was told of, in order. */
    readonly told: string[],
  ) {}

  static async start(host = '127.0.0.1'): Promise<WholeServer> {
    const sipd = await startSipd({
      host,
      udpPort: 0,
      tcpPort: 0,
      controlPort: 0,
      secret: 'secret',
      log: silentLogger,
      timers: scaledTimers(100),
    });
    const srf = new LocalSrf(silentLogger);
    const told: string[] = [];
    const handler: LocalHandler = (req, res) => {
      if (req.method !== pingMethod) told.push(req.method);
      // An INVITE is refused, as a dialog with a peer that does not exist would only ask the resolver for its name.
      res.send(req.method === pingMethod ? pong : req.method === 'INVITE' ? 600 : taken);
    };
    for (const method of methods) srf.use(method, handler);
    srf.serve(sipd.local);
    const connected = new Promise((resolve) => srf.once('connect', resolve));
    srf.connect();
    await connected;

    return new WholeServer(sipd, srf, host, told);
  }

  async close(): Promise<void> {
    this.srf.disconnect();
    await this.sipd.close();
  }

  /** Sends a datagram as it is, from the port that its Via names, as a response goes there when nobody asks for rport. */
  async udp(bytes: Buffer, port = sentByPort(bytes)): Promise<Outcome> {
    const socket = await boundSocket(this.host, port);
    const seen: string[] = [];
    try {
      const server = this.sipd.addresses.udp!;
      socket.send(bytes, server.port, server.address);
      // What is answered at all is answered before the second of two pings that came after it.
      for (let i = 0; i < 2; i += 1) {
        const { id, request } = this.ping('UDP', socket.address());
        const answered = new Promise<void>((resolve) => {
          socket.on('message', (answer) => {
            const text = answer.toString('latin1');
            if (text.includes(id)) resolve();
            else seen.push(text);
          });
        });
        socket.send(request, server.port, server.address);
        await answered;
        socket.removeAllListeners('message');
      }
    } finally {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }

    return this.outcome(seen);
  }

  /**
   * Sends bytes on a connection of their own, and a ping after them. `waits` is a message that took the ping for a part
   * of its body. The server's life is shown on another connection.
   */
  async tcp(bytes: Buffer | Buffer[]): Promise<Outcome> {
    const { port, address } = this.sipd.addresses.tcp!;
    const stream = await Stream.open(port, address);
    const { id, request } = this.ping('TCP', { address, port: 9 });
    const first = Array.isArray(bytes) ? bytes : [bytes];
    for (const piece of [...first, Buffer.from('\r\n'), request]) stream.socket.write(piece);
    const ended = await Promise.race([
      stream.until(id).then(() => 'answered'),
      stream.closed.then(() => 'closed'),
      this.isWaiting(stream, id).then(() => 'waits'),
    ]);
    stream.socket.destroy();
    await stream.closed;
    await this.alive();
    if (ended === 'waits') return 'waits';

    return this.outcome(stream.text.split(/(?=^SIP\/2\.0 )/m).filter((text) => text !== '' && !text.includes(id)));
  }

  /** Resolves when a ping of another connection is answered, on a new one. */
  async alive(): Promise<void> {
    const { port, address } = this.sipd.addresses.tcp!;
    const stream = await Stream.open(port, address);
    const { id, request } = this.ping('TCP', { address, port: 9 });
    stream.socket.write(request);
    await stream.until(id);
    stream.socket.destroy();
    await stream.closed;
  }

  /** Others are served twenty times while this connection stays silent. */
  private async isWaiting(stream: Stream, id: string): Promise<void> {
    const isOver = (): boolean => stream.text.includes(id) || stream.isClosed;
    for (let i = 0; i < 20 && !isOver(); i += 1) await this.alive();
    // The race has another winner then.
    if (isOver()) await new Promise(() => undefined);
  }

  private ping(transport: string, own: { address: string; port: number }): { id: string; request: Buffer } {
    const id = `ping-${(this.pings += 1)}`;
    const via = `SIP/2.0/${transport} ${formatHostPort(own.address, own.port)};rport;branch=z9hG4bK${id}`;
    const lines = [
      `${pingMethod} sip:anyone@sightline.example SIP/2.0`,
      `Via: ${via}`,
      'Max-Forwards: 70',
      `From: <sip:ping@sightline.example>;tag=${id}`,
      'To: <sip:anyone@sightline.example>',
      `Call-ID: ${id}-end`,
      `CSeq: 1 ${pingMethod}`,
      'Content-Length: 0',
    ];

    return { id: `${id}-end`, request: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`) };
  }

  private outcome(answers: string[]): Outcome {
    const statuses = answers
      .map((text) => Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1]))
      .filter((status) => status > 100);
    // On a stream a second message may have been refused before the application answered the first.
    if (statuses.includes(taken) || statuses.includes(600)) return 'taken';

    return statuses[0] ?? 'dropped';
  }
}

/** A connection that gathers what it hears. */
export class Stream {
  text = '';
  isClosed = false;
  readonly closed: Promise<void>;
  private wake: () => void = () => undefined;

  private constructor(readonly socket: net.Socket) {
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      this.wake();
    });
    // The server's end of the connection is ours too.
    socket.on('end', () => socket.destroy());
  }

  static async open(port: number, host: string): Promise<Stream> {
    const socket = net.connect({ port, host, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));

    return new Stream(socket);
  }

  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

/** The port that the topmost Via names, or 5060. */
export function sentByPort(bytes: Buffer): number {
  const via = /^(?:via|v)\s*:\s*SIP\s*\/\s*2\.0\s*\/\s*\w+\s+(?:\[[^\]]*\]|[^:;,\s]+)\s*:\s*(\d+)/im.exec(
    bytes.toString('latin1'),
  );

  return via ? Number(via[1]) : 5060;
}

/** Bound to this port of an address of the loopback that nobody else has. */
async function boundSocket(host: string, port: number): Promise<dgram.Socket> {
  const isV6 = host.includes(':');
  for (let attempt = 0; ; attempt += 1) {
    const socket = dgram.createSocket(isV6 ? 'udp6' : 'udp4');
    const part = (): number => 1 + Math.floor(Math.random() * 250);
    const address = isV6 ? host : `127.${part()}.${part()}.${part()}`;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, address, resolve);
      });

      return socket;
    } catch (error) {
      socket.close();
      if (attempt >= 5) throw error;
    }
  }
}
