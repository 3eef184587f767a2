import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import type { DefenceOptions } from '../../../src/sipd/defence/options';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';
import { requestText, startLayer, tcpClient } from '../sipd-transport/helpers';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A whole server for which the loopback is as strange as any network. It has no application, so it answers 503 itself. */
async function start(defence: Partial<DefenceOptions>): Promise<Sipd> {
  const ports = { udpPort: 0, tcpPort: 0, controlPort: 0, secret: 'only-a-test' };
  const sipd = await startSipd({
    host: '127.0.0.1',
    ...ports,
    log: silentLogger,
    defence: { trusted: [], ...defence },
  });
  cleanups.push(() => sipd.close());

  return sipd;
}

let serial = 0;

/** An OPTIONS of its own transaction. What it requires is not supported, so whoever is served gets 420. */
function ask(): string {
  serial += 1;
  const via = `SIP/2.0/UDP 127.0.0.1:5099;rport;branch=z9hG4bK-flood-${serial}`;
  const text = requestText({ via, more: ['Require: something-unheard-of'] });

  return text.replace('Call-ID: c1', `Call-ID: c${serial}`);
}

async function socketAt(address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  cleanups.push(() => socket.close());

  return socket;
}

function send(socket: dgram.Socket, text: string, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(text, port, '127.0.0.1', () => resolve()));
}

/** The answer; a phone that hears nothing asks again with the same bytes, as RFC 3261 has it. */
function answerTo(socket: dgram.Socket, port: number, text = ask()): Promise<string> {
  return new Promise((resolve) => {
    const again = setInterval(() => void send(socket, text, port), 500);
    socket.once('message', (bytes) => {
      clearInterval(again);
      resolve(bytes.toString());
    });
    void send(socket, text, port);
  });
}

async function exchange(socket: dgram.Socket, port: number): Promise<number> {
  return Number((await answerTo(socket, port)).slice(8, 11));
}

const tight = {
  requests: { perSecond: 50, burst: 50 },
  messages: { perSecond: 500, burst: 500 },
  floodBan: 1_000,
  // The processors of a test may be busy with other things.
  lateness: 60_000,
};

test('while one source floods, fifty others are served', async () => {
  const sipd = await start(tight);
  const { port } = sipd.addresses.udp!;
  const flooder = await socketAt('127.9.9.9');
  const honest = await Promise.all(Array.from({ length: 50 }, (_, i) => socketAt(`127.1.1.${i + 1}`)));
  const statuses: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const answers = honest.map((socket) => exchange(socket, port));
    for (let i = 0; i < 1_000; i += 1) await send(flooder, ask(), port);
    statuses.push(...(await Promise.all(answers)));
  }
  expect(statuses.filter((status) => status === 420).length).toBeGreaterThanOrEqual(0.95 * 200);
  const { defence, transactions } = sipd.stats();
  // Nobody knows whether the owner of the address has sent it: he is not banned for it, but next to nothing of it is read.
  expect(defence).toMatchObject({ narrowed: 1, bans: { total: 0 } });
  expect(defence.dropped.flood).toBeGreaterThan(500);
  // What was refused has left nothing behind.
  const kept = Object.values(transactions.server).reduce((sum, count) => sum + count, 0);
  expect(kept).toBeLessThanOrEqual(200 + 500);
});

