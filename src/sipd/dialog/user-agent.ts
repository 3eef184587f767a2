import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import type { Logger } from '../../lib/logger';
import { SipSyntaxError } from '../message/errors';
import { parseUri } from '../message/grammar';
import { Headers } from '../message/message';
import type { SipRequest, SipResponse } from '../message/message';
import { cancelFor } from '../transaction/requests';
import type { Timers } from '../transaction/timers';
import type { ServerTransaction, Transactions } from '../transaction/types';
import { isWebSocket } from '../transport/flow';
import type { Destination, Flow, SipTransport } from '../transport/types';
import { ContactFlows } from './contact-flows';
import type { Core, Passage, Settings, UserAgentEvents } from './core';
import { endDialog } from './core';
import type { Dialog } from './dialog';
import { DialogTable } from './dialog-table';
import { flowsInUse } from './flows-in-use';
import { IncomingInvite } from './incoming-invite';
import type { IncomingRequest } from './incoming';
import { OutgoingInvite } from './outgoing-invite';
import type { OutgoingRequest } from './outgoing';
import { Refresher } from './refresher';
import { noteRegistration } from './registration';
import { Responder, unknownTransaction } from './responder';
import type { ResponseSpec } from './responder';
import { Sessions } from './sessions';
import { targetOfUri } from './target';
import { Uac } from './uac';
import type { RequestSpec } from './uac';
import { byeReasons, UacInvites } from './uac-invites';
import { Uas } from './uas';
import { UserError } from './user-error';
import { UserHeaders } from './user-headers';
import type { UserContent } from './user-headers';

export interface UserAgentOptions {
  clock: Clock;
  timers: Timers;
  settings: Settings;
  log: Logger;
  transactions: Transactions;
  transport: SipTransport;
}

const sessionExpired = 'SIP ;cause=200 ;text="Session timer expired"';
const ackTimeout = 'SIP ;cause=200 ;text="ACK timeout"';

/**
 * The transaction user of this server (RFC 3261 section 5): dialogs and the rules of INVITE, for an application that
 * names requests and dialogs by id. It decides nothing by itself but what SIP demands.
 */
export class UserAgent {
  readonly events = new TypedEmitter<UserAgentEvents>();
  private readonly core: Core;
  private readonly uac: Uac;
  private readonly uas: Uas;
  private readonly invites: UacInvites;
  private readonly responder: Responder;
  private readonly offs: (() => void)[];
  private cancelSweep: (() => void) | undefined;

  constructor(options: UserAgentOptions) {
    this.core = {
      ...options,
      events: this.events,
      dialogs: new DialogTable(),
      contactFlows: new ContactFlows(options.clock),
      incoming: new Map(),
      outgoing: new Map(),
      passage: undefined,
    };
    const sessions = new Sessions(this.core, {
      onRefresh: (dialog) => refresher.refresh(dialog),
      onExpiry: (dialog) => this.endByServer(dialog, sessionExpired),
    });
    this.invites = new UacInvites(this.core, sessions, { bye: (dialog, reason) => this.uac.bye(dialog, reason) });
    this.uac = new Uac(this.core, sessions, this.invites);
    this.uas = new Uas(this.core, sessions, { onAckTimeout: (dialog) => this.endByServer(dialog, ackTimeout) });
    this.responder = new Responder(this.core, sessions, (invite) => this.uas.forget(invite));
    const refresher = new Refresher(this.core, this.uac, (dialog) => this.endByServer(dialog, sessionExpired));
    this.offs = this.listen();
  }

  get dialogCount(): number {
    return this.core.dialogs.size;
  }

  get pendingCount(): number {
    return this.core.incoming.size;
  }

  /** Requests that wait for the application's answer. */
  pending(): IterableIterator<IncomingRequest> {
    return this.core.incoming.values();
  }

  dialog(id: string): Dialog | undefined {
    return this.core.dialogs.byId(id);
  }

