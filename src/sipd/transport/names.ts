import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import type { Bound } from './sockets';
import { TransportError } from './types';
import type { Endpoint } from './types';

/** Resolves a name to its addresses, best first. */
export type Resolve = (name: string) => Promise<string[]>;

/**
 * An endpoint with an address in place of a name: the first of a family that we listen on, as a response must find its way back.
 * @throws TransportError ENOTFOUND when the name has no address
 */
export async function resolved(
  target: Endpoint,
  bound: readonly Bound[],
  resolve: Resolve = systemResolve,
): Promise<Endpoint> {
  if (isIP(target.address) !== 0) return { address: target.address, port: target.port };
  const addresses = await lookUp(target.address, resolve);
  const usable = addresses.find((one) => bound.some(({ local }) => isIPv6(local.address) === isIPv6(one)));

  return { address: usable ?? addresses[0]!, port: target.port };
}

async function lookUp(name: string, resolve: Resolve): Promise<string[]> {
  let cause: unknown;
  try {
    const addresses = await resolve(name);
    if (addresses.length > 0) return addresses;
  } catch (thrown) {
    cause = thrown;
  }
  throw new TransportError('ENOTFOUND', `The name ${name} has no address`, { cause });
}

async function systemResolve(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
