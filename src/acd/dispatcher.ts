import { ChurnSet } from '../lib/churn';
import { newId, newToken } from '../lib/ids';
import type { Reply } from '../store/scripts';
import type { RankContext } from './choose';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import { match } from './match';
import type { Match } from './match';
import type { Mirror } from './mirror';
import { Others } from './others';
import type { FloorRow } from './rows';
import type { FloorTicket } from './floor';
import type { QueueConfig } from './config';

/** Passes in a row that claim nothing before the rest is left to the next event or sweep. */
const FUTILE = 8;
/** How long it is believed that a node does not listen, in ms: then it is tried again. */
const DEAF_FOR = 250;
/** The longest that a timer of ours may run, in ms; the sweep looks again much earlier. */
const LONGEST = 3_600_000;

export interface DispatcherTimes {
  /** How long after the last ring an offer's lease ends, in ms. */
  leaseMargin: number;
  /** How long another node may leave a match unmade, in ms; see `Others`. */
  leftAfter: number;
}

/**
 * Brings tickets and seats together. Woken by changes of the floor and by the moment when a ring opens; wakes that come at the
 * same time are one pass. Any number of nodes may do this at once: the node that made a change looks at everything, others only
 * at their own tickets at first, and a claim that another has made first is ranked again. Tickets of a node that does not listen
 * are passed over.
 */
export class Dispatcher {
  /** Upper end of the estimate for a ticket, in seconds; set by whoever makes estimates. */
  estimate: (ticket: FloorTicket) => number = () => 0;
  /** A seat is being claimed for a ticket of this node. */
  claiming: (seatId: string) => void = () => undefined;
  private woken: 'all' | 'own' | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  private readonly others: Others;
  private suspended = false;
  private cancelTimer: (() => void) | undefined;
  private timerAt = Infinity;
  private readonly foreseen = new ChurnSet<Promise<unknown>>();

  constructor(
    private readonly engine: Engine,
    private readonly mirror: Mirror,
    private readonly times: DispatcherTimes,
  ) {
    this.others = new Others(times.leftAfter, () => this.wake('own'));
  }

