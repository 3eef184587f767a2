import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { silentLogger } from '../../lib/logger';
import type { Logger } from '../../lib/logger';
import type { SipSyntaxError } from '../message/errors';
import { formatHostPort, parseVia } from '../message/grammar';
import type { SipMessage, SipRequest, SipResponse } from '../message/message';
import { reasonPhrase } from '../message/reasons';
import { makeResponse } from '../message/response';
import { toBuffer } from '../message/serialize';
import type { Destination, Flow, SipTransport } from '../transport/types';
import { checkRequest } from './checks';
import type { CheckOptions, Refusal } from './checks';
import { InviteClientTx, NonInviteClientTx } from './client';
import type { ClientEntry, FlowUser, ServerEntry, TransactionContext } from './context';
import { faultResponse } from './faults';
import { LoopMarks } from './loops';
import { GivenUpInvites } from './given-up';
import { clientKey, mergeKey, newBranch, newTag, serverKey } from './keys';
import { InviteServerTx, NonInviteServerTx } from './server';
import { defaultTimers } from './timers';
import type { Timers } from './timers';
import type { ClientTransaction, LayerEvents, Transactions, TransactionStats } from './types';
import { TimerWheel } from './wheel';

export interface TransactionOptions {
  transport: SipTransport;
  timers?: Timers;
  clock?: Clock;
  log?: Logger;
  /** What is refused before the user hears of it, besides merged requests. */
  checks?: CheckOptions;
  /** Judges a new request before it costs a transaction: what it is refused with, or `drop` for no answer. */
  screen?: (request: SipRequest, flow: Flow) => Refusal | 'drop' | undefined;
  /** Told of every final response of a transaction, when it is sent for the first time. */
  answered?: (request: SipRequest, response: SipResponse, flow: Flow) => void;
  /** Makes the tags of our answers; any text that nobody can guess unless given. */
  tagFor?: (flow: Flow) => string;
}

/** Milliseconds between two log lines about malformed input. */
const faultLogInterval = 10_000;
/** Ticks of the timer wheel in one T1. */
const ticksPerT1 = 20;

/**
 * The transaction layer (RFC 3261 section 17): matches what arrives with the transactions under way, absorbs and makes
 * retransmissions, and tells its user of what is new.
 */
export class TransactionLayer extends TypedEmitter<LayerEvents> implements Transactions {
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly transport: SipTransport;
  private readonly context: TransactionContext;
  private readonly wheel: TimerWheel;
  private readonly servers = new Map<string, ServerEntry>();
  private readonly clients = new Map<string, ClientEntry>();
  /** The server transaction of a request that may come by several ways, by what is the same in all copies. */
  private readonly merges = new Map<string, string>();
  private readonly mergeKeys = new Map<string, string>();
  private readonly flowUsers = new Map<string, Set<FlowUser>>();
  private readonly loops = new LoopMarks();
  private readonly givenUp: GivenUpInvites;
  private readonly counts = {
    ...{ clientTotal: 0, serverTotal: 0, retransmissionsSent: 0, retransmissionsReceived: 0 },
    ...{ malformed: 0, refused: 0, stray: 0 },
  };
  private readonly unsubscribe: (() => void)[];
  private readonly report: (error: unknown, event: string) => void;
  private lastFaultLog = -Infinity;
  private isClosed = false;

  constructor(private readonly options: TransactionOptions) {
    const log = options.log ?? silentLogger;
    const report = (error: unknown, event: string): void =>
      log.error({ err: error, event }, 'a listener of a SIP transaction failed');
    super(report);
    this.report = report;
    this.log = log;
    this.clock = options.clock ?? systemClock;
    this.transport = options.transport;
    const timers = options.timers ?? defaultTimers;
    this.wheel = new TimerWheel(this.clock, Math.max(1, Math.floor(timers.t1 / ticksPerT1)));
    // As long as a proxy lets a call ring at least (RFC 3261 section 16.6, step 11), and with it a phone.
    this.givenUp = new GivenUpInvites(this.clock, timers.c);
    this.context = this.makeContext(timers);
    this.unsubscribe = [
      this.transport.on('message', (message, flow) => this.receive(message, flow)),
      this.transport.on('malformed', (error, flow) => this.receiveFault(error, flow)),
      this.transport.on('flowClosed', (flow) => this.flowClosed(flow)),
    ];
  }

