import { setTimeout as pause } from 'node:timers/promises';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import type { Outbox } from './outbox';
import type { Registry } from './registry';
import { wrapUpOf } from './tickets';
import type { MissCause, QueueConfig } from './config';
import type { DeclineCause, Offer } from './types';

/** How soon an answer is tried again that the store did not take, in ms. */
const RETRY = 50;
const FOREVER = 2 ** 31 - 1;

/** What became of the offers of this node. What each method promises is told at `Acd`. */
export class Offers {
  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly outbox: Outbox,
  ) {}

  async accept(offer: Offer): Promise<void> {
    const { engine } = this;
    while (!(await this.tryAccept(offer)));
    const mine = this.registry.get(offer.ticketId);
    if (!mine) return;
    mine.state = 'talking';
    mine.offers.clear();
    mine.offers.set(offer.offerId, offer);
    mine.answeredAt = engine.now();
    mine.wrapUp = wrapUpOf(engine.queueConfig(offer.queue));
  }

  /** Not kept for later: a seat that is thought to be reserved still is not offered anything else. */
  async ringing({ ticketId, seatId, offerId }: Offer): Promise<void> {
    if (!this.engine.store.available) return;
    await this.engine.run('ringSeat', { ticketId, seatId, offerId });
  }

  async decline(offer: Offer, cause: DeclineCause): Promise<void> {
    this.registry.withdrawn(offer);
    const { engine } = this;
    const config = engine.queueConfig(offer.queue);
    const delay = restAfter(cause, config);
    const missBreak = isMiss(cause) ? (config?.autoBreak?.[cause] ?? 0) : 0;
    const { ticketId, offerId, token } = offer;
    await this.outbox.do('decline', () =>
      engine.run('declineOffer', { ticketId, offerId, token, cause, delay, missBreak }),
    );
  }

  /** @returns false when the store went away meanwhile. */
  private async tryAccept(offer: Offer): Promise<boolean> {
    const { engine } = this;
    const { ticketId, seatId, offerId, token } = offer;
    if (!this.outbox.isClear) {
      await engine.store.whenAvailable(FOREVER);
      // What was kept comes first: the caller may have left.
      await this.outbox.idle();
    }
    try {
      const wrapUp = wrapUpOf(engine.queueConfig(offer.queue));
      await engine.run('acceptOffer', { ticketId, seatId, offerId, token, wrapUp });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // A connection that is just going down refuses at once: the news of it needs a moment.
      await pause(RETRY);

      return false;
    }

    return true;
  }
}

/** How long a seat rests after a miss, in ms. One that says no by itself must not be rung again in a tight circle. */
export function restAfter(cause: DeclineCause, config: QueueConfig | undefined): number {
  if (!isMiss(cause)) return 0;
  const { noAnswerDelay = 0, rejectDelay = 0, busyDelay = 0, unreachableDelay = busyDelay } = config ?? {};
  const delays: Record<MissCause, number> = {
    'no-answer': noAnswerDelay,
    rejected: Math.max(1, rejectDelay),
    busy: Math.max(1, busyDelay),
    unreachable: Math.max(1, unreachableDelay),
  };

  return delays[cause] * 1_000;
}

function isMiss(cause: DeclineCause): cause is MissCause {
  return cause !== 'caller-left' && cause !== 'node-lost';
}
