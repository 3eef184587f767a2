import { once } from 'node:events';
import net from 'node:net';
import { WebSocket } from 'ws';
import type { SipRequest } from '../../../src/sipd/message/message';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import type { ServerTransaction } from '../../../src/sipd/transaction/types';
import type { Addresses, Target } from '../../../src/sipd/transport/types';
import { cleanups, Inbox, requestText, start, tcpClient } from '../sipd-transport/helpers';
import { newRequest, Stage } from './stage';

/**
 * Connections that are reset while something is on its way (RFC 3261 sections 17.1.4, 17.2.4 and 18.4). The timers are those of
 * the RFC, so that what is found out by one of them comes 32 s too late for these tests.
 */
interface Stack {
  layer: TransactionLayer;
  addresses: Addresses;
  served: Inbox<ServerTransaction>;
}

async function startStack(): Promise<Stack> {
  const { layer: transport } = await start({ tcpPort: 0, wsPort: 0 });
  const layer = new TransactionLayer({ transport });
  const served = new Inbox<ServerTransaction>();
  layer.on('request', (_request, transaction) => served.put(transaction));
  cleanups.push(() => layer.close());

  return { layer, addresses: transport.addresses, served };
}

/** A place that takes connections and does with them what the test says. */
async function farEnd(): Promise<{ target: Target; sockets: Inbox<net.Socket>; close: () => Promise<unknown> }> {
  const sockets = new Inbox<net.Socket>();
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    sockets.put(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  cleanups.push(close);
  const { port } = server.address() as net.AddressInfo;

  return { target: { transport: 'tcp', address: '127.0.0.1', port }, sockets, close };
}

/** The status of the final answer, or what went wrong. */
function ask(stack: Stack, request: SipRequest, target: Target): Promise<number | string> {
  return new Promise((resolve) => {
    const transaction = stack.layer.request(request, target);
    transaction.on('response', ({ status }) => status >= 200 && resolve(status));
    transaction.on('timeout', () => resolve('timeout'));
    transaction.on('transportError', (error) => resolve(error.code));
  });
}

async function read(socket: net.Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];

  return bytes.toString('latin1');
}

/** An answer to the request, without a body. */
function answerTo(request: string, status: number): string {
  const copied = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));

  return [`SIP/2.0 ${status} Whatever`, ...copied, 'Content-Length: 0', '', ''].join('\r\n');
}

describe('a request of ours', () => {
  test.each(['INVITE', 'BYE'])('%s: the connection is reset before any answer', async (method) => {
    const [stack, far] = [await startStack(), await farEnd()];
    const asked = ask(stack, newRequest(method), far.target);
    const socket = await far.sockets.take();
    await read(socket);
    socket.resetAndDestroy();
    expect(await asked).toBe('FLOW_CLOSED');
  });

  test.each(['INVITE', 'BYE'])('%s: the connection ends after a provisional answer', async (method) => {
    const [stack, far] = [await startStack(), await farEnd()];
    const asked = ask(stack, newRequest(method), far.target);
    const socket = await far.sockets.take();
    socket.end(answerTo(await read(socket), 100));
    expect(await asked).toBe('FLOW_CLOSED');
  });

  test('the connection is closed before it is known that the request has left', async () => {
    const stage = new Stage({ transport: 'tcp' });
    stage.call('BYE');
    const { own } = stage.alice.end;
    const remote = stage.bob.end.own;
    stage.alice.end.close({ transport: 'tcp', local: own, remote, id: `tcp-${own.address}-${remote.address}` });
    await stage.pass(0);
    expect(stage.alice.events).toEqual(['transportError FLOW_CLOSED', 'terminated']);
  });

  test('an open connection had been reset, and nobody knew: the request goes by a new one', async () => {
    const [stack, far] = [await startStack(), await farEnd()];
    const first = ask(stack, newRequest('OPTIONS'), far.target);
    const old = await far.sockets.take();
    old.write(answerTo(await read(old), 200));
    expect(await first).toBe(200);
    old.resetAndDestroy();
    const second = ask(stack, newRequest('OPTIONS'), far.target);
    const socket = await far.sockets.take();
    socket.write(answerTo(await read(socket), 200));
    expect(await second).toBe(200);
  });
});

describe('an answer of ours into a connection that was reset', () => {
  async function served(method: string, stack: Stack, port: number): Promise<ServerTransaction> {
    const client = await tcpClient(stack.addresses.tcp!.port);
    const via = `SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKreset`;
    client.socket.write(requestText({ method, via }));
    const transaction = await stack.served.take();
    client.socket.resetAndDestroy();

    return transaction;
  }

  test.each(['INVITE', 'OPTIONS'])('%s: goes to the address of the Via', async (method) => {
    const [stack, far] = [await startStack(), await farEnd()];
    const transaction = await served(method, stack, far.target.port);
    transaction.reply(486);
    expect(await read(await far.sockets.take())).toMatch(/^SIP\/2\.0 486 /);
  });

  test('nobody is at that address: it is told', async () => {
    const [stack, far] = [await startStack(), await farEnd()];
    await far.close();
    const transaction = await served('INVITE', stack, far.target.port);
    const told = new Promise((resolve) => transaction.once('transportError', ({ code }) => resolve(code)));
    transaction.reply(200);
    expect(await told).toBe('ECONNREFUSED');
  });

  test('WebSocket, which cannot be opened from here: it is told', async () => {
    const stack = await startStack();
    const socket = new WebSocket(`ws://127.0.0.1:${stack.addresses.ws!.port}`, 'sip');
    await once(socket, 'open');
    socket.send(requestText({ method: 'INVITE', via: 'SIP/2.0/WS nowhere.invalid;branch=z9hG4bKreset' }));
    const transaction = await stack.served.take();
    const told = new Promise((resolve) => transaction.once('transportError', ({ code }) => resolve(code)));
    (socket as unknown as { _socket: net.Socket })._socket.resetAndDestroy();
    transaction.reply(200);
    expect(await told).toMatch(/^(ECONNRESET|EPIPE|FLOW_CLOSED)$/);
  });
});
