import type { TicketClass, TicketState } from './types';

/** A ticket as it stands in its queue, for a list in the order in which it will be served. */
export interface TicketRow {
  ticketId: string;
  callId: string;
  terminal: string;
  state: Exclude<TicketState, 'talking' | 'ended'>;
  class: TicketClass;
  priority: number;
  /** By what it is ranked; an alarm has none. */
  worth?: number;
  /** Its person has hung up and is to be called back in his turn. */
  callback?: boolean;
  /** Seconds since it was first put into a queue. */
  waited: number;
  /** 1 is next. */
  position: number;
  /** Seconds still to wait, from and to. */
  estimate: [low: number, high: number];
}
