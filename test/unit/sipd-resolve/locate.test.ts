import { ManualClock } from '../../../src/lib/clock';
import { parseUri } from '../../../src/sipd/message/grammar';
import { targetOfUri } from '../../../src/sipd/dialog/target';
import { Dns } from '../../../src/sipd/resolve/dns';
import { locate } from '../../../src/sipd/resolve/locate';
import { orderByWeight } from '../../../src/sipd/resolve/order';
import type { Target, TransportName } from '../../../src/sipd/transport/types';
import { DnsServer } from '../../support/dns';

let server: DnsServer;
let clock: ManualClock;
let dns: Dns;

beforeEach(async () => {
  server = await DnsServer.start();
  clock = new ManualClock();
  dns = new Dns({ servers: [server.address], timeout: 100, clock });
});
afterEach(async () => {
  dns.close();
  await server.close();
});

/** `tcp 192.0.2.1:5060` of each place, in order. */
async function placesOf(uri: string, transports: TransportName[] = ['udp', 'tcp', 'tls']): Promise<string[]> {
  const found = await find(uri, transports);

  return found.map(({ transport, address, port }) => `${transport} ${address}:${port}`);
}

function find(uri: string, transports: TransportName[] = ['udp', 'tcp', 'tls']): Promise<Target[]> {
  const serves = (one: TransportName): boolean => transports.includes(one);

  return locate(targetOfUri(parseUri(uri)), { questions: dns, serves, random: () => 0.5 });
}

