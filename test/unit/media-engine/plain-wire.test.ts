import dgram from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { makeRtp } from '../../../src/media/embedded/rtp';
import { writeBye } from '../../../src/media/embedded/rtp/rtcp';
import { PlainWire } from '../../../src/media/embedded/worker/plain-wire';
import { Ports } from '../../../src/media/embedded/worker/ports';
import { SourceLock } from '../../../src/media/embedded/worker/source-lock';

const host = '127.0.0.1';
const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const rtp = (sequence: number, ssrc = 1) =>
  makeRtp({ payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc }, Buffer.alloc(160));

describe('whose packets are taken', () => {
  const described = { address: '192.0.2.1', port: 4000 };
  const other = { address: '198.51.100.7', port: 9 };
  const translated = { address: '203.0.113.5', port: 61_000 };

  it('are those of the described address, and then of no other', () => {
    const lock = new SourceLock();
    lock.expect(described);
    expect(lock.accepts(rtp(1), described)).toBe(true);
    expect([2, 3, 4, 5].map((sequence) => lock.accepts(rtp(sequence), other))).toEqual([false, false, false, false]);
    expect([lock.target, lock.refused]).toEqual([described, 4]);
  });

  it('are those of another port of that address', () => {
    const lock = new SourceLock();
    lock.expect(described);
    const elsewhere = { ...described, port: 5000 };
    expect(lock.accepts(rtp(1), elsewhere)).toBe(true);
    expect(lock.target).toEqual(elsewhere);
    expect(lock.accepts(rtp(2), described)).toBe(false);
  });

  it('are those of another address once three have made a stream', () => {
    const lock = new SourceLock();
    lock.expect({ address: '10.0.0.1', port: 4000 });
    const taken = [rtp(10), rtp(500, 2), rtp(11), rtp(12), rtp(13), rtp(14)].map((packet, index) =>
      lock.accepts(packet, index === 1 ? other : translated),
    );
    expect(taken).toEqual([false, false, false, false, true, true]);
    expect(lock.target).toEqual(translated);
  });

  it('are nobody’s that only makes noise', () => {
    const lock = new SourceLock();
    lock.expect(described);
    for (let index = 0; index < 10; index++) expect(lock.accepts(Buffer.from('noise'), other)).toBe(false);
    for (let index = 0; index < 10; index++) expect(lock.accepts(rtp(index * 5000), other)).toBe(false);
    expect(lock.target).toEqual(described);
  });

  it('may be another’s after a new description alone', () => {
    const lock = new SourceLock();
    lock.expect(described);
    lock.accepts(rtp(1), described);
    lock.expect(other);
    expect(lock.target).toEqual(other);
    expect(lock.accepts(rtp(1, 5), other)).toBe(true);
    expect(lock.accepts(rtp(2), described)).toBe(false);
  });

  it('stay those of the learned source when the same is described again', () => {
    const lock = new SourceLock();
    lock.expect(described);
    for (const sequence of [1, 2, 3]) lock.accepts(rtp(sequence), translated);
    lock.expect(described);
    expect(lock.target).toEqual(translated);
    expect(lock.accepts(rtp(4), translated)).toBe(true);
    expect(lock.accepts(rtp(5), described)).toBe(false);
  });

  it('are not up for taking again when the same is described again', () => {
    const lock = new SourceLock();
    lock.expect(described);
    lock.accepts(rtp(1), described);
    lock.expect(described);
    for (const sequence of [2, 3, 4, 5]) expect(lock.accepts(rtp(sequence), translated)).toBe(false);
    expect(lock.target).toEqual(described);
  });

  it('go nowhere while the peer has no address', () => {
    const lock = new SourceLock();
    expect(lock.target).toBeUndefined();
    lock.expect(described);
    lock.expect(undefined);
    expect(lock.target).toBeUndefined();
  });
});

