import type { SipRequest, SipResponse } from '../message/message';
import type { Destination, Flow, SipTransport } from '../transport/types';
import type { Timers } from './timers';
import type { TimerWheel } from './wheel';

/** A row of the table of server transactions. */
export interface ServerEntry {
  readonly state: string;
  /** The To tag of our answers, as long as it is known. */
  readonly localTag: string | undefined;
  /** A request that belongs to the transaction: a retransmission or an ACK. */
  receive(request: SipRequest, flow: Flow): void;
}

/** A row of the table of client transactions. */
export interface ClientEntry {
  readonly state: string;
  /** The request was forwarded, so that its responses carry the Vias of others below ours. */
  readonly isForwarded: boolean;
  receive(response: SipResponse, flow: Flow): void;
}

/** What a transaction needs of the layer that holds it. */
export interface TransactionContext {
  readonly timers: Timers;
  readonly wheel: TimerWheel;
  readonly transport: SipTransport;
  readonly servers: Map<string, ServerEntry>;
  readonly clients: Map<string, ClientEntry>;
  readonly counts: { retransmissionsSent: number; retransmissionsReceived: number };
  /** Takes a server transaction out of the table, with what else is kept for it. */
  removeServer(key: string, entry: ServerEntry): void;
  removeClient(key: string, entry: ClientEntry): void;
  /** An ACK to a 2xx that came with the INVITE's own branch. */
  acknowledged(ack: SipRequest, flow: Flow): void;
  /** A client transaction waits for responses on this connection, or no longer does. */
  watchFlow(flow: Flow, waiting: FlowUser): void;
  unwatchFlow(flow: Flow, waiting: FlowUser): void;
  /** An INVITE has ended without a final response; its far end may take it yet. */
  gaveUp(key: string, invite: SipRequest): void;
  /** A final response to a request is being sent. */
  answered(request: SipRequest, response: SipResponse, flow: Flow): void;
  /** The tag of our side, for a request that came by this flow. */
  tagFor(flow: Flow): string;
  /** Sends a request in a transaction of its own that nobody listens to. */
  sendOwn(request: SipRequest, destination: Destination): void;
}

/** Told when the connection that it waits on is closed. */
export interface FlowUser {
  flowClosed(): void;
}
