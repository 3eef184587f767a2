import type { TypedEmitter } from '../../lib/emitter';
import type { Via } from '../message/grammar';
import type { SipMessage } from '../message/message';
import type { SipSyntaxError } from '../message/errors';
import type { TlsFiles } from '../../lib/certificate';

export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export const transportNames = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const satisfies readonly TransportName[];

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
  /** The domain that the far end of a TLS connection must prove to be (RFC 5922); the address when missing. */
  domain?: string;
  /** A sips URI asked for it: nothing but TLS will do, and no connection whose far end has not proven who it is. */
  secure?: true;
  /** What the URI left open, which DNS may tell (RFC 3263 sections 4.1 and 4.2). */
  open?: { transport: boolean; port: boolean };
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

/** One socket to listen on. */
export interface ListenEndpoint {
  transport: TransportName;
  /** An IPv4 or IPv6 address, or a name that has one. */
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** The certificate of a TLS or WSS socket, where it is another than that of the whole server. */
  tls?: TlsFiles;
}

export interface ListenOptions {
  /** An IPv4 or IPv6 address, or a name that has one. */
  host: string;
  /** Port numbers; 0 takes any free one, and a transport without a port is not opened. */
  udpPort?: number;
  tcpPort?: number;
  /** SIP over TLS; needs a certificate. */
  tlsPort?: number;
  wsPort?: number;
  /** SIP over secure WebSocket; needs a certificate. */
  wssPort?: number;
}

/** Where an address of ours is not the one that others see (NAT). */
export interface ExternalAddress {
  /** What is told to everybody outside: an IP address or a name. */
  address: string;
  /** Networks that are told the local address all the same, as `10.0.0.0/8`; this machine's own when missing. */
  localNetworks?: readonly string[];
}

export interface TransportStats {
  received: Record<TransportName, number>;
  sent: Record<TransportName, number>;
  malformed: number;
  /** Keep-alives and datagrams that are not SIP at all. */
  ignored: number;
  sendErrors: number;
  /** Open connections. */
  connections: Record<Exclude<TransportName, 'udp'>, number>;
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
  /** Whether something may still come by this flow, and go by it; always for UDP. */
  isOpen(flow: Flow): boolean;
  /** Our own address and port of that transport as the destination can reach them: for Via, Contact and Record-Route. */
  sentBy(destination: Destination): Endpoint;
}
