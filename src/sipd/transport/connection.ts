import type { SipSyntaxError } from '../message/errors';
import type { SipMessage } from '../message/message';
import { TransportError } from './types';
import type { Endpoint, Flow, TransportName } from './types';

/** A connection of TCP, TLS or WebSocket, as the transport layer sees it. */
export interface Connection {
  readonly flow: Flow;
  /** Whether the far end opened it. */
  readonly accepted: boolean;
  /** Under which far ends it is found. */
  readonly keys: Set<string>;
  /** When anything last went over it, by the clock; keep-alives count. */
  readonly lastUsed: number;
  /** Whether the far end has proven by a certificate that it is this domain. */
  vouchesFor(domain: string): boolean;
  /** False from the moment that nothing more can be sent over it, before it is known to be closed. */
  readonly isOpen: boolean;
  /** Resolves when the system has taken the bytes; rejects with TransportError when it has not, and never will. */
  send(bytes: Buffer): Promise<void>;
  /** Called every few seconds: drops a connection that keeps us waiting, keeps a living one alive. */
  sweep(now: number): void;
  /** Sends what is waiting and closes. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a connection tells its owner. */
export interface ConnectionEvents {
  message(message: SipMessage, flow: Flow, raw: Buffer): void;
  malformed(error: SipSyntaxError, flow: Flow, raw: Buffer): void;
  /** A keep-alive. */
  ignored(flow: Flow): void;
  /** An error of ours while reading: told, and no reason to end with it every other call. */
  failed(error: unknown): void;
  closed(connection: Connection): void;
}

export interface StreamOptions {
  maxHead: number;
  maxBody: number;
  /** Header lines in one message. */
  maxHeaders: number;
  /** Milliseconds that a connection may take to its first message, and a message from its first byte to its last. */
  patience: number;
  /** Bytes that may wait for a far end that reads slowly before the connection is given up. */
  maxBacklog: number;
  /** Milliseconds to wait for a TCP connection that we open. */
  connectTimeout: number;
  /** Milliseconds of silence after which a WebSocket is pinged, and dropped when nothing came by twice that time. */
  wsPing: number;
  /** Connections held at once; further ones are refused. */
  maxConnections: number;
  /** Milliseconds that a TLS handshake may take. */
  handshakeTimeout: number;
  /** Milliseconds without any traffic after which a connection that nothing needs is closed. */
  idle: number;
}

export const defaultStreamOptions: StreamOptions = Object.freeze({
  maxHead: 65_536,
  maxBody: 262_144,
  maxHeaders: 256,
  patience: 30_000,
  maxBacklog: 1_048_576,
  connectTimeout: 5_000,
  wsPing: 30_000,
  maxConnections: 20_000,
  handshakeTimeout: 10_000,
  idle: 600_000,
});

let serial = 0;

/** A flow for one connection, with an id that no other connection of this process gets. */
export function connectionFlow(transport: TransportName, local: Endpoint, remote: Endpoint): Flow {
  serial += 1;

  return { transport, local, remote, id: `${transport}-${serial}` };
}

/** What the system says when it does not take bytes; undefined when it does. */
export function settle(
  flow: Flow,
  resolve: () => void,
  reject: (error: TransportError) => void,
): (error?: Error | null) => void {
  return (error) => {
    if (!error) return resolve();
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    reject(new TransportError(code, `${flow.id} took no more: ${error.message}`, { cause: error }));
  };
}

export function closedError(flow: Flow): TransportError {
  return new TransportError('FLOW_CLOSED', `The connection ${flow.id} is closed`);
}
