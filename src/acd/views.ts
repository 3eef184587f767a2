import { idleRate } from './strategy';
import type { Medium, SeatConfig, TicketClass } from './config';
import type { Decision, Offer, SeatState, SeatView, TicketEvent, TicketState, TicketView } from './types';

type Hash = Record<string, string>;

/** A ticket's hash as what the outside sees; undefined when there is none. */
export function ticketView(hash: Hash): TicketView | undefined {
  if (!hash.id) return undefined;
  const offers = offersOf(hash);
  const answered = hash.state === 'talking' ? answeredOffer(hash) : undefined;

  return {
    ticketId: hash.id,
    queue: hash.queue ?? '',
    callId: hash.callId ?? '',
    terminal: hash.terminal ?? '',
    resumeKey: hash.resumeKey ?? '',
    customer: hash.customer ?? '',
    class: (hash.class ?? 'normal') as TicketClass,
    priority: Number(hash.priority),
    skills: hash.skills ? hash.skills.split(';') : [],
    medium: (hash.medium ?? 'video') as Medium,
    ...(hash.designated ? { designated: hash.designated } : {}),
    ...(hash.callback === '1' ? { callback: true } : {}),
    node: hash.node ?? '',
    state: hash.state as TicketState,
    enqueuedAt: Number(hash.enqueuedAt),
    ...(hash.answeredAt ? { answeredAt: Number(hash.answeredAt) } : {}),
    offer: answered ?? offers[0],
    ...(offers.length > 0 ? { offers } : {}),
  };
}

/** See `offersOf` in lua/includes/ticket.lua. */
function offersOf(hash: Hash): Offer[] {
  if (!hash.offers) return [];

  return hash.offers.split(';').map((text) => {
    const [offerId = '', token = '', seatId = '', expiresAt] = text.split(',');

    return { ...offerBase(hash), offerId, token, seatId, expiresAt: Number(expiresAt) };
  });
}

function answeredOffer(hash: Hash): Offer {
  const { offerId = '', token = '', seatId = '' } = hash;

  return { ...offerBase(hash), offerId, token, seatId, expiresAt: Number(hash.expiresAt ?? 0) };
}

function offerBase(hash: Hash): Pick<Offer, 'ticketId' | 'callId' | 'queue'> {
  return { ticketId: hash.id ?? '', callId: hash.callId ?? '', queue: hash.queue ?? '' };
}

/** A seat's hash, with what the plan says of the seat. */
export function seatView(hash: Hash, config: SeatConfig | undefined, now: number): SeatView | undefined {
  if (!hash.id) return undefined;
  const end = Number(hash.until);
  const state = hash.state as SeatState;
  const engaged = state === 'reserved' || state === 'ringing' || state === 'talking';
  const timed = engaged || state === 'wrap-up' || state === 'resting';

  return {
    seatId: hash.id,
    state,
    since: Number(hash.since),
    queues: config?.queues ?? [],
    skills: config?.skills ?? [],
    ...(hash.ticket ? { ticketId: hash.ticket } : {}),
    ...(end > 0 && timed ? { until: end } : {}),
    ...(engaged ? nextOf(hash) : {}),
    ...(hash.paused === '1' ? { onBreak: true } : {}),
    ...(hash.reason ? { reason: hash.reason } : {}),
    calls: Number(hash.calls),
    talkTime: Number(hash.talkTime) / 1_000,
    idleRate: Math.round(idleRate(shiftOf(hash, state), now) * 1_000) / 1_000,
  };
}

function shiftOf(hash: Hash, state: SeatState): Parameters<typeof idleRate>[0] {
  return {
    state,
    since: Number(hash.since),
    idleTotal: Number(hash.idleTotal),
    upSince: Number(hash.upSince),
  };
}

function nextOf(hash: Hash): Pick<SeatView, 'next'> {
  if (hash.up !== '1' || hash.login !== '1') return { next: 'offline' };

  return hash.paused === '1' ? { next: 'break' } : {};
}

/** Lines of a history; what was decided by ranking is left to `decisionsOf`. */
export function historyView(lines: readonly string[]): TicketEvent[] {
  return lines.map((line) => {
    const { at, what, seatId, detail } = JSON.parse(line) as TicketEvent;

    return { at, what, ...(seatId ? { seatId } : {}), ...(detail ? { detail } : {}) };
  });
}

export function decisionsOf(lines: readonly string[]): Decision[] {
  return lines
    .map((line) => JSON.parse(line) as Decision & { what: string })
    .filter(({ what }) => what === 'offered')
    .map(({ what: _what, ...decision }) => decision);
}

/** Skills as scripts want them: sorted, each once. */
export function skillText(skills: Iterable<string>): string {
  return [...new Set(skills)].sort().join(';');
}
