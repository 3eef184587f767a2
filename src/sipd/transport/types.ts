import type { TypedEmitter } from '../../lib/emitter';
import type { Via } from '../message/grammar';
import type { SipMessage } from '../message/message';
import type { SipSyntaxError } from '../message/errors';

export type TransportName = 'udp' | 'tcp' | 'ws';

export interface Endpoint {
  /** An IP address; IPv6 without brackets, IPv4 never in its IPv6-mapped form. */
  address: string;
  port: number;
}

/** Where a message came from and the way back there: for streams this very connection. */
export interface Flow {
  readonly transport: TransportName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Equal for equal ways; never reused for another connection. */
  readonly id: string;
}

/** Where to send: an address (or a name, which is resolved) and a port. */
export interface Target extends Endpoint {
  transport: TransportName;
}

export type Destination = Target | Flow;

/** A message could not be handed to the network. `code` is that of the system (EMSGSIZE, ECONNREFUSED, …) or one of ours. */
export class TransportError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TransportError';
  }
}

export type TransportEvents = {
  /**
   * A well-formed message. A request's top Via has received and rport filled in already; `raw` is as it came, and missing
   * only where there never were any bytes.
   */
  message: [message: SipMessage, flow: Flow, raw?: Buffer];
  /** Input that is no SIP message; `error.request` is there when it may be answered. */
  malformed: [error: SipSyntaxError, flow: Flow, raw: Buffer];
  /** A message that was handed to the network. */
  sent: [bytes: Buffer, flow: Flow];
  /** A connection ended. UDP flows never close. */
  flowClosed: [flow: Flow];
};

export interface ListenOptions {
  /** An IPv4 or IPv6 address, or a name that has one. */
  host: string;
  /** Port numbers; 0 takes any free one, and a transport without a port is not opened. */
  udpPort?: number;
  tcpPort?: number;
  wsPort?: number;
}

export interface TransportStats {
  received: Record<TransportName, number>;
  sent: Record<TransportName, number>;
  malformed: number;
  /** Keep-alives and datagrams that are not SIP at all. */
  ignored: number;
  sendErrors: number;
  connections: { tcp: number; ws: number };
}

/** The listening addresses, by transport; the first listener's when there are several. */
export type Addresses = Partial<Record<TransportName, Endpoint>>;

/** What the transaction layer needs of a transport; the real one and the in-memory wire of tests both are one. */
export interface SipTransport extends Pick<TypedEmitter<TransportEvents>, 'on' | 'off' | 'once'> {
  /**
   * Sends bytes that hold one message. On streams a connection to the target is reused, or dialled for TCP.
   * @returns the flow that was used; rejects with TransportError.
   */
  send(bytes: Buffer, destination: Destination): Promise<Flow>;
  /**
   * The way of a response to a request that came by this flow, from the request's top Via with received and rport filled
   * in (RFC 3261 section 18.2.2, RFC 3581). For streams it is the flow itself while that is open. Ask again when sending
   * has failed with FLOW_CLOSED.
   */
  responsePath(via: Via, flow: Flow): Destination;
  /** Our own address and port of that transport as the destination can reach them: for Via, Contact and Record-Route. */
  sentBy(destination: Destination): Endpoint;
}
