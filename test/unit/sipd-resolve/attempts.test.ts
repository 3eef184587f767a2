import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { silentLogger } from '../../../src/lib/logger';
import { Headers, SipRequest } from '../../../src/sipd/message/message';
import type { SipResponse } from '../../../src/sipd/message/message';
import { targetOfUri } from '../../../src/sipd/dialog/target';
import { parseUri } from '../../../src/sipd/message/grammar';
import { routed } from '../../../src/sipd/network';
import type { RoutedTransactions } from '../../../src/sipd/resolve/routed-transactions';
import { scaledTimers } from '../../../src/sipd/transaction/timers';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import type { ClientTransaction } from '../../../src/sipd/transaction/types';
import { TransportLayer } from '../../../src/sipd/transport/transport-layer';
import type { ListenEndpoint } from '../../../src/sipd/transport/types';
import { freeTcpPort } from '../../support/ports';
import { DnsServer } from '../../support/dns';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const host = '127.0.0.1';
const udpAndTcp: ListenEndpoint[] = (['udp', 'tcp'] as const).map((transport) => ({ transport, host, port: 0 }));

async function layerOn(
  listen: readonly ListenEndpoint[],
): Promise<{ transport: TransportLayer; layer: TransactionLayer }> {
  const transport = new TransportLayer();
  const layer = new TransactionLayer({ transport, timers: scaledTimers(10) });
  cleanups.push(
    () => transport.close(),
    () => layer.close(),
  );
  await transport.listen(listen);

  return { transport, layer };
}

/** The side that sends, which asks a name server of the test. */
async function client(
  listen = udpAndTcp,
  maxDatagram?: number,
): Promise<{ dns: DnsServer; transactions: RoutedTransactions }> {
  const server = await DnsServer.start();
  const { transport, layer } = await layerOn(listen);
  const options = { dns: { servers: [server.address], timeout: 200 }, maxDatagram };
  const { transactions, dns } = routed(layer, transport, options, silentLogger);
  cleanups.push(
    () => server.close(),
    () => dns.close(),
  );

  return { dns: server, transactions };
}

/** A server that notes by which transport requests came, and gives each the same answers; with none it is silent. */
async function peer(answers: readonly [number, Record<string, string>?][], listen = udpAndTcp) {
  const { transport, layer } = await layerOn(listen);
  const heard: string[] = [];
  layer.on('request', (request, transaction) => {
    heard.push(`${request.via.transport} ${request.method} ${request.headers.get('Contact') ?? ''}`.trim());
    for (const [status, headers = {}] of answers) transaction.reply(status, undefined, Object.entries(headers));
  });

  return { heard, udp: transport.addresses.udp?.port ?? 0, tcp: transport.addresses.tcp?.port ?? 0 };
}

/** A port that takes everything and says nothing. */
async function silence(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, host);
  cleanups.push(() => socket.close());
  await once(socket, 'listening');

  return socket.address().port;
}

let serial = 0;

function newRequest(method: string, uri: string, bytes = 0, contact?: string): SipRequest {
  serial += 1;
  const headers = Headers.from({
    'Max-Forwards': '70',
    From: '<sip:a@here.test>;tag=1',
    To: `<${uri}>`,
    'Call-ID': `call-${serial}`,
    CSeq: `1 ${method}`,
    ...(contact === undefined ? {} : { Contact: contact }),
  });

  return new SipRequest(method, uri, headers, Buffer.alloc(bytes, 'x'));
}

/** What the user of a transaction is told, until its end; 2xx to INVITE end the story at once. */
function story(transaction: ClientTransaction): Promise<string[]> {
  const told: string[] = [];

  return new Promise((resolve) => {
    transaction.on('response', (response: SipResponse) => {
      told.push(String(response.status));
      if (response.status >= 200 && response.status < 300) resolve(told);
    });
    transaction.on('timeout', () => told.push('timeout'));
    transaction.on('transportError', ({ code }) => told.push(code));
    transaction.on('terminated', () => resolve(told));
  });
}

function send(transactions: RoutedTransactions, request: SipRequest): Promise<string[]> {
  return story(transactions.request(request, targetOfUri(parseUri(request.uri))));
}

/** A domain whose servers are these ports of the loopback, tried in this order. */
function domain(dns: DnsServer, transport: 'udp' | 'tcp', ports: readonly number[]): void {
  ports.forEach((port, priority) =>
    dns.srv(`_sip._${transport}.example.com`, { priority, weight: 0, port, target: 'host.example.com' }),
  );
  dns.a('host.example.com', host);
}

