import { Acd } from '../../../../src/acd/acd';
import type { Offer } from '../../../../src/acd/types';
import { silentLogger } from '../../../../src/lib/logger';
import { SightlineError } from '../../../../src/lib/errors';
import { openStore } from '../../../../src/store/connection';
import type { Store } from '../../../../src/store/connection';
import { TestConfig } from '../support';
import type { Order, Report } from './protocol';
import { killTimes, seatIds } from './protocol';

/** A node as a process of its own: puts callers in, answers what it is offered, ends the talks, and tells its parent all of it. */

const EVERY = 20;
const TALK = 100;

async function main(): Promise<void> {
  const { KILL_REDIS: url = '', KILL_SITE: site = '', KILL_NODE: name = '' } = process.env;
  const config = new TestConfig().addQueue('q', { ringTimeout: 2, wrapUp: 0, grace: 120, noAnswerDelay: 0 });
  for (const seat of seatIds) config.addSeat(seat, ['q']);
  const log = silentLogger;
  const store = await openStore({ url, log });
  const acd = await Acd.open({ store, site, node: name, config, log, times: killTimes });
  acd.on('offer', (offer) => void answer(acd, offer));
  for (const seat of seatIds) await patiently(store, () => acd.seatUp(seat));
  const adopted = await patiently(store, () => acd.adopt(name));
  tell({ t: 'up', node: acd.node, adopted: adopted.map(({ ticketId, enqueuedAt }) => ({ ticketId, enqueuedAt })) });
  for (const { state, ticketId, offers = [] } of adopted) {
    if (state === 'talking') await acd.complete(ticketId);
    for (const offer of state === 'offered' ? offers : []) await acd.decline(offer, 'node-lost');
  }
  const load = setInterval(() => void enqueue(acd, name), EVERY);
  process.on('message', (order: Order) => {
    if (order === 'stop') clearInterval(load);
  });
  // Without its parent it has nothing to do.
  process.on('disconnect', () => process.exit(0));
}

/** A machine with much to do may let Redis wait for too long: a node that starts asks again, as its operator would. */
async function patiently<T>(store: Store, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SightlineError) || error.code !== 'STORE_UNAVAILABLE') throw error;
      await store.whenAvailable(60_000);
    }
  }
}

let count = 0;

async function enqueue(acd: Acd, name: string): Promise<void> {
  const call = `${name}-${process.pid}-${++count}`;
  try {
    const { ticketId, enqueuedAt } = await acd.enqueue({ queue: 'q', callId: call, terminal: call });
    tell({ t: 'enqueued', ticketId, enqueuedAt });
  } catch {
    // A machine with much to do may let Redis wait for too long: such a caller is turned away, and leaves if he was let in.
    tell({ t: 'refused' });
  }
}

async function answer(acd: Acd, offer: Offer): Promise<void> {
  const { ticketId, seatId, offerId } = offer;
  try {
    await acd.accept(offer);
  } catch {
    // Withdrawn meanwhile: somebody else has it.
    return;
  }
  tell({ t: 'accepted', ticketId, seatId, offerId, at: Date.now() });
  setTimeout(() => {
    tell({ t: 'completing', ticketId, seatId, at: Date.now() });
    void acd.complete(ticketId);
  }, TALK);
}

function tell(report: Report): void {
  process.send?.(report);
}

void main();
