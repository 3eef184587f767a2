import { once } from 'node:events';
import net from 'node:net';
import { ManualClock } from '../../../src/lib/clock';
import { Networks } from '../../../src/lib/networks';
import { verifySipIdentity } from '../../../src/sipd/transport/identity';
import { socketFor, socketOf } from '../../../src/sipd/transport/sockets';
import type { ListenEndpoint, TransportName } from '../../../src/sipd/transport/types';
import { TransportLayer } from '../../../src/sipd/transport/transport-layer';
import type { TransportOptions } from '../../../src/sipd/transport/transport-layer';
import { requestText, startLayer, tcpClient, udpClient } from './helpers';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function layerOn(listen: ListenEndpoint[], options?: TransportOptions): Promise<TransportLayer> {
  const layer = new TransportLayer(options);
  cleanups.push(() => layer.close());
  await layer.listen(listen);

  return layer;
}

function on(transport: TransportName, host: string): ListenEndpoint {
  return { transport, host, port: 0 };
}

describe('several addresses', () => {
  const all = ['127.0.0.1', '127.0.0.2', '::1'];

  test('each is listened on, and what is sent names one that the far end can reach', async () => {
    const layer = await layerOn(all.flatMap((host) => [on('udp', host), on('tcp', host)]));
    expect(layer.listening.map(({ transport, local }) => `${transport} ${local.address}`)).toEqual(
      all.flatMap((host) => [`udp ${host}`, `tcp ${host}`]),
    );
    expect(layer.addresses.udp).toEqual(layer.listening[0]!.local);
    for (const { transport, local } of layer.listening) {
      expect(layer.sentBy({ transport, address: local.address, port: 9 })).toEqual(local);
    }
  });

  test('a response leaves by the socket that the request came in by', async () => {
    const layer = await layerOn([on('udp', '127.0.0.1'), on('udp', '127.0.0.2')]);
    const client = await udpClient();
    cleanups.push(() => client.socket.close());
    const second = layer.listening[1]!.local;
    const arrived = once(client.socket, 'message');
    layer.on('message', (message, flow) => {
      expect(layer.sentBy(flow)).toEqual(second);
      void layer.send(Buffer.from('x'), layer.responsePath(message.via, flow));
    });
    client.socket.send(requestText({ via: 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;rport' }), second.port, '127.0.0.2');
    expect((await arrived)[1]).toMatchObject({ address: '127.0.0.2', port: second.port });
  });

  test('a connection of ours leaves from the address that belongs to it', async () => {
    const layer = await layerOn([on('tcp', '127.0.0.1'), on('tcp', '127.0.0.2')]);
    const server = net.createServer().listen(0, '127.0.0.2');
    cleanups.push(() => server.close());
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    const { port } = server.address() as net.AddressInfo;
    await layer.send(Buffer.from(requestText()), { transport: 'tcp', address: '127.0.0.2', port });
    const [socket] = await accepted;
    cleanups.push(() => socket.destroy());
    expect(socket.remoteAddress).toBe('127.0.0.2');
  });

  test('one that cannot be had leaves none open', async () => {
    const layer = new TransportLayer();
    const taken = net.createServer().listen(0, '127.0.0.1');
    cleanups.push(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    const free = on('udp', '127.0.0.1');
    await expect(layer.listen([free, { transport: 'tcp', host: '127.0.0.1', port }])).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `Cannot listen on TCP 127.0.0.1:${port}: EADDRINUSE`,
    });
    expect(layer.listening).toEqual([]);
  });
});

describe('which socket serves an address', () => {
  const bound = ['127.0.0.1', '192.0.2.5', '2001:db8::5'].map((address) => ({
    transport: 'udp' as const,
    local: { address, port: 5060 },
  }));
  const addressFor = (remote: string): string | undefined => socketFor(bound, remote)?.local.address;

  test.each([
    ['127.0.0.9', '127.0.0.1'],
    ['198.51.100.1', '192.0.2.5'],
    ['192.0.2.5', '192.0.2.5'],
    ['2001:db8::9', '2001:db8::5'],
  ])('%s: %s', (remote, local) => {
    expect(addressFor(remote)).toBe(local);
  });

  test('a family without a socket has none, unless a wildcard of IPv6 takes IPv4 too', () => {
    expect(socketFor(bound.slice(0, 2), '::1')).toBeUndefined();
    const dual = { transport: 'udp' as const, local: { address: '::', port: 5060 } };
    expect(socketFor([dual], '192.0.2.1')).toBe(dual);
  });

  test('a flow that we opened belongs to the socket of its address', () => {
    const flow = { transport: 'tcp', local: { address: '192.0.2.5', port: 40_000 }, id: 'x' } as const;
    const remote = { address: '198.51.100.1', port: 5060 };
    expect(socketOf(bound, { ...flow, remote })?.local.address).toBe('192.0.2.5');
  });
});

describe('the address that others see', () => {
  const far = { transport: 'udp', address: '198.51.100.9', port: 5060 } as const;
  const near = { transport: 'udp', address: '127.0.0.9', port: 5060 } as const;

  test('is told to those outside, while our own networks are told the local one', async () => {
    const external = { address: '203.0.113.5' };
    const layer = await layerOn([on('udp', '127.0.0.1'), on('udp', '::1')], { external });
    const { port } = layer.addresses.udp!;
    expect(layer.sentBy(far)).toEqual({ address: '203.0.113.5', port });
    expect(layer.sentBy(near)).toEqual({ address: '127.0.0.1', port });
    // An IPv4 address is of no use to IPv6.
    expect(layer.sentBy({ ...far, address: '2001:db8::9' }).address).toBe('::1');
  });

  test('which networks are ours can be said', async () => {
    const external = { address: 'sip.example.com', localNetworks: ['198.51.100.0/24', '2001:db8::/32'] };
    const layer = await layerOn([on('udp', '127.0.0.1')], { external });
    expect(layer.sentBy(far).address).toBe('127.0.0.1');
    expect(layer.sentBy(near).address).toBe('sip.example.com');
    expect(() => new TransportLayer({ external: { ...external, localNetworks: ['10.0.0.0/33'] } })).toThrow(
      "'10.0.0.0/33' is not a network; write it like 10.0.0.0/8 or fd00::/8",
    );
  });

  test.each(['10.1.0.0/16', '10.1.2.3', 'fd00::/8'])('%s is a network', (text) => {
    expect(new Networks([text]).has(text.split('/')[0]!)).toBe(true);
    expect(new Networks([text]).has('192.0.2.1')).toBe(false);
  });

  test.each(['10.1', 'x/8', '10.0.0.0/8/8', '10.0.0.0/', 'fd00::/129', ''])("'%s' is none", (text) => {
    expect(() => new Networks([text])).toThrow(RangeError);
  });
});

describe('whose certificate it is (RFC 5922)', () => {
  const subject = (CN: string) => ({ CN }) as never;

  test.each([
    ['example.com', 'DNS:example.com', true],
    ['EXAMPLE.com', 'DNS:Example.com', true],
    ['example.com', 'DNS:other.com, DNS:example.com', true],
    ['a.example.com', 'DNS:*.example.com', false],
    ['example.com', 'DNS:example.com.evil.org', false],
    ['example.com', 'URI:sip:example.com', true],
    ['example.com', 'URI:sips:example.com', false],
    ['example.com', 'URI:sip:user@example.com', false],
    ['example.com', 'URI:https://example.com', false],
    // A sip URI says whom it is for; the names of hosts do not count then.
    ['example.com', 'URI:sip:other.com, DNS:example.com', false],
    ['example.com', 'DNS:"other.com, DNS:example.com"', false],
    ['example.com', 'email:x@example.com, IP Address:192.0.2.1', false],
    ['192.0.2.1', 'IP Address:192.0.2.1', true],
    ['192.0.2.1', 'DNS:192.0.2.1', false],
    ['2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1', true],
    ['192.0.2.1', 'IP Address:192.0.2.10', false],
  ])('%s of %s: %s', (domain, subjectaltname, isIt) => {
    expect(verifySipIdentity(domain, { subject: subject('nobody'), subjectaltname }) === undefined).toBe(isIt);
  });

  test('the CN counts only where no name is in subjectAltName', () => {
    expect(verifySipIdentity('example.com', { subject: subject('example.com') })).toBeUndefined();
    const other = { subject: subject('example.com'), subjectaltname: 'DNS:other.com' };
    expect(verifySipIdentity('example.com', other)).toMatchObject({
      message: 'The certificate is not that of example.com',
    });
    expect(verifySipIdentity('192.0.2.1', { subject: subject('192.0.2.1') })).toBeDefined();
  });
});

describe('a connection that nobody uses', () => {
  test('is closed after its time, unless something lives on it', async () => {
    const clock = new ManualClock();
    const { layer, messages, closed } = await startLayer({ tcpPort: 0 }, { clock, idle: 60_000 });
    cleanups.push(() => layer.close());
    const port = layer.addresses.tcp!.port;
    const [needed, idle, alive] = [await tcpClient(port), await tcpClient(port), await tcpClient(port)];
    const flows: string[] = [];
    for (const { socket } of [needed, idle, alive]) {
      cleanups.push(() => socket.destroy());
      socket.write(requestText({ via: 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa' }));
      flows.push((await messages.take()).flow.id);
    }
    const asked: number[] = [];
    layer.keepOpen(() => {
      asked.push(clock.now());

      return new Set([flows[0]!]);
    });
    clock.advance(55_000);
    expect(asked).toEqual([]);
    alive.socket.write('\r\n\r\n');
    expect(await alive.inbox.take()).toBe('\r\n');
    clock.advance(10_000);
    expect((await closed.take()).id).toBe(flows[1]);
    expect(layer.stats().connections.tcp).toBe(2);
    // Once for all that are idle, not for each.
    expect(asked).toHaveLength(1);
    layer.keepOpen(() => new Set());
    clock.advance(60_000);
    expect([(await closed.take()).id, (await closed.take()).id].sort()).toEqual([flows[0], flows[2]].sort());
  });
});
