import type { QueueTicket } from '../acd/queue-tickets';
import type { AcdConfig, SeatConfig } from '../acd/config';
import type { AcdSnapshot, QueueFacts, QueueStats, SeatView } from '../acd/types';
import { SightlineError } from '../lib/errors';
import type { QueueDetailPort } from './queue-detail';
import type { SeatPort } from './seats';
import type { TicketPort } from './tickets';

/** The part of the ACD that REST uses; see src/acd/acd.ts for what each does. */
export interface AcdForHttp extends Omit<SeatPort, 'seats'>, TicketPort {
  snapshot(): Promise<AcdSnapshot>;
  facts(queue: string): Promise<QueueFacts>;
  stats(queue: string): Promise<QueueStats>;
  queueTickets(queue: string): Promise<QueueTicket[]>;
}

export interface AcdPorts {
  seats: SeatPort;
  tickets: TicketPort;
  queueDetail: QueueDetailPort;
}

/** Makes the ports of the routes about seats, tickets and queues from the ACD and the plan in force. */
export function acdPorts(acd: AcdForHttp, config: Pick<AcdConfig, 'seat' | 'seats' | 'queue'>): AcdPorts {
  return { seats: seatPort(acd, config), tickets: ticketPort(acd, config), queueDetail: queuePort(acd) };
}

function seatPort(acd: AcdForHttp, config: Pick<AcdConfig, 'seat' | 'seats'>): SeatPort {
  return {
    seats: async () => {
      const { seats } = await acd.snapshot();
      const known = new Set(seats.map(({ seatId }) => seatId));
      const others = [...(config.seats?.() ?? [])].filter(({ id }) => !known.has(id));

      return [...seats, ...others.map(neverSeen)].sort(bySeatId);
    },
    seat: async (id) => {
      const seat = await acd.seat(id);
      const planned = seat ? undefined : config.seat(id);

      return seat ?? (planned && neverSeen(planned));
    },
    pause: (id, reason) => acd.pause(id, reason),
    unpause: async (id) => {
      const seat = await acd.seat(id);
      if (seat && !seat.onBreak) throw new SightlineError('WRONG_STATE', `The seat '${id}' is not on a break`);

      return acd.unpause(id);
    },
    login: (id) => acd.login(id),
    logout: (id) => acd.logout(id),
    extendWrapUp: (id, seconds) => acd.extendWrapUp(id, seconds),
    endWrapUp: (id) => acd.endWrapUp(id),
    setNext: (id, state, reason) => acd.setNext(id, state, reason),
  };
}

/** A seat of the plan that has not been at work yet: the ACD does not know it. */
function neverSeen({ id, queues, skills }: SeatConfig): SeatView {
  return { seatId: id, state: 'offline', since: 0, queues, skills };
}

function bySeatId(a: SeatView, b: SeatView): number {
  return a.seatId < b.seatId ? -1 : 1;
}

function ticketPort(acd: AcdForHttp, config: Pick<AcdConfig, 'queue'>): TicketPort {
  return {
    ticket: (id) => acd.ticket(id),
    history: (id) => acd.history(id),
    explain: (id) => acd.explain(id),
    transfer: (id, queue) => acd.transfer(id, queue),
    reprioritise: (id, rank) => acd.reprioritise(id, rank),
    askCallback: async (id) => {
      const ticket = await acd.ticket(id);
      if (ticket?.state === 'dropped') throw new SightlineError('WRONG_STATE', 'Its person has hung up');
      if (ticket && !config.queue(ticket.queue)?.callback)
        throw new SightlineError('WRONG_STATE', `The queue '${ticket.queue}' calls nobody back`);

      return acd.askCallback(id);
    },
    endWait: (id) => acd.endWait(id),
  };
}

function queuePort(acd: AcdForHttp): QueueDetailPort {
  return {
    stats: (queue) => acd.stats(queue),
    facts: (queue) => acd.facts(queue),
    queueTickets: (queue) => acd.queueTickets(queue),
  };
}
