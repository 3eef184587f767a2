import { isUnavailable } from './engine';
import type { Engine } from './engine';
import type { OwnTicket, Registry } from './registry';
import type { TicketEnd, TicketView } from './types';
import { ticketView } from './views';

/** What reconciling needs done. */
export interface ReconcileContext {
  /** Puts a ticket that the store has lost into the line again, with its old time. */
  enter(ticket: OwnTicket): Promise<void>;
  drop(ticketId: string): Promise<unknown>;
  hold(ticketId: string): Promise<unknown>;
  unhold(ticketId: string): Promise<unknown>;
  leave(ticketId: string): Promise<unknown>;
  /** Takes the ticket back into the line after others gave this node up. */
  reclaim(ticket: OwnTicket): Promise<unknown>;
  accept(ticket: OwnTicket): Promise<unknown>;
  askCallback(ticketId: string): Promise<unknown>;
}

const CHUNK = 100;

/**
 * Compares the tickets of this node with the store after a break and makes them one again. What the store did meanwhile
 * counts (an offer that was swept, a grace that ended); but a call that lives on this node keeps its place or its talk,
 * also when Redis has lost its last moments or all it had.
 */
export class Reconciler {
  private suspects = new Set<string>();

  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly context: ReconcileContext,
  ) {}

  async run(): Promise<void> {
    this.engine.doubtful = false;
    try {
      // Talks first: a seat that talks must be known to, before those who wait are offered to whoever seems free.
      const own = [...this.registry.all()];
      await this.compareAll(own.filter((ticket) => ticket.state === 'talking'));
      await this.compareAll(own.filter((ticket) => ticket.state !== 'talking'));
      await this.removeGhosts();
    } catch (error) {
      this.engine.doubtful = true;
      if (!isUnavailable(error)) throw error;
    }
  }

  private async compareAll(tickets: readonly OwnTicket[]): Promise<void> {
    for (let start = 0; start < tickets.length; start += CHUNK) {
      await Promise.all(tickets.slice(start, start + CHUNK).map((ticket) => this.compare(ticket)));
    }
  }

  private async compare(mine: OwnTicket): Promise<void> {
    const { engine, registry } = this;
    let hash = await this.read(mine);
    // An offer of another node may have come by its channel, faster than this answer: what differs is read again.
    if (differ(mine, ticketView(hash))) hash = await this.read(mine);
    const theirs = ticketView(hash);
    // It may have gone its way while the answer was under way.
    if (registry.get(mine.ticketId) !== mine) return;
    if (!theirs) return this.bringBack(mine);
    if (theirs.state === 'ended') return this.ended(mine, hash.how as TicketEnd);
    if (theirs.node !== engine.node) return this.handedOver(mine);
    const [answered] = mine.offers.values();
    if (mine.state === 'talking' && answered?.token === hash.broken) this.preempted(mine);
    if (mine.state === 'talking') return this.talking(mine, theirs);
    this.compareOffers(mine, theirs);
    if (theirs.callback && !mine.callback) this.engine.apply([{ t: 'callback', id: mine.ticketId }]);
    await this.compareState(mine, theirs, Number(hash.until ?? 0) > 0);
  }

  private read(mine: OwnTicket): Promise<Record<string, string>> {
    return this.engine.readRecord('ticket', mine.ticketId);
  }

  private async bringBack(mine: OwnTicket): Promise<void> {
    await this.context.enter(mine);
    if (mine.state === 'dropped') await this.context.drop(mine.ticketId);
    else if (mine.state === 'held') await this.context.hold(mine.ticketId);
    else if (mine.state === 'talking') await this.restoreTalk(mine);
    else this.withdraw(mine, 'node-lost');
    if (mine.callback && mine.state !== 'talking') await this.context.askCallback(mine.ticketId);
  }

  private async ended(mine: OwnTicket, how: TicketEnd): Promise<void> {
    if (mine.state === 'talking' && how === 'lost') return this.restoreTalk(mine);
    if (mine.state === 'offered') this.withdraw(mine, 'expired');
    this.engine.apply([{ t: 'ended', id: mine.ticketId, how }]);
  }

  /** Seats that ring here for it ring for nobody: those who took it over took back the offers, and that was not heard here. */
  private handedOver(mine: OwnTicket): void {
    if (mine.state !== 'talking') this.withdraw(mine, 'node-lost');
    this.engine.apply([{ t: 'replaced', id: mine.ticketId, call: mine.callId }]);
  }

  private async talking(mine: OwnTicket, theirs: TicketView): Promise<void> {
    if (theirs.state === 'talking') return;
    const [answered] = mine.offers.values();
    if (theirs.offers?.some(({ token }) => token === answered?.token)) await this.context.accept(mine);
    else await this.restoreTalk(mine);
  }

  /** An alarm has broken the talk that this node believes in, and the news of it was lost. */
  private preempted(mine: OwnTicket): void {
    const [answered] = mine.offers.values();
    this.engine.apply([{ t: 'preempted', id: mine.ticketId, seat: answered?.seatId ?? '' }]);
  }

  private async restoreTalk(mine: OwnTicket): Promise<void> {
    const { engine } = this;
    const [offer] = mine.offers.values();
    if (!offer) return;
    const { seatId, offerId, token } = offer;
    const restored = await engine.run('restoreTalk', {
      ...{ ticketId: mine.ticketId, seatId, offerId, token },
      answeredAt: mine.answeredAt ?? engine.now(),
      wrapUp: mine.wrapUp ?? 0,
    });
    if (restored !== 1) engine.apply([{ t: 'ended', id: mine.ticketId, how: 'lost' }]);
  }

  /** Offers that came or went while the channel was deaf. */
  private compareOffers(mine: OwnTicket, theirs: TicketView): void {
    const live = theirs.state === 'offered' ? (theirs.offers ?? []) : [];
    const gone = [...mine.offers.values()].filter((offer) => !live.some(({ offerId }) => offerId === offer.offerId));
    this.engine.apply(gone.map((offer) => ({ t: 'withdrawn', offer, cause: 'expired' })));
    this.engine.apply(live.map((offer) => ({ t: 'offer', offer })));
  }

  private withdraw(mine: OwnTicket, cause: 'expired' | 'node-lost'): void {
    this.engine.apply([...mine.offers.values()].map((offer) => ({ t: 'withdrawn', offer, cause })));
  }

  /** One that is postponed is on hold in the store only, which brings it back by itself. */
  private async compareState(mine: OwnTicket, theirs: TicketView, isPostponed: boolean): Promise<void> {
    const id = mine.ticketId;
    const waits = mine.state === 'waiting' || mine.state === 'offered';
    if (waits && theirs.state === 'dropped') await this.context.reclaim(mine);
    else if (waits && theirs.state === 'held' && !isPostponed) await this.context.unhold(id);
    else if (mine.state === 'held' && theirs.state !== 'held') await this.context.hold(id);
    else if (mine.state === 'dropped' && theirs.state !== 'dropped') await this.context.drop(id);
  }

  /**
   * Tickets that the store gives to this node although it knows of no call for them. One that is seen for the first
   * time may just be on its way in; the next run tells.
   */
  private async removeGhosts(): Promise<void> {
    const { engine, registry } = this;
    const ids = await engine.store.redis.smembers(engine.keys.nodeTickets(engine.node));
    const ghosts = ids.filter((id) => !registry.get(id));
    for (const id of ghosts) if (this.suspects.has(id)) await this.context.leave(id);
    const fresh = ghosts.filter((id) => !this.suspects.has(id));
    this.suspects = new Set(fresh);
    if (fresh.length > 0) engine.doubtful = true;
  }
}

function differ(mine: OwnTicket, theirs: TicketView | undefined): boolean {
  const live = new Set(theirs?.offers?.map(({ offerId }) => offerId));

  return [...mine.offers.keys()].some((id) => !live.has(id));
}