test('a flood in the name of somebody keeps him neither from his calls nor from his connections, and he is not banned', async () => {
  const sipd = await start(tight);
  const { port } = sipd.addresses.udp!;
  const [owner, forger] = [await socketAt('127.4.4.4'), await socketAt('127.4.4.4')];
  const tag = /\r\nTo: [^\r\n]*;tag=([^\r\n;]+)/.exec(await answerTo(owner, port))![1]!;
  for (let i = 0; i < 4_000; i += 1) await send(forger, ask(), port);
  const inside = (): string => ask().replace('To: <sip:b@example.com>', `To: <sip:b@example.com>;tag=${tag}`);
  for (let i = 0; i < 20; i += 1) {
    const answered = answerTo(owner, port, inside());
    for (let more = 0; more < 50; more += 1) await send(forger, ask(), port);
    // Not 503 of the defence, which has a limit of its own for what the owner surely sent.
    expect((await answered).slice(8, 11)).toBe('420');
  }
  const stream = net.connect({ port: sipd.addresses.tcp!.port, host: '127.0.0.1', localAddress: '127.4.4.4' });
  stream.write(inside().replace('/UDP', '/TCP'));
  const [answer] = (await once(stream, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^SIP\/2.0 420 /);
  stream.destroy();
  expect(sipd.stats().defence).toMatchObject({ narrowed: 1, bans: { total: 0 } });
});

test('who floods and shows that he reads the answers is banned', async () => {
  const sipd = await start({ ...tight, floodBan: 100 });
  const { port } = sipd.addresses.udp!;
  const flooder = await socketAt('127.5.5.5');
  const tag = /\r\nTo: [^\r\n]*;tag=([^\r\n;]+)/.exec(await answerTo(flooder, port))![1]!;
  const inside = (): string => ask().replace('To: <sip:b@example.com>', `To: <sip:b@example.com>;tag=${tag}`);
  while (sipd.stats().defence.bans.total === 0) {
    for (let i = 0; i < 100; i += 1) await send(flooder, inside(), port);
    // The server is in this process, and has its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const stream = net.connect({ port: sipd.addresses.tcp!.port, host: '127.0.0.1', localAddress: '127.5.5.5' });
  await once(stream.on('error', () => undefined).resume(), 'close');
  expect(sipd.stats().defence).toMatchObject({ narrowed: 0, bans: { active: 1 }, connectionsRefused: 1 });
});

test('a thousand sources that each keep to their limits are all served', async () => {
  const sipd = await start(tight);
  const { port } = sipd.addresses.udp!;
  const statuses: number[] = [];
  for (let group = 1; group <= 10; group += 1) {
    const sockets = await Promise.all(Array.from({ length: 100 }, (_, i) => socketAt(`127.2.${group}.${i + 1}`)));
    statuses.push(...(await Promise.all(sockets.map((socket) => exchange(socket, port)))));
  }
  expect(statuses.filter((status) => status === 420)).toHaveLength(1_000);
  expect(sipd.stats().defence).toMatchObject({ sources: 1_000, refused: { rate: 0 }, bans: { total: 0 } });
});

test('whoever is beyond his limit gets 503 with Retry-After by way of no transaction', async () => {
  const sipd = await start({ ...tight, requests: { perSecond: 0.001, burst: 1 } });
  const { port } = sipd.addresses.udp!;
  const socket = await socketAt('127.1.1.1');
  expect(await exchange(socket, port)).toBe(420);
  const before = sipd.stats().transactions.server;
  const answered = once(socket, 'message');
  // One answer in a thousand seconds is less than one: what is beyond that is dropped.
  await send(socket, ask(), port);
  const other = await start({ ...tight, requests: { perSecond: 1, burst: 0 } });
  await send(socket, ask(), other.addresses.udp!.port);
  const [bytes] = (await answered) as [Buffer];
  expect(bytes.toString()).toMatch(/^SIP\/2\.0 503 Service Unavailable\r\n[^]*Retry-After: [3-7]\r\n/);
  expect(bytes.toString()).toMatch(/To: <sip:b@example.com>;tag=/);
  expect(other.stats().transactions.server).toEqual({});
  expect(sipd.stats().transactions.server).toEqual(before);
});

test('a ban closes the connections of its source and takes no others, and nobody else notices', async () => {
  const sipd = await start({ authBan: 3 });
  const { port } = sipd.addresses.tcp!;
  const from = async (localAddress: string): Promise<net.Socket> => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
    await once(socket, 'connect');
    cleanups.push(() => socket.destroy());

    return socket;
  };
  const [guesser, honest] = [await from('127.3.3.3'), await from('127.1.1.1')];
  honest.write(ask().replace('/UDP', '/TCP'));
  const [answer] = (await once(honest, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^SIP\/2.0 420 /);
  guesser.write(ask().replace('/UDP', '/TCP'));
  await once(guesser, 'data');
  const gone = once(guesser, 'close');
  for (let i = 0; i < 3; i += 1) sipd.defence.authFailed('127.3.3.3');
  await gone;
  const again = await from('127.3.3.3');
  await once(again.resume(), 'close');
  honest.write(ask().replace('/UDP', '/TCP'));
  await once(honest, 'data');
  expect(sipd.stats().defence).toMatchObject({ authFailures: 3, connectionsRefused: 1, bans: { active: 1 } });
});

test('one source may not take all connections', async () => {
  const sipd = await start({ connectionsPerSource: 10 });
  const { port } = sipd.addresses.tcp!;
  const sockets = await Promise.all(Array.from({ length: 10 }, () => tcpClient(port)));
  const eleventh = await tcpClient(port);
  await once(eleventh.socket.resume(), 'close');
  const other = net.connect({ port, host: '127.0.0.1', localAddress: '127.1.1.1' });
  other.write(ask().replace('/UDP', '/TCP'));
  await once(other, 'data');
  for (const { socket } of sockets) socket.destroy();
  other.destroy();
  expect(sipd.stats().defence.connectionsRefused).toBe(1);
});

const via = 'SIP/2.0/UDP 127.0.0.1:5099;rport;branch=z9hG4bK-large';
const bomb = requestText({ via, more: Array.from({ length: 500 }, (_, i) => `X-${i}: b`) });
const tall = requestText({ via, more: [`X-Tall: ${'x'.repeat(20_000)}`] });
const fat = requestText({ via, body: 'b'.repeat(20_000) });

test.each([
  ['too many headers', bomb, '513 Too Many Headers'],
  ['a head that is too long', tall, '513 Message Too Large'],
  ['a body that is too long', fat, '413 Request Entity Too Large'],
])('%s: a datagram is answered, and a stream is answered and closed', async (_name, text, answer) => {
  const sipd = await start({ maxHead: 16_384, maxBody: 16_384, maxHeaders: 200 });
  const socket = await socketAt('127.1.1.1');
  const heard = once(socket, 'message');
  await send(socket, text, sipd.addresses.udp!.port);
  const [datagram] = (await heard) as [Buffer];
  expect(datagram.toString().split('\r\n')[0]).toMatch(`SIP/2.0 ${answer}`);
  const stream = await tcpClient(sipd.addresses.tcp!.port);
  const closed = once(stream.socket, 'close');
  stream.socket.write(text.replace('/UDP', '/TCP'));
  expect((await stream.inbox.take()).split('\r\n')[0]).toMatch(`SIP/2.0 ${answer}`);
  await closed;
});

test('whoever says nothing, stops in the middle, or lets a message drip is closed; whoever speaks is not', async () => {
  const clock = new ManualClock();
  const { layer, messages, closed } = await startLayer({ tcpPort: 0 }, { clock, patience: 10_000 });
  cleanups.push(() => layer.close());
  const open = (): ReturnType<typeof tcpClient> => tcpClient(layer.addresses.tcp!.port);
  const [silent, half, drip, honest] = [await open(), await open(), await open(), await open()];
  const text = requestText().replace('/UDP', '/TCP');
  half.socket.write(text.slice(0, 40));
  drip.socket.write(text.slice(0, 1));
  for (let i = 1; i <= 12; i += 1) {
    honest.socket.write(text);
    if (!drip.socket.destroyed) drip.socket.write(text.slice(i, i + 1));
    await messages.take();
    clock.advance(1_500);
  }
  await Promise.all([silent, half, drip].map(async () => closed.take()));
  expect(layer.stats().connections.tcp).toBe(1);
  honest.socket.destroy();
});
