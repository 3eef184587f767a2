import { isIPv6 } from 'node:net';
import { isWildcard } from './flow';
import { isLocalNetwork, isLoopbackAddress } from './networks';
import type { Addresses, Endpoint, Flow, TransportName } from './types';

/** A socket that listens. */
export interface Bound {
  transport: TransportName;
  local: Endpoint;
}

/** The first address of each transport. */
export function firstOfEach(bound: readonly Bound[]): Addresses {
  const addresses: Addresses = {};
  for (const { transport, local } of bound) addresses[transport] ??= local;

  return addresses;
}

/**
 * The socket of ours that messages to an address leave by, or that its owner can reach: of its family, and of those the
 * one in a network that it is in, else one that is not on the loopback, as an address far away is not reached from there.
 * @returns undefined when none is of its family
 */
export function socketFor<B extends Bound>(bound: readonly B[], remote: string): B | undefined {
  const wantsIPv6 = isIPv6(remote);
  const family = bound.filter(({ local }) => isIPv6(local.address) === wantsIPv6);
  if (family.length === 0) return wantsIPv6 ? undefined : bound.find(({ local }) => local.address === '::');
  if (family.length === 1) return family[0];
  const outside = !isLoopbackAddress(remote);

  return (
    family.find(({ local }) => local.address === remote) ??
    family.find(({ local }) => !isWildcard(local.address) && isLocalNetwork(remote, local.address)) ??
    family.find(({ local }) => isWildcard(local.address)) ??
    family.find(({ local }) => isLoopbackAddress(local.address) !== outside) ??
    family[0]
  );
}

/** The socket that a flow came in by, or one at the same address when we opened it ourselves. */
export function socketOf<B extends Bound>(bound: readonly B[], flow: Flow): B | undefined {
  const { local, remote } = flow;
  const samePort = bound.filter((one) => one.local.port === local.port);

  return (
    samePort.find((one) => one.local.address === local.address) ??
    socketFor(samePort, remote.address) ??
    bound.find((one) => one.local.address === local.address) ??
    socketFor(bound, remote.address)
  );
}
