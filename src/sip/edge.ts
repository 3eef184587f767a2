import './status-phrases';
import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';
import { parseHostport } from '../lib/addresses';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { distrustCode } from '../lib/trust';
import type {
  AckFunction,
  DrachtioAnswer,
  DrachtioRequest,
  DrachtioResponse,
  RequestOptions,
  SrfLike,
} from './drachtio';
import { longestPause, SecureLink } from './secure-link';
import type { SecureAddress } from './secure-link';

/** Where a SIP edge is commanded, and what it is held to when that is over TLS. */
export type EdgeAddress = Omit<SecureAddress, 'tls'> & Partial<Pick<SecureAddress, 'tls'>>;

/** Within a dialog or transaction the edge knows the Request-URI; drachtio-srf wants one all the same. */
const placeholder = 'sip:placeholder';

/** What a caller hears whose INVITE nobody can answer any more: its phone may try again at once. */
const refusal = 'SIP/2.0 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n';

export type ResponseListener = (res: DrachtioAnswer, ack: AckFunction) => void;

/** One final answer to a request of ours, with the way to acknowledge it. */
export interface FinalAnswer {
  res: DrachtioAnswer;
  ack: AckFunction;
}

/** How long a request waits for a connection that is just being made again, in ms. */
const patienceMs = 5000;

/**
 * The connection to a drachtio-server, embedded or not. It reconnects for ever, with growing pauses of at most two
 * seconds; while it is down `connected` is false, and requests wait for it a while before they fail with EDGE_UNAVAILABLE.
 */
export class Edge {
  private isConnected = false;
  private closed = false;
  private link: SecureLink | undefined;
  private readonly listeners: ((connected: boolean) => void)[] = [];
  /** Requests that wait for the connection. */
  private readonly queued = new Set<(connected: boolean) => void>();
  /** Ends the waiting of each exchange under way. */
  private readonly waiting = new Set<(error: SightlineError) => void>();

  /** @param srf drachtio-srf itself, or what stands in its place. */
  constructor(
    private readonly log: Logger,
    readonly srf: SrfLike = new Srf() as unknown as SrfLike,
  ) {}

  get connected(): boolean {
    return this.isConnected;
  }

