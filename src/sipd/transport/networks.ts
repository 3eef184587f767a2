import { networkInterfaces } from 'node:os';
import { Networks } from '../../lib/networks';

/** How long what the system told of its networks is taken for true, in ms: asking costs more than sending a message. */
const lifetime = 10_000;

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

interface Own {
  all: Networks;
  byAddress: Map<string, Networks>;
  until: number;
}

let known: Own | undefined;

/** The networks that this machine is part of, the loopback included. */
export function ownNetworks(): Networks {
  return own().all;
}

/** Whether an address is in the network that one of ours is in. */
export function isLocalNetwork(address: string, ours: string): boolean {
  return own().byAddress.get(ours)?.has(address) ?? false;
}

function own(): Own {
  const now = Date.now();
  if (known && now < known.until) return known;
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const cidrs = interfaces.flatMap(({ cidr }) => (cidr === null ? [] : [cidr]));
  known = {
    all: new Networks(['127.0.0.0/8', '::1', 'fe80::/10', ...cidrs]),
    byAddress: new Map(interfaces.map(({ address, cidr }) => [address, new Networks(cidr === null ? [] : [cidr])])),
    until: now + lifetime,
  };

  return known;
}
