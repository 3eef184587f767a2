import type { Wire } from '../wire';

/** A wire as the engine uses it, plain or secure (secure/ has what each means). */
export interface MediaWire extends Wire {
  /** Whether packets reach the peer. What is sent before is thrown away. */
  readonly ready: boolean;
  /** Called once, at once where it is ready already. */
  onReady(listener: () => void): void;
  /** Our lines in the m= section when we speak in this role. */
  linesFor(role: 'offer' | 'answer'): readonly string[];
  /** Packets that were thrown away because they are not the peer's. */
  readonly refused: number;
}
