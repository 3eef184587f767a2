import type { Offer, SeatState, SeatView, TicketEvent, TicketState, TicketView } from './types';

type Hash = Record<string, string>;

/** A ticket's hash as what the outside sees; undefined when there is none. */
export function ticketView(hash: Hash): TicketView | undefined {
  if (!hash.id) return undefined;

  return {
    ticketId: hash.id,
    queue: hash.queue ?? '',
    callId: hash.callId ?? '',
    terminal: hash.terminal ?? '',
    resumeKey: hash.resumeKey ?? '',
    priority: Number(hash.priority),
    skills: list(hash.skills),
    node: hash.node ?? '',
    state: hash.state as TicketState,
    enqueuedAt: Number(hash.enqueuedAt),
    ...(hash.answeredAt ? { answeredAt: Number(hash.answeredAt) } : {}),
    offer: offerOf(hash),
  };
}

function offerOf(hash: Hash): Offer | undefined {
  if (!hash.offerId) return undefined;

  return {
    offerId: hash.offerId,
    token: hash.token ?? '',
    ticketId: hash.id ?? '',
    callId: hash.callId ?? '',
    seatId: hash.seatId ?? '',
    queue: hash.queue ?? '',
    expiresAt: Number(hash.expiresAt),
  };
}

export function seatView(hash: Hash): SeatView | undefined {
  if (!hash.id) return undefined;
  const end = Number(hash.until);
  const engaged = hash.state === 'offered' || hash.state === 'talking';

  return {
    seatId: hash.id,
    state: hash.state as SeatState,
    since: Number(hash.since),
    queues: list(hash.queues),
    skills: list(hash.skills),
    ...(hash.ticket ? { ticketId: hash.ticket } : {}),
    ...(end > 0 && hash.state !== 'paused' && hash.state !== 'offline' ? { until: end } : {}),
    ...(engaged ? nextOf(hash) : {}),
  };
}

function nextOf(hash: Hash): Pick<SeatView, 'next'> {
  if (hash.up !== '1') return { next: 'offline' };

  return hash.paused === '1' ? { next: 'paused' } : {};
}

export function historyView(lines: readonly string[]): TicketEvent[] {
  return lines.map((line) => JSON.parse(line) as TicketEvent);
}

/** Names as scripts want them: sorted, each once, joined by commas. */
export function joined(names: Iterable<string>): string {
  return [...new Set(names)].sort().join();
}

function list(text: string | undefined): string[] {
  return text ? text.split(',') : [];
}
