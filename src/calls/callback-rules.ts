import type { CallbackConfig } from '../acd/config';
import type { Offer } from '../acd/types';
import type { DialFailure } from './leg';
import type { CallRecord, Caller } from './record';

/** Somebody who is to be called back: all that is needed to call him, in whichever process. */
export interface CallbackRecord {
  ticketId: string;
  /** The call that asked. */
  callId: string;
  /** Who is called. */
  caller: Caller;
  /** What had been dialled: the person sees it as the caller, and has his place back when he dials it. */
  number: string;
  flow: string;
  queue: string;
  planVersion: string;
  locale: string;
  context: Record<string, unknown>;
  /** The terminal shows menus. */
  visualMenu: boolean;
  /** As they were when the person was promised the call. */
  rules: CallbackConfig;
  /** When the ticket was first put into a queue, ms since the epoch. */
  queuedAt: number;
  /** Ms since the epoch. */
  askedAt: number;
  /** Calls that the person has missed. */
  attempts: number;
}

/** Why the person was not reached: as for a seat, or his phone and this server have no media in common. */
export type TerminalMiss = DialFailure | 'media';

/** The callback that the person of a call asks for. */
export function callbackFor(
  record: CallRecord,
  rules: CallbackConfig,
  at: { queue: string; now: number },
): CallbackRecord {
  const { id, caller, number, flow, planVersion, locale, context, terminal, queuedAt, ticketId = '' } = record;

  return {
    ticketId,
    callId: id,
    caller,
    number,
    flow,
    queue: at.queue,
    planVersion,
    locale,
    context,
    visualMenu: terminal.leg?.visualMenu ?? false,
    rules: {
      order: rules.order,
      attempts: rules.attempts,
      retryDelay: rules.retryDelay,
      ringTimeout: rules.ringTimeout,
    },
    queuedAt: queuedAt ?? at.now,
    askedAt: at.now,
    attempts: 0,
  };
}

/** What follows a call that the person has missed: another one after `postpone` ms, or none any more. */
export type AfterMiss = { record: CallbackRecord; postpone: number } | 'give-up';

export function afterMiss(callback: CallbackRecord): AfterMiss {
  const attempts = callback.attempts + 1;
  const { rules } = callback;
  if (attempts >= rules.attempts) return 'give-up';

  return { record: { ...callback, attempts }, postpone: rules.retryDelay * 1000 };
}

/** What is left of a lease when the seat has to have stopped ringing, in ms. */
const leaseMarginMs = 500;

/**
 * How long the person is rung, in ms: as the rules say, but never beyond the lease by which the seat is held. A seat that is rung
 * afterwards gets the time that its queue gives it, or half of what the lease has left where that is less.
 */
export function terminalRingMs(
  rules: CallbackConfig,
  lease: { offer: Pick<Offer, 'expiresAt'>; now: number; seatRingMs: number },
): number {
  const left = Math.max(0, lease.offer.expiresAt - lease.now - leaseMarginMs);
  const forSeat = rules.order === 'caller-first' ? Math.min(lease.seatRingMs, left / 2) : 0;

  return Math.min(rules.ringTimeout * 1000, left - forSeat);
}

/** How long to wait for the opening of the queue, in ms; 0 when it is open, or has no hours. */
export function untilOpening(opensAt: number | undefined, now: number): number {
  return opensAt === undefined ? 0 : Math.max(0, opensAt - now);
}

/** Reason header (RFC 3326) by which a seat that waited for the person hears why he does not come. */
export const missReasons: Readonly<Record<TerminalMiss, string>> = {
  'no-answer': 'SIP;cause=480;text="The caller does not answer"',
  busy: 'SIP;cause=486;text="The caller is busy"',
  rejected: 'SIP;cause=603;text="The caller does not want the call"',
  unreachable: 'SIP;cause=404;text="The caller cannot be reached"',
  media: 'SIP;cause=488;text="The caller has no media in common"',
};
