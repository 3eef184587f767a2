import { newId, newToken } from '../lib/ids';
import type { Reply } from '../store/scripts';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import { rank } from './rank';
import type { Lane, Match } from './rank';
import { scripts } from './scripts';

/** How many tickets and seats of a lane one pass looks at. */
export const PAGE = 16;
/** Passes in a row that claim nothing before the rest is left to the next event or sweep. */
const FUTILE = 8;

/**
 * Brings tickets and seats together. Woken by events only; wakes that come during a pass are taken together by the
 * next. Any number of nodes may do this at the same time: a claim that another has made first is simply ranked again.
 */
export class Dispatcher {
  private readonly dirty = new Set<string>();
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly engine: Engine,
    /** How long after `ringTimeout` an offer's lease ends, in ms. */
    private readonly leaseMargin: number,
  ) {}

  wake(queue: string): void {
    // Of a queue that no plan has ever named nobody knows how to serve it.
    if (this.closed || !this.engine.queueConfig(queue)) return;
    this.dirty.add(queue);
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      if (this.dirty.size > 0 && this.engine.store.available) this.wake(queue);
    });
  }

  /** Resolves when there is nothing left to match. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.dirty.clear();
    await this.idle();
  }

  private async run(): Promise<void> {
    // All that one change wakes is looked at together: a seat of several queues takes the best ticket of them all.
    await Promise.resolve();
    for (let futile = 0; this.dirty.size > 0 && futile < FUTILE;) {
      const queues = [...this.dirty];
      this.dirty.clear();
      try {
        const { claimed, more } = await this.pass(queues);
        futile = claimed > 0 ? 0 : futile + 1;
        if (more && !this.closed) for (const queue of queues) this.dirty.add(queue);
      } catch (error) {
        // The sweep wakes all queues again when the store is back.
        if (!isUnavailable(error)) this.engine.log.error({ err: error, queues }, 'dispatch failed');
        this.dirty.clear();
      }
    }
    this.dirty.clear();
  }

  private async pass(queues: readonly string[]): Promise<{ claimed: number; more: boolean }> {
    const { engine } = this;
    const reply = await engine.read(
      scripts.readMatches,
      { queues: engine.keys.queues },
      { root: engine.keys.root, names: queues.join(), page: PAGE },
    );
    const { matches, more } = rank(readLanes(reply), PAGE);
    const claims = await Promise.all(matches.map((match) => this.claim(match)));
    const claimed = claims.filter(Boolean).length;

    return { claimed, more: more || claimed < claims.length };
  }

  private async claim(match: Match): Promise<boolean> {
    const { engine } = this;
    const config = engine.queueConfig(match.queue);
    if (!config) return false;
    const value = await engine.change(
      scripts.offerTicket,
      { ticket: engine.keys.ticket(match.ticketId), seat: engine.keys.seat(match.seatId) },
      {
        offerId: newId('offer'),
        token: newToken(),
        expiresAt: engine.now() + config.ringTimeout * 1_000 + this.leaseMargin,
        missDelay: config.noAnswerDelay * 1_000,
        wrapUp: config.wrapUp * 1_000,
      },
    );

    return value === 1;
  }
}

function readLanes(reply: Reply): Lane[] {
  const lanes = reply as [queue: string, skills: string, tickets: string[], seats: string[]][];

  return lanes.map(([queue, , tickets, seats]) => ({
    queue,
    tickets: pairs(tickets).map(([member, score]) => ({ ...readMember(member), score: Number(score) })),
    seats: pairs(seats).map(([seatId, idleSince]) => ({ seatId, idleSince: Number(idleSince) })),
  }));
}

/** A member of a line: its sequence number, a colon, the ticket's id. */
export function readMember(member: string): { sequence: string; ticketId: string } {
  const colon = member.indexOf(':');

  return { sequence: member.slice(0, colon), ticketId: member.slice(colon + 1) };
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) result.push([flat[index] ?? '', flat[index + 1] ?? '']);

  return result;
}
