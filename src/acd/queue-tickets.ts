import type { Floor, FloorTicket } from './floor';
import type { TicketClass } from './config';
import type { TicketState } from './types';

/** One who stands in a queue, for supervisors. */
export interface QueueTicket {
  ticketId: string;
  callId: string;
  terminal: string;
  state: TicketState;
  class: TicketClass;
  /** Seconds of head start. */
  priority: number;
  /** By what it is ranked; alarms have none, they go first. */
  worth?: number;
  /** Seconds. */
  waited: number;
  /** 1 is next. */
  position: number;
  estimate: [low: number, high: number];
  /** It is to be called back. */
  callback?: boolean;
}

/** Everybody who stands in a queue, in order. */
export function queueTickets(
  floor: Floor,
  queue: string,
  { now, limit, estimate }: { now: number; limit: number; estimate(position: number): [number, number] },
): QueueTicket[] {
  const standing = floor.standing(queue, now).slice(0, limit);

  return standing.map((ticket, index) => {
    const position = index + 1;

    return { ...rowOf(floor, ticket, now), position, estimate: estimate(position) };
  });
}

function rowOf(floor: Floor, ticket: FloorTicket, now: number): Omit<QueueTicket, 'position' | 'estimate'> {
  const { id: ticketId, callId, terminal, state, class: name, priority, enqueuedAt, callback } = ticket;
  const worth = floor.worth(ticket, now);

  return {
    ...{ ticketId, callId, terminal, state, class: name, priority },
    ...(worth === Infinity ? {} : { worth: Math.round(worth * 1_000) / 1_000 }),
    waited: (now - enqueuedAt) / 1_000,
    ...(callback ? { callback } : {}),
  };
}
