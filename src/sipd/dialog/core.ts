import type { Clock } from '../../lib/clock';
import type { TypedEmitter } from '../../lib/emitter';
import type { Logger } from '../../lib/logger';
import type { SipRequest, SipResponse } from '../message/message';
import type { Timers } from '../transaction/timers';
import type { ServerTransaction, Transactions } from '../transaction/types';
import type { Flow, SipTransport } from '../transport/types';
import type { ContactFlows } from './contact-flows';
import type { Dialog } from './dialog';
import type { DialogTable } from './dialog-table';
import type { IncomingRequest } from './incoming';
import type { OutgoingRequest } from './outgoing';

export type UserAgentEvents = {
  /** A request that wants an answer. */
  request: [request: IncomingRequest];
  /** An INVITE was cancelled; it is answered already. */
  cancel: [request: IncomingRequest, cancel: SipRequest];
  /** The ACK to a 2xx of ours, once. */
  ack: [ack: SipRequest, flow: Flow, dialog: Dialog, inviteId: string];
  /** A response to a request of the application; `flow` is missing for those that this server makes: 408, 491, 503. */
  response: [request: OutgoingRequest, response: SipResponse, flow: Flow | undefined];
  /** The server ended a dialog by a BYE of its own. */
  ended: [dialog: Dialog, bye: SipRequest];
};

/** The way of requests inside dialogs that are not ours; the proxy sets it. */
export interface Passage {
  /** False when the request is not one to pass on. */
  request(request: SipRequest, transaction: ServerTransaction): boolean;
  ack(ack: SipRequest): void;
}

export interface Settings {
  /** The least session interval in seconds that is taken (RFC 4028 section 5). */
  minSessionExpires: number;
}

/** What the client and the server side of the user agent share. */
export interface Core {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: Settings;
  readonly log: Logger;
  readonly transactions: Transactions;
  readonly transport: SipTransport;
  readonly events: TypedEmitter<UserAgentEvents>;
  readonly dialogs: DialogTable;
  readonly contactFlows: ContactFlows;
  /** Requests from the network without a final answer, by the id that applications use. */
  readonly incoming: Map<string, IncomingRequest>;
  /** Requests to the network, INVITEs up to the end of their transaction. */
  readonly outgoing: Map<string, OutgoingRequest>;
  passage: Passage | undefined;
}

/** Takes a dialog out of the table and stops all that runs for it. What was held back is told that it came too late. */
export function endDialog(core: Core, dialog: Dialog): void {
  dialog.apply('end');
  core.dialogs.remove(dialog);
  dialog.stopExpiry?.();
  dialog.session?.stop();
  dialog.session = undefined;
  dialog.incoming?.stop();
  releaseHeld(dialog);
}

/** Runs what waited for the peer's ACK or for the answer to our PRACK. */
export function releaseHeld(dialog: Dialog): void {
  const held = dialog.held;
  dialog.held = undefined;
  for (const fn of held ?? []) fn();
}