  /** Sends a request outside any dialog. @throws UserError, UnroutableError */
  send(spec: RequestSpec, route: string | undefined, owner: object): OutgoingRequest {
    return this.uac.send(spec, route, owner);
  }

  /** Sends a request inside a dialog. @throws UserError, UnroutableError */
  sendInside(dialog: Dialog, spec: RequestSpec, owner: object): OutgoingRequest {
    dialog.owner = owner;
    if (spec.method !== 'PRACK') return this.uac.sendInside(dialog, spec, owner);
    const rack = spec.headers.find(([name]) => name.toLowerCase() === 'rack')?.[1];

    return this.uac.sendInside(this.invites.prackDialog(dialog, rack), spec, owner);
  }

  /** Sends the ACK to a 2xx. @throws UserError */
  acknowledge(dialog: Dialog, content: UserContent): SipRequest {
    return this.invites.acknowledge(dialog, content);
  }

  /**
   * Runs the function when a request of this method may be sent: BYE and re-INVITE not before the peer's ACK (RFC 3261
   * sections 14.1 and 15), and nothing but the end of the call before the answer to a PRACK. A request that overtook a
   * lost PRACK would have its repeat refused as out of order (section 12.2.2), and the call with it. That is at once
   * nearly always.
   */
  whenAllowed(dialog: Dialog, method: string, fn: () => void): void {
    const waitsForAck = (method === 'BYE' || method === 'INVITE') && dialog.incoming?.isAnswered;
    const waitsForPrack = dialog.pracksOfOurs > 0 && method !== 'BYE' && method !== 'PRACK';
    if (!dialog.isOver && (waitsForAck || waitsForPrack)) {
      (dialog.held ??= []).push(() => this.whenAllowed(dialog, method, fn));
    } else {
      fn();
    }
  }

  /** Cancels an INVITE of the application and returns the CANCEL. @throws UserError */
  cancel(id: string, content: UserContent): SipRequest {
    const out = this.core.outgoing.get(id);
    if (!(out instanceof OutgoingInvite) || out.state !== 'calling' || !out.transaction) {
      throw new UserError(`unable to cancel unknown transaction id: ${id}`);
    }
    const user = new UserHeaders(content.headers, 'localhost');
    user.drop('P-Asserted-Identity');
    const extra = Headers.from(user);
    // A re-INVITE that is cancelled too late leaves the call as it is.
    if (!out.dialog) out.endReason = byeReasons.cancelled;
    out.transaction.cancel(extra);

    return cancelFor(out.request, extra);
  }

  /** Sends a response of the application. @throws UserError */
  respond(id: string, spec: ResponseSpec): { incoming: IncomingRequest; response: SipResponse } {
    const incoming = this.core.incoming.get(id);
    if (!incoming) throw new UserError(unknownTransaction);

    return { incoming, response: this.responder.respond(incoming, spec) };
  }

