import type { Plan, Pool, Seat, StaticNumber, Terminal } from './model';
import { isInPool } from './ranges';

/** What a dialled name stands for. */
export type Destination =
  /** `help` or `help-<service>`; whether there is such a service is for the one who leases the number to say. */
  | { readonly kind: 'help'; readonly service: string | undefined }
  | { readonly kind: 'number'; readonly number: StaticNumber }
  /** A routing number: whether it is leased, and to whom, is not a matter of the plan. */
  | { readonly kind: 'pool'; readonly number: string; readonly pool: Pool }
  | { readonly kind: 'terminal'; readonly terminal: Terminal }
  | { readonly kind: 'seat'; readonly seat: Seat };

const helpUser = 'help';
const helpPrefix = 'help-';

/**
 * What the user part of a request URI means in this plan; undefined when it means nothing. The user part is compared as it
 * is, case and all (RFC 3261 section 19.1.4), after escapes such as %23 were resolved by the reader of the URI.
 */
export function matchDestination(plan: Plan, user: string): Destination | undefined {
  if (user === helpUser) return { kind: 'help', service: undefined };
  if (user.length > helpPrefix.length && user.startsWith(helpPrefix)) {
    return { kind: 'help', service: user.slice(helpPrefix.length) };
  }
  const number = plan.numbers.get(user);
  if (number) return { kind: 'number', number };
  const pool = poolOf(plan, user);
  if (pool) return { kind: 'pool', number: user, pool };
  const terminal = plan.terminals.get(user);
  if (terminal) return { kind: 'terminal', terminal };
  const seat = plan.seats.get(user);

  return seat && { kind: 'seat', seat };
}

/** The pool that a number belongs to. Pools do not overlap, so there is one at most. */
export function poolOf(plan: Pick<Plan, 'pools'>, number: string): Pool | undefined {
  for (const pool of plan.pools.values()) if (isInPool(pool, number)) return pool;

  return undefined;
}
