import { isIP } from 'node:net';
import type { Logger } from '../../lib/logger';
import type { SipMessage, SipRequest } from '../message/message';
import type { TransactionLayer } from '../transaction/transaction-layer';
import type { ClientTransaction, Transactions, TransactionStats } from '../transaction/types';
import { isFlow } from '../transport/flow';
import type { SipTransport } from '../transport/types';
import { TransportError } from '../transport/types';
import type { Destination, Flow, Target } from '../transport/types';
import { Attempts } from './attempts';
import { adaptContact } from './contact';
import { isPlain, waysOf, waysTo } from './ways';
import type { WaysContext } from './ways';

/**
 * The transaction layer with a sense of direction: names are looked up (RFC 3263), what is too long for UDP goes by TCP
 * (RFC 3261 section 18.1.1), and what one place does not take is tried at the next. Whatever goes to an address and is
 * short passes straight through.
 */
export class RoutedTransactions implements Transactions {
  readonly on: Transactions['on'];
  readonly once: Transactions['once'];
  readonly off: Transactions['off'];

  constructor(
    private readonly inner: TransactionLayer,
    private readonly transport: SipTransport,
    private readonly context: WaysContext,
    private readonly log: Logger,
  ) {
    this.on = inner.on.bind(inner);
    this.once = inner.once.bind(inner);
    this.off = inner.off.bind(inner);
  }

  request(request: SipRequest, destination: Destination, received?: SipRequest): ClientTransaction {
    if (isFlow(destination) || isPlain(request, destination, this.context)) {
      return this.inner.request(request, destination, received);
    }
    const attempts = this.attempts(request, destination, received);
    if (!needsLookUp(destination)) {
      attempts.start(waysOf(request, destination, this.context));
    } else {
      // Whoever asked is shown a request that is whole; it goes out with the Via of the way that is found.
      request.headers.prepend('Via', this.inner.newVia(destination));
      this.lookUp(request, destination, attempts);
    }

    return attempts;
  }

  async sendStateless(message: SipMessage, destination: Destination): Promise<Flow> {
    if (isFlow(destination) || isPlain(message, destination, this.context)) {
      return this.inner.sendStateless(message, destination);
    }
    const isRequest = message.kind === 'request';
    const hadVia = message.headers.has('Via');
    let last: unknown;
    for (const { target } of await waysTo(message, destination, this.context)) {
      try {
        if (isRequest && !hadVia) message.headers.remove('Via');

        return await this.inner.sendStateless(message, target);
      } catch (error) {
        last = error;
        this.context.downs.add(target, downFor);
      }
    }
    throw last;
  }

  stats(): TransactionStats {
    return this.inner.stats();
  }

  close(): void {
    this.inner.close();
  }

  private attempts(request: SipRequest, asked: Target, received: SipRequest | undefined): Attempts {
    let isFirst = true;
    const contact = request.headers.get('Contact');

    return new Attempts(request, {
      begin: (_request, target) => {
        // Each attempt is a transaction of its own, with a Via of its own.
        if (!isFirst || needsLookUp(asked)) request.headers.removeFirst('Via');
        isFirst = false;
        if (contact !== undefined && needsLookUp(asked)) {
          request.headers.set('Contact', adaptContact(contact, this.placeOf(asked), this.placeOf(target)));
        }

        return this.inner.request(request, target, received);
      },
      failed: (target, ms) => this.context.downs.add(target, ms),
      report: (error, event) => this.log.error({ err: error, event }, 'a listener of a SIP transaction failed'),
    });
  }

  private lookUp(request: SipRequest, destination: Target, attempts: Attempts): void {
    waysTo(request, destination, this.context)
      .then((ways) => attempts.start(ways))
      .catch((error: unknown) => {
        this.log.info({ cause: String(error), name: destination.address }, 'A request has no way to go');
        attempts.fail(error instanceof TransportError ? error : new TransportError('EIO', String(error)));
      });
  }

  private placeOf(target: Target): Target {
    return { transport: target.transport, ...this.transport.sentBy(target) };
  }
}

/** How long a place without a connection stands behind others, in ms. */
const downFor = 30_000;

function needsLookUp({ address }: Target): boolean {
  return isIP(address) === 0;
}