describe('a plain wire', () => {
  const ports = new Ports(host, { from: 20_000, to: 29_999 });
  const sockets: dgram.Socket[] = [];
  const wires: PlainWire[] = [];
  afterEach(async () => {
    await Promise.all(wires.splice(0).map((wire) => wire.close()));
    await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
    expect(ports.bound).toBe(0);
  });

  async function peer(): Promise<{ socket: dgram.Socket; port: number; next(): Promise<Buffer> }> {
    const socket = dgram.createSocket('udp4');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, host, () => resolve()));
    const next = () => new Promise<Buffer>((resolve) => socket.once('message', (packet) => resolve(packet)));

    return { socket, port: socket.address().port, next };
  }
  async function wire(mux = false): Promise<PlainWire> {
    const opened = await PlainWire.open(ports, { protocol: 'RTP/AVP', mux });
    wires.push(opened);

    return opened;
  }
  const received = (one: PlainWire, kind: 'onRtp' | 'onRtcp') =>
    new Promise<Buffer>((resolve) => one[kind]((packet) => resolve(packet)));
  const remote = (port: number, more: object = {}) => ({
    lines: [],
    protocol: 'RTP/AVP',
    address: host,
    port,
    ...more,
  });

  it('carries RTP and RTCP both ways, at two ports', async () => {
    const [one, media, control] = [await wire(), await peer(), await peer()];
    await one.connect(remote(media.port, { rtcpPort: control.port }));
    const [rtpIn, rtcpIn] = [received(one, 'onRtp'), received(one, 'onRtcp')];
    media.socket.send(rtp(1), one.port, host);
    control.socket.send(writeBye(7), one.port + 1, host);
    expect(await rtpIn).toEqual(rtp(1));
    expect(await rtcpIn).toEqual(writeBye(7));
    const [rtpOut, rtcpOut] = [media.next(), control.next()];
    one.sendRtp(rtp(2));
    one.sendRtcp(writeBye(8));
    expect([await rtpOut, await rtcpOut]).toEqual([rtp(2), writeBye(8)]);
    expect(one.attributes).toEqual([]);
  });

  it.each(['224.0.0.1', '239.1.2.3', '255.255.255.255', '0.0.0.0', '0.1.2.3', 'ff02::1'])(
    'sends nothing to %s',
    async (address) => {
      const one = await wire();
      await one.connect({ ...remote(4000), address });
      expect(one.ready).toBe(false);
    },
  );

  it.each([0, 65_535, 70_000])('lives with RTCP at port %s: it is not sent, and the wire closes', async (rtcpPort) => {
    const [one, media] = [await wire(), await peer()];
    await one.connect(remote(media.port, { rtcpPort: rtcpPort === 65_535 ? 65_536 : rtcpPort }));
    one.sendRtcp(writeBye(8));
    const out = media.next();
    one.sendRtp(rtp(2));
    expect(await out).toEqual(rtp(2));
  });

  it('carries both at one port where the peer wants it', async () => {
    const [one, other] = [await wire(true), await peer()];
    expect(one.attributes).toEqual(['a=rtcp-mux']);
    expect(ports.bound).toBe(1);
    await one.connect(remote(other.port, { lines: ['a=rtcp-mux'] }));
    const rtcpIn = received(one, 'onRtcp');
    other.socket.send(writeBye(7), one.port, host);
    expect(await rtcpIn).toEqual(writeBye(7));
    const out = other.next();
    one.sendRtcp(writeBye(8));
    expect(await out).toEqual(writeBye(8));
  });

  it('learns where RTCP comes from, too, and keeps to it', async () => {
    const [one, media, control, stranger] = [await wire(), await peer(), await peer(), await peer()];
    await one.connect(remote(media.port));
    const first = received(one, 'onRtcp');
    control.socket.send(writeBye(1), one.port + 1, host);
    await first;
    const out = control.next();
    one.sendRtcp(writeBye(2));
    expect(await out).toEqual(writeBye(2));
    const second = received(one, 'onRtcp');
    stranger.socket.send(writeBye(3), one.port + 1, host);
    control.socket.send(writeBye(4), one.port + 1, host);
    expect(await second).toEqual(writeBye(4));
  });

  it('is ready when it knows where to send, and sends nothing before', async () => {
    const [one, other] = [await wire(), await peer()];
    const told: string[] = [];
    one.onReady(() => told.push('ready'));
    one.sendRtp(rtp(1));
    await one.connect(remote(other.port, { address: '0.0.0.0' }));
    one.sendRtp(rtp(2));
    expect([one.ready, told]).toEqual([false, []]);
    await one.connect(remote(other.port));
    expect([one.ready, told]).toEqual([true, ['ready']]);
    one.onReady(() => told.push('at once'));
    expect(told).toEqual(['ready', 'at once']);
    const out = other.next();
    one.sendRtp(rtp(3));
    expect(await out).toEqual(rtp(3));
  });

  it('finds a peer that gives a name', async () => {
    const [one, other] = [await wire(), await peer()];
    await one.connect(remote(other.port, { address: 'localhost' }));
    expect(one.ready).toBe(true);
    await one.connect(remote(other.port, { address: 'no-such-host.invalid' }));
    expect(one.ready).toBe(false);
  });

  (hasIPv6 ? it : it.skip).each([
    ['::1', '::1'],
    ['::', '127.0.0.1'],
  ])('bound to %s reaches, and knows again, a peer at %s', async (at, address) => {
    const own = new Ports(at, { from: 20_000, to: 29_999 });
    const one = await PlainWire.open(own, { protocol: 'RTP/AVP', mux: false });
    const socket = dgram.createSocket(address === host ? 'udp4' : 'udp6');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, address, () => resolve()));
    await one.connect({ lines: [], protocol: 'RTP/AVP', address, port: socket.address().port });
    const [there, here] = [new Promise<Buffer>((resolve) => socket.once('message', resolve)), received(one, 'onRtp')];
    one.sendRtp(rtp(1));
    socket.send(rtp(2), one.port, address);
    expect(await Promise.all([there, here])).toEqual([rtp(1), rtp(2)]);
    expect(one.refused).toBe(0);
    await one.close();
  });

  it('closes twice, and sends nothing afterwards', async () => {
    const [one, other] = [await wire(), await peer()];
    await one.connect(remote(other.port));
    await Promise.all([one.close(), one.close()]);
    one.sendRtp(rtp(1));
    one.sendRtcp(writeBye(1));
    expect(ports.bound).toBe(0);
  });
});
