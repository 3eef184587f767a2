import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import type { Call } from './call';
import { answerDirection, sends, type MediaKind, type MediaLine } from './sdp';
import { monotonic } from './time';
import { WaitableEmitter } from './wait';

export interface MediaCount {
  sent: number;
  received: number;
  /** Received packets that are no RTP, or come from a place the other side did not name. */
  foreign: number;
  /** Monotonic ms of the first packet; undefined before. */
  firstAt: number | undefined;
}

const packetsPerSecond = 20;
const clocks: Record<MediaKind, number> = { audio: 8000, video: 90_000 };

/** One RTP port of a phone: sends small packets of the agreed payload type, counts what comes (RFC 3550 section 5.1). */
class MediaPort {
  readonly count: MediaCount = { sent: 0, received: 0, foreign: 0, firstAt: undefined };
  onFirst: (() => void) | undefined;
  private remote: MediaLine | undefined;
  private timer: NodeJS.Timeout | undefined;
  private sequence = randomBytes(2).readUInt16BE();
  private timestamp = randomBytes(4).readUInt32BE();
  private readonly ssrc = randomBytes(4).readUInt32BE();

  constructor(
    private readonly socket: dgram.Socket,
    readonly kind: MediaKind,
  ) {
    socket.on('message', (packet, from) => this.receive(packet, from));
    socket.on('error', () => undefined);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Sends to where the other side wants its media, or falls silent. */
  follow(remote: MediaLine | undefined, mayWeSend: boolean): void {
    this.remote = remote;
    const active = remote !== undefined && remote.port > 0 && mayWeSend;
    if (active && !this.timer) this.timer = setInterval(() => this.send(), 1000 / packetsPerSecond);
    if (!active) this.silence();
  }

  silence(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  close(): Promise<void> {
    this.silence();

    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private send(): void {
    if (!this.remote) return;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + clocks[this.kind] / packetsPerSecond) >>> 0;
    const packet = Buffer.alloc(12 + 160, 0xff);
    packet[0] = 0x80;
    packet[1] = Number(this.remote.payloads[0] ?? 0) & 0x7f;
    packet.writeUInt16BE(this.sequence, 2);
    packet.writeUInt32BE(this.timestamp, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    this.count.sent++;
    this.socket.send(packet, this.remote.port, this.remote.host, () => undefined);
  }

  private receive(packet: Buffer, from: dgram.RemoteInfo): void {
    const expected = packet.length >= 12 && packet[0]! >> 6 === 2 && from.port === this.remote?.port;
    if (!expected) {
      this.count.foreign++;
      return;
    }
    this.count.received++;
    if (this.count.firstAt !== undefined) return;
    this.count.firstAt = monotonic();
    this.onFirst?.();
  }
}

/** Real RTP ports for one phone; shows that media flows, without any picture or sound. */
export class RtpPresence extends WaitableEmitter<{ first: [MediaKind] }> {
  private unfollow: (() => void) | undefined;

  private constructor(
    private readonly audio: MediaPort,
    private readonly video: MediaPort,
  ) {
    super();
    for (const media of [audio, video]) media.onFirst = () => this.emit('first', media.kind);
  }

  static async open(host = '127.0.0.1'): Promise<RtpPresence> {
    return new RtpPresence(await openPort(host, 'audio'), await openPort(host, 'video'));
  }

  get ports(): { audioPort: number; videoPort: number } {
    return { audioPort: this.audio.port, videoPort: this.video.port };
  }

  get counts(): Record<MediaKind, MediaCount> {
    return { audio: this.audio.count, video: this.video.count };
  }

  /** Sends and stops as the call's session descriptions say, until the call ends. */
  follow(call: Call): void {
    const apply = (media: MediaLine[]): void => {
      for (const port of [this.audio, this.video]) {
        const remote = media.find((line) => line.kind === port.kind);
        const wanted = port.kind === 'video' ? call.local.videoDirection : undefined;
        const direction = answerDirection(remote?.direction ?? 'inactive', wanted ?? call.local.direction);
        port.follow(remote, sends(direction));
      }
    };
    const offs = [call.on('media', apply), call.on('ended', () => this.silence())];
    this.unfollow = () => offs.forEach((one) => one());
    apply(call.remoteMedia);
  }

  silence(): void {
    this.audio.silence();
    this.video.silence();
  }

  async close(): Promise<void> {
    this.unfollow?.();
    await Promise.all([this.audio.close(), this.video.close()]);
  }
}

async function openPort(host: string, kind: MediaKind): Promise<MediaPort> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, () => resolve());
  });
  socket.removeAllListeners('error');

  return new MediaPort(socket, kind);
}
