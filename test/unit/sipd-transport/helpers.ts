import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { TransportLayer } from '../../../src/sipd/transport/transport-layer';
import type { TransportOptions } from '../../../src/sipd/transport/transport-layer';
import type { SipSyntaxError } from '../../../src/sipd/message/errors';
import type { SipMessage } from '../../../src/sipd/message/message';
import type { Flow, ListenOptions } from '../../../src/sipd/transport/types';

/** Values that come one by one and may be awaited before they come. */
export class Inbox<T> {
  private readonly items: T[] = [];
  private readonly waiting: ((item: T) => void)[] = [];

  put(item: T): void {
    const next = this.waiting.shift();
    if (next) next(item);
    else this.items.push(item);
  }

  take(): Promise<T> {
    const item = this.items.shift();

    return item === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(item);
  }

  get size(): number {
    return this.items.length;
  }
}

/** A transport layer that notes what it hears. */
export interface Heard {
  layer: TransportLayer;
  messages: Inbox<{ message: SipMessage; flow: Flow }>;
  malformed: Inbox<{ error: SipSyntaxError; flow: Flow; raw: Buffer }>;
  closed: Inbox<Flow>;
}

export async function startLayer(listen: Partial<ListenOptions>, options: TransportOptions = {}): Promise<Heard> {
  const layer = new TransportLayer(options);
  const heard: Heard = { layer, messages: new Inbox(), malformed: new Inbox(), closed: new Inbox() };
  layer.on('message', (message, flow) => heard.messages.put({ message, flow }));
  layer.on('malformed', (error, flow, raw) => heard.malformed.put({ error, flow, raw }));
  layer.on('flowClosed', (flow) => heard.closed.put(flow));
  await layer.listen({ host: '127.0.0.1', ...listen });

  return heard;
}

/** A bare UDP socket of a client. */
export async function udpClient(
  host = '127.0.0.1',
): Promise<{ socket: dgram.Socket; port: number; inbox: Inbox<string> }> {
  const socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  const inbox = new Inbox<string>();
  socket.on('message', (bytes) => inbox.put(bytes.toString('latin1')));
  socket.bind(0, host);
  await once(socket, 'listening');

  return { socket, port: socket.address().port, inbox };
}

export async function tcpClient(port: number): Promise<{ socket: net.Socket; inbox: Inbox<string> }> {
  const socket = net.connect(port, '127.0.0.1');
  const inbox = new Inbox<string>();
  socket.on('data', (bytes) => inbox.put(bytes.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');

  return { socket, inbox };
}

/** A request as text; `via` is the top Via, `more` are further header lines. */
export function requestText(options: { method?: string; via?: string; more?: string[]; body?: string } = {}): string {
  const { method = 'OPTIONS', via = 'SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bKx1', more = [], body = '' } = options;
  const lines = [
    `${method} sip:test@127.0.0.1 SIP/2.0`,
    `Via: ${via}`,
    'From: <sip:a@example.com>;tag=1',
    'To: <sip:b@example.com>',
    'Call-ID: c1@example.com',
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    ...more,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];

  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What a test of these has opened, closed after it in the opposite order. */
export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A layer that is closed after the test. */
export async function start(...args: Parameters<typeof startLayer>): Promise<Heard> {
  const heard = await startLayer(...args);
  cleanups.push(() => heard.layer.close());

  return heard;
}
