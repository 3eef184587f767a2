import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import type { Logger } from '../../lib/logger';
import { isSips, UnroutableError } from '../dialog/target';
import { UserError } from '../dialog/user-error';
import type { UserAgent } from '../dialog/user-agent';
import { parseUri } from '../message/grammar';
import type { SipRequest, SipResponse } from '../message/message';
import { makeResponse } from '../message/response';
import type { Timers } from '../transaction/timers';
import type { ServerTransaction, Transactions } from '../transaction/types';
import { isWebSocket } from '../transport/flow';
import type { Destination, Flow, SipTransport } from '../transport/types';
import { Branch } from './branch';
import { forwarded, hindrance } from './forward';
import type { ProxyOrder } from './order';
import { RoutePassage } from './passage';
import { asRequestUri } from './route';
import { ProxyRun } from './run';
import type { Asking, RunContext, RunListener } from './run';
import { RouteStamp } from './stamp';

export interface ProxyOptions {
  agent: UserAgent;
  transactions: Transactions;
  transport: SipTransport;
  clock: Clock;
  timers: Pick<Timers, 't1'>;
  log: Logger;
  /** Proves that a Route is ours. */
  secret: string;
}

/**
 * How long a caller waits at most for the answers of those who were cancelled, in multiples of T1: a phone that is still
 * there answers at once, and one that has not answered the CANCEL and three repeats of it hardly will.
 */
const patience = 8;

/** What becomes of requests that are sent on, each with the request as it came. */
export type ProxyEvents = {
  /** It was sent on as this, with our Via: once for each target, and for what passes inside a dialog. */
  sent: [request: SipRequest, received: SipRequest];
  /** A target has given its first final response: this, as it came. */
  answered: [response: SipResponse, received: SipRequest];
  /** Its sender was sent a final response: the first one, and the first 2xx. */
  responded: [response: SipResponse, received: SipRequest];
};

const hindrances = {
  483: 'Rejected with 483 Too Many Hops due to Max-Forwards value of 0',
  440: 'Rejected with 440 Max-Breadth Exceeded due to Max-Breadth value of 0',
};

/**
 * The proxy beside the user agent (RFC 3261 section 16): an application hands it a request that it will not answer
 * itself. What follows in the dialog passes by its Route, without the application hearing of it.
 */
export class Proxy {
  readonly events = new TypedEmitter<ProxyEvents>();
  private readonly runs = new Set<ProxyRun>();
  private readonly stamp: RouteStamp;
  private readonly offFlowClosed: () => void;

  constructor(private readonly options: ProxyOptions) {
    const { agent, transport } = options;
    this.stamp = new RouteStamp(options.secret, transport);
    agent.passage = new RoutePassage({
      ...options,
      stamp: this.stamp,
      wayTo: (uri) => this.wayTo(uri),
      sent: (request, received) => this.events.emit('sent', request, received),
      run: (server, order, forward, listener) => this.run(server, order, listener, forward),
    });
    this.offFlowClosed = transport.on('flowClosed', (flow) => this.onFlowClosed(flow));
  }

  /** Requests that no target has answered for good. */
  get size(): number {
    return this.runs.size;
  }

  /** The connections that a request under way lives on: they must not be closed for being idle. */
  *flowsInUse(): Iterable<string> {
    for (const run of this.runs) yield* run.flowIds();
  }

  /** Takes a request over from the user agent and sends it to its targets. @throws UserError */
  start(order: ProxyOrder, listener: RunListener): void {
    const server = this.options.agent.release(order.transactionId);
    if (!server) throw new UserError(`Unknown transaction id: ${order.transactionId}`);
    const hindered = hindrance(server.request);
    if (hindered) {
      this.refuse(server, hindered);
      throw new UserError(hindrances[hindered]);
    }
    if (this.run(server, order, listener, (asking) => this.forward(asking))) return;
    throw new UserError(`error proxying request to ${order.targets.join(', ')}`);
  }

  close(): void {
    this.options.agent.passage = undefined;
    this.offFlowClosed();
    for (const run of this.runs) run.close();
    this.runs.clear();
    this.events.removeAllListeners();
  }