  /** @throws Error when the layer is closed, or when an ACK is given: it has no transaction of its own. */
  request(request: SipRequest, destination: Destination, received?: SipRequest): ClientTransaction {
    if (this.isClosed) throw new Error('The transaction layer is closed');
    if (request.method === 'ACK') throw new Error('An ACK to a 2xx is sent without a transaction');
    request.headers.prepend('Via', this.newVia(destination, received));

    return this.start(request, destination);
  }

  async sendStateless(message: SipMessage, destination: Destination): Promise<Flow> {
    if (message.kind === 'request' && !message.headers.has('Via')) {
      message.headers.prepend('Via', this.newVia(destination));
    }

    return this.transport.send(toBuffer(message), destination);
  }

  stats(): TransactionStats {
    return {
      ...this.counts,
      client: countStates(this.clients.values()),
      server: countStates(this.servers.values()),
      timers: this.wheel.size,
      givenUp: this.givenUp.size,
    };
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const off of this.unsubscribe) off();
    this.wheel.close();
    this.givenUp.close();
    this.servers.clear();
    this.clients.clear();
    this.merges.clear();
    this.mergeKeys.clear();
    this.flowUsers.clear();
  }

  private makeContext(timers: Timers): TransactionContext {
    return {
      timers,
      wheel: this.wheel,
      transport: this.transport,
      servers: this.servers,
      clients: this.clients,
      counts: this.counts,
      removeServer: (key, entry) => this.removeServer(key, entry),
      removeClient: (key, entry) => {
        if (this.clients.get(key) === entry) this.clients.delete(key);
      },
      acknowledged: (ack, flow) => this.emit('ack', ack, flow),
      watchFlow: (flow, user) => this.watchFlow(flow, user),
      unwatchFlow: (flow, user) => this.unwatchFlow(flow, user),
      answered: this.options.answered ?? ignore,
      tagFor: this.options.tagFor ?? newTag,
      gaveUp: (key, invite) => this.givenUp.add(key, invite),
      sendOwn: (request, destination) => this.start(request, destination),
    };
  }

  private start(request: SipRequest, destination: Destination): ClientTransaction {
    this.counts.clientTotal += 1;
    const Transaction = request.method === 'INVITE' ? InviteClientTx : NonInviteClientTx;
    const transaction = new Transaction(this.context, clientKey(request), request, destination, this.report);
    transaction.start();

    return transaction;
  }

  /** A Via of ours for that destination, with a branch that was never used, and the mark of a request that is sent on. */
  newVia(destination: Destination, received?: SipRequest): string {
    const { address, port } = this.transport.sentBy(destination);
    // RFC 5923: over a connection that we open and whose far end may come back by it, as we have proven who we are.
    const alias = destination.transport === 'tls' && !('remote' in destination) ? ';alias' : '';
    const sentBy = formatHostPort(address, port);
    const branch = newBranch() + (received ? this.loops.of(received) : '');

    return `SIP/2.0/${destination.transport.toUpperCase()} ${sentBy};branch=${branch};rport${alias}`;
  }

  private receive(message: SipMessage, flow: Flow): void {
    if (message.kind === 'request') this.receiveRequest(message, flow);
    else this.receiveResponse(message, flow);
  }

  private receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKey(request);
    const entry = this.servers.get(key);
    if (entry) entry.receive(request, flow);
    else if (request.method === 'ACK') this.emit('ack', request, flow);
    else if (request.method === 'CANCEL') this.receiveCancel(request, key, flow);
    else this.receiveNew(request, key, flow);
  }

  private receiveNew(request: SipRequest, key: string, flow: Flow): void {
    const screened = this.options.screen?.(request, flow);
    if (screened) {
      if (screened !== 'drop') this.refuseStateless(request, screened, flow);
      return;
    }
    const cameBack = this.loops.judge(request);
    const merge = mergeKey(request, cameBack);
    const isMerged = merge !== undefined && this.merges.has(merge);
    if (merge !== undefined && !isMerged) {
      this.merges.set(merge, key);
      this.mergeKeys.set(key, merge);
    }
    this.counts.serverTotal += 1;
    const Transaction = request.method === 'INVITE' ? InviteServerTx : NonInviteServerTx;
    const transaction = new Transaction(this.context, key, request, flow, this.report);
    const refusal = checkRequest(request, this.options.checks ?? noChecks, isMerged || cameBack === 'loop');
    if (refusal) {
      this.counts.refused += 1;
      transaction.reply(refusal.status, refusal.reason, refusal.headers);
    } else if (!this.emit('request', request, transaction)) {
      transaction.reply(503);
    }
  }

  /** RFC 3261 section 9.2: a transaction of its own, answered at once; only an INVITE without a final answer is told. */
  private receiveCancel(cancel: SipRequest, key: string, flow: Flow): void {
    this.counts.serverTotal += 1;
    const transaction = new NonInviteServerTx(this.context, key, cancel, flow, this.report);
    const invite = this.servers.get(serverKey(cancel, 'INVITE'));
    if (!invite) {
      transaction.reply(481);
      return;
    }
    const response = makeResponse(cancel, 200, undefined, { toTag: invite.localTag });
    transaction.respond(response);
    if (invite instanceof InviteServerTx) invite.cancelled(cancel);
  }

  private receiveResponse(response: SipResponse, flow: Flow): void {
    const via = response.headers.get('Via') ?? '';
    const key = clientKey(response);
    const entry = this.clients.get(key);
    // RFC 3261 section 8.1.3.3: a response that has more Vias than ours was misrouted, unless we forwarded its request.
    const isMisrouted = (response.headers.count('Via') !== 1 || via.includes(',')) && !entry?.isForwarded;
    if (entry && !isMisrouted) {
      entry.receive(response, flow);
      return;
    }
    const isOurs = !isMisrouted && this.isForUs(response, flow);
    const invite = isOurs && response.status >= 200 && response.status < 300 ? this.givenUp.find(key) : undefined;
    if (invite) {
      this.emit('lateAnswer', invite, response, flow);
      return;
    }
    this.counts.stray += 1;
    if (isOurs) this.emit('strayResponse', response, flow);
  }

  /** RFC 3261 section 18.1.2: a response whose sent-by is not ours is dropped. */
  private isForUs(response: SipResponse, flow: Flow): boolean {
    const { host, port } = response.via;
    const own = this.transport.sentBy(flow);

    return host === own.address && port === own.port;
  }

  /** Nothing is kept: an ACK to this comes as one to no transaction, and is nobody's. */
  private refuseStateless(request: SipRequest, { status, reason, headers = [] }: Refusal, flow: Flow): void {
    const response = faultResponse(request, status, reason ?? reasonPhrase(status));
    if (!response) return;
    for (const [name, value] of headers) response.headers.append(name, value);
    this.transport.send(toBuffer(response), this.faultPath(response, flow)).catch(() => undefined);
  }

  private receiveFault(error: SipSyntaxError, flow: Flow): void {
    this.counts.malformed += 1;
    this.logFault(error, flow);
    const { request } = error;
    const response = request && faultResponse(request, error.status, error.reason);
    if (!response) return;
    this.transport.send(toBuffer(response), this.faultPath(response, flow)).catch(() => undefined);
  }

  /** Back to the source when the Via, which should tell where, is itself what cannot be read. */
  private faultPath(response: SipResponse, flow: Flow): Destination {
    try {
      return this.transport.responsePath(parseVia(response.headers.first('Via') ?? ''), flow);
    } catch {
      return flow;
    }
  }

  private logFault(error: SipSyntaxError, flow: Flow): void {
    const now = this.clock.now();
    if (now - this.lastFaultLog < faultLogInterval) return;
    this.lastFaultLog = now;
    const { malformed } = this.counts;
    this.log.warn(
      { reason: error.reason, from: flow.remote, transport: flow.transport, malformed },
      'malformed SIP message',
    );
  }

  private removeServer(key: string, entry: ServerEntry): void {
    if (this.servers.get(key) !== entry) return;
    this.servers.delete(key);
    const merge = this.mergeKeys.get(key);
    if (merge === undefined) return;
    this.mergeKeys.delete(key);
    this.merges.delete(merge);
  }

  private watchFlow(flow: Flow, user: FlowUser): void {
    const users = this.flowUsers.get(flow.id);
    if (users) users.add(user);
    else this.flowUsers.set(flow.id, new Set([user]));
  }

  private unwatchFlow(flow: Flow, user: FlowUser): void {
    const users = this.flowUsers.get(flow.id);
    if (users?.delete(user) && users.size === 0) this.flowUsers.delete(flow.id);
  }

  private flowClosed(flow: Flow): void {
    for (const user of [...(this.flowUsers.get(flow.id) ?? [])]) user.flowClosed();
  }
}

const ignore = (): void => undefined;

/** Every method and extension is the user's business; a scheme that we cannot route and a spent Max-Forwards are not. */
const noChecks: CheckOptions = {};

function countStates(entries: Iterable<{ readonly state: string }>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of entries) counts[state] = (counts[state] ?? 0) + 1;

  return counts;
}
