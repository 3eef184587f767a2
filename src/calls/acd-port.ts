import type {
  DeclineCause,
  EnqueueRequest,
  LeaveReason,
  Offer,
  Position,
  ResumeRequest,
  TicketView,
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
}