describe('where one place fails, the next is tried (RFC 3263 section 4.3)', () => {
  test('after 503, with a branch of its own', async () => {
    const { dns, transactions } = await client();
    const [first, second] = [await peer([[503]]), await peer([[200]])];
    domain(dns, 'udp', [first.udp, second.udp]);
    const request = newRequest('OPTIONS', 'sip:example.com;transport=udp');
    const transaction = transactions.request(request, targetOfUri(parseUri(request.uri)));
    const before = request.via.branch;
    expect(await story(transaction)).toEqual(['200']);
    expect([first.heard.length, second.heard.length]).toEqual([1, 1]);
    expect(request.headers.count('Via')).toBe(1);
    expect(request.via.branch).not.toBe(before);
  });

  test('after no connection, and the failed place stands behind then', async () => {
    const { dns, transactions } = await client();
    const [closed, good] = [await freeTcpPort(), await peer([[200]])];
    domain(dns, 'tcp', [closed, good.tcp]);
    expect(await send(transactions, newRequest('OPTIONS', 'sip:example.com;transport=tcp'))).toEqual(['200']);
    expect(await send(transactions, newRequest('OPTIONS', 'sip:example.com;transport=tcp'))).toEqual(['200']);
    expect(good.heard).toHaveLength(2);
  });

  test('after no answer, once; two that do not answer are a timeout', async () => {
    const { dns, transactions } = await client();
    const [silent, dumb, good] = [await silence(), await silence(), await peer([[200]])];
    domain(dns, 'udp', [silent, good.udp]);
    expect(await send(transactions, newRequest('INVITE', 'sip:example.com;transport=udp'))).toEqual(['200']);
    const other = await client();
    domain(other.dns, 'udp', [silent, dumb, good.udp]);
    const told = await send(other.transactions, newRequest('INVITE', 'sip:example.com;transport=udp'));
    expect(told).toEqual(['timeout']);
    expect(good.heard).toHaveLength(1);
  });

  test('a Retry-After keeps others away from there', async () => {
    const { dns, transactions } = await client();
    const [busy, good] = [await peer([[503, { 'Retry-After': '30' }]]), await peer([[200]])];
    domain(dns, 'udp', [busy.udp, good.udp]);
    for (let i = 0; i < 3; i += 1) {
      expect(await send(transactions, newRequest('OPTIONS', 'sip:example.com;transport=udp'))).toEqual(['200']);
    }
    expect([busy.heard.length, good.heard.length]).toEqual([1, 3]);
  });

  test('not after another answer, nor once it rang', async () => {
    const good = await peer([[200]]);
    for (const answers of [[[500]], [[180], [503]]] as [number][][]) {
      const other = await peer(answers);
      const { dns, transactions } = await client();
      domain(dns, 'udp', [other.udp, good.udp]);
      const told = await send(transactions, newRequest('INVITE', 'sip:example.com;transport=udp'));
      expect(told).toEqual(answers.map(([status]) => String(status)));
    }
    expect(good.heard).toEqual([]);
  });

  test('the last failure is the one that is told', async () => {
    const { dns, transactions } = await client();
    const [busy, closed] = [await peer([[503]]), await freeTcpPort()];
    domain(dns, 'tcp', [closed, busy.tcp]);
    expect(await send(transactions, newRequest('OPTIONS', 'sip:example.com;transport=tcp'))).toEqual(['503']);
    expect(await send(transactions, newRequest('OPTIONS', 'sip:nowhere.example.com'))).toEqual(['ENOTFOUND']);
  });

  test('an INVITE that is cancelled while its name is looked up is cancelled as soon as it can be', async () => {
    const { dns, transactions } = await client();
    const { transport, layer } = await layerOn(udpAndTcp);
    const seen: string[] = [];
    layer.on('request', (request, transaction) => {
      seen.push(request.method);
      transaction.reply(180);
      transaction.on('cancel', () => transaction.reply(487));
    });
    domain(dns, 'udp', [transport.addresses.udp!.port]);
    const request = newRequest('INVITE', 'sip:example.com;transport=udp');
    const transaction = transactions.request(request, targetOfUri(parseUri(request.uri)));
    expect(transaction.cancel()).toBe(true);
    expect(await story(transaction)).toEqual(['180', '487']);
    expect(seen).toEqual(['INVITE']);
  });

  test('a message without a transaction finds its way too', async () => {
    const { dns, transactions } = await client();
    const { transport, layer } = await layerOn(udpAndTcp);
    domain(dns, 'tcp', [await freeTcpPort(), transport.addresses.tcp!.port]);
    const ack = new Promise((resolve) => layer.on('ack', resolve));
    const request = newRequest('ACK', 'sip:example.com;transport=tcp');
    await transactions.sendStateless(request, targetOfUri(parseUri(request.uri)));
    expect(await ack).toMatchObject({ method: 'ACK' });
    expect(request.headers.count('Via')).toBe(1);
  });
});

