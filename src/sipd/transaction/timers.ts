/** The timers of RFC 3261 (table 4), RFC 6026 and this server, in milliseconds. */
export interface Timers {
  /** Estimate of the round trip; first interval of Timers A, E and G. Timers B, F, H, J, L and M are 64 times T1. */
  t1: number;
  /** The longest interval between retransmissions of non-INVITE requests and of final INVITE responses. */
  t2: number;
  /** The longest time a message lives in the network: Timers I and K. */
  t4: number;
  /** Timer D: how long a client absorbs repeats of a non-2xx final response; at least 32 s on unreliable transports. */
  d: number;
  /** Timer C: how long an INVITE may ring without a further provisional response before it is cancelled. */
  c: number;
  /** How long the transaction user may take with an INVITE before 100 is sent for it (RFC 3261 section 17.2.1). */
  trying: number;
}

export const defaultTimers: Timers = Object.freeze({ t1: 500, t2: 4000, t4: 5000, d: 32_000, c: 185_000, trying: 200 });

/** Every timer in its usual proportion to another T1, for tests and for networks that are not the Internet. */
export function scaledTimers(t1: number): Timers {
  const factor = t1 / defaultTimers.t1;
  const scale = (ms: number): number => Math.max(1, Math.round(ms * factor));

  return {
    t1,
    t2: scale(defaultTimers.t2),
    t4: scale(defaultTimers.t4),
    d: scale(defaultTimers.d),
    c: scale(defaultTimers.c),
    trying: scale(defaultTimers.trying),
  };
}
