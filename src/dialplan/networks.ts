import { BlockList, isIP } from 'node:net';
import type { Plan } from './model';
import type { Read } from './ranges';

export interface Network {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly bits: number;
}

/** Reads a network in CIDR notation (RFC 4632, RFC 4291), or a single address. */
export function parseNetwork(text: string): Read<Network> {
  const [address = '', bitsText, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0)
    return { ok: false, message: `'${text}' is not a network` };
  const most = version === 4 ? 32 : 128;
  const bits = bitsText === undefined ? most : Number(bitsText);
  if (bitsText !== undefined && (!/^\d{1,3}$/.test(bitsText) || bits > most)) {
    return { ok: false, message: `'${text}' has no length from 0 to ${most} after the slash` };
  }
  const network: Network = { family: version === 4 ? 'ipv4' : 'ipv6', address, bits };
  const first = firstAddress(network);
  if (first !== canonical(network)) {
    const remedy = `Write ${first}/${bits} for the whole network, or ${address} for the one address.`;

    return {
      ok: false,
      message: `'${text}' is neither a network nor an address: it has bits after the first ${bits}`,
      remedy,
    };
  }

  return { ok: true, value: network };
}

const lists = new WeakMap<readonly string[], BlockList>();

/** Whether calls from this IP address need no credentials. IPv4 addresses inside IPv6 (`::ffff:…`) count as IPv4. */
export function isTrusted(plan: Pick<Plan, 'trustedNetworks'>, address: string): boolean {
  let list = lists.get(plan.trustedNetworks);
  if (!list) {
    list = blockList(plan.trustedNetworks);
    lists.set(plan.trustedNetworks, list);
  }
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const version = isIP(plain);

  return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const read = parseNetwork(text);
    if (read.ok) list.addSubnet(read.value.address, read.value.bits, read.value.family);
  }

  return list;
}

/** The address as one number. */
function numeric({ family, address }: Network): bigint {
  if (family === 'ipv4') return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const withV4 = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((word) => word.toString(16)).join(':'),
  );
  const [head = '', tail] = withV4.split('::');
  const words = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const left = words(head);
  const right = words(tail);
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');

  return [...left, ...middle, ...right].reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
}

function written(value: bigint, family: Network['family']): string {
  if (family === 'ipv4') return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65_535n).toString(16));

  return words
    .join(':')
    .replace(/(^|:)0(:0)+$/, '::')
    .replace(/^0(:0)+:/, '::');
}

function canonical(network: Network): string {
  return written(numeric(network), network.family);
}

function firstAddress(network: Network): string {
  const width = network.family === 'ipv4' ? 32 : 128;
  const rest = BigInt(width - network.bits);

  return written((numeric(network) >> rest) << rest, network.family);
}
