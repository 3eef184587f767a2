import dgram from 'node:dgram';
import { silentLogger } from '../../../src/lib/logger';
import { makeRtp, packetizeVp8, RtpView } from '../../../src/media/embedded/rtp';
import { readRtcp, type RtcpFact } from '../../../src/media/embedded/rtp/rtcp';
import { PacketBridge } from '../../../src/media/embedded/worker/bridge';
import { MediaEnd } from '../../../src/media/embedded/worker/media-end';
import { Pacer } from '../../../src/media/embedded/worker/pacer';
import { Ports } from '../../../src/media/embedded/worker/ports';

const host = '127.0.0.1';
const KEY = Buffer.alloc(3000, 0);
const OTHER = Buffer.alloc(500, 1);

/** A phone that sends what it is told to, packet by packet. */
class Phone {
  private sequence = 1;
  private timestamp = 0;

  private constructor(
    private readonly socket: dgram.Socket,
    readonly port: number,
    private readonly ssrc: number,
  ) {}

  static async open(ssrc: number): Promise<Phone> {
    const socket = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, host, () => resolve()));

    return new Phone(socket, socket.address().port, ssrc);
  }

  get offer(): string {
    return [
      ...['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', `m=video ${this.port} RTP/AVP 96`],
      ...['a=rtpmap:96 VP8/90000', 'a=rtcp-mux', 'a=rtcp-fb:96 nack pli', ''],
    ].join('\r\n');
  }

  show(frame: Buffer, to: MediaEnd): void {
    const { port } = to.streams.get('video')!.wire;
    const payloads = packetizeVp8(frame, 1000);
    this.timestamp += 3000;
    payloads.forEach((payload, index) => {
      const fields = { payloadType: 96, marker: index === payloads.length - 1, ssrc: this.ssrc };
      const packet = makeRtp({ ...fields, sequence: this.sequence++, timestamp: this.timestamp }, payload);
      this.socket.send(packet, port, host);
    });
  }

  /** The RTP packets that come, until one is the last of a picture. */
  picture(): Promise<RtpView[]> {
    const packets: RtpView[] = [];

    return this.until((packet) => {
      const view = new RtpView();
      if (packet[1]! >= 192 && packet[1]! <= 223) return undefined;
      view.read(packet);
      packets.push(view);

      return view.marker ? packets : undefined;
    });
  }

  fact(type: RtcpFact['type']): Promise<RtcpFact> {
    return this.until((packet) => readRtcp(packet).find((fact) => fact.type === type));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private until<T>(found: (packet: Buffer) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const listen = (packet: Buffer) => {
        const result = found(packet);
        if (result === undefined) return;
        this.socket.off('message', listen);
        resolve(result);
      };
      this.socket.on('message', listen);
    });
  }
}

describe('streams in the worker', () => {
  const ports = new Ports(host, { from: 20_000, to: 29_999 });
  const pacer = new Pacer((error) => {
    throw error;
  });
  let phones: Phone[];
  let ends: MediaEnd[];

  beforeEach(async () => {
    phones = [await Phone.open(1), await Phone.open(2)];
    const listener = { dtmf: nothing, media: nothing, ended: nothing, changed: nothing };
    ends = phones.map(({ port }) => new MediaEnd(`to ${port}`, { ports, pacer, log: silentLogger }, 'none', listener));
    for (const [index, end] of ends.entries()) await end.answer(phones[index]!.offer, undefined);
  });
  afterEach(async () => {
    await Promise.all([...ends.map((end) => end.close()), ...phones.map((phone) => phone.close())]);
    pacer.close();
    expect(ports.bound).toBe(0);
  });

  it('begin with a key frame, which is asked for, under numbers of their own', async () => {
    const [a, b] = phones as [Phone, Phone];
    const [x, y] = ends as [MediaEnd, MediaEnd];
    const asked = a.fact('key');
    a.show(OTHER, x);
    const bridge = new PacketBridge(x, y);
    // It was not heard before the bridge was made: what comes first tells whom to ask.
    a.show(OTHER, x);
    expect(await asked).toMatchObject({ type: 'key', ssrc: 1, full: false });
    const seen = b.picture();
    a.show(OTHER, x);
    a.show(KEY, x);
    const packets = await seen;
    expect(packets).toHaveLength(4);
    expect(new Set(packets.map(({ ssrc }) => ssrc))).toEqual(new Set([y.streams.get('video')!.outflow.ssrc]));
    const first = packets[0]!.sequence;
    expect(packets.map(({ sequence }) => (sequence - first) & 0xffff)).toEqual([0, 1, 2, 3]);
    bridge.close();
  });

  it('go on when one who listens to them breaks', async () => {
    const [a, b] = phones as [Phone, Phone];
    const [x, y] = ends as [MediaEnd, MediaEnd];
    new PacketBridge(x, y);
    const stream = x.streams.get('video')!;
    let broken = 0;
    const tap = {
      take: () => {
        broken++;
        stream.taps = [];
        throw new Error('broken');
      },
    };
    stream.taps = [tap];
    const seen = b.picture();
    a.show(OTHER, x);
    a.show(KEY, x);
    expect(await seen).toHaveLength(4);
    expect(broken).toBe(1);
  });

  it('say goodbye', async () => {
    const [a] = phones as [Phone];
    const [x] = ends as [MediaEnd];
    const heard = new Promise<void>((resolve) => (x.streams.get('video')!.taps = [{ take: () => resolve() }]));
    a.show(KEY, x);
    await heard;
    const bye = a.fact('bye');
    await x.close();
    expect(await bye).toMatchObject({ type: 'bye' });
  });
});

function nothing(): void {}
