import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import SrfModule from 'drachtio-srf';
import type { EdgeUnderTest } from './edges';
import { Inbox } from './inbox';

/** The parts of drachtio-srf that the stories use, as they really are; its own declarations leave much out. */
export interface SrfMessage {
  get(name: string): string;
  has(name: string): boolean;
  body: string;
}

export interface SrfRequest extends EventEmitter, SrfMessage {
  method: string;
  uri: string;
  source: 'network' | 'application';
  source_address: string;
  source_port: number;
  protocol: string;
  stackTxnId: string;
  stackDialogId: string;
  cancel(options: object, callback?: (error: unknown, request: SrfRequest) => void): void;
}

export interface SrfResponse extends SrfMessage {
  status: number;
  reason: string;
  stackDialogId: string;
  send(status: number, options?: object, callback?: SendCallback, onAck?: (request: SrfRequest) => void): void;
  send(status: number, reason: string, options?: object, callback?: SendCallback): void;
}

export type SendCallback = (error: unknown, sent?: SrfMessage) => void;

export interface SrfDialog extends EventEmitter {
  id: string;
  sip: { callId: string; localTag: string; remoteTag: string };
  local: { uri: string; sdp: string; contact: string };
  remote: { uri: string; sdp: string };
  destroy(options?: object): Promise<SrfRequest>;
  modify(sdp: string, options?: object): Promise<string>;
  modify(options: { noAck: true }): Promise<{ sdp: string; ack: (sdp: string) => void }>;
  request(options: object): Promise<SrfResponse>;
}

export interface Srf extends EventEmitter {
  connect(options: object): void;
  disconnect(): void;
  use(handler: Handler): void;
  use(method: string, handler: Handler): void;
  createUAS(req: SrfRequest, res: SrfResponse, options: object): Promise<SrfDialog>;
  createUAC(uri: string, options: object, progress?: object): Promise<SrfDialog>;
  request(uri: string, options: object): Promise<SrfRequest>;
  request(options: object): Promise<SrfRequest>;
}

export type Handler = (req: SrfRequest, res: SrfResponse) => void;

const Constructor = SrfModule as unknown as new () => Srf;
const methods = ['invite', 'register', 'message', 'options', 'info', 'notify', 'subscribe', 'refer', 'bye', 'update'];

// drachtio-srf refuses to send a status that its table lacks, and the table lacks that of RFC 6086.
const statuses = createRequire(require.resolve('drachtio-srf'))('sip-status') as Record<number, string>;
statuses[469] ??= 'Bad Info Package';

/** A request that no story has a handler for. */
export interface Stray {
  req: SrfRequest;
  res: SrfResponse;
}

/** An application on drachtio-srf: each story sets the handlers for its own users. */
export class Application {
  readonly srf: Srf = new Constructor();
  /** Requests that came without a handler; they were not answered. */
  readonly strays = new Inbox<Stray>(({ req }) => `${req.method} ${req.uri}`);
  private readonly handlers = new Map<string, Handler>();

  private constructor(routes: string[]) {
    for (const method of routes) this.srf.use(method, (req, res) => this.handle(req, res));
  }

  /** Connects to an edge; rejects when the edge refuses. */
  static async connect(
    edge: Pick<EdgeUnderTest, 'control'>,
    options: { secret?: string; routes?: string[]; tls?: object; tags?: string[] } = {},
  ): Promise<Application> {
    const application = new Application(options.routes ?? methods);
    const { srf } = application;
    const { host, port, secret } = edge.control;
    srf.on('error', () => undefined);
    const connected = new Promise<void>((resolve, reject) => {
      srf.once('connect', (error: Error | null) => (error ? reject(error) : resolve()));
    });
    const { tls, tags } = options;
    srf.connect({
      host,
      port,
      ...(tls && { tls }),
      ...(tags && { tags }),
      secret: options.secret ?? secret,
      reconnect: { maxAttempts: 1 },
    });
    await connected;
    // The answer to any command tells that the routes sent before it are in force.
    await srf.request('sips:nobody@192.0.2.1', { method: 'OPTIONS' }).catch(() => undefined);

    return application;
  }

  /** Handles requests of this method to this user. */
  on(method: string, user: string, handler: Handler): void {
    this.handlers.set(`${method} ${user}`, handler);
  }

  /** The next request of this method to this user. */
  next(method: string, user: string): Promise<Stray> {
    return new Promise((resolve) => this.on(method, user, (req, res) => resolve({ req, res })));
  }

  /** Ends the connection as a process that stops does; resolves when it is closed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.srf.once('close', () => resolve());
      this.srf.disconnect();
    });
  }

  private handle(req: SrfRequest, res: SrfResponse): void {
    const user = /^sips?:([^@]*)@/.exec(req.uri)?.[1] ?? '';
    const handler = this.handlers.get(`${req.method} ${user}`);
    if (handler) handler(req, res);
    else this.strays.push({ req, res });
  }
}

/** The next event of this name, with its arguments. */
export function eventOf(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)));
}
