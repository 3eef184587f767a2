import { SightlineError } from '../../../lib/errors';
import { H264Depacketizer, sequenceAhead, Vp8Depacketizer, type Depacketizer, type RtpView } from '../rtp';
import type { MediaStream, Sink } from './stream';

const PATIENCE = 3000;

/** Packets that may come before one that they should follow. */
const WINDOW = 64;

interface Held {
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

/** Waits for the next key frame that a peer sends. */
export class KeyFrameCatcher implements Sink {
  private readonly depacketizer: Depacketizer;
  private readonly held: Held[] = [];
  private next: number | undefined;
  private settle!: (data: Uint8Array | undefined) => void;
  private readonly timer: NodeJS.Timeout;
  private readonly frame: Promise<Uint8Array | undefined>;

  constructor(private readonly stream: MediaStream) {
    this.depacketizer = stream.agreed.codec.name === 'vp8' ? new Vp8Depacketizer() : new H264Depacketizer();
    this.frame = new Promise((resolve) => (this.settle = resolve));
    this.timer = setTimeout(() => this.settle(undefined), PATIENCE);
  }

  /** @throws SightlineError MEDIA_GONE when none comes in time. */
  async catch(): Promise<Uint8Array> {
    this.stream.taps = [...this.stream.taps, this];
    this.stream.askKey();
    try {
      const data = await this.frame;
      if (!data) throw new SightlineError('MEDIA_GONE', 'No key frame came from the peer within 3 s');

      return data;
    } finally {
      clearTimeout(this.timer);
      this.stream.taps = this.stream.taps.filter((tap) => tap !== this);
    }
  }

  take(from: MediaStream, packet: Buffer, view: RtpView): void {
    if (from.codecOf(view)?.name !== this.stream.agreed.codec.name) return;
    const { sequence, timestamp, marker } = view;
    this.hold({ sequence, timestamp, marker, payload: Buffer.from(packet.subarray(view.start, view.end)) });
    this.release();
  }

  /** Puts packets in order; one that never comes is given up when enough of its followers are there. */
  private hold(packet: Held): void {
    if (this.next !== undefined && sequenceAhead(packet.sequence, this.next) < 0) return;
    const at = this.held.findIndex(({ sequence }) => sequenceAhead(sequence, packet.sequence) >= 0);
    if (this.held[at]?.sequence === packet.sequence) return;
    this.held.splice(at < 0 ? this.held.length : at, 0, packet);
  }

  private release(): void {
    for (let first = this.held[0]; first; first = this.held[0]) {
      if (this.next !== undefined && first.sequence !== this.next && this.held.length < WINDOW) return;
      this.held.shift();
      this.next = (first.sequence + 1) & 0xffff;
      const frame = this.depacketizer.push(first, first.payload).find(({ key }) => key);
      if (frame) this.settle(frame.data);
    }
  }
}
