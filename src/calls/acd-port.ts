import type {
  DeclineCause,
  EnqueueRequest,
  LeaveReason,
  Offer,
  Position,
  ResumeRequest,
  TicketView,
  QueueFacts,
  SeatState,
} from '../acd/types';

/** The part of the ACD that calls use; see src/acd/acd.ts for what each does. */
export interface AcdPort {
  enqueue(request: EnqueueRequest): Promise<TicketView>;
  resume(request: ResumeRequest): Promise<TicketView | undefined>;
  drop(ticketId: string): Promise<unknown>;
  leave(ticketId: string, reason: LeaveReason): Promise<unknown>;
  accept(offer: Offer): Promise<unknown>;
  decline(offer: Offer, cause: DeclineCause): Promise<unknown>;
  complete(ticketId: string): Promise<unknown>;
  position(ticketId: string): Promise<Position | undefined>;
  /** The phone of an offered seat rings: from now on its agent is to blame for a miss. Repeated harmlessly. */
  ringing(offer: Offer): Promise<unknown>;
  /** The caller looks elsewhere: no seat is rung until `unhold`. */
  hold(ticketId: string): Promise<unknown>;
  unhold(ticketId: string): Promise<unknown>;
  /**
   * Nobody is rung for the ticket for `ms`; it keeps its place. Used between two attempts of a callback. A live offer is
   * withdrawn without a fault of its seat.
   */
  postpone(ticketId: string, ms: number): Promise<unknown>;
  /** The person hangs up and is to be called back in his turn: the ticket keeps its place without a caller. */
  askCallback(ticketId: string): Promise<unknown>;
  /**
   * Puts a ticket that waits into another queue, with its old time.
   * @throws SightlineError QUEUE_UNKNOWN, QUEUE_FULL (then it stays where it is), TICKET_GONE.
   */
  transfer(ticketId: string, queue: string): Promise<unknown>;
  /** The talk broke off through nobody's will: as `complete`, and whoever calls again soon gets the same seat first. */
  breakOff(ticketId: string): Promise<unknown>;
  /** The seat has a call, or no longer has one, that is none of the queue's. */
  engaged(seatId: string, callId: string, on: boolean): Promise<SeatState | undefined>;
  /** How a queue stands now. @throws SightlineError QUEUE_UNKNOWN */
  facts(queue: string): Promise<QueueFacts>;
}
