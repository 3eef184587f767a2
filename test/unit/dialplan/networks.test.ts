import fc from 'fast-check';
import { isTrusted, parseNetwork } from '../../../src/dialplan/networks';

function trusts(networks: string[], address: string): boolean {
  return isTrusted({ trustedNetworks: networks }, address);
}

describe('parseNetwork', () => {
  test.each([
    '10.0.0.0/8',
    '127.0.0.1',
    '0.0.0.0/0',
    '192.168.4.0/22',
    '::1',
    '2001:db8::/32',
    '::/0',
    'fe80::/10',
    '::ffff:10.0.0.0/104',
  ])('%s is a network', (text) => {
    expect(parseNetwork(text)).toMatchObject({ ok: true });
  });

  test.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.1/8',
    '2001:db8::/129',
    '2001:db8::1/64',
    'fe80::1%eth0',
    'example.org',
    '10.0.0.0/-1',
    '10.0.0.0/8 ',
    '10.0.0.0/1e1',
  ])("'%s' is not", (text) => {
    expect(parseNetwork(text)).toMatchObject({ ok: false });
  });

  test('bits after the network are told with both ways to mend it', () => {
    const read = parseNetwork('2001:db8:0:7::9/48');
    expect(read).toMatchObject({
      remedy: 'Write 2001:db8::/48 for the whole network, or 2001:db8:0:7::9 for the one address.',
    });
  });
});

describe('isTrusted', () => {
  test.each([
    [['127.0.0.0/8'], '127.4.5.6', true],
    [['127.0.0.0/8'], '128.0.0.1', false],
    [['127.0.0.0/8'], '::ffff:127.0.0.1', true],
    [['127.0.0.0/8'], '::1', false],
    [['::1'], '::1', true],
    [['2001:db8::/32'], '2001:db8:ffff::9', true],
    [['2001:db8::/32'], '2001:db9::9', false],
    [['10.1.2.3'], '10.1.2.3', true],
    [['10.1.2.3'], '10.1.2.4', false],
    [[], '127.0.0.1', false],
    [['0.0.0.0/0'], 'not an address', false],
    [['0.0.0.0/0'], '', false],
  ])('%j %s: %s', (networks, address, expected) => {
    expect(trusts(networks, address)).toBe(expected);
  });

  test('an IPv4 network holds exactly the addresses that share its first bits', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 32 }), (base, other, bits) => {
        const cut = (value: number): number => (bits === 0 ? 0 : (value >>> (32 - bits)) << (32 - bits)) >>> 0;
        const near = (cut(base) | (other & ~cut(0xffffffff))) >>> 0;
        const network = `${dotted(cut(base))}/${bits}`;
        expect(trusts([network], dotted(near))).toBe(true);
        expect(trusts([network], dotted(other >>> 0))).toBe(cut(other) === cut(base));
      }),
    );
  });
});
