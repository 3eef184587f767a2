import { setTimeout as pause } from 'node:timers/promises';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import type { Outbox } from './outbox';
import type { Registry } from './registry';
import { scripts } from './scripts';
import type { DeclineCause, Offer, QueueConfig } from './types';

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
    mine.offer = offer;
    mine.answeredAt = engine.now();
    mine.wrapUp = (engine.queueConfig(offer.queue)?.wrapUp ?? 0) * 1_000;
  }

  async decline(offer: Offer, cause: Exclude<DeclineCause, 'caller-left'>): Promise<void> {
    this.registry.withdrawn(offer);
    const { engine } = this;
    const delay = restAfter(cause, engine.queueConfig(offer.queue));
    await this.outbox.do('decline', () =>
      engine.change(
        scripts.declineOffer,
        { ticket: engine.keys.ticket(offer.ticketId) },
        { offerId: offer.offerId, token: offer.token, cause, delay },
      ),
    );
  }

  /** @returns false when the store went away meanwhile. */
  private async tryAccept(offer: Offer): Promise<boolean> {
    const { engine } = this;
    const { keys } = engine;
    await engine.store.whenAvailable(FOREVER);
    // What was kept comes first: the caller may have left.
    await this.outbox.idle();
    try {
      await engine.change(
        scripts.acceptOffer,
        { ticket: keys.ticket(offer.ticketId), seat: keys.seat(offer.seatId) },
        { offerId: offer.offerId, token: offer.token },
      );
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
function restAfter(cause: Exclude<DeclineCause, 'caller-left'>, config: QueueConfig | undefined): number {
  if (cause === 'node-lost') return 0;
  const { noAnswerDelay = 0, rejectDelay = 0, busyDelay = 0 } = config ?? {};
  if (cause === 'no-answer') return noAnswerDelay * 1_000;

  return Math.max(1, cause === 'rejected' ? rejectDelay : busyDelay) * 1_000;
}
