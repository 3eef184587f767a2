import type { SipResponse } from '../message/message';

/**
 * Where a refusal stands within its class (RFC 3261 section 16.7, step 6): what a client can mend by itself first, what
 * tells nothing of the called party last.
 */
const places: Readonly<Record<number, number>> = { 401: 1, 407: 1, 415: 1, 420: 1, 484: 1, 408: 3, 487: 3, 503: 3 };
const otherPlace = 2;
const challenges = ['WWW-Authenticate', 'Proxy-Authenticate'] as const;

export interface Refused {
  /** What the targets answered, in the order in which it came; the one that is chosen may be changed. */
  refusals: readonly SipResponse[];
  /** The caller gave up: only a 6xx tells more than a 487. */
  isCancelled: boolean;
  method: string;
}

/**
 * The refusal that goes back when no target accepted: 6xx before all, then the lowest class; a challenge carries those
 * of all the others too (RFC 3261 section 16.7, steps 6 and 7). Undefined when there is none, or none that may be sent:
 * a request other than INVITE is never answered 408, as its sender has given up by then (RFC 4320 section 4.2).
 */
export function bestResponse({ refusals, isCancelled, method }: Refused): SipResponse | undefined {
  const sendable = method === 'INVITE' ? [...refusals] : refusals.filter(({ status }) => status !== 408);
  const [best] = sendable.sort((a, b) => rank(a.status, isCancelled) - rank(b.status, isCancelled));
  if (best && isChallenge(best.status)) gatherChallenges(best, sendable);
  // A 503 would keep the caller from this server altogether.
  if (best?.status === 503) {
    best.status = 500;
    best.reason = 'Server Internal Error';
  }

  return best;
}

/** Whether a status asks for credentials. */
export function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}

function rank(status: number, isCancelled: boolean): number {
  if (status >= 600) return 0;
  if (isCancelled && status === 487) return 1;

  return Math.floor(status / 100) * 10 + (places[status] ?? otherPlace);
}

function gatherChallenges(best: SipResponse, refusals: readonly SipResponse[]): void {
  for (const other of refusals) {
    if (other === best || !isChallenge(other.status)) continue;
    other.headers.forEach((name, value) => {
      if (challenges.some((challenge) => challenge === name)) best.headers.append(name, value);
    });
  }
}
