/** Where a routing number stands; `states.ts` has the arrows. */
export type NumberState = 'free' | 'leased' | 'used' | 'redial' | 'resting';

/** What a terminal asks for when it asks for help. */
export interface LeaseRequest {
  /** The user that the number is bound to. */
  terminal: string;
  /** The id of the help request: repeating it gives the same number again while it is unused. */
  request: string;
  pool: string;
  service: string;
  flow: string;
  place?: string;
  locale?: string;
  /** Whatever the terminal wants the agent to know. */
  context?: unknown;
  /** The dialplan that the request was read by. */
  planVersion: string;
  /** Where the request came from by SIP: a number that comes free later is told there too. */
  replyTo?: { transport: string; address: string; port: number };
}

/** A number that is leased to a terminal, or was. Times are ms since the epoch. */
export interface RoutingNumber extends LeaseRequest {
  number: string;
  state: NumberState;
  leasedAt: number;
  /** When the present state ends: for a lease, until when the number may be dialled. */
  expiresAt: number;
  /** True when the number was claimed before: the terminal was cut off and dials again. */
  again: boolean;
  /** Proves that the holder's claim is the latest one; absent while nobody has claimed it. */
  token?: string;
}

/** The part of a dialplan's pool that is needed here: whole numbers, and seconds. */
export interface PoolConfig {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly lease: number;
  readonly quarantine: number;
}