  /**
   * Resolves at the first connection with the addresses that the edge listens on; rejects EDGE_UNAVAILABLE when there is none within
   * `timeoutMs`, the secret is wrong, or the certificate is not trusted.
   */
  connect(address: EdgeAddress, timeoutMs: number): Promise<Hostport[]> {
    const where = `${address.host}:${address.port}`;

    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable(where, 'no answer')), timeoutMs);
      const failed = (error: unknown): void => {
        this.setConnected(false);
        const code = distrustCode(error);
        if (code !== undefined) {
          clearTimeout(timer);
          reject(distrusted(where, code));
        }
        if (!this.closed) this.log.warn({ err: error, edge: where }, 'connection to the SIP edge failed; trying again');
      };
      this.srf.on('connect', (error: unknown, hostports: unknown) => {
        clearTimeout(timer);
        if (error) return reject(unavailable(where, 'it refused the secret'));
        gatherWrites(this.srf);
        this.setConnected(true);
        resolve(readHostports(hostports));
      });
      this.srf.on('close', () => this.setConnected(false));
      this.srf.on('error', failed);
      this.dial(address, failed);
    });
  }

  private dial({ tls, ...address }: EdgeAddress, failed: (error: unknown) => void): void {
    if (tls === undefined) {
      this.srf.connect({ ...address, reconnect: { retryMaxDelay: longestPause } });
      return;
    }
    this.link = new SecureLink(this.srf, { ...address, tls }, failed);
    this.link.dial();
  }

  /** Tells of each loss of the connection, and when it is there, also for the first time. */
  onConnection(listener: (connected: boolean) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Sends a request, once there is a connection, and resolves with what was sent. `onResponse` gets every answer; it is handed over here because the
   * first one may come in the same packet of the edge as the word that the request was sent.
   */
  send(options: RequestOptions, onResponse?: ResponseListener): Promise<DrachtioRequest> {
    if (this.isConnected) return this.sendNow(options, onResponse);

    return this.untilConnected().then(() => this.sendNow(options, onResponse));
  }

  private untilConnected(): Promise<void> {
    if (this.closed) return Promise.reject(new SightlineError('EDGE_UNAVAILABLE'));

    return new Promise((resolve, reject) => {
      const settle = (connected: boolean): void => {
        clearTimeout(limit);
        this.queued.delete(settle);
        if (connected) resolve();
        else reject(new SightlineError('EDGE_UNAVAILABLE'));
      };
      const limit = setTimeout(() => settle(false), patienceMs);
      this.queued.add(settle);
    });
  }

  private sendNow(options: RequestOptions, onResponse?: ResponseListener): Promise<DrachtioRequest> {
    return new Promise((resolve, reject) => {
      const done = (error: unknown, req?: DrachtioRequest): void => {
        if (!req) return reject(asEdgeError(error));
        if (onResponse) req.on('response', onResponse);
        if (options.method === 'INVITE') req.on('update', answerCrossing);
        resolve(req);
      };
      try {
        this.srf.request(options.uri ?? placeholder, options, done);
      } catch (error) {
        reject(asEdgeError(error));
      }
    });
  }

  /**
   * Sends a request and resolves with its final answer. Provisional answers are passed over. Rejects EDGE_UNAVAILABLE when
   * the connection is lost meanwhile: the edge has nobody then whom it could tell the answer.
   */
  exchange(options: RequestOptions): Promise<FinalAnswer> {
    let giveUp: ((error: SightlineError) => void) | undefined;
    const answered = new Promise<FinalAnswer>((resolve, reject) => {
      giveUp = reject;
      this.waiting.add(reject);
      const onResponse: ResponseListener = (res, ack) => {
        if (res.status >= 200) resolve({ res, ack });
      };
      this.send(options, onResponse).catch(reject);
    });

    return answered.finally(() => giveUp && this.waiting.delete(giveUp));
  }

  /**
   * Lets go of a transaction that another process, or this one before a restart, has left open: a CANCEL for an INVITE
   * of ours, or a refusal of one that came in. Whether it was still open is not told.
   */
  async abandon(transactionId: string, kind: 'ours' | 'theirs'): Promise<void> {
    try {
      if (kind === 'ours') await this.send({ method: 'CANCEL', stackTxnId: transactionId });
      else this.srf.app.client.sendMessage(refusal, { stackTxnId: transactionId });
    } catch (error) {
      this.log.debug({ err: error, transactionId }, 'a transaction was not open any more');
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.link?.close();
    this.setConnected(false);
    for (const settle of [...this.queued]) settle(false);
    // drachtio-srf asserts that it once was connected.
    try {
      this.srf.disconnect();
    } catch (error) {
      this.log.debug({ err: error }, 'the SIP edge was not connected');
    }
  }

  private setConnected(connected: boolean): void {
    if (this.isConnected === connected) return;
    this.isConnected = connected;
    // When we close, nobody is to act on it: calls of an edge of its own go on with the next process.
    if (this.closed) return;
    if (!connected) for (const giveUp of this.waiting) giveUp(new SightlineError('EDGE_UNAVAILABLE'));
    else for (const settle of [...this.queued]) settle(true);
    for (const listener of this.listeners) listener(connected);
  }
}

/** An UPDATE that comes while an INVITE of ours is open: its offer would cross ours (RFC 3311 section 5.2). */
function answerCrossing(req: DrachtioRequest, res: DrachtioResponse): void {
  res.send(req.body ? 491 : 200);
}

/** Sockets whose writes are gathered already. */
const gathered = new WeakSet<Socket>();

/**
 * drachtio-srf writes each message by a system call of its own. What one turn of the event loop has to say goes out
 * together instead; at 200 calls a second that is most of the cost of a message.
 */
function gatherWrites(srf: SrfLike): void {
  for (const socket of srf.app.client.mapServer.keys()) {
    if (gathered.has(socket)) continue;
    gathered.add(socket);
    const write = socket.write.bind(socket) as (...args: Parameters<Socket['write']>) => boolean;
    let corked = false;
    const uncork = (): void => {
      corked = false;
      socket.uncork();
    };
    socket.write = ((...args: Parameters<Socket['write']>) => {
      if (!corked) {
        corked = true;
        socket.cork();
        setImmediate(uncork);
      }

      return write(...args);
    }) as Socket['write'];
  }
}

type Hostport = NonNullable<ReturnType<typeof parseHostport>>;

function readHostports(value: unknown): Hostport[] {
  const texts = Array.isArray(value) ? value.map(String) : String(value).split(',');

  return texts.map(parseHostport).filter((one): one is Hostport => one !== undefined);
}

function unavailable(where: string, why: string): SightlineError {
  return new SightlineError(
    'EDGE_UNAVAILABLE',
    `The SIP edge at ${where} cannot be used: ${why}. Is drachtio-server running there, is the secret in DRACHTIO_URL its own, and ` +
      'does it speak TLS (tls://) or not (tcp://)?',
  );
}

function distrusted(where: string, code: string): SightlineError {
  return new SightlineError(
    'EDGE_UNAVAILABLE',
    `The SIP edge at ${where} cannot be used: its certificate is not accepted (${code}). It has to name the host of DRACHTIO_URL and ` +
      'to hold good; name its authority, or the certificate itself, with SIGHTLINE_DRACHTIO_CA.',
  );
}

function asEdgeError(error: unknown): SightlineError {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'ENODIALOG') return new SightlineError('CALL_GONE', undefined, { cause: error });

  return new SightlineError('EDGE_UNAVAILABLE', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
