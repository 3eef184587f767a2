import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { remoteOf } from '../application';
import type { Application } from '../application';
import type { IncomingRequest } from '../dialog/incoming';
import type { UserAgent } from '../dialog/user-agent';
import { isRefusal } from '../inside';
import { parseOrder } from '../proxy/order';
import type { Proxy } from '../proxy/proxy';
import type { ControlServer } from './control-server';
import type { ApplicationRoute, ApplicationRouter, ListeningApplication, ProxyTargets } from './outbound';
import { RouteWeb } from './route-web';

/** What routing needs of the edge around it. */
export interface RoutingContext {
  readonly agent: UserAgent;
  readonly control: ControlServer;
  readonly proxy: Proxy;
  readonly log: Logger;
  readonly clock: Clock;
  /** Gives a request to an application. */
  deliver(application: Application, incoming: IncomingRequest): void;
  /** Gives a request to the connected applications in turn. */
  inTurn(incoming: IncomingRequest): void;
}

/** Takes each new request to where the option `applicationRoute` wants it. */
export class NewRequests {
  /** Requests whose way is not known yet, or that wait for a connection. */
  private readonly underWay = new Map<IncomingRequest, AbortController>();
  private readonly web: RouteWeb | undefined;

  constructor(
    private readonly router: ApplicationRouter,
    private readonly context: RoutingContext,
  ) {
    this.web = 'url' in router ? new RouteWeb(router, context.clock) : undefined;
  }

  /** As drachtio-server does: 480 when the application cannot be had, 500 when the way to it cannot be told. */
  async take(incoming: IncomingRequest): Promise<void> {
    const over = new AbortController();
    this.underWay.set(incoming, over);
    // The caller repeats its INVITE until it hears something (RFC 3261 section 17.2.1), and all of this may take seconds.
    if (incoming.method === 'INVITE') incoming.transaction.reply(100);
    try {
      const route = await this.routeOf(incoming, over.signal);
      if (!over.signal.aborted && !incoming.hasFinal) await this.follow(route, incoming, over.signal);
    } catch (error) {
      if (over.signal.aborted) return;
      this.context.log.error({ err: error }, 'A request could not be routed to an application');
      this.context.agent.refuse(incoming, 500);
    } finally {
      this.underWay.delete(incoming);
    }
  }

  /** The caller gave up: nothing more is asked, and no connection is made for it. */
  cancelled(incoming: IncomingRequest): void {
    this.underWay.get(incoming)?.abort();
  }

  close(): void {
    for (const over of this.underWay.values()) over.abort();
    this.web?.close();
  }

  private async routeOf(incoming: IncomingRequest, signal: AbortSignal): Promise<ApplicationRoute | undefined> {
    const { request, transaction } = incoming;
    if (this.web) return this.web.ask(request, remoteOf(transaction.flow), signal);
    if (typeof this.router === 'function') return this.router(request);

    return this.router as ApplicationRoute;
  }

  private async follow(
    route: ApplicationRoute | undefined,
    incoming: IncomingRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { agent, control, inTurn } = this.context;
    if (!route) inTurn(incoming);
    else if ('reject' in route) agent.refuse(incoming, route.reject.status, [], route.reject.reason);
    else if ('redirect' in route) agent.refuse(incoming, 302, contacts(route.redirect));
    else if ('proxy' in route) this.handOn(route.proxy, incoming);
    else if ('tag' in route) this.give(control.pickTagged(incoming.method, route.tag), incoming);
    else await this.connect(route, incoming, signal);
  }

  private async connect(route: ListeningApplication, incoming: IncomingRequest, signal: AbortSignal): Promise<void> {
    const application = await this.context.control.connect(route, signal);
    // The caller gave up meanwhile: the connection was for this request alone.
    if (incoming.hasFinal || signal.aborted) application?.end('the request is over');
    else this.give(application, incoming);
  }

  private give(application: Application | undefined, incoming: IncomingRequest): void {
    if (application) this.context.deliver(application, incoming);
    else this.context.agent.refuse(incoming, 480);
  }

  /** Nobody hears of how it ends. What was wrong with the order is logged; the request has its answer where it could be sent. */
  private handOn(targets: ProxyTargets, incoming: IncomingRequest): void {
    try {
      this.context.proxy.start(orderOf(targets, incoming.id), { final: () => undefined, done: () => undefined });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.context.log.warn({ cause: error.message }, 'A request could not be handed on');
      this.context.agent.refuse(incoming, 500);
    }
  }
}

const contacts = (uris: readonly string[]): [string, string][] => uris.map((uri) => ['Contact', uri]);

/** The defaults are those of drachtio-server's request handlers. @throws UserError */
function orderOf(targets: ProxyTargets, transactionId: string): ReturnType<typeof parseOrder> {
  const { provisionalTimeout = '5s', finalTimeout = '60s', followRedirects = true, destination } = targets;
  const words = [
    transactionId,
    targets.recordRoute ? 'remainInDialog' : '',
    '',
    followRedirects ? 'followRedirects' : '',
    targets.simultaneous ? 'simultaneous' : '',
    provisionalTimeout,
    finalTimeout,
    ...destination,
  ];

  return parseOrder(words, []);
}
