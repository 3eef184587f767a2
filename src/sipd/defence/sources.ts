import { isIP } from 'node:net';
import { Networks } from '../../lib/networks';

/** Addresses whose key is remembered, so that none is worked out for each message. */
const remembered = 10_000;
const mapped = '::ffff:';

/** What is counted as one source: an IPv4 address, or the /64 that one customer has of IPv6. Trusted ones are nobody's. */
export class Sources {
  private readonly trusted: Networks;
  private readonly keys = new Map<string, string | undefined>();

  /** @throws RangeError for a text that is no network */
  constructor(trusted: readonly string[]) {
    this.trusted = new Networks(trusted);
  }

  /** Undefined for a trusted address. */
  keyOf(address: string): string | undefined {
    if (this.keys.has(address)) return this.keys.get(address);
    const plain = plainIp(address);
    const key = this.trusted.has(plain) ? undefined : sourceKey(plain);
    if (this.keys.size >= remembered) this.keys.clear();
    this.keys.set(address, key);

    return key;
  }
}

/** IPv4 inside IPv6, in either spelling, as IPv4; without a zone. */
export function plainIp(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  if (isIP(bare) !== 6) return bare;
  const rest = bare.startsWith(mapped) ? bare.slice(mapped.length) : '';
  if (isIP(rest) === 4) return rest;
  const words = wordsOf(bare);
  if (words.slice(0, 5).some((word) => word !== 0) || words[5] !== 0xffff) return bare;

  return words
    .slice(6)
    .flatMap((word) => [word >> 8, word & 255])
    .join('.');
}

function sourceKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const network = wordsOf(address).slice(0, 4);

  return `${network.map((word) => word.toString(16)).join(':')}::/64`;
}

/** The eight words of an IPv6 address. */
function wordsOf(address: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/;
  const text = address.replace(dotted, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);

    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = text.split('::');
  const read = (part: string | undefined): number[] => (part ? part.split(':').map((word) => parseInt(word, 16)) : []);
  const left = read(head);
  const right = read(tail);

  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
