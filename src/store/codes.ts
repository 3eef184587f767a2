import type { ErrorCode } from '../lib/errors';

/**
 * What scripts return in place of a result: small negative numbers, each standing for one code of the error table.
 * A number is never given another meaning. Scripts know them as `CODE.<name>`.
 */
export const luaCodes = {
  TICKET_GONE: -1,
  OFFER_GONE: -2,
  QUEUE_FULL: -3,
  QUEUE_UNKNOWN: -4,
  SEAT_UNKNOWN: -5,
  WRONG_STATE: -6,
  NUMBER_UNKNOWN: -7,
  NUMBER_FOREIGN: -8,
  NUMBER_EXPIRED: -9,
  NUMBER_USED: -10,
  POOL_EXHAUSTED: -11,
  STALE_REGISTRATION: -12,
  TOO_MANY_CONTACTS: -13,
  TOO_MANY_LEASES: -14,
} as const satisfies Partial<Record<ErrorCode, number>>;

const byNumber = new Map<number, ErrorCode>(
  Object.entries(luaCodes).map(([code, number]) => [number, code as keyof typeof luaCodes]),
);

/** The error code for a script's negative answer; an unknown number is a fault of ours: INTERNAL. */
export function codeOf(number: number): ErrorCode {
  return byNumber.get(number) ?? 'INTERNAL';
}
