import type { Told } from './estimate';
import type { Offer, TicketState, TicketView } from './types';

/** What this node knows of a ticket that it owns. The store has the last word; this is for what cannot wait for it. */
export interface OwnTicket extends Omit<TicketView, 'node' | 'state' | 'offer'> {
  state: Exclude<TicketState, 'ended'>;
  offer?: Offer;
  wrapUp?: number;
  told?: Told;
}

const REMEMBERED = 5_000;

/** The tickets of this node, their live offers, and which offers are dead, however late news of them comes. */
export class Registry {
  private readonly tickets = new Map<string, OwnTicket>();
  private readonly dead = new Memory();
  /** Offers that were heard of before their ticket: the channel may be faster than the answer to `enqueue`. */
  private readonly early = new Map<string, Offer>();

  get(ticketId: string): OwnTicket | undefined {
    return this.tickets.get(ticketId);
  }

  all(): IterableIterator<OwnTicket> {
    return this.tickets.values();
  }

  get size(): number {
    return this.tickets.size;
  }

  /** Adds a ticket and returns an offer for it that came before, if that still lives. */
  add(ticket: OwnTicket): Offer | undefined {
    this.tickets.set(ticket.ticketId, ticket);
    const early = this.early.get(ticket.ticketId);
    this.early.delete(ticket.ticketId);

    return early && !this.dead.has(early.offerId) ? early : undefined;
  }

  remove(ticketId: string): OwnTicket | undefined {
    const ticket = this.tickets.get(ticketId);
    this.tickets.delete(ticketId);

    return ticket;
  }

  isDead(offer: Offer): boolean {
    return this.dead.has(offer.offerId);
  }

  /** Notes an offer; false when it is dead already, is known, or its ticket is not (yet) one of this node. */
  offered(offer: Offer): boolean {
    if (this.dead.has(offer.offerId)) return false;
    const ticket = this.tickets.get(offer.ticketId);
    if (!ticket) {
      this.early.set(offer.ticketId, offer);
      for (const oldest of this.early.keys()) {
        if (this.early.size <= REMEMBERED) break;
        this.early.delete(oldest);
      }

      return false;
    }
    if (ticket.offer?.offerId === offer.offerId) return false;
    ticket.offer = offer;
    ticket.state = 'offered';

    return true;
  }

  /** Notes that an offer is dead; false when that was known. */
  withdrawn(offer: Offer): boolean {
    if (!this.dead.add(offer.offerId)) return false;
    const ticket = this.tickets.get(offer.ticketId);
    if (ticket?.offer?.offerId === offer.offerId) {
      ticket.offer = undefined;
      if (ticket.state === 'offered') ticket.state = 'waiting';
    }

    return true;
  }
}

/** The newest few thousand ids that it was told. */
class Memory {
  private readonly ids = new Set<string>();

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    for (const oldest of this.ids) {
      if (this.ids.size <= REMEMBERED) break;
      this.ids.delete(oldest);
    }

    return true;
  }
}
