import type { DefenceStats } from '../defence/defence';
import type { TransactionStats } from '../transaction/types';
import type { TransportStats } from '../transport/types';
import type { MessageStats } from './message-counts';

/**
 * What was not handled, by why:
 * - `malformed`: could not be read as SIP; requests among them were answered 400 and the like where that can be
 * - `ignored`: keep-alives, and datagrams that are no SIP at all (STUN, RTP)
 * - `refused`: requests that were answered before the application heard of them: merged, unknown extensions, Max-Forwards spent
 * - `stray`: responses that no request of ours waits for, and those that were misrouted to us
 * - `sendErrors`: messages that could not be handed to the network
 * - `banned`, `flood`: datagrams and messages of a banned source, and of one that sends more than may be looked at
 */
export type DropCause = 'malformed' | 'ignored' | 'refused' | 'stray' | 'sendErrors' | 'banned' | 'flood';

export interface SipdStats {
  /** Applications connected. */
  applications: number;
  /** Dialogs that are there now. */
  dialogs: number;
  /** Dialogs since the start. */
  dialogsTotal: number;
  /** Requests of the network that wait for an answer of the application. */
  incoming: number;
  /** Requests of the application under way. */
  outgoing: number;
  /** Clients on streams that registered. */
  registeredFlows: number;
  /** Requests inside dialogs that wait for an application to connect. */
  parked: number;
  /** Requests that are handed on for an application, and not answered for good. */
  proxied: number;
  /** Messages since the start, by method and by class of status. */
  messages: MessageStats;
  /** What was not handled since the start, by why. */
  drops: Record<DropCause, number>;
  transactions: TransactionStats;
  transport: TransportStats;
  defence: DefenceStats;
}

export function dropsOf(
  transactions: TransactionStats,
  transport: TransportStats,
  { dropped }: DefenceStats,
): Record<DropCause, number> {
  const { ignored, sendErrors } = transport;
  const { malformed, refused, stray } = transactions;

  return { malformed, ignored, refused, stray, sendErrors, ...dropped };
}
