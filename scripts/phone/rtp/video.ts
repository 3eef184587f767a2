import { WaitableEmitter } from '../wait';
import { monotonic } from '../time';
import type { Agreed } from './description';
import { FrameReader, packetise, type Frame, type ReceivedFrame, type VideoCodec } from './frames';
import type { RtpPacket } from './packet';
import type { RtpSession } from './session';

export type VideoEvents = {
  frame: [frame: ReceivedFrame, at: number];
};

/** Encoded pictures to send in a loop. */
export interface Film {
  codec: VideoCodec;
  fps: number;
  /** The first one is a key frame. */
  frames: readonly Frame[];
}

const kept = 900;

/** The picture of a phone: sends a film, begins it anew when a key frame is asked for, keeps what it receives. */
export class VideoSide extends WaitableEmitter<VideoEvents> {
  /** From the last key frame on. */
  frames: ReceivedFrame[] = [];
  keyFrames = 0;
  count = 0;
  agreed: Agreed | undefined;
  private readers = new Map<string, FrameReader>();
  private timer: NodeJS.Timeout | undefined;
  private startedAt = 0;
  private ticks = 0;
  private cursor = 0;
  private readonly base = Math.floor(Math.random() * 2 ** 31);

  constructor(readonly session: RtpSession) {
    super();
    session.on('packet', (packet, at) => this.take(packet, at));
    session.on('rtcp', (part) => {
      if (part.type === 'pli' || part.type === 'fir') this.cursor = 0;
    });
  }

  /** Shows this film from its beginning, again and again, until another one, or none, is given. */
  show(film: Film | undefined): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.cursor = 0;
    if (!film) return;
    // Time goes on from film to film.
    this.startedAt = this.startedAt || monotonic();
    this.ticks = Math.floor(((monotonic() - this.startedAt) * film.fps) / 1000);
    this.timer = setInterval(() => this.catchUp(film), 500 / film.fps);
  }

  close(): void {
    this.show(undefined);
  }

  private catchUp(film: Film): void {
    const due = Math.floor(((monotonic() - this.startedAt) * film.fps) / 1000);
    for (; this.ticks < due; this.ticks++) this.sendFrame(film);
  }

  private sendFrame(film: Film): void {
    const { agreed } = this;
    if (!agreed?.sends || agreed.codec !== film.codec) return;
    const frame = film.frames[this.cursor]!;
    this.cursor = (this.cursor + 1) % film.frames.length;
    const timestamp = this.base + Math.floor((this.ticks * 90_000) / film.fps);
    const payloads = packetise(film.codec, frame.data);
    payloads.forEach((payload, index) => {
      this.session.send(agreed.payloadType, timestamp, payload, index === payloads.length - 1);
    });
  }

  private take(packet: RtpPacket, at: number): void {
    const codec = this.agreed?.incoming.get(packet.payloadType);
    if (codec !== 'vp8' && codec !== 'h264') return;
    const reader = this.readers.get(codec) ?? new FrameReader(codec);
    this.readers.set(codec, reader);
    for (const frame of reader.push(packet)) this.keep(frame, at);
  }

  private keep(frame: ReceivedFrame, at: number): void {
    this.count++;
    if (frame.key) {
      this.keyFrames++;
      this.frames = [];
    }
    if (this.frames.length < kept) this.frames.push(frame);
    this.emit('frame', frame, at);
  }
}
