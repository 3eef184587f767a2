import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Headers, SipRequest } from '../../../src/sipd/message/message';
import { scaledTimers } from '../../../src/sipd/transaction/timers';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import { TransportLayer } from '../../../src/sipd/transport/transport-layer';
import type { Target, TransportName } from '../../../src/sipd/transport/types';
import { tcpClient, udpClient } from '../sipd-transport/helpers';

/** Both layers on true sockets; every request is answered 200. */
interface Stack {
  transport: TransportLayer;
  layer: TransactionLayer;
  target(transport: TransportName): Target;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startStack(t1 = 20, host = '127.0.0.1'): Promise<Stack> {
  const transport = new TransportLayer();
  await transport.listen({ host, udpPort: 0, tcpPort: 0, wsPort: 0 });
  const layer = new TransactionLayer({ transport, timers: scaledTimers(t1), checks: { extensions: ['timer'] } });
  layer.on('request', (_request, transaction) => transaction.reply(200));
  cleanups.push(() => {
    layer.close();

    return transport.close();
  });

  return { transport, layer, target: (name) => ({ transport: name, ...transport.addresses[name]! }) };
}

function options(): SipRequest {
  const headers = Headers.from({
    From: '<sip:a@example.com>;tag=1',
    To: '<sip:b@example.com>',
    'Call-ID': `${Math.random()}`,
    CSeq: '1 OPTIONS',
  });

  return new SipRequest('OPTIONS', 'sip:b@example.com', headers);
}

/** The status of the answer, or what went wrong. */
function ask(stack: Stack, request: SipRequest, target: Target): Promise<number | string> {
  return new Promise((resolve) => {
    const transaction = stack.layer.request(request, target);
    transaction.on('response', (response) => resolve(response.status));
    transaction.on('timeout', () => resolve('timeout'));
    transaction.on('transportError', (error) => resolve(error.code));
  });
}

test.each(['udp', 'tcp'] as const)('a request over %s from one server to another', async (name) => {
  const [one, two] = [await startStack(), await startStack()];
  expect(await ask(one, options(), two.target(name))).toBe(200);
});

test('over IPv6', async () => {
  const [one, two] = [await startStack(20, '::1'), await startStack(20, '::1')];
  expect(await ask(one, options(), two.target('udp'))).toBe(200);
  expect(await ask(one, options(), two.target('tcp'))).toBe(200);
});

test('nobody there: UDP times out, TCP and WebSocket fail at once', async () => {
  const stack = await startStack(2);
  const silent = await udpClient();
  cleanups.push(() => silent.socket.close());
  expect(await ask(stack, options(), { transport: 'udp', address: '127.0.0.1', port: silent.port })).toBe('timeout');
  const gone = await startStack();
  const target = gone.target('tcp');
  await gone.transport.close();
  expect(await ask(stack, options(), target)).toBe('ECONNREFUSED');
  expect(await ask(stack, options(), { ...target, transport: 'ws' })).toBe('NO_CONNECTION');
});

test('a request too long for a datagram is a transport error', async () => {
  const stack = await startStack();
  const request = options();
  request.body = Buffer.alloc(70_000, 'x');
  expect(await ask(stack, request, stack.target('udp'))).toBe('EMSGSIZE');
  const long = options();
  long.body = Buffer.alloc(20_000, 'x');
  expect(await ask(stack, long, (await startStack()).target('udp'))).toBe(200);
});

describe('the torture messages of RFC 4475', () => {
  const folder = path.join(__dirname, '../../data/sip/rfc4475');
  const messages = readdirSync(folder).map((file) => ({
    name: file.replace('.dat', ''),
    bytes: readFileSync(path.join(folder, file)),
  }));
  /** What comes back by the rport that the test puts into the top Via; all others get 200, responses get nothing. */
  const answers: Record<string, number> = {
    ...{ badinv01: 400, clerr: 400, ncl: 400, scalar02: 400, quotbal: 400, ltgtruri: 400, lwsruri: 400, lwsstart: 400 },
    ...{ trws: 400, escruri: 400, regbadct: 400, badaspec: 400, baddn: 400, badvers: 505, mismatch01: 400 },
    ...{ mismatch02: 400, insuf: 400, multi01: 400, mcl01: 400, unkscm: 416, novelsc: 416, bext01: 420, zeromf: 483 },
  };
  const responses = ['bcast', 'bigcode', 'noreason', 'scalarlg', 'unreason'];

  test.each(messages)('$name over UDP: the right answer, and the server lives', async ({ name, bytes }) => {
    const stack = await startStack();
    const client = await udpClient();
    cleanups.push(() => client.socket.close());
    const { port } = stack.target('udp');
    client.socket.send(withRport(bytes), port, '127.0.0.1');
    if (!responses.includes(name)) {
      expect(Number((await client.inbox.take()).split(' ')[1])).toBe(answers[name] ?? 200);
    }
    client.socket.send(ping('udp'), port, '127.0.0.1');
    expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 200 OK[^]*Call-ID: ping/);
  });

  test.each(messages)('$name over TCP: the server lives', async ({ bytes }) => {
    const stack = await startStack();
    const { port } = stack.target('tcp');
    const bad = await tcpClient(port);
    bad.socket.end(bytes);
    const client = await tcpClient(port);
    client.socket.write(ping('tcp'));
    expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 200 OK[^]*Call-ID: ping/);
    client.socket.destroy();
    bad.socket.destroy();
  });
});

/** The message with rport in its first Via, so that the answer finds the way to the test. */
function withRport(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (text.includes(';rport')) return bytes;

  return Buffer.from(text.replace(/^(?:v|Via)[ \t]*:[^;\r]*(?:\r\n[ \t][^;\r]*)*/im, '$&;rport'), 'latin1');
}

function ping(transport: string): Buffer {
  const lines = [
    'OPTIONS sip:b@example.com SIP/2.0',
    `Via: SIP/2.0/${transport.toUpperCase()} 127.0.0.1:9;branch=z9hG4bKping;rport`,
    'From: <sip:ping@example.com>;tag=ping',
    'To: <sip:b@example.com>',
    'Call-ID: ping',
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];

  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

test('malformed messages over TCP: answered on the connection, which stays when the framing does', async () => {
  const stack = await startStack();
  const client = await tcpClient(stack.target('tcp').port);
  cleanups.push(() => client.socket.destroy());
  client.socket.write(ping('tcp').toString().replace('CSeq: 1', 'CSeq: x'));
  expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 400 Malformed CSeq\r\n/);
  client.socket.write(ping('tcp'));
  expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 200/);
  client.socket.write(ping('tcp').toString().replace('Content-Length: 0', 'Content-Length: 999999999'));
  expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 413/);
  expect(stack.layer.stats().malformed).toBe(2);
});
