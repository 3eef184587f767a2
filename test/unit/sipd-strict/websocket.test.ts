import net from 'node:net';
import { good, wsFrame } from '../../../scripts/fuzz/frames';
import type { Shape } from '../../../scripts/fuzz/frames';
import { silentLogger } from '../../../src/lib/logger';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';
import { requestText, startLayer } from '../sipd-transport/helpers';

let sipd: Sipd;
const open: net.Socket[] = [];

beforeAll(async () => {
  const ports = { udpPort: 0, wsPort: 0, controlPort: 0, secret: 'only-a-test' };
  // The processors of a test may be busy with other things: nobody is refused for that.
  sipd = await startSipd({ host: '127.0.0.1', ...ports, log: silentLogger, defence: { lateness: 60_000 } });
});
afterAll(() => sipd.close());

/** After whatever was sent the server serves others, and holds none of those connections. */
afterEach(async () => {
  const other = await Client.open();
  other.send(wsFrame(Buffer.from(question), good));
  expect((await other.frame()).payload.toString()).toMatch(/^SIP\/2\.0 420 /);
  other.socket.destroy();
  for (const socket of open.splice(0)) socket.destroy();
  await until(() => sipd.stats().transport.connections.ws === 0);
});

/** The server refuses it by itself, so no application is needed. */
const question = requestText({
  via: 'SIP/2.0/WS a.invalid;branch=z9hG4bKshape',
  more: ['Require: something-unheard-of'],
});

/** Looks at each turn of the event loop. @throws Error after 10 s */
async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error('what was waited for did not come true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Frame {
  opcode: number;
  payload: Buffer;
}

/** Whatever speaks to the port of WebSockets, byte by byte. */
class Client {
  private bytes = Buffer.alloc(0);
  private wake: () => void = () => undefined;
  isClosed = false;

