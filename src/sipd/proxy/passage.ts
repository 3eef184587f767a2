import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import type { Passage } from '../dialog/core';
import { hostPort } from '../dialog/target';
import { SipSyntaxError } from '../message/errors';
import type { SipRequest } from '../message/message';
import { newBranch } from '../transaction/keys';
import type { ServerTransaction, Transactions } from '../transaction/types';
import type { Destination, SipTransport } from '../transport/types';
import { Branch } from './branch';
import { forwarded, hindrance } from './forward';
import type { ProxyOrder } from './order';
import { wayOf } from './route';
import type { Asking, RunContext, RunListener } from './run';
import type { RouteStamp } from './stamp';

export interface PassageContext {
  readonly transactions: Transactions;
  readonly transport: SipTransport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stamp: RouteStamp;
  /** Undefined when there is no way to that URI. */
  wayTo(uri: string): Destination | undefined;
  /** A request was sent on as this. */
  sent(request: SipRequest, received: SipRequest): void;
  /** Runs a request to its one target by way of `forward`; it is answered 500 when it could not be sent. */
  run(server: ServerTransaction, order: ProxyOrder, forward: RunContext['forward'], listener: RunListener): boolean;
}

/** What goes on, and the way to its next hop, which may not be there. */
interface Onward {
  copy: SipRequest;
  next: string;
  destination: Destination | undefined;
}

/**
 * Requests inside dialogs that this server is only in the path of (RFC 3261 section 16.4): they go where Route tells, and
 * no application hears of them.
 */
export class RoutePassage implements Passage {
  constructor(private readonly context: PassageContext) {}

  request(request: SipRequest, server: ServerTransaction): boolean {
    let onward: Onward | undefined;
    try {
      onward = this.onward(request);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;

      return server.reply(400, 'Malformed Route');
    }
    if (!onward) return false;
    const hindered = hindrance(request);
    if (hindered) return server.reply(hindered);
    const order: ProxyOrder = { ...passing, transactionId: server.id, targets: [onward.next] };

    this.context.run(server, order, (asking) => this.relay(asking, onward), silent);

    return true;
  }

  /** An ACK to a 2xx has no transaction, and nobody to tell of a failure. */
  ack(ack: SipRequest): void {
    try {
      const onward = hindrance(ack) ? undefined : this.onward(ack);
      if (onward?.destination) this.sendAck(onward.copy, onward.destination);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
    }
  }

  /** Undefined when the request is not one to pass on. @throws SipSyntaxError */
  private onward(request: SipRequest): Onward | undefined {
    const { stamp } = this.context;
    const way = wayOf(request, (uri) => stamp.isOurs(request.callId, uri));
    if (!way) return undefined;
    const copy = forwarded(request, { uri: way.uri });
    if (way.routes.length > 0) copy.headers.set('Route', way.routes);
    else copy.headers.remove('Route');

    return { copy, next: way.next, destination: stamp.flowOf(way.by) ?? this.context.wayTo(way.next) };
  }

  private relay({ request, breadth }: Asking, { copy, destination }: Onward): Branch | undefined {
    if (!destination) return undefined;
    const { clock, transactions } = this.context;
    copy.headers.set('Max-Breadth', String(breadth));

    const transaction = transactions.request(copy, destination, request);
    this.context.sent(transaction.request, request);

    return new Branch(clock, transaction);
  }

  private sendAck(copy: SipRequest, destination: Destination): void {
    const { transactions, transport, log } = this.context;
    const { address, port } = transport.sentBy(destination);
    copy.headers.prepend(
      'Via',
      `SIP/2.0/${destination.transport.toUpperCase()} ${hostPort(address, port)};branch=${newBranch()};rport`,
    );
    transactions.sendStateless(copy, destination).catch((error: unknown) => {
      log.warn({ err: error }, 'An ACK could not be sent on');
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
