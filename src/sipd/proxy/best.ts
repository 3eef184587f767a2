import type { SipResponse } from '../message/message';

/** What a client can mend by itself comes first among the refusals of its class (RFC 3261 section 16.7, step 6). */
const mendable = new Set([401, 407, 415, 420, 484]);
const challenges = ['WWW-Authenticate', 'Proxy-Authenticate'] as const;

/**
 * The refusal that goes back when no target accepted: 6xx before all, then the lowest class; a challenge carries those
 * of all the others too (step 7). Undefined when no target answered.
 */
export function bestResponse(refusals: readonly SipResponse[]): SipResponse | undefined {
  const [best] = [...refusals].sort((a, b) => rank(a.status) - rank(b.status));
  if (best && (best.status === 401 || best.status === 407)) gatherChallenges(best, refusals);
  // A 503 would keep the caller from this server altogether.
  if (best?.status === 503) {
    best.status = 500;
    best.reason = 'Server Internal Error';
  }

  return best;
}

function rank(status: number): number {
  if (status >= 600) return 0;
  const inClass = mendable.has(status) ? 1 : status === 503 ? 3 : 2;

  return Math.floor(status / 100) * 10 + inClass;
}

function gatherChallenges(best: SipResponse, refusals: readonly SipResponse[]): void {
  for (const other of refusals) {
    if (other === best || (other.status !== 401 && other.status !== 407)) continue;
    other.headers.forEach((name, value) => {
      if (challenges.some((challenge) => challenge === name)) best.headers.append(name, value);
    });
  }
}
