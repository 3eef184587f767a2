import type { CallbackConfig } from '../acd/config';
import type { MenuState } from '../ivr/state';
import type { Origin } from '../media/sdp';
import type { LegRecord } from './leg';
import type { CallState } from './state';

/**
 * How a person reaches the menu on this call: pages on a screen program, pages as video, prompts, or not at all: then the phone rings,
 * or waits without anything to see and hear.
 */
export type FaceName = 'screen' | 'video' | 'voice' | 'ring';

/** The two people of a call, by what they use. */
export type Side = 'terminal' | 'seat';

/**
 * Where the media of a call go. `none`: there are none; `direct`: end to end between the two; `anchored`: they end at the server, be it
 * for a menu or because something needs them there. `why` are the reasons for that in a talk, e.g. `recording`, `webrtc`.
 */
export interface CallMedia {
  mode: 'none' | 'direct' | 'anchored';
  why?: string[];
  /**
   * They are being brought elsewhere: each side may be there already, or not yet. Whoever takes the call up now cannot tell, and has to
   * ask both again.
   */
  moving?: true;
}

export interface Caller {
  user: string;
  kind: 'terminal' | 'seat' | 'trusted';
  /** Where the request came from, `address:port`. */
  source: string;
}

/** The SDP state of one leg: ours and the peer's, and the version of our o= line (RFC 3264 section 8). */
export interface LegMedia {
  /** Our o= line; its version rises with every description that we send. */
  origin: Origin;
  /** What the peer described last. */
  remote?: string;
  /** What we described last. */
  local?: string;
}

export interface CallEvent {
  /** Milliseconds since the epoch. */
  at: number;
  event: string;
  detail?: string;
}

export interface CallEnd {
  by: 'caller' | 'seat' | 'server';
  /** Short and stable, e.g. `bye`, `cancelled`, `queue-full`, `session-expired`. */
  cause: string;
  /** More about it in words, for the one who is refused. */
  detail?: string;
}

/** A seat that rings: what a process that takes the call over needs to let go of it. */
export interface RingingSeat {
  id: string;
  /** The transactions of the INVITEs that are under way to the seat. */
  invites: string[];
}

/** A call as data: what another process needs to go on with it, and what is kept of it afterwards. */
export interface CallRecord {
  id: string;
  site: string;
  node: string;
  planVersion: string;
  /** What was dialled. */
  number: string;
  flow: string;
  caller: Caller;
  locale: string;
  face: FaceName;
  /** Absent in records of before there were media. */
  media?: CallMedia;
  state: CallState;
  /** `inviteId` is the transaction of an INVITE that is not answered yet; `ringing` are those of INVITEs to a terminal that is called back. */
  terminal: { leg?: LegRecord; media: LegMedia; inviteId?: string; ringing?: string[] };
  /** The seat that has answered. `invites` are the transactions of its INVITEs, until the two are joined. */
  seat?: { id: string; leg?: LegRecord; media: LegMedia; invites?: string[] };
  /** The seats that ring, in the order in which they were offered. */
  ringing?: RingingSeat[];
  queue?: string;
  ticketId?: string;
  /** How often rules of queues have sent it on since its person chose. */
  moves?: number;
  /** A call of ours to a person who asked for it: `of` is the call that asked, `attempt` counts from 1. */
  callback?: { of: string; order: CallbackConfig['order']; attempt: number };
  /** The routing number that led here, when it was a leased one. */
  lease?: { number: string; request: string; token?: string };
  /** Where the person stands on the screen. */
  menu?: MenuState;
  /** What is known before an agent answers: the help request's context and the values of forms. */
  context: Record<string, unknown>;
  startedAt: number;
  answeredAt?: number;
  queuedAt?: number;
  connectedAt?: number;
  endedAt?: number;
  end?: CallEnd;
  /** The last events, oldest first; at most `historyLimit`. */
  history: CallEvent[];
}

export const historyLimit = 100;

export function remember(record: CallRecord, at: number, event: string, detail?: string): void {
  record.history.push(detail === undefined ? { at, event } : { at, event, detail });
  if (record.history.length > historyLimit) record.history.splice(1, record.history.length - historyLimit);
}

/** A record without what only the server itself needs: for people and other systems. */
export function publicRecord(record: CallRecord): object {
  const { terminal, seat, ringing, menu: _menu, moves: _moves, lease, history, ...rest } = record;
  const { mode, why } = record.media ?? { mode: 'none' as const };
  const iso = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();

  return {
    ...rest,
    media: why ? { mode, why } : { mode },
    ...(lease ? { lease: { number: lease.number, request: lease.request } } : {}),
    startedAt: iso(record.startedAt),
    answeredAt: iso(record.answeredAt),
    queuedAt: iso(record.queuedAt),
    connectedAt: iso(record.connectedAt),
    endedAt: iso(record.endedAt),
    terminal: { sipCallId: terminal.leg?.callId, visualMenu: terminal.leg?.visualMenu ?? false },
    seat: seat && { id: seat.id, sipCallId: seat.leg?.callId },
    ringing: ringing?.map(({ id }) => id),
    history: history.map(({ at, ...event }) => ({ at: iso(at), ...event })),
  };
}