  /** Something has changed. `all`: tickets of other nodes are looked at, too. */
  wake(which: 'all' | 'own'): void {
    if (this.closed || this.suspended) return;
    if (this.woken !== 'all') this.woken = which;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      const left = this.woken;
      if (left && this.engine.store.available) this.wake(left);
    });
  }

  /**
   * Claims what becomes possible by changes that are just going to the store, together with them: the claims are judged after them.
   */
  foresee(rows: readonly FloorRow[]): void {
    if (this.closed || this.suspended || !this.engine.store.available) return;
    const { floor } = this.mirror;
    const { matches } = floor.supposing(rows, () => match(floor, this.rankContext()));
    for (const one of matches) {
      const claim = this.claim(one)
        .catch((error: unknown) => {
          if (!isUnavailable(error)) this.engine.log.error({ err: error }, 'a foreseen claim failed');
        })
        .finally(() => {
          this.foreseen.delete(claim);
          // What was told with its answer was looked at while the claim was still under way.
          this.wake('all');
        });
      this.foreseen.add(claim);
    }
  }

  /** The store is lost: nothing is matched until what happened meanwhile has been told, or who came first might be passed over. */
  suspend(): void {
    this.suspended = true;
  }

  resume(): void {
    this.suspended = false;
  }

  /**
   * Another node has changed something. It makes the match itself, unless it did not know of a ticket of this node yet: that is
   * looked at a moment later, so that not all nodes claim the same seat.
   */
  wakeLater(): void {
    this.others.changed();
  }

  /** Resolves when there is nothing left to match for this node. */
  async idle(): Promise<void> {
    this.others.hasten();
    while (this.running || this.foreseen.size > 0) await Promise.all([this.running, ...this.foreseen]);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.woken = undefined;
    this.cancelTimer?.();
    this.others.close();
    await this.idle();
  }

  /** What ranking sees besides the floor. */
  rankContext(): RankContext {
    return { now: this.engine.now(), random: Math.random, estimate: this.estimate };
  }

  private async run(): Promise<void> {
    // All that happens in this turn is looked at together.
    await Promise.resolve();
    for (let futile = 0; this.woken && futile < FUTILE;) {
      const which = this.woken;
      this.woken = undefined;
      try {
        const { deaf } = this.mirror.floor;
        const deafBefore = deaf.size;
        const { claimed, sent } = await this.pass(which);
        // One that has only found out who does not listen leads on, too.
        if (claimed > 0 || deaf.size > deafBefore) futile = 0;
        else futile++;
        // Who has looked at everything looks at everything again, whatever has woken him meanwhile.
        if (sent > 0 && this.woken !== 'all') this.woken = which;
      } catch (error) {
        // The sweep wakes all again when the store is back.
        if (!isUnavailable(error)) this.engine.log.error({ err: error }, 'dispatch failed');
        this.woken = undefined;
      }
    }
    this.woken = undefined;
  }

  private async pass(which: 'all' | 'own'): Promise<{ claimed: number; sent: number }> {
    this.mirror.usePlan();
    if (which === 'all') this.tryDeafAgain();
    const { matches, nextAt } = match(this.mirror.floor, this.rankContext());
    this.setTimer(nextAt);
    const claims = which === 'all' ? matches : this.ownOf(matches);
    const results = await Promise.all(claims.map((one) => this.claim(one)));

    return { claimed: results.filter(Boolean).length, sent: claims.length };
  }

  /** Those for tickets of this node; all of them where another has left one for too long. */
  private ownOf(matches: Match[]): Match[] {
    const isOwn = ({ ticket }: Match): boolean => ticket.node === this.engine.node;
    const stays = this.others.leave(matches.filter((one) => !isOwn(one)));

    return stays ? matches : matches.filter(isOwn);
  }

  /** Only where all is looked at: whether a node listens is learnt by a claim for a ticket of it. */
  private tryDeafAgain(): void {
    const { deaf } = this.mirror.floor;
    for (const [node, until] of deaf) if (until <= this.engine.now()) deaf.delete(node);
  }

  private claim(one: Match): Promise<boolean> {
    const { engine } = this;
    const { ticket, choice } = one;
    const config = engine.queueConfig(ticket.queue);
    if (!config) return Promise.resolve(false);
    const now = engine.now();
    const claimed = engine.run('offerTicket', {
      ticketId: ticket.id,
      seatId: choice.seatId,
      offerId: newId('offer'),
      token: newToken(),
      expiresAt: now + ringSeconds(config, ticket) * 1_000 + this.times.leaseMargin,
      missDelay: config.noAnswerDelay * 1_000,
      missBreak: config.autoBreak?.['no-answer'] ?? 0,
      more: choice.strategy === 'ring-all' || choice.strategy === 'ring-progressively' ? 1 : 0,
      seen: this.mirror.seen,
      why: decisionLine(one, now),
      takes: one.takes ? 1 : 0,
    });
    const answered = this.whileClaimed(ticket.id, choice.seatId, claimed);
    if (ticket.node === engine.node) this.claiming(choice.seatId);

    return answered;
  }

  /** Neither is claimed once more meanwhile. Who else suited is not kept in memory until the store has answered. */
  private async whileClaimed(ticketId: string, seatId: string, claimed: Promise<Reply>): Promise<boolean> {
    const { pendingSeats, pendingTickets, deaf } = this.mirror.floor;
    pendingSeats.add(seatId);
    pendingTickets.add(ticketId);
    try {
      const answer = await claimed;
      if (typeof answer === 'string') deaf.set(answer, this.engine.now() + DEAF_FOR);

      return answer === 1;
    } finally {
      pendingSeats.delete(seatId);
      pendingTickets.delete(ticketId);
    }
  }

  private setTimer(at: number): void {
    if (this.closed || at >= this.timerAt) return;
    this.cancelTimer?.();
    this.timerAt = at;
    const wait = Math.min(LONGEST, Math.max(1, at - this.engine.now()));
    this.cancelTimer = this.engine.clock.after(wait, () => {
      this.timerAt = Infinity;
      this.wake('own');
    });
  }
}

/** How long a seat is held at most: for whoever is to be called back until he has answered, too. */
export function ringSeconds({ ringTimeout, callback }: QueueConfig, ticket: Pick<FloorTicket, 'callback'>): number {
  return ringTimeout + (ticket.callback ? (callback?.ringTimeout ?? 0) : 0);
}

/** The decision as a line of the ticket's history: JSON, written by hand since it comes with every offer. No name has a character to escape. */
function decisionLine({ choice, suited, runnersUp, takes }: Match, now: number): string {
  const { seatId, ring, strategy, score } = choice;
  const others = runnersUp.map((one) => `{"seatId":"${one.seatId}","score":${numbers(one.score)}}`).join();
  const place = `"ring":${ring},"strategy":"${strategy}","score":${numbers(score)}`;
  const choiceOf = `"seatId":"${seatId}",${place},"suited":${suited},"runnersUp":[${others}]`;

  return `{"at":${now},"what":"offered",${choiceOf}${takes ? ',"detail":"alarm"' : ''}}`;
}

/** As JSON has them, which knows no infinity. */
function numbers(list: readonly number[]): string {
  return `[${list.map((one) => (Number.isFinite(one) ? one : 'null')).join()}]`;
}
