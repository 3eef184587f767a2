import type { Rate } from './bucket';

/** Every limit of the defence. docs/sip-defence.md tells what the peer sees of each. */
export interface DefenceOptions {
  /** Networks in CIDR notation, or single addresses, that no limit per source holds for. */
  trusted: readonly string[];
  /** Messages and datagrams of one source, of whatever kind; those beyond are dropped unread. */
  messages: Rate;
  /** New requests outside dialogs, of one source; those beyond get 503. */
  requests: Rate;
  /** New requests inside dialogs, of one source: calls under way go on while new ones are refused. */
  dialogRequests: Rate;
  /** What was beyond a limit in 10 s before the source is banned, or its datagrams cut down as they may be forged. */
  floodBan: number;
  /** Failed authentications of one source in 60 s before it is banned; a source with a success is only throttled. */
  authBan: number;
  /** Milliseconds that a ban lasts; 0 bans nobody. */
  banTime: number;
  /** Sources, and bans, that are remembered; beyond it the oldest are forgotten. */
  capacity: number;
  /** The longest start line and headers, in bytes. */
  maxHead: number;
  /** The longest body, in bytes. */
  maxBody: number;
  /** Header lines in one message. */
  maxHeaders: number;
  /** Connections of streams in all. */
  maxConnections: number;
  /** Connections that one source may have open. */
  connectionsPerSource: number;
  /** Milliseconds that a connection may take to its first message, and a message from its first byte to its last. */
  patience: number;
  /** Milliseconds that the event loop may be late, time and again, before new work is refused. */
  lateness: number;
}

/** A trunk with 100 new calls a second is busy; a phone makes some requests a minute, an office some a second. */
export const defaultDefence: DefenceOptions = Object.freeze({
  trusted: ['127.0.0.0/8', '::1'],
  messages: { perSecond: 2_000, burst: 8_000 },
  requests: { perSecond: 100, burst: 400 },
  dialogRequests: { perSecond: 400, burst: 1_600 },
  floodBan: 2_000,
  authBan: 50,
  banTime: 300_000,
  capacity: 50_000,
  maxHead: 65_536,
  maxBody: 262_144,
  maxHeaders: 256,
  maxConnections: 20_000,
  connectionsPerSource: 1_000,
  patience: 30_000,
  lateness: 100,
});
