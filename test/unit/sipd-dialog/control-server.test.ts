import net from 'node:net';
import { silentLogger } from '../../../src/lib/logger';
import type { Application } from '../../../src/sipd/application';
import type { ControlClient } from '../../../src/sipd/drachtio/control-client';
import { ControlServer } from '../../../src/sipd/drachtio/control-server';
import { frame, FrameReader } from '../../../src/sipd/drachtio/frames';

/** An application without drachtio-srf: frames over a socket. */
class Peer {
  readonly lines: string[] = [];
  readonly closed: Promise<void>;
  private wake: () => void = () => undefined;

  private constructor(readonly socket: net.Socket) {
    const reader = new FrameReader();
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) this.lines.push(message.toString());
      this.wake();
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
  }

  static async connect(server: ControlServer): Promise<Peer> {
    const socket = net.connect(server.address.port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', resolve));

    return new Peer(socket);
  }

  static async authenticated(server: ControlServer): Promise<Peer> {
    const peer = await Peer.connect(server);
    await peer.ask('authenticate|secret|');

    return peer;
  }

  /** Sends a command and gives the answer without its ids. */
  async ask(command: string): Promise<string> {
    this.socket.write(frame(`m|${command}`));
    while (this.lines.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));

    return this.lines.shift()!.split('|').slice(3).join('|');
  }
}

describe('the control port', () => {
  let server: ControlServer;

  beforeEach(async () => {
    server = new ControlServer({
      host: '127.0.0.1',
      port: 0,
      secret: 'secret',
      hostports: () => ['udp/127.0.0.1:5060', 'tcp/127.0.0.1:5060'],
      log: silentLogger,
    });
    await server.listen();
  });
  afterEach(() => server.close());

  test('an application that gives the secret is told version and addresses', async () => {
    const peer = await Peer.connect(server);
    const answer = await peer.ask('authenticate|secret|tag1,tag2');
    expect(answer).toMatch(
      /^OK\|udp\/127\.0\.0\.1:5060,tcp\/127\.0\.0\.1:5060\|v0\.\d+\.\d+\|udp\/127\.0\.0\.1:5060,tcp/,
    );
    expect(await peer.ask('ping')).toBe('OK|pong');
    expect(server.count).toBe(1);
    peer.socket.destroy();
  });

  test.each([
    ['authenticate|wrong|', 'NO|incorrect secret'],
    ['authenticate', 'NO|incorrect secret'],
    ['route|invite', 'NO|not authenticated'],
    ['sip|||', 'NO|not authenticated'],
  ])('%s before the secret: %s, and closed', async (command, answer) => {
    const peer = await Peer.connect(server);
    expect(await peer.ask(command)).toBe(answer);
    await peer.closed;
    expect(server.count).toBe(0);
  });

  test('what is no command closes the connection', async () => {
    const peer = await Peer.authenticated(server);
    expect(await peer.ask('nonsense|x')).toBe('NO|Unknown message type');
    await peer.closed;
    const other = await Peer.authenticated(server);
    other.socket.write('not a frame');
    await other.closed;
  });

  test('requests go to the applications that want them, in turn', async () => {
    const joined: Application[] = [];
    server.on('joined', (client) => joined.push(client));
    const peers = [
      await Peer.authenticated(server),
      await Peer.authenticated(server),
      await Peer.authenticated(server),
    ];
    expect(server.pick('INVITE')).toBeUndefined();
    await peers[0]!.ask('route|invite');
    await peers[1]!.ask('route|INVITE');
    const picks = [1, 2, 3, 4].map(() => joined.indexOf(server.pick('INVITE')!));
    expect(picks.sort()).toEqual([0, 0, 1, 1]);
    expect(server.methods()).toEqual(['INVITE']);
    await peers[0]!.ask('remove_route|invite');
    expect(server.pick('INVITE')).toBe(joined[1]);
    const left = new Promise((resolve) => server.once('left', resolve));
    peers[1]!.socket.destroy();
    expect(await left).toBe(joined[1]);
    expect(server.pick('INVITE')).toBeUndefined();
    expect(server.pickAny()).toBeDefined();
    for (const peer of peers) peer.socket.destroy();
  });

  test('an application that does not read is cut off, and the memory for it bounded', async () => {
    const joining = new Promise<Application>((resolve) => server.once('joined', resolve));
    const peer = await Peer.authenticated(server);
    const client = (await joining) as ControlClient;
    peer.socket.pause();
    const left = new Promise((resolve) => server.once('left', resolve));
    const message = Buffer.alloc(60_000, 'x');
    let sent = 0;
    while (client.isOpen && sent < 10_000) {
      client.send('sip|', message);
      sent += 1;
      if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.isOpen).toBe(false);
    expect(await left).toBe(client);
    peer.socket.destroy();
  });

  test('close ends the connections and may be called twice', async () => {
    const peer = await Peer.authenticated(server);
    await server.close();
    await peer.closed;
    await server.close();
  });
});