  /** Answers a request in the application's place, unless it is answered or given up already. */
  refuse(incoming: IncomingRequest, status: number, headers: [string, string][] = [], reason = ''): void {
    if (!this.core.incoming.has(incoming.id)) return;
    try {
      this.responder.respond(incoming, { status, reason, headers, body: Buffer.alloc(0) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  /** What becomes of requests inside dialogs that are not ours. */
  set passage(passage: Passage | undefined) {
    this.core.passage = passage;
  }

  /** Hands a new request over to another part of the server, which answers it; undefined when it is answered or unknown. */
  release(id: string): ServerTransaction | undefined {
    const incoming = this.core.incoming.get(id);
    if (!incoming || incoming.dialog || incoming.hasProgress || incoming.hasFinal) return undefined;
    this.core.incoming.delete(id);

    return incoming.transaction;
  }

  /** Takes note of a 2xx that a released request was answered with by somebody else. */
  accepted(transaction: ServerTransaction, response: SipResponse): void {
    noteRegistration(this.core.contactFlows, transaction, response);
  }

  /** The way to a URI: the connection of a client that registered it, or what it names. @throws UserError, UnroutableError */
  wayTo(uri: string): Destination {
    try {
      return this.core.contactFlows.get(uri) ?? targetOfUri(parseUri(uri));
    } catch (error) {
      if (error instanceof SipSyntaxError) throw new UserError(`invalid uri: ${uri}`);
      throw error;
    }
  }

  /** An owner is gone: its INVITEs are cancelled, its dialogs stay for the next one. */
  abandon(owner: object): void {
    for (const out of [...this.core.outgoing.values()]) {
      if (out.owner !== owner) continue;
      if (out instanceof OutgoingInvite) this.invites.abandon(out);
      else out.owner = undefined;
    }
  }

  stats(): { dialogs: number; dialogsTotal: number; incoming: number; outgoing: number; registeredFlows: number } {
    const { dialogs, incoming, outgoing, contactFlows } = this.core;

    return {
      dialogs: dialogs.size,
      dialogsTotal: dialogs.added,
      incoming: incoming.size,
      outgoing: outgoing.size,
      registeredFlows: contactFlows.size,
    };
  }

  /** The connections that a registration, a dialog or a request under way lives on. */
  flowsInUse(): Set<string> {
    return flowsInUse(this.core);
  }

  /** Stops everything without a word to the network. */
  close(): void {
    for (const off of this.offs) off();
    this.cancelSweep?.();
    for (const incoming of this.core.incoming.values()) if (incoming instanceof IncomingInvite) incoming.stop();
    for (const dialog of this.core.dialogs) if (dialog.state !== 'ended') endDialog(this.core, dialog);
    this.core.incoming.clear();
    this.core.outgoing.clear();
    this.events.removeAllListeners();
  }

  private listen(): (() => void)[] {
    const { transactions, transport } = this.core;

    return [
      transactions.on('request', (request, transaction) => {
        this.uas.onRequest(request, transaction);
        if (this.core.incoming.size > 0) this.sweepLater();
      }),
      transactions.on('lateAnswer', (invite, response, flow) => this.invites.answeredTooLate(invite, response, flow)),
      transactions.on('ack', (ack, flow) => this.uas.onAck(ack, flow)),
      transport.on('flowClosed', (flow) => this.onFlowClosed(flow)),
    ];
  }

  private endByServer(dialog: Dialog, reason: string): void {
    if (dialog.isOver) return;
    this.events.emit('ended', dialog, this.uac.bye(dialog, reason));
  }

  /** Requests to the peer go to its Contact from now on, until it comes by another connection. */
  private onFlowClosed(flow: Flow): void {
    this.core.contactFlows.forget(flow);
    if (isWebSocket(flow.transport)) this.uas.callersGone(flow);
    for (const dialog of this.core.dialogs) {
      if (dialog.flow?.id === flow.id) dialog.flow = this.core.contactFlows.get(dialog.target);
    }
  }

  /** One timer for all requests that the application may forget to answer. */
  private sweepLater(): void {
    this.cancelSweep ??= this.core.clock.after(8 * this.core.timers.t1, () => {
      this.cancelSweep = undefined;
      this.sweep();
      if (this.core.incoming.size > 0) this.sweepLater();
    });
  }

  /**
   * The peer gives a request up after 64*T1; shortly before that it gets an answer if the application has none. An INVITE
   * that rings may ring on.
   */
  private sweep(): void {
    const deadline = this.core.clock.now() - 56 * this.core.timers.t1;
    for (const incoming of [...this.core.incoming.values()]) {
      if (incoming.since > deadline || incoming.hasProgress) continue;
      this.core.log.warn({ method: incoming.method, id: incoming.id }, 'The application did not answer a request');
      if (incoming.method === 'BYE') this.refuse(incoming, 200);
      else this.refuse(incoming, 500, [['Retry-After', '5']], 'No answer from the application');
    }
  }
}