test('what DNS chooses stands in Via and Contact', async () => {
  const { dns, transactions } = await client();
  const good = await peer([[200]]);
  dns.naptr('example.com', 1, 1, 'SIP+D2T', '_sip._tcp.example.com');
  domain(dns, 'tcp', [good.tcp]);
  const contact = `<sip:me@${host}:${await ownUdpPort(transactions)}>`;
  const request = newRequest('OPTIONS', 'sip:example.com', 0, contact);
  await send(transactions, request);
  expect(good.heard.at(-1)).toBe(`TCP OPTIONS <sip:me@${host}:${request.via.port};transport=tcp>`);
  await send(transactions, newRequest('OPTIONS', 'sip:example.com', 0, '<sip:me@other.test>'));
  expect(good.heard.at(-1)).toBe('TCP OPTIONS <sip:me@other.test>');
});

/** What a request that goes by UDP has in its Via. */
async function ownUdpPort(transactions: RoutedTransactions): Promise<number> {
  const good = await peer([[200]]);
  const request = newRequest('OPTIONS', `sip:${host}:${good.udp}`);
  await send(transactions, request);

  return request.via.port!;
}

describe('what is too long for UDP (RFC 3261 section 18.1.1)', () => {
  /** A peer with UDP and TCP on one port number. */
  async function onOnePort(transports: readonly ('udp' | 'tcp')[]) {
    const port = await freeTcpPort();
    const server = await peer(
      [[200]],
      transports.map((transport) => ({ transport, host, port })),
    );

    return { ...server, uri: `sip:${host}:${port}`, port };
  }

  test('goes by TCP, and what is short by UDP', async () => {
    const { transactions } = await client();
    const { uri, heard } = await onOnePort(['udp', 'tcp']);
    await send(transactions, newRequest('OPTIONS', uri, 900));
    await send(transactions, newRequest('OPTIONS', uri, 1300));
    expect(heard).toEqual(['UDP OPTIONS', 'TCP OPTIONS']);
  });

  test('goes by UDP all the same where TCP is refused, and is not offered by TCP again soon', async () => {
    const { transactions } = await client();
    const { uri, heard, port } = await onOnePort(['udp']);
    expect(await send(transactions, newRequest('OPTIONS', uri, 1300))).toEqual(['200']);
    // Somebody who counts listens there now: nobody comes.
    let connections = 0;
    const counter = net.createServer(() => (connections += 1)).listen(port, host);
    cleanups.push(() => counter.close());
    expect(await send(transactions, newRequest('OPTIONS', uri, 1300))).toEqual(['200']);
    expect(heard).toEqual(['UDP OPTIONS', 'UDP OPTIONS']);
    expect(connections).toBe(0);
  });

  test('stays with UDP where we have no TCP, where it is told to, and on a flow', async () => {
    const { uri, heard, udp } = await onOnePort(['udp', 'tcp']);
    const withoutTcp = await client([{ transport: 'udp', host, port: 0 }]);
    await send(withoutTcp.transactions, newRequest('OPTIONS', uri, 1300));
    const never = await client(udpAndTcp, 0);
    await send(never.transactions, newRequest('OPTIONS', uri, 1300));
    const usual = await client();
    const short = usual.transactions.request(newRequest('OPTIONS', uri), {
      transport: 'udp',
      address: host,
      port: udp,
    });
    await story(short);
    await story(usual.transactions.request(newRequest('OPTIONS', uri, 1300), short.flow!));
    expect(heard).toEqual(Array(4).fill('UDP OPTIONS'));
  });

  test('an ACK with a long body too', async () => {
    const { transactions } = await client();
    const { transport, layer } = await layerOn(udpAndTcp);
    const heard = new Promise((resolve) => layer.on('ack', (ack) => resolve(ack.via.transport)));
    const { port } = transport.addresses.tcp!;
    await transactions.sendStateless(newRequest('ACK', 'sip:x@y', 1300), { transport: 'udp', address: host, port });
    expect(await heard).toBe('TCP');
  });
});
