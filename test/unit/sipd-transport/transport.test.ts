import { once } from 'node:events';
import net from 'node:net';
import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/lib/clock';
import type { SipRequest } from '../../../src/sipd/message/message';
import { makeResponse } from '../../../src/sipd/message/response';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { TransportError } from '../../../src/sipd/transport/types';
import { cleanups, requestText, start, startLayer, tcpClient, udpClient } from './helpers';

async function udp(host?: string): ReturnType<typeof udpClient> {
  const client = await udpClient(host);
  cleanups.push(() => client.socket.close());

  return client;
}

async function tcp(port: number): ReturnType<typeof tcpClient> {
  const client = await tcpClient(port);
  cleanups.push(() => client.socket.destroy());

  return client;
}

/** A WebSocket client that is open. */
async function ws(port: number, protocol: string | undefined = 'sip'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocol);
  cleanups.push(() => socket.terminate());
  await once(socket, 'open');

  return socket;
}

function okTo(request: SipRequest): Buffer {
  return toBuffer(makeResponse(request, 200, undefined, { toTag: 'ours' }));
}

describe('UDP', () => {
  test('port 0 takes a free port that can be read afterwards', async () => {
    const { layer } = await start({ udpPort: 0, tcpPort: 0, wsPort: 0 });
    expect(layer.addresses.udp!.port).toBeGreaterThan(0);
    expect(layer.addresses.tcp!.port).toBeGreaterThan(0);
    expect(layer.addresses.ws!.port).toBeGreaterThan(0);
  });

  test('rport and received are filled in, and the response goes to the source port', async () => {
    const { layer, messages } = await start({ udpPort: 0 });
    const client = await udp();
    const via = 'SIP/2.0/UDP phone.example.com:5060;branch=z9hG4bKa;rport';
    client.socket.send(requestText({ via }), layer.addresses.udp!.port, '127.0.0.1');
    const { message, flow } = await messages.take();
    expect(message.headers.get('Via')).toBe(
      `SIP/2.0/UDP phone.example.com:5060;branch=z9hG4bKa;rport=${client.port};received=127.0.0.1`,
    );
    expect(message.via).toMatchObject({ rport: client.port, received: '127.0.0.1', branch: 'z9hG4bKa' });
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 200 OK\r\n/);
  });

  test('without rport the response goes to the port of sent-by at the source address', async () => {
    const { layer, messages } = await start({ udpPort: 0 });
    const sender = await udp();
    const listener = await udp();
    const via = `SIP/2.0/UDP phone.example.com:${listener.port};branch=z9hG4bKa`;
    sender.socket.send(requestText({ via }), layer.addresses.udp!.port, '127.0.0.1');
    const { message, flow } = await messages.take();
    expect(message.via).toMatchObject({ received: '127.0.0.1', rport: undefined });
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect(await listener.inbox.take()).toMatch(/^SIP\/2\.0 200 OK\r\n/);
  });

  test('what the sender wrote as received and rport is overwritten, and maddr is not followed', async () => {
    const { layer, messages } = await start({ udpPort: 0 });
    const client = await udp();
    const via = 'SIP/2.0/UDP 192.0.2.1;received=192.0.2.9;rport=9;maddr=192.0.2.8;x=";rport;";branch=z9hG4bKa';
    client.socket.send(requestText({ via }), layer.addresses.udp!.port, '127.0.0.1');
    const { message, flow } = await messages.take();
    expect(message.via).toMatchObject({ received: '127.0.0.1', rport: client.port, branch: 'z9hG4bKa' });
    expect(message.via.params).toMatchObject({ x: ';rport;', maddr: '192.0.2.8' });
    expect(layer.responsePath(message.via, flow)).toMatchObject({
      remote: { address: '127.0.0.1', port: client.port },
    });
  });

  test('the other Vias of a comma-joined line stay as they are', async () => {
    const { layer, messages } = await start({ udpPort: 0 });
    const client = await udp();
    const via = 'SIP/2.0/UDP a.example.com;branch=z9hG4bKa;rport, SIP/2.0/TCP b.example.com;branch=z9hG4bKb';
    client.socket.send(requestText({ via }), layer.addresses.udp!.port, '127.0.0.1');
    const { message } = await messages.take();
    expect(message.headers.all('Via')).toEqual([
      `SIP/2.0/UDP a.example.com;branch=z9hG4bKa;rport=${client.port};received=127.0.0.1`,
      'SIP/2.0/TCP b.example.com;branch=z9hG4bKb',
    ]);
  });

  test('IPv6', async () => {
    const { layer, messages } = await start({ host: '::1', udpPort: 0 });
    const client = await udp('::1');
    client.socket.send(
      requestText({ via: 'SIP/2.0/UDP [::1]:9;branch=z9hG4bKa;rport' }),
      layer.addresses.udp!.port,
      '::1',
    );
    const { message, flow } = await messages.take();
    expect(message.via).toMatchObject({ host: '::1', received: '::1', rport: client.port });
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect(await client.inbox.take()).toContain('received=::1');
    expect(layer.sentBy({ transport: 'udp', address: '::1', port: 5060 })).toEqual(layer.addresses.udp);
  });

  test('one wildcard IPv6 socket serves IPv4 too, with plain IPv4 addresses', async () => {
    const { layer, messages } = await start({ host: '::', udpPort: 0 });
    const client = await udp();
    client.socket.send(
      requestText({ via: 'SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKa;rport' }),
      layer.addresses.udp!.port,
      '127.0.0.1',
    );
    const { message, flow } = await messages.take();
    expect(flow.remote.address).toBe('127.0.0.1');
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect(await client.inbox.take()).toContain('received=127.0.0.1');
    expect(layer.sentBy({ transport: 'udp', address: '127.0.0.1', port: 1 }).address).toBe('127.0.0.1');
  });

  test('keep-alives, STUN, RTP and DTLS are ignored and counted', async () => {
    const { layer, messages, malformed } = await start({ udpPort: 0 });
    const client = await udp();
    const stun = Buffer.from('000100002112a442000000000000000000000000', 'hex');
    for (const junk of [
      Buffer.from('\r\n\r\n'),
      Buffer.from('\0'),
      stun,
      Buffer.from([0x80, 0, 1, 2]),
      Buffer.from([0x16, 0xfe]),
    ]) {
      client.socket.send(junk, layer.addresses.udp!.port, '127.0.0.1');
    }
    client.socket.send(requestText(), layer.addresses.udp!.port, '127.0.0.1');
    await messages.take();
    expect(malformed.size).toBe(0);
    expect(layer.stats()).toMatchObject({ ignored: 5, malformed: 0, received: { udp: 1 } });
  });

  test('malformed input is reported with what could be read of it', async () => {
    const { layer, malformed } = await start({ udpPort: 0 });
    const client = await udp();
    const bad = requestText({ via: 'SIP/2.0/UDP host.example.com;branch=z9hG4bKa;rport' }).replace(
      'CSeq: 1',
      'CSeq: one',
    );
    client.socket.send(bad, layer.addresses.udp!.port, '127.0.0.1');
    const { error, raw } = await malformed.take();
    expect(error).toMatchObject({ status: 400, reason: 'Malformed CSeq' });
    expect(error.request!.headers.get('Via')).toContain(`rport=${client.port};received=127.0.0.1`);
    expect(raw.toString()).toBe(bad);
    expect(layer.stats().malformed).toBe(1);
  });

  test('a message too long for a datagram is a transport error, and so is a name without an address', async () => {
    const { layer } = await start({ udpPort: 0 }, { resolve: () => Promise.reject(new Error('no such name')) });
    const target = { transport: 'udp', address: '127.0.0.1', port: layer.addresses.udp!.port } as const;
    await expect(layer.send(Buffer.alloc(70_000, 'a'), target)).rejects.toMatchObject({ code: 'EMSGSIZE' });
    await expect(layer.send(Buffer.from('x'), { ...target, address: 'nowhere.test' })).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
    await expect(layer.send(Buffer.from('x'), { ...target, port: 70_000 })).rejects.toBeInstanceOf(TransportError);
    await expect(layer.send(Buffer.from('x'), { ...target, address: '::1' })).rejects.toMatchObject({
      code: 'NO_LISTENER',
    });
    expect(layer.stats().sendErrors).toBe(4);
  });

  test('a name is resolved, to an address of a family that we listen on', async () => {
    const { layer, messages } = await start({ udpPort: 0 }, { resolve: () => Promise.resolve(['::1', '127.0.0.1']) });
    const flow = await layer.send(Buffer.from(requestText()), {
      transport: 'udp',
      address: 'me.test',
      port: layer.addresses.udp!.port,
    });
    expect(flow.remote.address).toBe('127.0.0.1');
    await messages.take();
  });

  test('the host to listen on may be a name; one without an address is told', async () => {
    const { layer } = await start({ host: 'home.test', udpPort: 0 }, { resolve: () => Promise.resolve(['127.0.0.1']) });
    expect(layer.addresses.udp!.address).toBe('127.0.0.1');
    const resolve = (): Promise<string[]> => Promise.reject(new Error('no such name'));
    await expect(startLayer({ host: 'nowhere.test', udpPort: 0 }, { resolve })).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  test('a port in use is told by transport and address, and nothing is left open', async () => {
    const { layer } = await start({ udpPort: 0 });
    const { port } = layer.addresses.udp!;
    const other = await start({});
    await expect(other.layer.listen({ host: '127.0.0.1', tcpPort: 0, udpPort: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `Cannot listen on UDP 127.0.0.1:${port}: EADDRINUSE`,
    });
    expect(other.layer.addresses).toEqual({});
  });

  test('the public address stands in for our own', async () => {
    const { layer } = await start({ udpPort: 0 }, { publicAddress: '203.0.113.5' });
    expect(layer.sentBy({ transport: 'udp', address: '192.0.2.1', port: 5060 })).toEqual({
      address: '203.0.113.5',
      port: layer.addresses.udp!.port,
    });
  });
});

describe('TCP', () => {
  test('messages split and merged at any place, keep-alives answered', async () => {
    const { layer, messages } = await start({ tcpPort: 0 });
    const client = await tcp(layer.addresses.tcp!.port);
    const text = requestText({ via: 'SIP/2.0/TCP host.example.com;branch=z9hG4bKa', body: 'hello' });
    for (const byte of Buffer.from(text)) client.socket.write(Buffer.of(byte));
    const first = await messages.take();
    expect(first.message.body.toString()).toBe('hello');
    expect(first.message.via.received).toBe('127.0.0.1');
    client.socket.write(`\r\n\r\n${text}${text}`);
    expect((await messages.take()).flow.id).toBe(first.flow.id);
    await messages.take();
    expect(await client.inbox.take()).toBe('\r\n');
  });

  test('the response goes back over the same connection', async () => {
    const { layer, messages } = await start({ tcpPort: 0 });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(requestText({ via: 'SIP/2.0/TCP host.example.com;branch=z9hG4bKa' }));
    const { message, flow } = await messages.take();
    const path = layer.responsePath(message.via, flow);
    expect(path).toBe(flow);
    await layer.send(okTo(message as SipRequest), path);
    expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 200 OK/);
  });

  test('a client is reached again by its source address over the connection that it opened', async () => {
    const { layer, messages } = await start({ tcpPort: 0 });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(requestText({ via: 'SIP/2.0/TCP host.example.com;branch=z9hG4bKa' }));
    const { flow } = await messages.take();
    const used = await layer.send(Buffer.from(requestText()), { transport: 'tcp', ...flow.remote });
    expect(used.id).toBe(flow.id);
    expect(await client.inbox.take()).toMatch(/^OPTIONS /);
    expect(layer.stats().connections).toMatchObject({ tcp: 1, tls: 0, ws: 0, wss: 0 });
  });

  test('a connection is dialled when there is none, once for sends at the same time, and used again', async () => {
    const one = await start({ tcpPort: 0 });
    const two = await start({ tcpPort: 0 });
    const target = { transport: 'tcp', ...two.layer.addresses.tcp! } as const;
    const bytes = Buffer.from(requestText());
    const flows = await Promise.all([one.layer.send(bytes, target), one.layer.send(bytes, target)]);
    flows.push(await one.layer.send(bytes, target), await one.layer.send(bytes, flows[0]!));
    expect(new Set(flows.map((flow) => flow.id)).size).toBe(1);
    for (let i = 0; i < 4; i += 1) await two.messages.take();
    expect(two.layer.stats().connections.tcp).toBe(1);
  });

  test('a refused connection is a transport error', async () => {
    const { layer } = await start({ tcpPort: 0 });
    const gone = net.createServer();
    gone.listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as net.AddressInfo;
    gone.close();
    await once(gone, 'close');
    await expect(layer.send(Buffer.from('x'), { transport: 'tcp', address: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('a closed connection is told, and a response then goes to the port of sent-by', async () => {
    const { layer, messages, closed } = await start({ tcpPort: 0 });
    const other = await start({ tcpPort: 0 });
    const client = await tcp(layer.addresses.tcp!.port);
    const { port } = other.layer.addresses.tcp!;
    client.socket.write(requestText({ via: `SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKa` }));
    const { message, flow } = await messages.take();
    client.socket.end();
    expect((await closed.take()).id).toBe(flow.id);
    await expect(layer.send(okTo(message as SipRequest), flow)).rejects.toMatchObject({ code: 'FLOW_CLOSED' });
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect((await other.messages.take()).message).toMatchObject({ kind: 'response', status: 200 });
  });

  test('without Content-Length the stream cannot be followed: told, then closed', async () => {
    const { layer, malformed, closed } = await start({ tcpPort: 0 });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(requestText().replace(/Content-Length: 0\r\n/, ''));
    expect((await malformed.take()).error).toMatchObject({ status: 400, request: { method: 'OPTIONS' } });
    await closed.take();
  });

  test('a body over the limit is answered over the connection, which is then closed', async () => {
    const { layer, closed } = await start({ tcpPort: 0 }, { maxBody: 1000 });
    layer.on('malformed', (error, flow) => {
      void layer.send(toBuffer(makeResponse(error.request!, error.status)), flow);
    });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(requestText({ body: 'x'.repeat(2000) }));
    expect(await client.inbox.take()).toMatch(/^SIP\/2\.0 413 /);
    await closed.take();
  });

  test('a head over the limit ends the connection', async () => {
    const { layer, malformed, closed } = await start({ tcpPort: 0 }, { maxHead: 2000 });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(`OPTIONS sip:a@b SIP/2.0\r\nX: ${'y'.repeat(3000)}`);
    expect((await malformed.take()).error).toMatchObject({ status: 513 });
    await closed.take();
  });

  test('who opens a connection and says nothing, or stops amid a message, is dropped; who has spoken may be silent', async () => {
    const clock = new ManualClock();
    const { layer, messages, closed } = await start({ tcpPort: 0 }, { clock, patience: 10_000 });
    const { port } = layer.addresses.tcp!;
    const good = await tcp(port);
    good.socket.write(requestText());
    const { flow } = await messages.take();
    const stuck = await tcp(port);
    stuck.socket.write(`${requestText()}OPTIONS sip:`);
    const stuckFlow = (await messages.take()).flow;
    const mute = await tcp(port);
    // One more round trip makes sure that the mute connection was accepted.
    good.socket.write(requestText());
    await messages.take();
    clock.advance(20_000);
    const ended = [await closed.take(), await closed.take()].map(({ id }) => id);
    expect(ended).toContain(stuckFlow.id);
    expect(ended).not.toContain(flow.id);
    expect(mute.socket.readable).toBe(true);
    expect(layer.stats().connections.tcp).toBe(1);
  });

  test('connections beyond the limit are refused', async () => {
    const { layer, messages } = await start({ tcpPort: 0 }, { maxConnections: 1 });
    const first = await tcp(layer.addresses.tcp!.port);
    first.socket.write(requestText());
    await messages.take();
    const second = await tcp(layer.addresses.tcp!.port);
    await once(second.socket, 'close');
    expect(layer.stats().connections.tcp).toBe(1);
  });

  test('a far end that does not read is given up', async () => {
    const { layer, messages, closed } = await start({ tcpPort: 0 }, { maxBacklog: 100_000 });
    const client = await tcp(layer.addresses.tcp!.port);
    client.socket.write(requestText());
    const { flow } = await messages.take();
    client.socket.pause();
    const bytes = Buffer.alloc(200_000, 'x');
    const flood = Array.from({ length: 1000 }, () => layer.send(bytes, flow));
    // What waits for room has an end, too.
    const settled = await Promise.allSettled(flood);
    expect(settled).toContainEqual(expect.objectContaining({ reason: expect.objectContaining({ code: 'BACKLOG' }) }));
    await closed.take();
  });
});

describe('WebSocket', () => {
  test('one message a frame, the response over the same connection, the client reached again', async () => {
    const { layer, messages, closed } = await start({ wsPort: 0 });
    const socket = await ws(layer.addresses.ws!.port);
    expect(socket.protocol).toBe('sip');
    socket.send(requestText({ via: 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKa;rport' }));
    const { message, flow } = await messages.take();
    expect(message.via).toMatchObject({ transport: 'WS', host: 'df7jal23ls0d.invalid', received: '127.0.0.1' });
    const answer = once(socket, 'message');
    await layer.send(okTo(message as SipRequest), layer.responsePath(message.via, flow));
    expect(String((await answer)[0])).toMatch(/^SIP\/2\.0 200 OK/);
    const again = once(socket, 'message');
    await layer.send(Buffer.from(requestText()), { transport: 'ws', ...flow.remote });
    expect(String((await again)[0])).toMatch(/^OPTIONS /);
    expect(layer.sentBy(flow)).toEqual(layer.addresses.ws);
    socket.close();
    expect((await closed.take()).id).toBe(flow.id);
    await expect(layer.send(Buffer.from('x'), { transport: 'ws', ...flow.remote })).rejects.toMatchObject({
      code: 'NO_CONNECTION',
    });
  });

  test('binary frames are taken, bytes that are no UTF-8 are sent as binary', async () => {
    const { layer, messages } = await start({ wsPort: 0 });
    const socket = await ws(layer.addresses.ws!.port);
    socket.send(Buffer.from(requestText({ body: 'hi' })));
    const { message, flow } = await messages.take();
    expect(message.body.toString()).toBe('hi');
    const frame = once(socket, 'message');
    await layer.send(Buffer.concat([Buffer.from(requestText()), Buffer.from([0xff, 0xfe])]), flow);
    expect((await frame)[1]).toBe(true);
  });

  test('a client without the subprotocol is refused', async () => {
    const { layer } = await start({ wsPort: 0 });
    const socket = new WebSocket(`ws://127.0.0.1:${layer.addresses.ws!.port}`, 'chat');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('400');
  });

  test('keep-alives are answered, malformed messages told', async () => {
    const { layer, malformed } = await start({ wsPort: 0 });
    const socket = await ws(layer.addresses.ws!.port);
    const answer = once(socket, 'message');
    socket.send('\r\n\r\n');
    expect(String((await answer)[0])).toBe('\r\n');
    socket.send('OPTIONS nonsense');
    expect((await malformed.take()).error.status).toBe(400);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('a client that went away in silence is found by ping', async () => {
    const clock = new ManualClock();
    const { layer, messages, closed } = await start({ wsPort: 0 }, { clock, wsPing: 30_000 });
    const socket = await ws(layer.addresses.ws!.port);
    socket.send(requestText());
    const { flow } = await messages.take();
    const pinged = once(socket, 'ping');
    clock.advance(35_000);
    await pinged;
    socket.pause();
    clock.advance(70_000);
    expect((await closed.take()).id).toBe(flow.id);
  });
});

test('close ends every socket and may be called twice', async () => {
  const { layer, messages, closed } = await start({ udpPort: 0, tcpPort: 0, wsPort: 0 });
  const client = await tcp(layer.addresses.tcp!.port);
  client.socket.write(requestText());
  await messages.take();
  const socket = await ws(layer.addresses.ws!.port);
  socket.send(requestText());
  await messages.take();
  const half = await tcp(layer.addresses.ws!.port);
  half.socket.write('GET / HTTP/1.1\r\n');
  await Promise.all([layer.close(), layer.close()]);
  expect([await closed.take(), await closed.take()].map(({ transport }) => transport).sort()).toEqual(['tcp', 'ws']);
  await expect(
    layer.send(Buffer.from('x'), { transport: 'tcp', address: '127.0.0.1', port: 1 }),
  ).rejects.toBeInstanceOf(TransportError);
  await expect(
    layer.send(Buffer.from('x'), { transport: 'udp', address: '127.0.0.1', port: 1 }),
  ).rejects.toBeInstanceOf(TransportError);
});
