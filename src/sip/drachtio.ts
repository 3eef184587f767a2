import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/**
 * The part of drachtio-srf that this project uses, typed by hand: its own declarations leave out the request and
 * response layer. Nothing outside src/sip sees these types.
 */

export type HeaderValue = string | string[];
export type Headers = Record<string, HeaderValue>;

interface MessageView {
  get(name: string): string | undefined;
  has(name: string): boolean;
  readonly body: string | undefined;
}

export interface DrachtioRequest extends EventEmitter, MessageView {
  readonly method: string;
  readonly uri: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackTxnId: string;
  readonly stackDialogId: string | undefined;
  cancel(options: { headers?: Headers }, callback?: (error: unknown) => void): void;
}

export interface SendOptions {
  headers?: Headers;
  body?: string;
}

/** An answer to a request of ours. */
export interface DrachtioAnswer extends MessageView {
  readonly status: number;
  readonly reason: string;
  readonly stackDialogId: string | undefined;
}

/** Our answers to a request. */
export interface DrachtioResponse {
  readonly finalResponseSent: boolean;
  readonly stackDialogId: string | undefined;
  send(
    status: number,
    options?: SendOptions,
    callback?: (error: unknown) => void,
    onAck?: (ack: DrachtioRequest) => void,
  ): void;
}

export interface RequestOptions extends SendOptions {
  method: string;
  uri?: string;
  stackDialogId?: string;
  stackTxnId?: string;
  proxy?: string;
}

export type Handler = (req: DrachtioRequest, res: DrachtioResponse, next: (error?: unknown) => void) => void;

export interface ConnectOptions {
  host: string;
  port: number;
  secret: string;
  tls?: ConnectionOptions;
  reconnect?: { retryMaxDelay?: number; maxAttempts?: number };
}

export interface SrfLike extends EventEmitter {
  /** The agent, for what srf has no method for. */
  readonly app: {
    readonly client: {
      /** Sends a message within a transaction. */
      sendMessage(message: string, options: { stackTxnId: string }): void;
      /** The connections to drachtio-servers. */
      readonly mapServer: ReadonlyMap<Socket, unknown>;
    };
  };
  connect(options: ConnectOptions): void;
  disconnect(): void;
  use(method: string, handler: Handler): void;
  use(handler: Handler): void;
  request(uri: string, options: RequestOptions, callback: (error: unknown, req?: DrachtioRequest) => void): void;
}

/** Sends an ACK or PRACK; handed out with each answer to a request of ours. */
export type AckFunction = (options?: { body?: string; headers?: Headers }) => void;
