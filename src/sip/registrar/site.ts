import { isTrusted } from '../../dialplan/networks';
import type { Plan } from '../../dialplan/model';
import type { AuthSite } from './authenticator';

/** A user of the site: a terminal that asks for help, or the seat of an agent. */
export type UserKind = 'terminal' | 'seat';

/** What the registrar and identity checks need to know of the site. */
export interface RegistrarSite extends AuthSite {
  kindOf(user: string): UserKind | undefined;
}

type SitePlan = Pick<Plan, 'realm' | 'domain' | 'trustedNetworks'> & {
  readonly terminals: ReadonlyMap<string, { readonly password: string }>;
  readonly seats: ReadonlyMap<string, { readonly password: string }>;
};

/**
 * The site as the dialplan in force has it.
 * @param ownHosts The addresses and names of the server itself, in lower case: they count as the site's domain too.
 */
export function registrarSite(plan: SitePlan, ownHosts: ReadonlySet<string>): RegistrarSite {
  return {
    realm: plan.realm,
    passwordOf: (user) => plan.terminals.get(user)?.password ?? plan.seats.get(user)?.password,
    isOurHost: (host) => host.toLowerCase() === plan.domain || ownHosts.has(host.toLowerCase()),
    isTrusted: (address) => isTrusted(plan, address),
    kindOf: (user) => (plan.terminals.has(user) ? 'terminal' : plan.seats.has(user) ? 'seat' : undefined),
  };
}
