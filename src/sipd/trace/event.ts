import type { Endpoint, TransportName } from '../transport/types';

/** One message that came or was sent. */
export interface TraceEvent {
  /** Milliseconds since the Unix epoch, by the clock of the server. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly transport: TransportName;
  /** Our end. */
  readonly local: Endpoint;
  /** The far end. */
  readonly remote: Endpoint;
  /** The message as it was on the wire, but for its secrets. */
  readonly bytes: Buffer;
  /** Why a message that came could not be read. */
  readonly fault?: string;
}

/** What is told of messages. */
export interface WatchOptions {
  /**
   * `mask` (the default) puts `x` in the place of what a secret could be found out from: answers to digest challenges, other
   * credentials, keys in SDP. Lengths stay as they were. `keep` leaves everything.
   */
  secrets?: 'mask' | 'keep';
}
