import Srf from 'drachtio-srf';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { DrachtioAddress } from '../lib/config';
import type { AckFunction, DrachtioRequest, DrachtioResponse, RequestOptions, SrfLike } from './drachtio';

/** One final answer to a request of ours, with the way to acknowledge it. */
export interface FinalAnswer {
  res: DrachtioResponse;
  ack: AckFunction;
}

/**
 * The connection to a drachtio-server, embedded or not. It reconnects for ever, with growing pauses of at most two
 * seconds; while it is down `connected` is false and requests fail with EDGE_UNAVAILABLE.
 */
export class Edge {
  readonly srf: SrfLike;
  private isConnected = false;
  private closed = false;
  private readonly listeners: ((connected: boolean) => void)[] = [];

  constructor(private readonly log: Logger) {
    this.srf = new Srf() as unknown as SrfLike;
  }

  get connected(): boolean {
    return this.isConnected;
  }

  /** Resolves at the first connection; rejects EDGE_UNAVAILABLE when there is none within `timeoutMs` or the secret is wrong. */
  connect(address: DrachtioAddress, timeoutMs: number): Promise<void> {
    const where = `${address.host}:${address.port}`;

    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable(where, 'no answer')), timeoutMs);
      this.srf.on('connect', (error: unknown) => {
        clearTimeout(timer);
        if (error) return reject(unavailable(where, 'it refused the secret'));
        this.setConnected(true);
        resolve();
      });
      this.srf.on('close', () => this.setConnected(false));
      this.srf.on('error', (error: unknown) => {
        this.setConnected(false);
        if (!this.closed) this.log.warn({ err: error, edge: where }, 'connection to the SIP edge failed; trying again');
      });
      this.srf.connect({ ...address, reconnect: { retryMaxDelay: 2000 } });
    });
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** Sends a request and resolves with what was sent; answers come as `response` events of it. */
  send(options: RequestOptions): Promise<DrachtioRequest> {
    if (!this.isConnected) return Promise.reject(new SightlineError('EDGE_UNAVAILABLE'));

    return new Promise((resolve, reject) => {
      const done = (error: unknown, req?: DrachtioRequest): void => (req ? resolve(req) : reject(asEdgeError(error)));
      try {
        if (options.uri) this.srf.request(options.uri, options, done);
        else this.srf.request(options, done);
      } catch (error) {
        reject(asEdgeError(error));
      }
    });
  }

  /** Sends a request and resolves with its final answer. Provisional answers are passed over. */
  async exchange(options: RequestOptions): Promise<FinalAnswer> {
    const req = await this.send(options);

    return new Promise((resolve) => {
      req.on('response', (res: DrachtioResponse, ack: AckFunction) => {
        if (res.status >= 200) resolve({ res, ack });
      });
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.setConnected(false);
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
    for (const listener of this.listeners) listener(connected);
  }
}

function unavailable(where: string, why: string): SightlineError {
  return new SightlineError(
    'EDGE_UNAVAILABLE',
    `The SIP edge at ${where} cannot be used: ${why}. Is drachtio-server running there, and is the secret in DRACHTIO_URL its own?`,
  );
}

function asEdgeError(error: unknown): SightlineError {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'ENODIALOG') return new SightlineError('CALL_GONE', undefined, { cause: error });

  return new SightlineError('EDGE_UNAVAILABLE', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
