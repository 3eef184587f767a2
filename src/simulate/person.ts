import type { Arrival } from './model';
import type { LiveOffer } from './ticket-book';
import type { Visit } from './visits';

/** One person of the day. Times in ms. */
export interface Person {
  index: number;
  arrival: Arrival;
  ticketId: string;
  visit: Visit;
  moves: number;
  /** How often seats were rung for him. */
  rung: number;
  talkLeft: number;
  answeredAt: number;
  /** Rules of the queue that have sent, or tried to send, him elsewhere. */
  tried: Set<number>;
  /** Calls that he missed when he was called back, and the offer by which he is being called. */
  missed: number;
  trying?: LiveOffer;
}