  /** False when no target could be asked; the request is answered 500 then. */
  private run(
    server: ServerTransaction,
    order: ProxyOrder,
    listener: RunListener,
    forward: RunContext['forward'],
  ): boolean {
    const { clock, timers } = this.options;
    const context: RunContext = {
      clock,
      patience: patience * timers.t1,
      forward,
      accepted: (transaction, response) => this.options.agent.accepted(transaction, response),
      respondStateless: (response, flow) => this.respondStateless(response, flow),
      answered: (response) => this.events.emit('answered', response, server.request),
      responded: (response) => this.events.emit('responded', response, server.request),
      ended: (ended) => this.runs.delete(ended),
    };
    const run = new ProxyRun(context, server, order, listener);
    this.runs.add(run);
    let isSent = false;
    try {
      isSent = run.start();
    } finally {
      if (!isSent) {
        run.close();
        this.runs.delete(run);
        this.refuse(server, 500);
      }
    }

    return isSent;
  }

  private refuse(server: ServerTransaction, status: number): void {
    const response = makeResponse(server.request, status);
    if (server.respond(response)) this.events.emit('responded', response, server.request);
  }

  private forward({ request, from, order, target, breadth }: Asking): Branch | undefined {
    const destination = this.wayTo(target);
    if (!destination) return undefined;
    const isReplaced = this.isLocal(request, from) || !order.targets.includes(target);
    const uri = isReplaced ? asRequestUri({ uri: target, address: parseUri(target) }) : request.uri;
    const recordRoutes = order.recordRoute ? this.recordRoutes(request.callId, from, destination, uri) : [];
    const copy = forwarded(request, { uri, breadth, recordRoutes, headers: order.headers });
    this.dropOwnRoutes(copy);
    const { provisionalTimeout: provisional, finalTimeout: final } = order;
    const transaction = this.options.transactions.request(copy, destination, request);
    this.events.emit('sent', transaction.request, request);

    return new Branch(this.options.clock, transaction, { provisional, final });
  }

  /** Two of them when the request leaves by another transport than it came by (RFC 5658). */
  private recordRoutes(callId: string, from: Flow, destination: Destination, uri: string): string[] {
    const isSecure = isSips(uri);
    const out = this.stamp.make(callId, destination, isSecure);
    const back = this.stamp.make(callId, from, isSecure);

    return back === out ? [out] : [back, out];
  }

  /** drachtio-server keeps a Request-URI that names somebody else and only sends it elsewhere; a redirection replaces it. */
  private isLocal(request: SipRequest, from: Flow): boolean {
    const { host, scheme, port = scheme === 'sips' ? 5061 : 5060 } = request.target;
    if (scheme !== 'sip' && scheme !== 'sips') return false;
    const own = [this.options.transport.sentBy(from), from.local];

    return own.some((place) => place.address === host && place.port === port);
  }

  private wayTo(uri: string): Destination | undefined {
    try {
      return this.options.agent.wayTo(uri);
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof UnroutableError)) throw error;
      this.options.log.warn({ cause: error.message }, 'No way to a target of a proxied request');

      return undefined;
    }
  }

  /**
   * A Route of a new request has led it here and served its purpose, whatever it says: some clients name us as others
   * do. A Path may name us twice.
   */
  private dropOwnRoutes({ headers }: SipRequest): void {
    headers.removeFirst('Route');
    for (let next = headers.first('Route'); next !== undefined; next = headers.first('Route')) {
      if (!this.stamp.isSelf(next.slice(next.indexOf('<') + 1, next.indexOf('>')))) return;
      headers.removeFirst('Route');
    }
  }

  /** A browser that is gone cannot be answered, and must not keep anyone ringing. */
  private onFlowClosed(flow: Flow): void {
    if (!isWebSocket(flow.transport)) return;
    this.stamp.forget(flow);
    for (const run of this.runs) if (run.flow.id === flow.id) run.cancel();
  }

  private respondStateless(response: SipResponse, flow: Flow): void {
    const { transactions, transport } = this.options;
    transactions.sendStateless(response, transport.responsePath(response.via, flow)).catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'A repeated response could not be sent on');
    });
  }
}