  private constructor(readonly socket: net.Socket) {
    open.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake();
    });
    socket.once('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  static async connect(port = sipd.addresses.ws!.port, allowHalfOpen = false): Promise<Client> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen });
    await new Promise((resolve) => socket.once('connect', resolve));

    return new Client(socket);
  }

  /** After the handshake. */
  static async open(): Promise<Client> {
    const client = await Client.connect();
    client.send(handshake());
    expect(await client.head()).toMatch(/^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: sip\r\n/);

    return client;
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** The head of an answer of HTTP. */
  async head(): Promise<string> {
    const end = await this.have(() => this.bytes.indexOf('\r\n\r\n') + 4, 4);
    const head = this.bytes.toString('latin1', 0, end);
    this.bytes = this.bytes.subarray(end);

    return head;
  }

  /** The next frame of the server, which masks nothing. @throws Error when the connection ends before */
  async frame(): Promise<Frame> {
    const whole = await this.have(() => this.frameEnd(), 1);
    const opcode = this.bytes[0]! & 0x0f;
    const payload = this.bytes.subarray(this.bytes[1]! === 126 ? 4 : 2, whole);
    this.bytes = this.bytes.subarray(whole);

    return { opcode, payload };
  }

  /** The code of the close frame that comes after whatever else; then this side ends the connection, as it should. */
  async closeCode(): Promise<number> {
    let frame = await this.frame();
    while (frame.opcode !== 8) frame = await this.frame();
    this.socket.end();

    return frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  private frameEnd(): number {
    const [, length = 0] = this.bytes;
    if (this.bytes.length < 4 && (this.bytes.length < 2 || length === 126)) return 0;
    const end = length === 126 ? 4 + this.bytes.readUInt16BE(2) : 2 + length;

    return end <= this.bytes.length ? end : 0;
  }

  private async have(end: () => number, least: number): Promise<number> {
    while (end() < least) {
      if (this.isClosed) throw new Error('the connection ended');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }

    return end();
  }
}

function handshake(changes: Record<string, string | undefined> = {}, first = 'GET / HTTP/1.1'): string {
  const usual: Record<string, string | undefined> = {
    Host: '127.0.0.1',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': 'sip',
  };
  const lines = Object.entries({ ...usual, ...changes }).filter(([, value]) => value !== undefined);

  return [first, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

const text = Buffer.from('hello');
const frame = (shape: Partial<Shape>, payload = text): Buffer => wsFrame(payload, { ...good, ...shape });
const closing = (code: number, reason: Buffer | string = ''): Buffer => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);

  return frame({ opcode: 8 }, Buffer.concat([head, Buffer.from(reason)]));
};
const start = frame({ fin: false });
/** Head and body together may have so many bytes. */
const mostBytes = 65_536 + 262_144;
const piece = Buffer.alloc(40_000, 'x');
const protocolError = 1002;
const notUtf8 = 1007;
const tooLarge = 1009;

const shapes: [what: string, code: number, bytes: Buffer | Buffer[]][] = [
  ['a frame that is not masked', protocolError, frame({ masked: false })],
  ...[1, 2, 4, 7].map((reserved) => ['reserved bits', protocolError, frame({ reserved })] as [string, number, Buffer]),
  ...[3, 7, 11, 15].map((opcode) => [`opcode ${opcode}`, protocolError, frame({ opcode })] as [string, number, Buffer]),
  ...[8, 9, 10].flatMap((opcode): [string, number, Buffer][] => [
    [`a control frame ${opcode} in fragments`, protocolError, frame({ opcode, fin: false })],
    [`a control frame ${opcode} of 126 bytes`, protocolError, frame({ opcode }, Buffer.alloc(126))],
  ]),
  ['a continuation of nothing', protocolError, frame({ opcode: 0 })],
  ['a continuation after the end', protocolError, [start, frame({ opcode: 0 }), frame({ opcode: 0 })]],
  ['a new message within another', protocolError, [start, frame({})]],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map(
    (code) => [`a close with code ${code}`, protocolError, closing(code)] as [string, number, Buffer],
  ),
  ['a close with one byte', protocolError, frame({ opcode: 8 }, Buffer.from([3]))],
  ['a close whose reason is no UTF-8', notUtf8, closing(1000, Buffer.from([0xc3, 0x28]))],
  ['a text that is no UTF-8', notUtf8, frame({}, Buffer.from([0xed, 0xa0, 0x80]))],
  [
    'the same, cut within a character',
    notUtf8,
    [frame({ fin: false }, Buffer.from([0xe2, 0x82])), frame({ opcode: 0 })],
  ],
  ['a length with its top bit set', tooLarge, frame({ claimed: 0xffff_ffff_ffff_ffffn })],
  ['a length that no number holds', tooLarge, frame({ claimed: 0x0020_0000_0000_0000n })],
  ['a length over the limit', tooLarge, frame({ claimed: BigInt(mostBytes + 1) })],
  [
    'a message over the limit, in fragments',
    tooLarge,
    [
      frame({ fin: false }, piece),
      ...Array.from({ length: Math.ceil(mostBytes / piece.length) }, () => frame({ opcode: 0, fin: false }, piece)),
    ],
  ],
  ['a good-bye', 1000, closing(1000, 'over')],
  ['a good-bye of its own kind', 4000, closing(4000)],
  ['a good-bye in the midst of a message', 1000, [start, closing(1000)]],
  ['a good-bye without a word', 1005, frame({ opcode: 8 }, Buffer.alloc(0))],
];

test.each(shapes)('%s: closed with %i', async (_what, code, bytes) => {
  const client = await Client.open();
  for (const one of [bytes].flat()) client.send(one);
  expect(await client.closeCode()).toBe(code);
});

test('a good message before the fault is answered', async () => {
  const client = await Client.open();
  const cut = question.length / 2;
  client.send(frame({ fin: false }, Buffer.from(question.slice(0, cut))));
  client.send(frame({ opcode: 9 }, Buffer.from('are you there')));
  client.send(frame({ opcode: 0 }, Buffer.from(question.slice(cut))));
  client.send(frame({ masked: false }));
  expect(await client.frame()).toMatchObject({ opcode: 10, payload: Buffer.from('are you there') });
  expect((await client.frame()).payload.toString()).toMatch(/^SIP\/2\.0 420 /);
  expect(await client.closeCode()).toBe(protocolError);
});

test('who does not go when he is told what is wrong is cut off', async () => {
  const client = await Client.connect(undefined, true);
  client.send(handshake());
  await client.head();
  client.send(frame({ masked: false }));
  expect((await client.frame()).opcode).toBe(8);
  await until(() => sipd.stats().transport.connections.ws === 0);
});

test('five hundred pings are each answered, and the call goes on', async () => {
  const client = await Client.open();
  for (let n = 0; n < 500; n += 1) {
    client.send(frame({ opcode: 9 }, Buffer.from(String(n))));
    expect(await client.frame()).toMatchObject({ opcode: 10, payload: Buffer.from(String(n)) });
  }
  client.send(wsFrame(Buffer.from(question), good));
  expect((await client.frame()).payload.toString()).toMatch(/^SIP\/2\.0 420 /);
});

test('a flood of pings whose answers nobody reads is cut off before it fills the memory', async () => {
  const { layer, closed } = await startLayer({ wsPort: 0 }, { maxBacklog: 20_000 });
  const client = await Client.connect(layer.addresses.ws!.port);
  client.send(handshake());
  await client.head();
  client.socket.pause();
  const many = Buffer.concat(Array.from({ length: 5_000 }, () => frame({ opcode: 9 }, Buffer.alloc(125))));
  const flood = (): void => void client.socket.write(many, (error) => error ?? flood());
  flood();
  await closed.take();
  client.socket.destroy();
  await layer.close();
});

test.each([
  ['pings', frame({ opcode: 9 })],
  ['keep-alives', frame({}, Buffer.from('\r\n\r\n'))],
  ['messages that cannot be read', frame({}, Buffer.from('OPTIONS nonsense'))],
])('a flood of %s is one of messages: the connection is closed', async (_what, one) => {
  const limits = { trusted: [], messages: { perSecond: 1, burst: 50 }, lateness: 60_000 };
  const own = { host: '127.0.0.1', wsPort: 0, controlPort: 0, secret: 'only-a-test', log: silentLogger };
  const strict = await startSipd({ ...own, defence: limits });
  const client = await Client.connect(strict.addresses.ws!.port);
  client.send(handshake());
  await client.head();
  for (let n = 0; n < 51; n += 1) client.send(one);
  await client.closed();
  expect(strict.stats().defence.dropped.flood).toBe(1);
  await strict.close();
});

const refusals: [what: string, status: number, request: string][] = [
  ['no upgrade', 426, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no subprotocol', 400, handshake({ 'Sec-WebSocket-Protocol': undefined })],
  ['another subprotocol', 400, handshake({ 'Sec-WebSocket-Protocol': 'chat, sips' })],
  ['version 12', 400, handshake({ 'Sec-WebSocket-Version': '12' })],
  ['no version', 400, handshake({ 'Sec-WebSocket-Version': undefined })],
  ['no key', 400, handshake({ 'Sec-WebSocket-Key': undefined })],
  ['a key that is too short', 400, handshake({ 'Sec-WebSocket-Key': 'AAAA' })],
  ['an upgrade to something else', 400, handshake({ Upgrade: 'h2c' })],
  ['another method', 405, handshake({}, 'POST / HTTP/1.1')],
  ['no HTTP', 400, 'OPTIONS sip:a SIP/2.0\r\n\r\n'],
  ['a head without end', 431, `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`],
];

test.each(refusals)('a handshake with %s: %i, and the connection is closed', async (_what, status, request) => {
  const client = await Client.connect();
  client.send(request);
  const head = await client.head();
  expect(head).toMatch(`HTTP/1.1 ${status} `);
  if (request.includes('Version: 12')) expect(head).toMatch(/\r\nSec-WebSocket-Version: 13/);
  if (status !== 426) await client.closed();
  expect(sipd.stats().transport.connections.ws).toBe(0);
});

test.each([
  ['nothing', ''],
  ['half of it', handshake().slice(0, 60)],
])('a handshake of which %s comes is given up', async (_what, bytes) => {
  const { layer } = await startLayer({ wsPort: 0 }, { handshakeTimeout: 50 });
  const client = await Client.connect(layer.addresses.ws!.port);
  if (bytes !== '') client.send(bytes);
  await client.closed();
  await layer.close();
});

test('a handshake that is cut off leaves nothing behind', async () => {
  for (const length of [0, 1, 30, handshake().length - 1]) {
    const client = await Client.connect();
    client.send(handshake().slice(0, length));
    client.socket.resetAndDestroy();
    await client.closed();
  }
  const client = await Client.connect();
  client.send(handshake());
  client.socket.destroySoon();
  await client.closed();
});
