import type { Socket } from 'node:dgram';
import type { Logger } from '../../../lib/logger';
import type { MediaKind } from '../../port';
import type { RemoteEnd, Wire } from '../wire';

/** A UDP socket that is bound to the engine's host at a port of its range. */
export interface EngineSocket {
  readonly socket: Socket;
  readonly port: number;
  /** Closes it and gives the port back; twice is harmless. */
  close(): Promise<void>;
}

export interface SecureWiresOptions {
  security: 'sdes' | 'dtls';
  /** The sections that are in use, in the order of their m= lines. */
  sections: readonly SecureSection[];
  /** The address that descriptions name for us. */
  address: string;
  /** For SDES: the way below the encryption. */
  openPlain(section: SecureSection): Promise<Wire>;
  /** For DTLS: one socket, which RTP and RTCP of all bundled sections share. */
  openSocket(): Promise<EngineSocket>;
  log: Logger;
}

/** One m= section that is to be reached by a secure wire. */
export interface SecureSection {
  kind: MediaKind;
  /** The value of its `a=mid`: the one of the offer in an answer, one of ours in an offer; '' for none. */
  mid: string;
  /** What the peer said in its offer. Absent: we offer. */
  offer?: RemoteEnd;
}

/**
 * The secure wires of one endpoint. Two ways to use them:
 *
 * - We answer: `createSecureWires` with the peer's sections; write the answer from `sessionLines` and each wire's `attributes`, address and
 *   port; `connect` each wire with the same peer's section (before or after the answer is sent).
 * - We offer: `createSecureWires` without `offer`; write the offer; `connect` each wire with the answer.
 *
 * Later: a new offer of the peer is given to `connect`, and the answer is written from `linesFor('answer')` after that. A new offer of ours is
 * written from `linesFor('offer')`, its answer given to `connect`. A section that is new in such an exchange comes by `add`; one that is
 * gone is closed by its wire's `close`.
 */
export interface SecureWires {
  /** Lines for the session part of our description: `a=group:BUNDLE …`, `a=ice-options…`. For an offer, or the answer to the last offer. */
  readonly sessionLines: readonly string[];
  /** In the order of the sections; those that were added last. */
  readonly wires: readonly SecureWire[];
  /** @throws SightlineError MEDIA_MISMATCH where the offer cannot be met; the other wires go on. */
  add(section: SecureSection): Promise<SecureWire>;
  close(): Promise<void>;
}

/**
 * `connect` resolves when what the peer said has been taken in; keys and checks are exchanged after that. It rejects with
 * MEDIA_MISMATCH for a description that cannot be met, and what was agreed before goes on.
 */
export interface SecureWire extends Wire {
  readonly kind: MediaKind;
  /** Whether packets reach the peer. What is sent before is thrown away. */
  readonly ready: boolean;
  /** Called once, at once where it is ready already: the moment for the first key frame. */
  onReady(listener: () => void): void;
  /** Our lines in this section (as `attributes`, which are those for the role that was spoken last). */
  linesFor(role: 'offer' | 'answer'): readonly string[];
  /** Packets that were thrown away: not authentic, seen before, too old, or of no section. */
  readonly refused: number;
}
