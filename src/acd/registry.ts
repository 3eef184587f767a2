import { ChurnMap, ChurnSet } from '../lib/churn';
import type { Forecast, Told } from './estimate';
import type { Offer, TicketState, TicketView } from './types';

/** What this node knows of a ticket that it owns. The store has the last word; this is for what cannot wait for it. */
export interface OwnTicket extends Omit<TicketView, 'node' | 'state' | 'offer' | 'offers'> {
  state: Exclude<TicketState, 'ended'>;
  /** Live offers by id; of a ticket that talks the answered one. */
  offers: Map<string, Offer>;
  /** ms of after-call work when its talk is over; -1 until it is done. */
  wrapUp?: number;
  told?: Told;
  /** Whoever asked for it does not know yet that it is his: offers wait a moment. */
  quiet?: boolean;
  /** What its caller was told first. */
  first?: Forecast;
  /** Indexes of the rules of its queue by which it was sent elsewhere. */
  overflowed?: Set<number>;
}

const REMEMBERED = 5_000;

/** The tickets of this node, their live offers, and which offers are dead, however late news of them comes. */
export class Registry {
  private readonly tickets = new ChurnMap<string, OwnTicket>();
  private readonly dead = new Memory();
  /** Offers that were heard of before their ticket: the channel may be faster than the answer to `enqueue`. */
  private readonly early = new ChurnMap<string, Offer[]>();

  get(ticketId: string): OwnTicket | undefined {
    return this.tickets.get(ticketId);
  }

  all(): IterableIterator<OwnTicket> {
    return this.tickets.values();
  }

  get size(): number {
    return this.tickets.size;
  }

  /** Adds a ticket and returns the offers for it that came before, if they still live. */
  add(ticket: OwnTicket): Offer[] {
    this.tickets.set(ticket.ticketId, ticket);
    const early = this.early.get(ticket.ticketId) ?? [];
    this.early.delete(ticket.ticketId);

    return early.filter((offer) => !this.dead.has(offer.offerId));
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
    if (!ticket || ticket.quiet) {
      this.early.set(offer.ticketId, [...(this.early.get(offer.ticketId) ?? []), offer]);
      for (const oldest of this.early.keys()) {
        if (this.early.size <= REMEMBERED) break;
        this.early.delete(oldest);
      }

      return false;
    }
    if (ticket.offers.has(offer.offerId)) return false;
    ticket.offers.set(offer.offerId, offer);
    ticket.state = 'offered';

    return true;
  }

  /** Notes that an offer is dead; false when that was known. */
  withdrawn(offer: Offer): boolean {
    if (!this.dead.add(offer.offerId)) return false;
    const ticket = this.tickets.get(offer.ticketId);
    if (ticket?.offers.delete(offer.offerId) && ticket.state === 'offered' && ticket.offers.size === 0) {
      ticket.state = 'waiting';
    }

    return true;
  }
}

/** The newest few thousand ids that it was told. */
class Memory {
  private readonly ids = new ChurnSet<string>();

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
