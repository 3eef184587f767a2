import { BlockList, isIP } from 'node:net';

/** The networks of a list, in CIDR notation or as single addresses. @throws RangeError for a text that is no network */
export function networkList(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const match = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text);
    const address = match?.[1] ?? '';
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const bits = match?.[2] === undefined ? most : Number(match[2]);
    if (version === 0 || bits > most) throw new RangeError(`'${text}' is not a network`);
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }

  return list;
}
