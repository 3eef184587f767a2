import type { CodecName, MediaCodec } from '../negotiate/codecs';
import { beginsH264Key, beginsVp8Key } from '../rtp';

const AGAIN = 500;
const AT_MOST = 8;
/** Requests closer together than this are one. */
const TOGETHER = 200;

/** Whether a key frame begins with this payload. */
export function beginsKey(codec: CodecName, payload: Uint8Array): boolean {
  return codec === 'vp8' ? beginsVp8Key(payload) : beginsH264Key(payload);
}

/** Asks for a key frame, and again every half second until one has begun to come. */
export class KeyWatch {
  private asked = -Infinity;
  private askedFull = -Infinity;
  private tries = 0;
  private waiting = false;

  /** @param send false when nobody can be asked yet: the peer has sent nothing so far */
  constructor(private readonly send: (isNew: boolean, now: number) => boolean) {}

  get isWaiting(): boolean {
    return this.waiting;
  }

  /** A full request is one for itself: who sends one (a mixer, a recorder) counts on a picture that begins after it. */
  ask(now: number, full = false): void {
    if (full ? now - this.askedFull < TOGETHER : this.waiting && now - this.asked < TOGETHER) return;
    if (full) this.askedFull = now;
    this.waiting = true;
    this.tries = 0;
    this.try(true, now);
  }

  look(codec: MediaCodec, payload: Uint8Array): void {
    if (beginsKey(codec.name, payload)) this.waiting = false;
  }

  tick(now: number): void {
    if (!this.waiting || now - this.asked < AGAIN) return;
    if (this.tries >= AT_MOST) {
      this.waiting = false;

      return;
    }
    this.try(this.tries === 0, now);
  }

  private try(isNew: boolean, now: number): void {
    if (!this.send(isNew, now)) {
      this.asked = -Infinity;

      return;
    }
    this.tries++;
    this.asked = now;
  }
}
