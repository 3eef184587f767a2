import dgram from 'node:dgram';
import { SightlineError } from '../../../src/lib/errors';
import type { EngineSocket } from '../../../src/media/embedded/secure';
import { Ports } from '../../../src/media/embedded/worker/ports';

const host = '127.0.0.1';

/** The first of some neighbouring ports that are free now: an even one. */
async function freeRange(count: number): Promise<number> {
  for (;;) {
    const from = await portOf(await bound(0));
    const first = from - (from % 2);
    if (first + count > 65_535) continue;
    const all = await Promise.allSettled(Array.from({ length: count }, (_, index) => bound(first + index)));
    await Promise.all(all.map((one) => (one.status === 'fulfilled' ? closed(one.value) : undefined)));
    if (all.every(({ status }) => status === 'fulfilled')) return first;
  }
}

function bound(port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');

  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => resolve(socket));
  });
}

function closed(socket: dgram.Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

async function portOf(socket: dgram.Socket): Promise<number> {
  const { port } = socket.address();
  await closed(socket);

  return port;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

  return error instanceof SightlineError ? error.code : String(error);
}

describe('ports of the range', () => {
  const open: Ports[] = [];
  const portsAt = (from: number, to: number, at = host, onChange?: (bound: number) => void) => {
    const ports = new Ports(at, { from, to }, onChange);
    open.push(ports);

    return ports;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((ports) => ports.close()));
  });
  const numbers = (sockets: readonly EngineSocket[]) => sockets.map(({ port }) => port).sort((a, b) => a - b);

  it('come in pairs, an even one and the next, until there are none', async () => {
    const from = await freeRange(6);
    const counts: number[] = [];
    const ports = portsAt(from, from + 5, host, (count) => counts.push(count));
    const pairs = [await ports.pair(), await ports.pair(), await ports.pair()];
    for (const [even, odd] of pairs) expect([even.port % 2, odd.port - even.port]).toEqual([0, 1]);
    expect(numbers(pairs.flat())).toEqual([0, 1, 2, 3, 4, 5].map((step) => from + step));
    expect([ports.bound, ports.busy]).toEqual([6, 1]);
    expect(await codeOf(ports.pair())).toBe('MEDIA_UNAVAILABLE');
    await Promise.all(pairs[1]!.map((socket) => socket.close()));
    await pairs[1]![0].close();
    expect(numbers(await ports.pair())).toEqual(numbers(pairs[1]!));
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 5, 4, 5, 6]);
  });

  it('come singly too, both of a pair', async () => {
    const from = await freeRange(2);
    const ports = portsAt(from, from + 1);
    expect(numbers([await ports.single(), await ports.single()])).toEqual([from, from + 1]);
    expect(await codeOf(ports.single())).toBe('MEDIA_UNAVAILABLE');
  });

  it('that another process has are passed over', async () => {
    const from = await freeRange(4);
    const taken = await bound(from + 1);
    const ports = portsAt(from, from + 3);
    expect(numbers(await ports.pair())).toEqual([from + 2, from + 3]);
    expect(await codeOf(ports.pair())).toBe('MEDIA_UNAVAILABLE');
    expect(ports.bound).toBe(2);
    await closed(taken);
  });

  it('begin at the first even one', async () => {
    const from = await freeRange(4);
    expect(numbers(await portsAt(from + 1, from + 4).pair())).toEqual([from + 2, from + 3]);
    expect(await codeOf(portsAt(from + 1, from + 2).pair())).toBe('MEDIA_UNAVAILABLE');
  });

  it('at an address that this machine has not got say so', async () => {
    const ports = portsAt(40_000, 40_100, '192.0.2.1');
    await expect(ports.pair()).rejects.toThrow(/192\.0\.2\.1: EADDRNOTAVAIL/);
    expect(ports.bound).toBe(0);
  });

  it('are asked for at once by many, and none is given twice', async () => {
    const from = await freeRange(20);
    const ports = portsAt(from, from + 19);
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => ports.pair()));
    const given = all.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    expect(new Set(numbers(given)).size).toBe(given.length);
    await ports.close();
    expect([ports.bound, ports.busy]).toEqual([0, 0]);
  });
});
