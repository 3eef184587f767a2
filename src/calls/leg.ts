import type { SightlineError } from '../lib/errors';
import type { TypedEmitter } from '../lib/emitter';

/**
 * The port through which calls see SIP. src/sip implements it on drachtio-srf.
 *
 * What must not enter here: sockets, transactions, drachtio objects. A leg is addressed by its dialog id alone, so
 * that another process can take it over from the record of the call.
 */

/** Why a leg ended, and who ended it. */
export interface LegEnd {
  by: 'peer' | 'us' | 'edge';
  /** Short and stable: `bye`, `session-expired`, `no-ack`, `gone`, `shutdown`. */
  cause: string;
  /** Value of the Reason header, when there was one (RFC 3326). */
  reason?: string;
}

/** An INFO, or another request within the dialog that waits for one answer. */
export interface LegRequest {
  method: string;
  contentType: string;
  /** Value of Info-Package; absent for legacy INFO (RFC 6086 section 4.2). */
  infoPackage?: string;
  body: string;
  reply(status: number, options?: { contentType?: string; body?: string; headers?: Record<string, string> }): void;
}

/** A re-INVITE or UPDATE of the peer. Without `sdp` the peer asks for an offer of ours (RFC 3264 section 5). */
export interface LegOffer {
  method: 'INVITE' | 'UPDATE';
  sdp: string | undefined;
  /** Answers 200; resolves with the SDP of the ACK when our 200 carried an offer. */
  accept(sdp: string | undefined): Promise<string | undefined>;
  /** `why` goes into a Warning header. */
  refuse(status: number, why?: SightlineError): void;
}

export type LegEvents = {
  ended: [end: LegEnd];
  request: [request: LegRequest];
  offer: [offer: LegOffer];
  /** The session was refreshed by the peer or by us. */
  refreshed: [];
};

/** The outcome of a re-INVITE or UPDATE of ours. */
export interface OfferResult {
  status: number;
  sdp: string | undefined;
  /** For an INVITE without SDP: sends the ACK with our answer. Otherwise the ACK was sent already. */
  ack?: (sdp: string) => void;
  /** Value of Retry-After, seconds. */
  retryAfter?: number;
}

/** What is kept of a leg in the call's record: enough to go on with it in another process. */
export interface LegRecord {
  dialogId: string;
  callId: string;
  role: 'uac' | 'uas';
  /** The far end as shown to people: `sip:1001@sightline.test`. */
  peer: string;
  /** Methods of the peer's Allow header. */
  allow: string[];
  visualMenu: boolean;
}

export interface Leg {
  readonly record: LegRecord;
  readonly events: TypedEmitter<LegEvents>;
  readonly alive: boolean;
  /** Sends a request within the dialog; resolves with the status of its final answer. Rejects when the dialog is gone. */
  request(
    method: string,
    options: { headers?: Record<string, string>; contentType?: string; body?: string },
  ): Promise<{ status: number }>;
  /** Re-INVITE; with `sdp` undefined the peer is asked for an offer. */
  reinvite(sdp: string | undefined): Promise<OfferResult>;
  update(sdp: string): Promise<OfferResult>;
  /** Delivers what has come since the leg is there; to be called when its listeners are in place. */
  start(): void;
  /** Sends BYE once; later calls do nothing. Resolves when the peer has answered or cannot. */
  bye(reason?: string): Promise<void>;
}

/** An INVITE that waits for our answer. */
export interface IncomingInvite {
  /** Names the open transaction at the edge, for a process that takes the call over. */
  readonly transactionId: string;
  readonly sdp: string | undefined;
  readonly offersVisualMenu: boolean;
  readonly acceptLanguage: string | undefined;
  /** The caller gave up: CANCEL, or the transaction died. */
  readonly cancelled: boolean;
  onCancel(listener: (reason: string | undefined) => void): void;
  ring(): void;
  /**
   * Answers 200. Resolves when the ACK has come, with its SDP when ours was an offer.
   * Rejects with CALL_GONE when the caller gave up meanwhile.
   */
  answer(sdp: string, options?: { screen?: boolean }): Promise<{ leg: Leg; ackSdp: string | undefined }>;
  reject(error: SightlineError): void;
}

export interface DialRequest {
  /** The user that is called: a seat, or a terminal that is called back. */
  seatId: string;
  /** The offer; undefined asks the seat for one. */
  sdp: string | undefined;
  /** Shown on the seat's display. */
  from: { user: string; name: string };
  /** With `Recv-Info` among them, the leg's record tells whether the peer takes the visual menu, too. */
  headers: Record<string, string>;
}

export type DialFailure = 'no-answer' | 'rejected' | 'busy' | 'unreachable';

export interface SeatAnswer {
  leg: Leg;
  /** The seat's answer, or its offer when it was invited without one. */
  sdp: string | undefined;
  /** Sends the ACK with our answer; there when the seat was invited without an offer. */
  ack?: (sdp: string) => void;
}

/** An INVITE of ours to a seat: all its contacts ring, the first answer wins (RFC 3261 section 16.7). */
export interface OutgoingInvite {
  /** Resolves at the first 200; rejects with DialError when no contact answered. */
  readonly answered: Promise<SeatAnswer>;
  /** Called for each INVITE that went out, with the name of its transaction at the edge. */
  onSent(listener: (transactionId: string) => void): void;
  /** Called at the first 18x. */
  onRinging(listener: () => void): void;
  /** Sends CANCEL with a Reason header (RFC 3326) wherever it still rings; a 200 that crosses it is answered by BYE. */
  cancel(reason: string): void;
}

export class DialError extends Error {
  constructor(
    readonly why: DialFailure,
    readonly status: number,
  ) {
    super(`The seat did not take the call: ${why} (${status})`);
    this.name = 'DialError';
  }
}

export interface SeatDialer {
  dial(request: DialRequest): OutgoingInvite;
  /** The seat is likely to be rung in a moment: what that needs to know may be looked up now. */
  prepare(seatId: string): void;
  /** Whether all that is registered as this seat are browsers: SIP over WebSocket (RFC 7118) is spoken by nobody else. */
  isBrowser(seatId: string): Promise<boolean>;
  /** Whether anything is registered as this user. */
  isReachable(user: string): Promise<boolean>;
}

/** Reason header of the losing branch when another seat or contact took the call (RFC 3326, RFC 3261 section 16.7). */
export const reasonElsewhere = 'SIP;cause=200;text="Call completed elsewhere"';
export const reasonCallerLeft = 'SIP;cause=487;text="Caller has left"';
export const reasonNoAnswer = 'SIP;cause=480;text="No answer"';
export const reasonNormal = 'Q.850;cause=16;text="Normal call clearing"';
