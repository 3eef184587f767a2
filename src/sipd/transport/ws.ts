import { isUtf8 } from 'node:buffer';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { SipSyntaxError } from '../message/errors';
import type { SipMessage } from '../message/message';
import { parseDatagram } from '../message/parse';
import { closedError, connectionFlow } from './connection';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import { plainAddress } from './flow';
import { isNotSip } from './sniff';
import { TransportError } from './types';
import type { Endpoint, Flow } from './types';

const ping = Buffer.from('\r\n\r\n');
const pong = '\r\n';
const subprotocol = 'sip';
/** How long the far end may take to agree to the close, in milliseconds. */
const lingerOnClose = 500;

/** One WebSocket: each of its messages holds exactly one SIP message (RFC 7118 section 5.2). */
export class WsConnection implements Connection {
  readonly flow: Flow;
  readonly accepted = true;
  private readonly openedAt: number;
  private lastHeard: number;
  private hasSpoken = false;

  constructor(
    private readonly socket: WebSocket,
    request: IncomingMessage,
    private readonly events: ConnectionEvents,
    private readonly options: StreamOptions,
    private readonly clock: Clock,
  ) {
    const { localAddress, localPort, remoteAddress, remotePort } = request.socket;
    const local = { address: plainAddress(localAddress ?? ''), port: localPort ?? 0 };
    const remote = { address: plainAddress(remoteAddress ?? ''), port: remotePort ?? 0 };
    this.flow = connectionFlow('ws', local, remote);
    this.openedAt = clock.now();
    this.lastHeard = this.openedAt;
    socket.on('message', (data) => this.receive(data));
    socket.on('ping', () => this.heard());
    socket.on('pong', () => this.heard());
    socket.on('error', () => undefined);
    socket.once('close', () => events.closed(this));
  }

  send(bytes: Buffer): Promise<void> {
    if (this.socket.readyState !== this.socket.OPEN) return Promise.reject(closedError(this.flow));
    if (this.socket.bufferedAmount > this.options.maxBacklog) {
      this.destroy();
      return Promise.reject(new TransportError('BACKLOG', `${this.flow.id} does not read what it is sent`));
    }
    // RFC 7118 section 5.2 leaves the kind of frame to the sender; browsers are happiest with text.
    this.socket.send(bytes, { binary: !isUtf8(bytes) });

    return Promise.resolve();
  }

  sweep(now: number): void {
    const silence = now - this.lastHeard;
    if (!this.hasSpoken && now - this.openedAt > this.options.patience) this.destroy();
    else if (silence > 2 * this.options.wsPing) this.destroy();
    else if (silence > this.options.wsPing && this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  close(): void {
    this.socket.close(1001);
    const stop = systemClock.after(lingerOnClose, () => this.destroy());
    this.socket.once('close', stop);
  }

  destroy(): void {
    this.socket.terminate();
  }

  private heard(): void {
    this.lastHeard = this.clock.now();
  }

  private receive(data: RawData): void {
    this.heard();
    const bytes = Array.isArray(data) ? Buffer.concat(data) : (data as Buffer);
    if (isNotSip(bytes)) this.keepAlive(bytes);
    else this.read(bytes);
  }

  private keepAlive(bytes: Buffer): void {
    this.events.ignored();
    if (bytes.equals(ping) && this.socket.readyState === this.socket.OPEN) this.socket.send(pong);
  }

  private read(bytes: Buffer): void {
    let message: SipMessage;
    try {
      message = parseDatagram(bytes);
    } catch (thrown) {
      if (thrown instanceof SipSyntaxError) this.events.malformed(thrown, this.flow, bytes);
      else this.events.failed(thrown);
      return;
    }
    this.hasSpoken = true;
    this.events.message(message, this.flow, bytes);
  }
}

/** A listening WebSocket. `accept` is called with each new connection that speaks the subprotocol `sip`. */
export class WsListener {
  private constructor(
    private readonly server: http.Server,
    readonly local: Endpoint,
  ) {}

  static bind(
    host: string,
    port: number,
    maxPayload: number,
    accept: (socket: WebSocket, request: IncomingMessage) => void,
  ): Promise<WsListener> {
    const server = http.createServer((_request, response) => response.writeHead(426).end('SIP over WebSocket only\n'));
    const upgrades = new WebSocketServer({
      noServer: true,
      maxPayload,
      clientTracking: false,
      perMessageDeflate: false,
      handleProtocols: () => subprotocol,
    });
    server.on('upgrade', (request, socket, head) => {
      // Without a listener the end of such a socket would be the end of the process.
      socket.on('error', () => undefined);
      if (offersSip(request)) upgrades.handleUpgrade(request, socket, head, accept);
      else socket.end('HTTP/1.1 400 The subprotocol sip is required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });

    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        resolve(new WsListener(server, { address: host, port: (server.address() as AddressInfo).port }));
      });
    });
  }

  /** Stops listening and drops those who have not become WebSockets. The others are closed by their owner. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

/** RFC 7118 section 4.1: the client must name `sip` among its subprotocols. */
function offersSip(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';

  return offered.split(',').some((name) => name.trim() === subprotocol);
}
