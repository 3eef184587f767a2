import dgram from 'node:dgram';
import { once, type EventEmitter } from 'node:events';
import net from 'node:net';
import WebSocket from 'ws';
import { parseMessage, type SipMsg } from '../../scripts/phone';

export type Transport = 'udp' | 'tcp' | 'ws';

interface Place {
  host: string;
  port: number;
}

/** A peer that sends whatever it is told, well-formed or not, and reads the answers. */
export class RawPeer {
  /** Resolves when the other side has closed the connection; never for UDP. */
  readonly closed: Promise<void>;
  private readonly come: SipMsg[] = [];
  private waiting: { matches(answer: SipMsg): boolean; resolve(answer: SipMsg): void }[] = [];
  private serial = 0;

  private constructor(
    readonly transport: Transport,
    private readonly own: Place,
    private readonly socket: { write(bytes: Buffer): void; end(): void; closed: Promise<void> },
  ) {
    this.closed = socket.closed;
  }

  /** @param from the address of the peer; a WebSocket is always at 127.0.0.1 */
  static async open(transport: Transport, to: Place, from = '127.0.0.1'): Promise<RawPeer> {
    let peer: RawPeer | undefined;
    const take = (message: Buffer): void => peer?.take(message);
    if (transport === 'udp') peer = await overUdp(to, take);
    else if (transport === 'tcp') peer = await overTcp(to, take);
    else peer = await overWs(to, take);

    return peer;

    async function overUdp(at: Place, receive: (message: Buffer) => void): Promise<RawPeer> {
      const socket = dgram
        .createSocket('udp4')
        .on('message', receive)
        .on('error', () => undefined);
      socket.bind(0, from);
      await once(socket, 'listening');
      const write = (bytes: Buffer): void => socket.send(bytes, at.port, at.host, () => undefined);
      const closed = new Promise<void>(() => undefined);

      return new RawPeer('udp', place(socket.address()), { write, end: () => socket.close(), closed });
    }

    async function overTcp(at: Place, receive: (message: Buffer) => void): Promise<RawPeer> {
      const socket = net.connect({ port: at.port, host: at.host, localAddress: from }).on('error', () => undefined);
      const closed = closeOf(socket);
      await once(socket, 'connect');
      let rest = '';
      socket.on('data', (bytes) => {
        rest += bytes.toString('latin1');
        for (let length = wholeMessage(rest); length > 0; length = wholeMessage(rest)) {
          receive(Buffer.from(rest.slice(0, length), 'latin1'));
          rest = rest.slice(length);
        }
      });

      return new RawPeer('tcp', place(socket.address() as net.AddressInfo), {
        write: (bytes) => socket.write(bytes),
        end: () => socket.destroy(),
        closed,
      });
    }

    async function overWs(at: Place, receive: (message: Buffer) => void): Promise<RawPeer> {
      const socket = new WebSocket(`ws://${at.host}:${at.port}`, 'sip').on('error', () => undefined);
      const closed = closeOf(socket);
      await once(socket, 'open');
      socket.on('message', (message) => receive(message as Buffer));
      const end = (): void => socket.terminate();

      return new RawPeer(
        'ws',
        { host: 'browser.invalid', port: 5066 },
        { write: (bytes) => socket.send(bytes), end, closed },
      );
    }
  }

  send(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }

  /** A well-formed request of its own transaction. Lines of `changes` take the place of those of the same name. */
  request(method: string, uri: string, changes: readonly string[] = [], body = ''): string {
    const id = `raw${process.pid}x${this.own.port}x${++this.serial}`;
    const lines = new Map<string, string>([
      [
        'via',
        `Via: SIP/2.0/${this.transport.toUpperCase()} ${this.own.host}:${this.own.port};branch=z9hG4bK${id};rport`,
      ],
      ['max-forwards', 'Max-Forwards: 70'],
      ['from', `From: <sip:1001@sightline.test>;tag=${id}`],
      ['to', `To: <${uri}>`],
      ['call-id', `Call-ID: ${id}`],
      ['cseq', `CSeq: 1 ${method}`],
      ['contact', `Contact: <sip:1001@${this.own.host}:${this.own.port}>`],
      ['content-length', `Content-Length: ${Buffer.byteLength(body)}`],
    ]);
    for (const line of changes) lines.set(line.slice(0, line.indexOf(':')).toLowerCase(), line);
    const head = [...lines.values()].filter((line) => !/^[\w-]+:$/.test(line));

    return `${method} ${uri} SIP/2.0\r\n${head.join('\r\n')}\r\n\r\n${body}`;
  }

  /** The final answer to a request of this text. */
  async ask(text: string): Promise<SipMsg> {
    const callId = /\r\nCall-ID: (.*)\r\n/.exec(text)?.[1];
    const answer = this.answer((message) => message.status >= 200 && message.callId === callId);
    this.send(text);

    return answer;
  }

  answer(matches: (answer: SipMsg) => boolean): Promise<SipMsg> {
    const index = this.come.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.come.splice(index, 1)[0]!);

    return new Promise((resolve) => this.waiting.push({ matches, resolve }));
  }

  close(): void {
    this.socket.end();
  }

  private take(bytes: Buffer): void {
    const message = parseMessage(bytes);
    const waiter = this.waiting.find(({ matches }) => matches(message));
    this.waiting = this.waiting.filter((one) => one !== waiter);
    if (waiter) waiter.resolve(message);
    else this.come.push(message);
  }
}

/** Unlike `once`, this does not take an error for the end. */
export function closeOf(socket: EventEmitter): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

function place({ address, port }: net.AddressInfo): Place {
  return { host: address, port };
}

/** The length of the first message if it is there whole. */
function wholeMessage(text: string): number {
  const blank = text.indexOf('\r\n\r\n');
  if (blank < 0) return 0;
  const length = blank + 4 + Number(/\r\n(?:Content-Length|l): *(\d+)/i.exec(text.slice(0, blank))?.[1] ?? 0);

  return length <= text.length ? length : 0;
}
