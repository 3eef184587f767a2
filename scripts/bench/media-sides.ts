import dgram from 'node:dgram';
import { monotonic } from '../phone';
import { agree, writeOffer, type Agreed, type Local } from '../phone/rtp/description';
import { isRtcp } from '../phone/rtp/packet';
import { compactNtp, writeReport } from '../phone/rtp/rtcp';
import { formats } from '../phone/rtp/peer';

/** Streams of a video call: 50 packets of sound, 23 pictures of 5 packets, and reports. Both ways that is 334 packets a second. */
const frameMs = 1000 / 23;
const packetsPerFrame = 5;
const audioMs = 20;
const reportMs = 1000;
const audioBytes = 160;
const videoBytes = 1000;
const stampBytes = 8;

/** Takes note of each packet. */
export interface Counter {
  sent(at: number): void;
  received(stamp: number, at: number): void;
}

/** One UDP port that sends one stream, stamps its packets, and reads the stamps of what comes. */
class Stream {
  to: Agreed | undefined;
  private due = 0;
  private reportDue = 0;
  private sequence = 0;
  private frames = 0;
  private packets = 0;
  private readonly ssrc = Math.floor(Math.random() * 2 ** 32);

  constructor(
    private readonly socket: dgram.Socket,
    readonly kind: 'audio' | 'video',
    private readonly counter: Counter,
  ) {
    socket.on('message', (bytes) => {
      if (isRtcp(bytes)) return;
      counter.received(bytes.readDoubleBE(bytes.length - stampBytes), monotonic());
    });
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Begins at a moment of its own, so that calls do not send all at once. */
  begin(now: number): void {
    this.due = now + Math.random() * (this.kind === 'audio' ? audioMs : frameMs);
    this.reportDue = now + Math.random() * reportMs;
  }

  /** Sends what is due, and gives how late that is, in ms. */
  run(now: number): number | undefined {
    if (now >= this.reportDue) this.report();
    if (now < this.due) return undefined;
    const late = now - this.due;
    if (this.kind === 'audio') this.sendSound();
    else this.sendPicture();

    return late;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private sendSound(): void {
    this.due += audioMs;
    this.send(Buffer.alloc(12 + audioBytes, 0xff), this.packets * 160, this.packets === 0);
  }

  private sendPicture(): void {
    this.due += frameMs;
    const key = this.frames % 23 === 0;
    for (let index = 0; index < packetsPerFrame; index++) {
      const packet = Buffer.alloc(12 + videoBytes, 0x55);
      packet[12] = index === 0 ? 0x10 : 0;
      if (index === 0) writeVp8Head(packet, key);
      this.send(packet, Math.floor(this.frames * frameMs * 90), index === packetsPerFrame - 1);
    }
    this.frames++;
  }

  private send(packet: Buffer, timestamp: number, marker: boolean): void {
    if (!this.to) return;
    packet[0] = 0x80;
    packet[1] = (marker ? 0x80 : 0) | this.to.payloadType;
    packet.writeUInt16BE(this.sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    const now = monotonic();
    packet.writeDoubleBE(now, packet.length - stampBytes);
    this.packets++;
    this.socket.send(packet, this.to.to.port, this.to.to.host);
    this.counter.sent(now);
  }

  private report(): void {
    this.reportDue += reportMs;
    if (!this.to || this.packets === 0) return;
    const info = { ntp: compactNtp(), rtpTime: 0, packets: this.packets, bytes: this.packets * 100 };
    this.socket.send(writeReport(this.ssrc, info, []), this.to.rtcpTo.port, this.to.rtcpTo.host);
  }
}

/** The beginning of a VP8 frame (RFC 6386 section 9.1): whether it is a key frame is all that a relay looks at. */
function writeVp8Head(packet: Buffer, key: boolean): void {
  packet[13] = key ? 0x10 : 0x11;
  if (!key) return;
  packet.set([0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], 14);
}

/** One side of a call: a port for sound and one for pictures, RTCP on the same ports. */
export class Side {
  readonly streams: readonly Stream[];
  private readonly local: Local;
  private readonly described: string;

  private constructor(audio: Stream, video: Stream) {
    this.streams = [audio, video];
    const section = (stream: Stream) => ({
      kind: stream.kind,
      formats: [stream.kind === 'audio' ? formats.pcmu : formats.vp8],
      port: stream.port,
      rtcpPort: stream.port,
      mux: true,
      direction: 'sendrecv' as const,
    });
    this.local = { host: '127.0.0.1', session: 1, version: 1, sections: [section(audio), section(video)] };
    this.described = writeOffer(this.local);
  }

  static async open(counter: Counter): Promise<Side> {
    return new Side(await openStream('audio', counter), await openStream('video', counter));
  }

  get offer(): string {
    return this.described;
  }

  accept(answer: string): void {
    const agreed = agree(this.local, this.described, answer);
    for (const stream of this.streams) {
      stream.to = agreed.get(stream.kind);
      if (!stream.to) throw new Error(`the engine refused ${stream.kind}:\n${answer}`);
    }
  }
}

async function openStream(kind: 'audio' | 'video', counter: Counter): Promise<Stream> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve());
  });

  return new Stream(socket, kind, counter);
}
