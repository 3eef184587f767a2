import type { StateTable } from '../lib/state-table';
import type { SeatState, TicketState } from './types';

/** What can happen to a ticket. docs/acd.md numbers the arrows. */
export type TicketInput =
  | 'offer'
  | 'accept'
  | 'withdraw'
  | 'drop'
  | 'resume'
  | 'hold'
  | 'unhold'
  | 'complete'
  | 'preempt'
  | 'leave'
  | 'lose'
  | 'restore';

/** A new ticket begins as `waiting`. The scripts get this table and refuse every arrow that is not in it. */
export const ticketArrows: StateTable<TicketState, TicketInput> = {
  waiting: { offer: 'offered', drop: 'dropped', hold: 'held', resume: 'waiting', leave: 'ended', restore: 'talking' },
  // One more seat may be rung together with those that ring.
  offered: { offer: 'offered', accept: 'talking', withdraw: 'waiting', leave: 'ended' },
  talking: { complete: 'ended', preempt: 'waiting', leave: 'ended', lose: 'ended' },
  held: { unhold: 'waiting', drop: 'dropped', resume: 'waiting', leave: 'ended', restore: 'talking' },
  dropped: { resume: 'waiting', leave: 'ended', restore: 'talking' },
  ended: { restore: 'talking' },
};

/**
 * What can happen to a seat. One that is freed from an offer or a talk settles in the state that its marks (up, login,
 * engaged, on a break, what is left of a wrap-up or a rest) ask for, by the arrow that leads there.
 */
export type SeatInput =
  'offer' | 'ring' | 'accept' | 'free' | 'wrap' | 'rest' | 'engage' | 'pause' | 'down' | 'restore';

/** What a seat that is neither offered nor talking may turn to, whatever it does now. */
const marks = { free: 'available', wrap: 'wrap-up', rest: 'resting', engage: 'engaged', pause: 'break' } as const;
const idle = { engage: 'engaged', pause: 'break', down: 'offline', restore: 'talking' } as const;

/** A new seat begins as `offline`. The scripts get this table and refuse every arrow that is not in it. */
export const seatArrows: StateTable<SeatState, SeatInput> = {
  offline: { ...marks, restore: 'talking' },
  available: { ...idle, offer: 'reserved' },
  reserved: {
    ...{ ring: 'ringing', accept: 'talking', free: 'available', rest: 'resting' },
    ...{ engage: 'engaged', pause: 'break', down: 'offline' },
  },
  ringing: {
    ...{ accept: 'talking', free: 'available', rest: 'resting' },
    ...{ engage: 'engaged', pause: 'break', down: 'offline' },
  },
  talking: { free: 'available', wrap: 'wrap-up', engage: 'engaged', pause: 'break', down: 'offline' },
  'wrap-up': { ...idle, free: 'available' },
  resting: { ...idle, free: 'available' },
  engaged: { free: 'available', wrap: 'wrap-up', rest: 'resting', pause: 'break', down: 'offline', restore: 'talking' },
  break: {
    free: 'available',
    wrap: 'wrap-up',
    rest: 'resting',
    engage: 'engaged',
    down: 'offline',
    restore: 'talking',
  },
};

/** A table as a text that scripts look arrows up in: ` from>input=to …`. */
export function arrowText(table: Readonly<Record<string, Partial<Readonly<Record<string, string>>>>>): string {
  const arrows = Object.entries(table).flatMap(([from, inputs]) =>
    Object.entries(inputs).map(([input, to]) => `${from}>${input}=${to}`),
  );

  return ` ${arrows.join(' ')} `;
}
