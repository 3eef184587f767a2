import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Networks } from '../../lib/networks';
import { isWildcard } from './flow';
import { ownNetworks } from './networks';
import type { ExternalAddress } from './types';

/** The address of ours that those outside see, where a NAT makes it another than the one that we listen on. */
export class External {
  private readonly address: string;
  private readonly local: Networks | undefined;

  /** @throws RangeError for a local network that is none */
  constructor({ address, localNetworks }: ExternalAddress) {
    this.address = address;
    this.local = localNetworks && new Networks(localNetworks);
  }

  /** What to tell a far end; undefined where the local address is right. An IPv4 address is of no use to an IPv6 one. */
  toldTo(remote: string): string | undefined {
    const families = [isIP(this.address), isIP(remote)];
    if (!families.includes(0) && families[0] !== families[1]) return undefined;

    return (this.local ?? ownNetworks()).has(remote) ? undefined : this.address;
  }
}

/**
 * The address of ours that a far end can reach: the one that we listen on, or, when that is a wildcard, the far end's
 * own loopback when it is there, else this machine's first outside address of the same family.
 */
export function ownAddress(listening: string, remote: string): string {
  if (!isWildcard(listening)) return listening;
  if (remote === '::1') return '::1';
  if (remote.startsWith('127.')) return '127.0.0.1';
  const wanted = isIPv6(remote) ? 'IPv6' : 'IPv4';

  return outsideAddress(wanted) ?? (wanted === 'IPv6' ? '::1' : '127.0.0.1');
}

type Family = 'IPv4' | 'IPv6';

/** Asking the system costs more than sending a message does, and the answer hardly ever changes. */
const lifetime = 10_000;
const known = new Map<Family, { address: string | undefined; until: number }>();

function outsideAddress(family: Family): string | undefined {
  const now = Date.now();
  const cached = known.get(family);
  if (cached && now < cached.until) return cached.address;
  const address = findOutside(family);
  known.set(family, { address, until: now + lifetime });

  return address;
}

function findOutside(family: Family): string | undefined {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((one) => one.family === family && !one.internal && !one.address.startsWith('fe80:'));
    if (found) return found.address;
  }

  return undefined;
}
