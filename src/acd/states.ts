import type { StateTable } from '../lib/state-table';
import type { SeatState, TicketState } from './types';

/** What can happen to a ticket. docs/acd.md numbers the arrows. */
export type TicketInput =
  'offer' | 'accept' | 'withdraw' | 'drop' | 'resume' | 'hold' | 'unhold' | 'complete' | 'leave' | 'lose' | 'restore';

/** A new ticket begins as `waiting`. The scripts get this table and refuse every arrow that is not in it. */
export const ticketArrows: StateTable<TicketState, TicketInput> = {
  waiting: { offer: 'offered', drop: 'dropped', hold: 'held', resume: 'waiting', leave: 'ended', restore: 'talking' },
  offered: { accept: 'talking', withdraw: 'waiting', leave: 'ended' },
  talking: { complete: 'ended', leave: 'ended', lose: 'ended' },
  held: { unhold: 'waiting', drop: 'dropped', resume: 'waiting', leave: 'ended', restore: 'talking' },
  dropped: { resume: 'waiting', leave: 'ended', restore: 'talking' },
  ended: { restore: 'talking' },
};

/**
 * What can happen to a seat. One that is freed from an offer or a talk settles in the state that its marks (up, paused,
 * what is left of a wrap-up or a rest) ask for, by the arrow that leads there.
 */
export type SeatInput = 'offer' | 'accept' | 'free' | 'wrap' | 'rest' | 'pause' | 'down' | 'restore';

/** A new seat begins as `offline`. The scripts get this table and refuse every arrow that is not in it. */
export const seatArrows: StateTable<Exclude<SeatState, 'reserved' | 'ringing' | 'wrap-up' | 'engaged' | 'break'>, SeatInput> = {
  offline: { free: 'available', wrap: 'wrapup', rest: 'resting', pause: 'paused', restore: 'talking' },
  available: { offer: 'offered', pause: 'paused', down: 'offline', restore: 'talking' },
  offered: { accept: 'talking', free: 'available', rest: 'resting', pause: 'paused', down: 'offline' },
  talking: { free: 'available', wrap: 'wrapup', pause: 'paused', down: 'offline' },
  wrapup: { free: 'available', pause: 'paused', down: 'offline', restore: 'talking' },
  resting: { free: 'available', pause: 'paused', down: 'offline', restore: 'talking' },
  paused: { free: 'available', wrap: 'wrapup', rest: 'resting', down: 'offline', restore: 'talking' },
};
