import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { WebSocket } from 'ws';
import { certificateEnd, readCertificate } from '../../../src/lib/certificate';
import { silentLogger } from '../../../src/lib/logger';
import type { SipRequest } from '../../../src/sipd/message/message';
import { makeResponse } from '../../../src/sipd/message/response';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { Authority } from '../../support/certificates';
import type { CertificateFiles } from '../../support/certificates';
import { cleanups, Inbox, requestText, start, startLayer } from './helpers';

let authority: Authority;
let local: CertificateFiles;
let example: CertificateFiles;

beforeAll(async () => {
  authority = await Authority.create();
  [local, example] = await Promise.all([
    authority.issue(['IP:127.0.0.1', 'IP:::1', 'DNS:localhost']),
    authority.issue(['DNS:sip.example.com', 'URI:sip:example.com']),
  ]);
});
afterAll(() => authority.remove());

/** A TLS client that trusts the authority of these tests. */
async function client(
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<{ socket: tls.TLSSocket; inbox: Inbox<string> }> {
  const { ca } = readCertificate(local);
  const socket = tls.connect({ host: '127.0.0.1', port, ca, ...options });
  cleanups.push(() => socket.destroy());
  const inbox = new Inbox<string>();
  socket.on('data', (bytes) => inbox.put(bytes.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');

  return { socket, inbox };
}

function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

const viaTls = 'SIP/2.0/TLS 127.0.0.1:5099;branch=z9hG4bKa;rport';

describe.each(['127.0.0.1', '::1'])('TLS on %s', (host) => {
  test('a request comes in, its response goes back over the same connection, and a ping gets its pong', async () => {
    const { layer, messages } = await start({ host, tlsPort: 0 }, { tls: local });
    const { socket, inbox } = await client(layer.addresses.tls!.port, { host });
    socket.write(requestText({ via: viaTls }));
    const { message, flow } = await messages.take();
    expect(flow).toMatchObject({ transport: 'tls', remote: { address: host } });
    await layer.send(toBuffer(makeResponse(message as SipRequest, 200)), layer.responsePath(message.via, flow));
    expect(await inbox.take()).toMatch(/^SIP\/2\.0 200 OK\r\n/);
    socket.write('\r\n\r\n');
    expect(await inbox.take()).toBe('\r\n');
    expect(layer.stats()).toMatchObject({ connections: { tls: 1, tcp: 0 }, received: { tls: 1 }, sent: { tls: 1 } });
    expect(layer.sentBy(flow)).toEqual({ address: host, port: layer.addresses.tls!.port });
  });

  test('two servers talk over one connection that one of them dials', async () => {
    const a = await start({ host, tlsPort: 0 }, { tls: local });
    const b = await start({ host, tlsPort: 0 }, { tls: local });
    const target = { transport: 'tls', ...b.layer.addresses.tls! } as const;
    const [first, second] = await Promise.all([
      a.layer.send(Buffer.from(requestText({ via: viaTls })), target),
      a.layer.send(Buffer.from(requestText({ via: viaTls })), target),
    ]);
    expect(first.id).toBe(second.id);
    await b.messages.take();
    await b.messages.take();
    expect(b.layer.stats().connections.tls).toBe(1);
  });
});

describe('whom we trust', () => {
  test('nothing older than TLS 1.2 is spoken', async () => {
    const { layer } = await start({ tlsPort: 0 }, { tls: local });
    const { port } = layer.addresses.tls!;
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(client(port, old)).rejects.toThrow(/alert|version/i);
    await expect(client(port, { maxVersion: 'TLSv1.2' })).resolves.toBeDefined();
  });

  test('a server whose certificate no authority of ours signed is not spoken to', async () => {
    const b = await start({ tlsPort: 0 }, { tls: local });
    const a = await start({ tcpPort: 0 });
    const target = { transport: 'tls', ...b.layer.addresses.tls! } as const;
    await expect(a.layer.send(Buffer.from(requestText()), target)).rejects.toThrow(/No TLS connection to 127\.0\.0\.1/);
    expect(b.messages.size).toBe(0);
  });

  test('a server must prove to be the domain that the request is for', async () => {
    const b = await start({ tlsPort: 0 }, { tls: example });
    const a = await start({ tlsPort: 0 }, { tls: local });
    const place = { transport: 'tls', ...b.layer.addresses.tls! } as const;
    const bytes = Buffer.from(requestText({ via: viaTls }));
    await expect(a.layer.send(bytes, { ...place, domain: 'example.org' })).rejects.toThrow(/not that of example\.org/);
    await expect(a.layer.send(bytes, { ...place, domain: 'sip.example.com' })).rejects.toThrow(/not that of/);
    await expect(a.layer.send(bytes, place)).rejects.toThrow(/not that of 127\.0\.0\.1/);
    const flow = await a.layer.send(bytes, { ...place, domain: 'example.com' });
    await b.messages.take();
    // What was proven for one domain is used again for that one only.
    await expect(a.layer.send(bytes, { ...place, domain: 'example.com' })).resolves.toMatchObject({ id: flow.id });
    await expect(a.layer.send(bytes, { ...place, domain: 'example.org' })).rejects.toThrow(/not that of example\.org/);
  });

  test('a TLS port needs a certificate', async () => {
    await expect(startLayer({ tlsPort: 0 })).rejects.toMatchObject({ code: 'NO_CERTIFICATE' });
    await expect(startLayer({ wssPort: 0 }, { tls: { ca: local.ca } })).rejects.toMatchObject({
      code: 'NO_CERTIFICATE',
    });
  });

  test('a client with a certificate is asked for only when it is to be', async () => {
    const { layer, messages } = await start({ tlsPort: 0 }, { tls: { ...local, clientCertificates: 'required' } });
    const { port } = layer.addresses.tls!;
    const stranger = await client(port).catch(() => undefined);
    // In TLS 1.3 the client learns of the refusal after its own part of the handshake.
    if (stranger) await closed(stranger.socket);
    const { cert, key } = readCertificate(example);
    const { socket } = await client(port, { cert, key });
    socket.write(requestText({ via: viaTls }));
    expect((await messages.take()).flow.transport).toBe('tls');
    expect(layer.stats().connections.tls).toBe(1);
  });

  test('an optional certificate may be missing, but not be signed by a stranger', async () => {
    const { layer, messages } = await start({ tlsPort: 0 }, { tls: { ...local, clientCertificates: 'optional' } });
    const { port } = layer.addresses.tls!;
    const { socket } = await client(port);
    socket.write(requestText({ via: viaTls }));
    await messages.take();
    const strangers = await Authority.create();
    cleanups.push(() => strangers.remove());
    const { cert, key } = readCertificate(await strangers.issue(['DNS:example.com']));
    const stranger = await client(port, { cert, key });
    await closed(stranger.socket);
    expect(layer.stats().connections.tls).toBe(1);
  });
});

describe('the way back over a connection that the far end opened (RFC 5923)', () => {
  /** A server that asks its clients for certificates, and one that connects to it and names the port that it listens on. */
  async function opened(via: (port: number) => string, shown: CertificateFiles | { ca: string }) {
    const ours = await start({ tlsPort: 0 }, { tls: { ...local, clientCertificates: 'optional' } });
    const theirs = await start({ tlsPort: 0 }, { tls: example });
    const dialler = await start({ tcpPort: 0 }, { tls: shown });
    const { port } = theirs.layer.addresses.tls!;
    const target = { transport: 'tls', ...ours.layer.addresses.tls! } as const;
    await dialler.layer.send(Buffer.from(requestText({ via: via(port) })), target);
    const { flow } = await ours.messages.take();
    const back = { transport: 'tls', address: '127.0.0.1', port, domain: 'example.com' } as const;

    return { ours, flow, back, theirs };
  }
  const withAlias = (port: number): string => `SIP/2.0/TLS 127.0.0.1:${port};branch=z9hG4bKa;alias`;

  test('one that proved its domain and asked for it gets requests for that domain over it', async () => {
    const { ours, flow, back, theirs } = await opened(withAlias, example);
    await expect(ours.layer.send(Buffer.from(requestText()), back)).resolves.toMatchObject({ id: flow.id });
    // Another domain at the same place is none of its business: that is dialled, and has to prove itself.
    await expect(ours.layer.send(Buffer.from(requestText()), { ...back, domain: 'example.org' })).rejects.toThrow();
    expect(theirs.messages.size).toBe(0);
  });

  test('not without the parameter', async () => {
    const { ours, flow, back } = await opened((port) => withAlias(port).replace(';alias', ''), example);
    const used = await ours.layer.send(Buffer.from(requestText()), back);
    expect(used.id).not.toBe(flow.id);
  });

  test('not without a certificate', async () => {
    const { ours, flow, back } = await opened(withAlias, { ca: local.ca });
    const used = await ours.layer.send(Buffer.from(requestText()), back);
    expect(used.id).not.toBe(flow.id);
  });

  test('its own address leads over it, unless a sips URI wants proof', async () => {
    const { ours, flow } = await opened(withAlias, { ca: local.ca });
    const source = { transport: 'tls', ...flow.remote } as const;
    await expect(ours.layer.send(Buffer.from(requestText()), source)).resolves.toMatchObject({ id: flow.id });
    await expect(ours.layer.send(Buffer.from(requestText()), { ...source, secure: true })).rejects.toThrow(/No TLS/);
  });
});

describe('WSS', () => {
  test('a browser comes in and is answered', async () => {
    const { layer, messages } = await start({ wssPort: 0 }, { tls: local });
    const { port } = layer.addresses.wss!;
    const socket = new WebSocket(`wss://127.0.0.1:${port}`, 'sip', { ca: readCertificate(local).ca });
    cleanups.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(requestText({ via: 'SIP/2.0/WSS a.invalid;branch=z9hG4bKa' }));
    const { message, flow } = await messages.take();
    expect(flow.transport).toBe('wss');
    const answer = once(socket, 'message');
    await layer.send(toBuffer(makeResponse(message as SipRequest, 200)), layer.responsePath(message.via, flow));
    expect(String((await answer)[0])).toMatch(/^SIP\/2\.0 200 OK/);
    expect(layer.stats().connections).toEqual({ tcp: 0, tls: 0, ws: 0, wss: 1 });
    // By its address too, but then not as a plain WebSocket.
    await expect(layer.send(Buffer.from(requestText()), { transport: 'wss', ...flow.remote })).resolves.toBeDefined();
    await expect(layer.send(Buffer.from(requestText()), { transport: 'ws', ...flow.remote })).rejects.toThrow();
  });

  test('what says WSS may come without TLS from a proxy, but a sips URI does not lead there', async () => {
    const { layer, messages } = await start({ wsPort: 0 });
    const socket = new WebSocket(`ws://127.0.0.1:${layer.addresses.ws!.port}`, 'sip');
    cleanups.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(requestText({ via: 'SIP/2.0/WSS a.invalid;branch=z9hG4bKa' }));
    const { flow } = await messages.take();
    const target = { transport: 'wss', ...flow.remote } as const;
    await expect(layer.send(Buffer.from(requestText()), target)).resolves.toMatchObject({ id: flow.id });
    await expect(layer.send(Buffer.from(requestText()), { ...target, secure: true })).rejects.toThrow(/No WebSocket/);
  });
});

describe('a new certificate', () => {
  async function shownBy(port: number): Promise<{ socket: tls.TLSSocket; end: string }> {
    const { socket } = await client(port, { checkServerIdentity: () => undefined, session: undefined });

    return { socket, end: socket.getPeerCertificate().subjectaltname ?? '' };
  }

  test('is shown to who comes after it; old connections live on, and a broken one is not taken', async () => {
    const files = await authority.issue(['DNS:first.example']);
    const errors: string[] = [];
    const log = { ...silentLogger, error: (fields: object) => void errors.push(JSON.stringify(fields)) };
    const { layer, messages } = await start(
      { tlsPort: 0, wssPort: 0 },
      { tls: { ...files, watchInterval: 0 }, log: log as unknown as typeof silentLogger },
    );
    const [tlsPort, wssPort] = [layer.addresses.tls!.port, layer.addresses.wss!.port];
    const old = await shownBy(tlsPort);
    expect(old.end).toBe('DNS:first.example');

    await authority.replace(files, await authority.issue(['DNS:second.example']));
    expect(layer.reloadCertificates()).toBe(true);
    expect((await shownBy(tlsPort)).end).toBe('DNS:second.example');
    expect((await shownBy(wssPort)).end).toBe('DNS:second.example');
    old.socket.write(requestText({ via: viaTls }));
    await messages.take();

    for (const broken of ['', 'nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      await writeFile(files.cert, broken);
      expect(layer.reloadCertificates()).toBe(false);
      expect(errors.pop()).toContain(files.cert);
      expect((await shownBy(tlsPort)).end).toBe('DNS:second.example');
    }
    await authority.replace(files, { ...(await authority.issue(['DNS:third.example'])), key: local.key });
    expect(layer.reloadCertificates()).toBe(false);
    expect(errors.pop()).toContain(`${files.key} is not the key of`);
    expect((await shownBy(tlsPort)).end).toBe('DNS:second.example');
  });

  test('is found by itself', async () => {
    const files = await authority.issue(['DNS:first.example']);
    const taken = new Inbox<string>();
    const log = { ...silentLogger, info: (_fields: object, words: string) => taken.put(words) };
    const { layer } = await start(
      { tlsPort: 0 },
      { tls: { ...files, watchInterval: 20 }, log: log as unknown as typeof silentLogger },
    );
    await authority.replace(files, await authority.issue(['DNS:second.example']));
    expect(await taken.take()).toBe('A new TLS certificate is in force');
    expect((await shownBy(layer.addresses.tls!.port)).end).toBe('DNS:second.example');
  });
});

test('a close ends those that have only begun a handshake, and may come twice', async () => {
  const { layer } = await start({ tlsPort: 0, wssPort: 0 }, { tls: local });
  const silent = [layer.addresses.tls!.port, layer.addresses.wss!.port].map((port) => net.connect(port, '127.0.0.1'));
  cleanups.push(() => silent.forEach((socket) => socket.destroy()));
  const gone = silent.map((socket) => {
    socket.on('error', () => undefined);

    return once(socket, 'close');
  });
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  await client(layer.addresses.tls!.port);
  await Promise.all([layer.close(), layer.close()]);
  await Promise.all(gone);
});

test('a close gives up what is being dialled', async () => {
  // It takes the connection and never says a word of TLS.
  const silent = net.createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  cleanups.push(() => silent.close());
  await once(silent, 'listening');
  const { layer } = await start({ tlsPort: 0 }, { tls: local });
  const connected = once(silent, 'connection') as Promise<[net.Socket]>;
  const { port } = silent.address() as net.AddressInfo;
  const sent = layer.send(Buffer.from(requestText()), { transport: 'tls', address: '127.0.0.1', port });
  const refused = expect(sent).rejects.toMatchObject({ code: 'ECANCELED' });
  const [socket] = await connected;
  await layer.close();
  await refused;
  await closed(socket);
});

test('a handshake that never ends is cut off', async () => {
  const { layer } = await start({ tlsPort: 0 }, { tls: local, handshakeTimeout: 50 });
  const silent = net.connect(layer.addresses.tls!.port, '127.0.0.1');
  cleanups.push(() => silent.destroy());
  silent.on('error', () => undefined).resume();
  await once(silent, 'close');
});

test('bytes that are no TLS, and a client that goes in the middle, harm nobody', async () => {
  const { layer, messages } = await start({ tlsPort: 0 }, { tls: local });
  const { port } = layer.addresses.tls!;
  const plain = net.connect(port, '127.0.0.1').on('error', () => undefined);
  plain.resume().write(requestText());
  await once(plain, 'close');
  const quick = net.connect(port, '127.0.0.1').on('error', () => undefined);
  await once(quick, 'connect');
  quick.resetAndDestroy();
  const { socket } = await client(port);
  socket.write(requestText({ via: viaTls }));
  await messages.take();
});

test('the end of a certificate is told', async () => {
  const days = (certificateEnd(readCertificate(local).cert!) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
});
