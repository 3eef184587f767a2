import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { hostPort, UnroutableError } from '../dialog/target';
import { UserError } from '../dialog/user-error';
import type { UserAgent } from '../dialog/user-agent';
import { parseNameAddr } from '../message/grammar';
import type { SipRequest, SipResponse } from '../message/message';
import { newBranch } from '../transaction/keys';
import type { ServerTransaction, Transactions } from '../transaction/types';
import type { Destination, Flow, SipTransport } from '../transport/types';
import { Branch } from './branch';
import { forwarded, mayHop } from './forward';
import type { ProxyOrder } from './order';
import { ProxyRun } from './run';
import type { RunListener } from './run';
import { RouteStamp } from './stamp';

export interface ProxyOptions {
  agent: UserAgent;
  transactions: Transactions;
  transport: SipTransport;
  clock: Clock;
  log: Logger;
  /** Proves that a Route is ours. */
  secret: string;
}

/**
 * The proxy beside the user agent (RFC 3261 section 16): an application hands it a request that it will not answer
 * itself. What follows in the dialog passes by its Route, without the application hearing of it.
 */
export class Proxy {
  private readonly runs = new Set<ProxyRun>();
  private readonly stamp: RouteStamp;

  constructor(private readonly options: ProxyOptions) {
    this.stamp = new RouteStamp(options.secret, options.transport);
    options.agent.passage = {
      request: (request, transaction) => this.pass(request, transaction),
      ack: (ack) => this.passAck(ack),
    };
  }

  /** Requests that no target has answered for good. */
  get size(): number {
    return this.runs.size;
  }

  /** Takes a request over from the user agent and sends it to its targets. @throws UserError */
  start(order: ProxyOrder, listener: RunListener): void {
    const server = this.options.agent.release(order.transactionId);
    if (!server) throw new UserError(`Unknown transaction id: ${order.transactionId}`);
    if (!mayHop(server.request)) {
      server.reply(483);
      throw new UserError('Rejected with 483 Too Many Hops due to Max-Forwards value of 0');
    }
    const run = new ProxyRun(this.context, server, order, listener);
    this.runs.add(run);
    if (run.start()) return;
    this.runs.delete(run);
    server.reply(500);
    throw new UserError(`error proxying request to ${order.targets.join(', ')}`);
  }

  close(): void {
    this.options.agent.passage = undefined;
    for (const run of this.runs) run.close();
    this.runs.clear();
  }

  private get context(): ConstructorParameters<typeof ProxyRun>[0] {
    return {
      forward: (request, order, target, from) => this.forward(request, order, target, from),
      respondStateless: (response, flow) => this.respondStateless(response, flow),
      ended: (run) => this.runs.delete(run),
    };
  }

  private forward(request: SipRequest, order: ProxyOrder, target: string, from: Flow): Branch | undefined {
    const destination = this.wayTo(target);
    if (!destination) return undefined;
    const recordRoutes = order.recordRoute ? this.recordRoutes(request.callId, from, destination) : [];
    const uri = this.isLocal(request, from) || order.targets[0] !== target ? target : undefined;
    const copy = forwarded(request, { uri, recordRoutes, headers: order.headers });
    this.dropOwnRoutes(copy, true);
    const { provisionalTimeout: provisional, finalTimeout: final } = order;

    const transaction = this.options.transactions.request(copy, destination);

    return new Branch(this.options.clock, transaction, { provisional, final });
  }

  /** Two of them when the request leaves by another transport than it came by (RFC 5658). */
  private recordRoutes(callId: string, from: Flow, destination: Destination): string[] {
    const out = this.stamp.make(callId, destination);
    const back = this.stamp.make(callId, from);

    return back === out ? [out] : [back, out];
  }

  /** drachtio-server keeps a Request-URI that names somebody else and only sends it elsewhere. */
  private isLocal(request: SipRequest, from: Flow): boolean {
    const { host, port = 5060, scheme } = request.target;
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

  /** A request inside a dialog that we are only in the path of. False when it is not one of ours. */
  private pass(request: SipRequest, server: ServerTransaction): boolean {
    if (!this.isThrough(request)) return false;
    if (!mayHop(request)) return server.reply(483);
    const copy = forwarded(request, {});
    const order: ProxyOrder = { ...passing, transactionId: server.id, targets: [this.nextHop(copy)] };
    const run = new ProxyRun(
      { ...this.context, forward: (_request, _order, target) => this.relay(copy, target) },
      server,
      order,
      silent,
    );
    this.runs.add(run);
    if (run.start()) return true;
    this.runs.delete(run);

    return server.reply(503);
  }

  private relay(copy: SipRequest, target: string): Branch | undefined {
    const destination = this.wayTo(target);
    if (!destination) return undefined;
    const transaction = this.options.transactions.request(copy, destination);

    return new Branch(this.options.clock, transaction);
  }

  /** An ACK to a 2xx has no transaction, and nobody to tell of a failure. */
  private passAck(ack: SipRequest): void {
    if (!this.isThrough(ack) || !mayHop(ack)) return;
    const copy = forwarded(ack, {});
    const destination = this.wayTo(this.nextHop(copy));
    if (!destination) return;
    const { transactions, transport } = this.options;
    const { address, port } = transport.sentBy(destination);
    copy.headers.prepend(
      'Via',
      `SIP/2.0/${destination.transport.toUpperCase()} ${hostPort(address, port)};branch=${newBranch()};rport`,
    );
    transactions.sendStateless(copy, destination).catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'An ACK could not be sent on');
    });
  }

  private isThrough(request: SipRequest): boolean {
    const route = request.headers.first('Route');

    return route !== undefined && this.stamp.isOurs(request.callId, route);
  }

  /** Takes our own Routes away and gives the URI of the next hop: the next Route, or the Request-URI. */
  private nextHop(request: SipRequest): string {
    this.dropOwnRoutes(request, false);
    const [route] = request.headers.all('Route');
    if (route === undefined) return request.uri;

    return parseNameAddr(route).uri;
  }

  /** Some clients send a new request with a Route to us: that one has served its purpose. */
  private dropOwnRoutes(request: SipRequest, isNew: boolean): void {
    if (isNew) {
      request.headers.removeFirst('Route');
      return;
    }
    const routes = request.headers.all('Route');
    const firstOther = routes.findIndex((route) => !this.stamp.isOurs(request.callId, route));
    const rest = firstOther < 0 ? [] : routes.slice(firstOther);
    if (rest.length > 0) request.headers.set('Route', rest);
    else request.headers.remove('Route');
  }

  private respondStateless(response: SipResponse, flow: Flow): void {
    const { transactions, transport } = this.options;
    transactions.sendStateless(response, transport.responsePath(response.via, flow)).catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'A repeated response could not be sent on');
    });
  }
}

/** What passes by its Route is told to nobody. */
const silent: RunListener = { final: () => undefined, done: () => undefined };
const passing = {
  recordRoute: false,
  fullResponse: false,
  followRedirects: false,
  simultaneous: false,
  provisionalTimeout: undefined,
  finalTimeout: undefined,
  headers: [],
};
