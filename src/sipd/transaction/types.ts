import type { TypedEmitter } from '../../lib/emitter';
import type { SipRequest, SipResponse } from '../message/message';
import type { Headers } from '../message/headers';
import type { Destination, Flow, TransportError } from '../transport/types';

export type ClientEvents = {
  /**
   * Every response that is not a retransmission. For INVITE also every 2xx that comes within 64*T1 of the first, repeats
   * and those of other forks included, because each wants an ACK from the dialog layer (RFC 6026).
   */
  response: [response: SipResponse, flow: Flow];
  /** No final response in time (Timer B or F, C for an INVITE that only rang, or 64*T1 after CANCEL). */
  timeout: [];
  transportError: [error: TransportError];
  /**
   * The last event, always: nothing more will be told. It follows a final response at once, but for a 2xx to INVITE comes
   * only 64*T1 later (Timer M). What the network repeats after that is absorbed inside the layer, without this object.
   */
  terminated: [];
};

export interface ClientTransaction extends Pick<TypedEmitter<ClientEvents>, 'on' | 'once' | 'off'> {
  readonly id: string;
  /** The request with the Via that was added. */
  readonly request: SipRequest;
  readonly state: string;
  /** The flow that the request left by, once it has. */
  readonly flow: Flow | undefined;
  /**
   * Cancels an INVITE; without a final response 64*T1 after the CANCEL there is a `timeout`. The CANCEL is held back until a provisional response came and sent then; it is never sent when a
   * final response came first. Such headers as Reason are copied into it. False when there is nothing to cancel.
   */
  cancel(headers?: Headers): boolean;
}

export type ServerEvents = {
  /** A CANCEL came and was answered 200; the user of the layer answers the INVITE with 487. */
  cancel: [cancel: SipRequest];
  /** Timer H: the ACK to a non-2xx never came. For other methods: no final response was given within 64*T1. */
  timeout: [];
  transportError: [error: TransportError];
  /**
   * The last event, always: nothing more will be told, and the layer no longer holds on to the request. It follows the
   * final response at once, for INVITE the ACK to a non-2xx, `acknowledged()` after a 2xx, or Timers H and L.
   */
  terminated: [];
};

export interface ServerTransaction extends Pick<TypedEmitter<ServerEvents>, 'on' | 'once' | 'off'> {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly state: string;
  /** The To tag of our side: put into every response above 100 whose To has none. */
  readonly localTag: string;
  /** The status of the final response that was sent. */
  readonly finalStatus: number | undefined;
  /** Sends a response. False, and nothing is sent, when a final one was sent before. */
  respond(response: SipResponse): boolean;
  /** Makes a response to the request and sends it. */
  reply(status: number, reason?: string, headers?: Iterable<readonly [string, string]>, body?: Buffer): boolean;
  /** Sends the 2xx to an INVITE again: the dialog layer does so until the ACK comes (RFC 3261 section 13.3.1.4). */
  resend(): void;
  /** Tells that the 2xx was acknowledged, so that its bytes need not be kept any longer. */
  acknowledged(): void;
}

export type LayerEvents = {
  /** A new request that is no ACK and no CANCEL. */
  request: [request: SipRequest, transaction: ServerTransaction];
  /** An ACK to a 2xx. */
  ack: [request: SipRequest, flow: Flow];
  /**
   * A 2xx to an INVITE of ours that was given up, repeats included: it wants an ACK and a BYE. `invite` is what is left of
   * the request, without Contact and body, and one object for one INVITE.
   */
  lateAnswer: [invite: SipRequest, response: SipResponse, flow: Flow];
  /** A response that no transaction waits for, such as a 2xx that comes after Timer M. */
  strayResponse: [response: SipResponse, flow: Flow];
};

export interface TransactionStats {
  /** Those that are there now, by state. */
  client: Record<string, number>;
  server: Record<string, number>;
  /** Those since the start. */
  clientTotal: number;
  serverTotal: number;
  /** Timers that run. */
  timers: number;
  /** Messages that were sent again. */
  retransmissionsSent: number;
  /** Repeats of the network that a transaction took for itself. */
  retransmissionsReceived: number;
  malformed: number;
  /** Requests that were answered before the user heard of them. */
  refused: number;
  /** Responses that nothing of ours waits for. */
  stray: number;
  /** INVITEs that were given up, and are remembered for a 2xx that comes too late. */
  givenUp: number;
}

/** The transaction user's view of the layer. */
export interface Transactions extends Pick<TypedEmitter<LayerEvents>, 'on' | 'once' | 'off'> {
  /**
   * Sends a request in a new client transaction; its Via is added here. ACK to a 2xx goes by `sendStateless`.
   * @param received the request as it came, when this is one that is sent on: it is known again when it comes back
   */
  request(request: SipRequest, destination: Destination, received?: SipRequest): ClientTransaction;
  /** Sends a message outside any transaction. A request without a Via gets one. Rejects with TransportError. */
  sendStateless(message: SipRequest | SipResponse, destination: Destination): Promise<Flow>;
  stats(): TransactionStats;
  /** Ends every transaction without events. */
  close(): void;
}
