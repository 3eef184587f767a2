import type { Clock } from '../../lib/clock';

/** Who is called when a timer falls due; `kind` is what was given at its start. */
export interface TimerOwner<K extends string = string> {
  onTimer(kind: K): void;
}

/** One running timer. Entries of a slot form a ring through `previous` and `next`. */
export interface WheelTimer {
  readonly owner: TimerOwner;
  readonly kind: string;
  /** The tick at which it falls due. */
  readonly due: number;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;
}

const slotCount = 2048;

/**
 * Coarse timers for tens of thousands of transactions: starting and stopping one costs a few pointer changes, and all
 * of them share one timer of the clock, which runs only while there are any. A timer falls due at the first tick at or
 * after its time, so it is late by less than one tick and never early.
 */
export class TimerWheel {
  private readonly slots: (WheelTimer | undefined)[] = new Array<WheelTimer | undefined>(slotCount).fill(undefined);
  private live = 0;
  /** The last tick that was worked off. */
  private tick = 0;
  /** Milliseconds since the wheel was made. It never goes back, whatever is done to the machine's clock. */
  private time = 0;
  private lastReading: number;
  private stopClock: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds between two ticks. */
    private readonly interval: number,
  ) {
    this.lastReading = clock.now();
  }

  get size(): number {
    return this.live;
  }

  start<K extends string>(ms: number, owner: TimerOwner<K>, kind: K): WheelTimer {
    this.readClock();
    if (!this.stopClock) {
      this.tick = Math.floor(this.time / this.interval);
      this.schedule();
    }
    const due = Math.max(this.tick + 1, Math.ceil((this.time + ms) / this.interval));
    const timer: WheelTimer = { owner: owner as TimerOwner, kind, due, previous: undefined, next: undefined };
    this.link(timer);

    return timer;
  }

  /** Stops a timer; one that fell due or was stopped before is left alone. */
  stop(timer: WheelTimer | undefined): void {
    if (timer?.next) this.unlink(timer);
  }

  /** Milliseconds until the timer falls due. */
  remaining(timer: WheelTimer): number {
    this.readClock();

    return Math.max(0, timer.due * this.interval - this.time);
  }

  /** Forgets every timer. */
  close(): void {
    this.stopClock?.();
    this.stopClock = undefined;
    this.slots.fill(undefined);
    this.live = 0;
  }

  private schedule(): void {
    const wait = (this.tick + 1) * this.interval - this.time;
    this.stopClock = this.clock.after(Math.max(0, wait), () => this.turn());
  }

  /** Takes over the time that has passed since the last reading, which it returns. */
  private readClock(): number {
    const reading = this.clock.now();
    const passed = reading - this.lastReading;
    this.lastReading = reading;
    if (passed > 0) this.time += passed;

    return passed;
  }

  /** Works off every tick since the last turn, each slot once even after a long pause. */
  private turn(): void {
    // The clock was set back: its timer has waited for one tick all the same.
    if (this.readClock() < 0) this.time += this.interval;
    const now = Math.floor(this.time / this.interval);
    const from = Math.max(this.tick + 1, now - slotCount + 1);
    for (let tick = from; tick <= now && this.live > 0; tick += 1) {
      this.tick = tick;
      this.fire(tick % slotCount, now);
    }
    this.tick = Math.max(this.tick, now);
    if (this.live > 0) this.schedule();
    else this.stopClock = undefined;
  }

  /** Calls the owners of what is due in a slot. Timers of a later round of the wheel stay. */
  private fire(slot: number, now: number): void {
    const first = this.slots[slot];
    if (!first) return;
    const due: WheelTimer[] = [];
    let timer = first;
    do {
      if (timer.due <= now) due.push(timer);
      timer = timer.next!;
    } while (timer !== first);
    for (const one of due) {
      // An owner that was called before may have stopped this one.
      if (!one.next || this.live === 0) continue;
      this.unlink(one);
      one.owner.onTimer(one.kind);
    }
  }

  private link(timer: WheelTimer): void {
    const slot = timer.due % slotCount;
    const first = this.slots[slot];
    if (first) {
      const last = first.previous!;
      timer.previous = last;
      timer.next = first;
      last.next = timer;
      first.previous = timer;
    } else {
      timer.previous = timer;
      timer.next = timer;
      this.slots[slot] = timer;
    }
    this.live += 1;
  }

  private unlink(timer: WheelTimer): void {
    const slot = timer.due % slotCount;
    if (timer.next === timer) {
      this.slots[slot] = undefined;
    } else {
      timer.previous!.next = timer.next;
      timer.next!.previous = timer.previous;
      if (this.slots[slot] === timer) this.slots[slot] = timer.next;
    }
    timer.previous = undefined;
    timer.next = undefined;
    this.live -= 1;
  }
}