describe('RFC 3263', () => {
  test('an address needs no questions', async () => {
    expect(await placesOf('sip:192.0.2.1')).toEqual(['udp 192.0.2.1:5060']);
    expect(await placesOf('sips:[2001:db8::1]')).toEqual(['tls 2001:db8::1:5061']);
    expect(await placesOf('sip:example.com;maddr=192.0.2.9;transport=tcp')).toEqual(['tcp 192.0.2.9:5060']);
    expect(server.asked).toEqual([]);
  });

  test('NAPTR names the transport, SRV the hosts, A and AAAA their addresses', async () => {
    server
      .naptr('example.com', 20, 10, 'SIP+D2U', '_sip._udp.example.com')
      .naptr('example.com', 10, 20, 'SIP+D2T', '_sip._tcp.example.com')
      .naptr('example.com', 10, 10, 'SIPS+D2T', '_sips._tcp.example.com')
      .naptr('example.com', 5, 10, 'E2U+sip', '!x!')
      .srv('_sips._tcp.example.com', { priority: 1, weight: 0, port: 5071, target: 'a.example.com' })
      .srv('_sip._tcp.example.com', { priority: 2, weight: 0, port: 5072, target: 'b.example.com' })
      .srv('_sip._tcp.example.com', { priority: 1, weight: 0, port: 5070, target: 'a.example.com' })
      .srv('_sip._udp.example.com', { priority: 1, weight: 0, port: 5070, target: 'a.example.com' })
      .a('a.example.com', '192.0.2.1')
      .a('a.example.com', '2001:db8::1')
      .a('b.example.com', '192.0.2.2');
    expect(await placesOf('sip:example.com')).toEqual([
      ...['tls 192.0.2.1:5071', 'tls 2001:db8::1:5071'],
      ...['tcp 192.0.2.1:5070', 'tcp 2001:db8::1:5070', 'tcp 192.0.2.2:5072'],
    ]);
    // A transport that we do not have is passed over, as if its records were not there.
    expect(await placesOf('sip:example.com', ['udp'])).toEqual(['udp 192.0.2.1:5070', 'udp 2001:db8::1:5070']);
  });

  test('whoever is found for a domain must prove to be that domain, not the host of the record', async () => {
    server
      .srv('_sips._tcp.example.com', { priority: 1, weight: 0, port: 5071, target: 'a.provider.net' })
      .a('a.provider.net', '192.0.2.1');
    expect(await find('sips:example.com')).toEqual([
      { transport: 'tls', address: '192.0.2.1', port: 5071, domain: 'example.com', secure: true },
    ]);
  });

  test('without NAPTR each transport of ours is asked for, and without SRV the name itself', async () => {
    server.srv('_sip._tcp.example.com', { priority: 1, weight: 0, port: 5070, target: 'a.example.com' });
    server.a('a.example.com', '192.0.2.1').a('example.com', '192.0.2.9');
    expect(await placesOf('sip:example.com')).toEqual(['tcp 192.0.2.1:5070']);
    expect(await placesOf('sip:example.com', ['udp'])).toEqual(['udp 192.0.2.9:5060']);
    expect(await placesOf('sip:a.example.com')).toEqual(['udp 192.0.2.1:5060']);
    expect(await placesOf('sip:a.example.com', ['tcp'])).toEqual(['tcp 192.0.2.1:5060']);
    expect(await placesOf('sips:a.example.com')).toEqual(['tls 192.0.2.1:5061']);
  });

  test('a transport in the URI needs no NAPTR, and a port no SRV', async () => {
    server.srv('_sip._tcp.example.com', { priority: 1, weight: 0, port: 5070, target: 'a.example.com' });
    server.a('a.example.com', '192.0.2.1').a('example.com', '192.0.2.9');
    expect(await placesOf('sip:example.com;transport=tcp')).toEqual(['tcp 192.0.2.1:5070']);
    expect(await placesOf('sip:example.com:5080;transport=tcp')).toEqual(['tcp 192.0.2.9:5080']);
    expect(await placesOf('sip:example.com:5080')).toEqual(['udp 192.0.2.9:5080']);
    expect(server.asked.filter((one) => one.startsWith('NAPTR'))).toEqual([]);
  });

  test('a sips URI never leads anywhere but to TLS', async () => {
    server
      .naptr('example.com', 10, 10, 'SIP+D2U', '_sip._udp.example.com')
      .srv('_sip._udp.example.com', { priority: 1, weight: 0, port: 5070, target: 'a.example.com' })
      .a('a.example.com', '192.0.2.1')
      .a('example.com', '192.0.2.9');
    expect(await placesOf('sips:example.com')).toEqual(['tls 192.0.2.9:5061']);
    expect(await placesOf('sips:example.com', ['udp', 'tcp'])).toEqual(['tls 192.0.2.9:5061']);
  });

  test('a domain that says it has no such service is believed; one that has no address is told', async () => {
    server.srv('_sip._tcp.example.com', { priority: 0, weight: 0, port: 0, target: '.' }).a('example.com', '192.0.2.9');
    await expect(find('sip:example.com;transport=tcp')).rejects.toMatchObject({ code: 'NO_SERVICE' });
    await expect(find('sip:nobody.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('an SRV record whose host has no address is passed over', async () => {
    server
      .srv('_sip._udp.example.com', { priority: 1, weight: 0, port: 5070, target: 'gone.example.com' })
      .srv('_sip._udp.example.com', { priority: 2, weight: 0, port: 5070, target: 'a.example.com' })
      .a('a.example.com', '192.0.2.1');
    expect(await placesOf('sip:example.com;transport=udp')).toEqual(['udp 192.0.2.1:5070']);
  });
});

describe('the memory of answers', () => {
  test('an address is kept for its TTL', async () => {
    server.a('example.com', '192.0.2.1', 100);
    expect(await dns.addresses('example.com')).toEqual(['192.0.2.1']);
    const asked = server.asked.length;
    server.drop('example.com');
    server.a('example.com', '192.0.2.2', 100);
    clock.advance(99_000);
    expect(await dns.addresses('example.com')).toEqual(['192.0.2.1']);
    expect(server.asked).toHaveLength(asked);
    clock.advance(2_000);
    expect(await dns.addresses('example.com')).toEqual(['192.0.2.2']);
  });

  test('services are kept for a minute, and that there are none for half of one', async () => {
    server.srv('_sip._udp.example.com', { priority: 1, weight: 0, port: 1, target: 'a.example.com' });
    expect(await dns.srv('_sip._udp.example.com')).toHaveLength(1);
    expect(await dns.naptr('example.com')).toEqual([]);
    server.naptr('example.com', 1, 1, 'SIP+D2U', '_sip._udp.example.com').drop('_sip._udp.example.com');
    clock.advance(29_000);
    expect(await dns.naptr('example.com')).toEqual([]);
    clock.advance(2_000);
    expect(await dns.naptr('example.com')).toHaveLength(1);
    expect(await dns.srv('_sip._udp.example.com')).toHaveLength(1);
    clock.advance(30_000);
    expect(await dns.srv('_sip._udp.example.com')).toEqual([]);
  });

  test('those who ask at the same time share one question', async () => {
    server.a('example.com', '192.0.2.1');
    await Promise.all([dns.addresses('example.com'), dns.addresses('example.com'), dns.addresses('example.com')]);
    expect(server.asked.sort()).toEqual(['A example.com', 'AAAA example.com']);
  });

  test('an answer that is over is used while the name server is away, and without one the failure is told', async () => {
    server.a('example.com', '192.0.2.1', 10);
    await dns.addresses('example.com');
    clock.advance(60_000);
    server.isSilent = true;
    expect(await dns.addresses('example.com')).toEqual(['192.0.2.1']);
    await expect(find('sip:other.example.com:5060')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

test('without servers of its own the names of this machine are known', async () => {
  const system = new Dns({ timeout: 200 });
  expect(await system.addresses('localhost')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  );
  system.close();
});

describe('the order of SRV records (RFC 2782)', () => {
  const record = (name: string, priority: number, weight: number) => ({ name, priority, weight, port: 5060 });

  test('a lower priority comes first, whatever the weights', () => {
    const ordered = orderByWeight([record('c', 3, 9), record('a', 1, 0), record('b', 2, 99)], () => 0.999);
    expect(ordered.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('within one priority the share of first places is that of the weights', () => {
    // Evenly spread lots in place of chance.
    let lot = 0;
    const random = (): number => (lot = (lot + 0.618_033_988_749_895) % 1);
    const first: Record<string, number> = {};
    for (let i = 0; i < 10_000; i += 1) {
      const [winner] = orderByWeight([record('heavy', 1, 75), record('light', 1, 25), record('never', 1, 0)], random);
      first[winner!.name] = (first[winner!.name] ?? 0) + 1;
    }
    expect(first.heavy! / 10_000).toBeCloseTo(0.75, 1);
    expect(first.light! / 10_000).toBeCloseTo(0.25, 1);
    expect(first.never ?? 0).toBeLessThan(300);
  });

  test('each record comes once', () => {
    const records = ['a', 'b', 'c', 'd'].map((name) => record(name, 1, 0));
    expect(
      orderByWeight(records, Math.random)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b', 'c', 'd']);
  });
});
