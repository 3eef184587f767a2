import { isUtf8 } from 'node:buffer';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { SipSyntaxError } from '../message/errors';
import type { SipMessage } from '../message/message';
import { sizeFault } from '../message/limits';
import { parseDatagram } from '../message/parse';
import type { Certificates } from './certificates';
import { closedError, connectionFlow, settle } from './connection';
import type { Connection, ConnectionEvents, StreamOptions } from './connection';
import { plainAddress } from './flow';
import { keepDoor } from './door';
import { Handshakes } from './handshakes';
import { isNotSip } from './sniff';
import type { ListenLimits } from './tcp';
import { TransportError } from './types';
import type { Endpoint, Flow } from './types';

const ping = Buffer.from('\r\n\r\n');
const pong = Buffer.from('\r\n');
const subprotocol = 'sip';
/** How long the far end may take to agree to the close, in milliseconds. */
const lingerOnClose = 500;
/** Milliseconds between looks for those who have not asked for a WebSocket yet. */
const mostBetweenLooks = 5_000;

/** One WebSocket: each of its messages holds exactly one SIP message (RFC 7118 section 5.2). */
export class WsConnection implements Connection {
  readonly flow: Flow;
  readonly keys = new Set<string>();
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
    this.flow = connectionFlow(request.socket instanceof tls.TLSSocket ? 'wss' : 'ws', local, remote);
    this.openedAt = clock.now();
    this.lastHeard = this.openedAt;
    socket.on('message', (data) => this.receive(data));
    socket.on('ping', () => {
      this.heard();
      events.ignored(this.flow);
    });
    socket.on('pong', () => this.heard());
    // It has been told what is wrong by then, and may not hold the connection for it.
    socket.on('error', () => this.destroySoon());
    socket.once('close', () => events.closed(this));
  }

  /** A browser that answers pings is there, and may want to be called any moment. */
  get lastUsed(): number {
    return this.lastHeard;
  }

  vouchesFor(): boolean {
    return false;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  send(bytes: Buffer): Promise<void> {
    if (!this.isOpen) return Promise.reject(closedError(this.flow));
    if (this.socket.bufferedAmount > this.options.maxBacklog) {
      this.destroy();
      return Promise.reject(new TransportError('BACKLOG', `${this.flow.id} does not read what it is sent`));
    }
    // RFC 7118 section 5.2 leaves the kind of frame to the sender; browsers are happiest with text.
    const options = { binary: !isUtf8(bytes) };

    return new Promise((resolve, reject) => this.socket.send(bytes, options, settle(this.flow, resolve, reject)));
  }

  sweep(now: number): void {
    const silence = now - this.lastHeard;
    if (!this.hasSpoken && now - this.openedAt > this.options.patience) this.destroy();
    else if (silence > 2 * this.options.wsPing) this.destroy();
    else if (silence > this.options.wsPing && this.isOpen) this.socket.ping();
  }

  close(): void {
    this.socket.close(1001);
    this.destroySoon();
  }

  destroy(): void {
    this.socket.terminate();
  }

  private destroySoon(): void {
    const stop = systemClock.after(lingerOnClose, () => this.destroy());
    this.socket.once('close', stop);
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
    this.events.ignored(this.flow);
    if (bytes.equals(ping)) this.send(pong).catch(() => undefined);
  }

  private read(bytes: Buffer): void {
    let message: SipMessage;
    try {
      const fault = sizeFault(bytes, this.options);
      if (fault) throw fault;
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
    private readonly server: http.Server | https.Server,
    readonly local: Endpoint,
    private readonly handshakes: Handshakes | undefined,
  ) {}

  /** With certificates it is WSS. */
  static bind(
    host: string,
    port: number,
    { maxPayload, ...limits }: ListenLimits & { maxPayload: number },
    accept: (socket: WebSocket, request: IncomingMessage) => void,
    certificates?: Certificates,
  ): Promise<WsListener> {
    const server = certificates ? secureServer(certificates, limits) : http.createServer(patience(limits), refuse);
    const handshakes = server instanceof tls.Server ? new Handshakes(server) : undefined;
    keepDoor(server, limits.guard);
    server.maxConnections = limits.maxConnections;
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
      if (certificates?.refuses(request.socket as tls.TLSSocket)) socket.destroy();
      else if (offersSip(request)) upgrades.handleUpgrade(request, socket, head, accept);
      else socket.end('HTTP/1.1 400 The subprotocol sip is required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });

    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        resolve(new WsListener(server, { address: host, port: (server.address() as AddressInfo).port }, handshakes));
      });
    });
  }

  /** Stops listening and drops those who have not become WebSockets. The others are closed by their owner. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
      this.handshakes?.close();
    });
  }
}

function secureServer(certificates: Certificates, limits: ListenLimits): https.Server {
  const { handshakeTimeout } = limits;
  const server = https.createServer({ ...certificates.serverOptions(), handshakeTimeout, ...patience(limits) }, refuse);
  certificates.add(server);

  return server;
}

/** How long somebody may take to ask for a WebSocket. */
function patience({ handshakeTimeout }: ListenLimits): http.ServerOptions {
  return {
    headersTimeout: handshakeTimeout,
    requestTimeout: handshakeTimeout,
    connectionsCheckingInterval: Math.max(1, Math.min(handshakeTimeout, mostBetweenLooks)),
  };
}

function refuse(_request: IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(426).end('SIP over WebSocket only\n');
}

/** RFC 7118 section 4.1: the client must name `sip` among its subprotocols. */
function offersSip(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';

  return offered.split(',').some((name) => name.trim() === subprotocol);
}
