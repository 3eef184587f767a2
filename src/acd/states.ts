import type { StateTable } from '../lib/state-table';
import type { SeatState, TicketState } from './types';

/** What can happen to a ticket. docs/acd.md numbers the arrows. */
export type TicketInput =
  'offer' | 'accept' | 'withdraw' | 'drop' | 'resume' | 'hold' | 'unhold' | 'complete' | 'leave' | 'lose';

/** A new ticket begins as `waiting`. The scripts get this table and refuse every arrow that is not in it. */
export const ticketArrows: StateTable<TicketState, TicketInput> = {
  waiting: { offer: 'offered', drop: 'dropped', hold: 'held', resume: 'waiting', leave: 'ended' },
  offered: { accept: 'talking', withdraw: 'waiting', leave: 'ended' },
  talking: { complete: 'ended', leave: 'ended', lose: 'ended' },
  held: { unhold: 'waiting', drop: 'dropped', resume: 'waiting', leave: 'ended' },
  dropped: { resume: 'waiting', leave: 'ended' },
  ended: {},
};

/**
 * What can happen to a seat. An engaged seat that is freed is first `released`, and then settles in one of the states
 * that its `up`, `paused` and `until` ask for.
 */
export type SeatInput = 'offer' | 'accept' | 'free' | 'wrap' | 'rest' | 'pause' | 'down';

/** A new seat begins as `offline`. The scripts get this table and refuse every arrow that is not in it. */
export const seatArrows: StateTable<SeatState, SeatInput> = {
  offline: { free: 'available', pause: 'paused', wrap: 'wrapup', rest: 'resting' },
  available: { offer: 'offered', pause: 'paused', down: 'offline' },
  offered: { accept: 'talking', free: 'available', rest: 'resting', pause: 'paused', down: 'offline' },
  talking: { free: 'available', wrap: 'wrapup', pause: 'paused', down: 'offline' },
  wrapup: { free: 'available', pause: 'paused', down: 'offline' },
  resting: { free: 'available', pause: 'paused', down: 'offline' },
  paused: { free: 'available', wrap: 'wrapup', rest: 'resting', down: 'offline' },
};
