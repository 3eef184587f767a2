import { timestampAhead } from './packet';

const KEYS = '0123456789*#ABCD';

/** Milliseconds after the last packet of a key without its end, after which it counts as released. */
const RELEASED = 150;

export interface KeyPress {
  digit: string;
  durationMs: number;
}

/**
 * Hears keys in RTP events (RFC 4733 section 2.5): each once, when it is released. The end of a press is told three times; when all three
 * are lost, the next press or a short silence ends it. A press that is longer than the duration field goes on in a new segment, and stays one.
 */
export class KeyListener {
  private event = -1;
  private begin = 0;
  private duration = 0;
  /** Duration of the segments before this one. */
  private before = 0;
  private open = false;
  private lastAt = 0;
  private seen = false;

  /** @param clock of the events, in Hz */
  constructor(private readonly clock: number) {}

  /** Takes in the payload of an event packet; the keys that were released by it, mostly none. */
  take(payload: Uint8Array, timestamp: number, marker: boolean, now: number): KeyPress[] {
    const event = payload[0];
    if (payload.length < 4 || event === undefined || event >= KEYS.length) return [];
    const ended = (payload[1]! & 0x80) !== 0;
    const duration = (payload[2]! << 8) | payload[3]!;
    const ahead = timestampAhead(timestamp, this.begin);
    if (this.seen && ahead < 0) return [];
    const pressed = this.seen && ahead === 0 && event === this.event ? [] : this.start(event, timestamp, marker);
    if (!this.open) return pressed;
    this.duration = Math.max(this.duration, duration);
    this.lastAt = now;
    if (!ended) return pressed;

    return [...pressed, ...this.release()];
  }

  /** Ends a press whose end was lost. */
  tick(now: number): KeyPress[] {
    return this.open && now - this.lastAt > RELEASED ? this.release() : [];
  }

  get isOpen(): boolean {
    return this.open;
  }

  private start(event: number, timestamp: number, marker: boolean): KeyPress[] {
    const goesOn = this.open && !marker && event === this.event && timestamp === (this.begin + this.duration) >>> 0;
    const pressed = goesOn ? [] : this.release();
    this.before = goesOn ? this.before + this.duration : 0;
    this.event = event;
    this.begin = timestamp;
    this.duration = 0;
    this.open = true;
    this.seen = true;

    return pressed;
  }

  private release(): KeyPress[] {
    if (!this.open) return [];
    this.open = false;

    return [{ digit: KEYS[this.event]!, durationMs: Math.round(((this.before + this.duration) * 1000) / this.clock) }];
  }
}

/** One packet of a key that we send. */
export interface EventPacket {
  payload: Buffer;
  marker: boolean;
  /** Ticks from the first packet of the first key to the start of this key: what its timestamp rises by. */
  at: number;
  /** Milliseconds from the start of the sending. */
  dueMs: number;
}

const TONE_MS = 100;
const PAUSE_MS = 60;
const STEP_MS = 20;
const VOLUME = 10;

/** The packets for a row of keys: one each 20 ms, 100 ms a key, its end three times (RFC 4733 section 2.5.1.4), 60 ms between keys. */
export function keyPackets(digits: string, clock: number): EventPacket[] {
  return [...digits].flatMap((digit, index) => keyPacketsOf(KEYS.indexOf(digit.toUpperCase()), index, clock));
}

/** Whether every one of these can be sent as an RTP event. */
export function areKeys(digits: string): boolean {
  return [...digits].every((digit) => KEYS.includes(digit.toUpperCase()));
}

function keyPacketsOf(event: number, index: number, clock: number): EventPacket[] {
  const begin = index * (TONE_MS + PAUSE_MS);
  const steps = TONE_MS / STEP_MS;
  const packet = (ms: number, end: boolean, dueMs: number): EventPacket => {
    const payload = Buffer.from([event, (end ? 0x80 : 0) | VOLUME, 0, 0]);
    payload.writeUInt16BE((ms * clock) / 1000, 2);

    return { payload, marker: dueMs === begin, at: (begin * clock) / 1000, dueMs };
  };
  const tone = Array.from({ length: steps - 1 }, (_, step) =>
    packet((step + 1) * STEP_MS, false, begin + step * STEP_MS),
  );
  const end = packet(TONE_MS, true, begin + (steps - 1) * STEP_MS);

  return [...tone, end, end, end];
}
