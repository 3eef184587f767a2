import { BlockList, isIP, isIPv6 } from 'node:net';

/** Networks in the form `10.0.0.0/8`, or single addresses. */
export class Networks {
  private readonly list = new BlockList();

  /** @throws RangeError that names the one which is none */
  constructor(texts: Iterable<string>) {
    for (const text of texts) this.add(text);
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  private add(text: string): void {
    const [address = '', bits, ...rest] = text.split('/');
    const length = isIPv6(address) ? 128 : 32;
    const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (isIP(address) === 0 || rest.length > 0 || prefix < 0 || prefix > length) {
      throw new RangeError(`'${text}' is not a network; write it like 10.0.0.0/8 or fd00::/8`);
    }
    this.list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
