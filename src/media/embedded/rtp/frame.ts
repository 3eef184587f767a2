/** One picture put together from its packets. */
export interface ReceivedFrame {
  /** VP8: the frame. H.264: the access unit in Annex B form, each NAL unit behind a start code of four bytes. */
  data: Buffer;
  /** RTP timestamp, in units of 1/90000 s. */
  timestamp: number;
  key: boolean;
}

/** What a depacketiser wants to know of a packet besides its payload; an RtpView fits. */
export interface PacketFacts {
  sequence: number;
  timestamp: number;
  marker: boolean;
}

/**
 * Puts video frames together. Packets are given in the order of their sequence numbers; a hole takes away the frame that it is in, never
 * the ones around it. Payloads are copied: the packet may be used again.
 */
export interface Depacketizer {
  /** The frames that are whole with this packet: none, one, or two where the end of the one before had no marker. */
  push(packet: PacketFacts, payload: Uint8Array): readonly ReceivedFrame[];
}

const NONE: readonly ReceivedFrame[] = [];

/** The part that all formats share: which packets belong to one frame, and whether any is missing. */
export abstract class FrameCollector implements Depacketizer {
  private parts: Buffer[] = [];
  private timestamp = 0;
  private last: number | undefined;
  private broken = true;
  private open = false;

  push(packet: PacketFacts, payload: Uint8Array): readonly ReceivedFrame[] {
    const gap = this.last !== undefined && packet.sequence !== ((this.last + 1) & 0xffff);
    this.last = packet.sequence;
    const before = this.turnTo(packet, gap);
    if (!this.broken && !this.take(payload, this.parts)) this.broken = true;
    const now = packet.marker ? this.finish() : undefined;
    if (!before) return now ? [now] : NONE;

    return now ? [before, now] : [before];
  }

  /** Adds what a payload holds to the parts of the frame; false when the frame cannot be made whole any more. */
  protected abstract take(payload: Uint8Array, parts: Buffer[]): boolean;
  /** Forgets the frame before. */
  protected abstract begin(): void;
  protected abstract isWhole(): boolean;
  protected abstract isKey(data: Buffer): boolean;

  private turnTo(packet: PacketFacts, gap: boolean): ReceivedFrame | undefined {
    if (gap) this.broken = true;
    if (this.open && packet.timestamp === this.timestamp) return undefined;
    const before = this.open && !gap ? this.finish() : undefined;
    this.open = true;
    this.timestamp = packet.timestamp;
    this.parts = [];
    this.broken = false;
    this.begin();

    return before;
  }

  private finish(): ReceivedFrame | undefined {
    const whole = this.open && !this.broken && this.parts.length > 0 && this.isWhole();
    const data = whole ? Buffer.concat(this.parts) : undefined;
    this.open = false;
    this.parts = [];

    return data && { data, timestamp: this.timestamp, key: this.isKey(data) };
  }
}
