import type { Offer, TicketEnd, WithdrawCause } from './types';

/** What a batch asks for besides its changes of state; see lua/includes/effects.lua. */
export type Effect =
  | { t: 'offer'; offer: Offer }
  | { t: 'withdrawn'; offer: Offer; cause: WithdrawCause }
  | { t: 'ended'; id: string; how: TicketEnd }
  | { t: 'replaced'; id: string; call: string }
  | { t: 'preempted'; id: string; seat: string }
  | { t: 'callback'; id: string }
  | { t: 'adopted'; id: string };
