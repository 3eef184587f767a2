import { performance } from 'node:perf_hooks';

interface Entry {
  slot: Set<Entry>;
  rounds: number;
  fn: () => void;
}

const slotCount = 512;

/** Cancels the timer it came from; calling it again is harmless. */
export type Cancel = () => void;

/**
 * A hashed timer wheel: tens of thousands of retransmission timers cost one real timer. Its grain is 5 ms, so a
 * callback runs up to 5 ms late, never early. It does not keep the process alive.
 */
export class TimerWheel {
  private readonly slots = Array.from({ length: slotCount }, () => new Set<Entry>());
  private readonly origin = performance.now();
  private tick = 0;
  private count = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly grain = 5) {}

  get size(): number {
    return this.count;
  }

  after(ms: number, fn: () => void): Cancel {
    if (this.count === 0) this.tick = this.present();
    const ticks = Math.max(1, Math.ceil((performance.now() + ms - this.origin) / this.grain) - this.tick);
    const slot = this.slots[(this.tick + ticks) % slotCount]!;
    const entry: Entry = { slot, rounds: Math.floor((ticks - 1) / slotCount), fn };
    slot.add(entry);
    this.count++;
    this.arm();

    return () => {
      if (slot.delete(entry)) this.count--;
    };
  }

  clear(): void {
    for (const slot of this.slots) slot.clear();
    this.count = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private present(): number {
    return Math.floor((performance.now() - this.origin) / this.grain);
  }

  private arm(): void {
    if (this.timer || this.count === 0) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.turn();
      this.arm();
    }, this.grain);
    this.timer.unref();
  }

  private turn(): void {
    const until = this.present();
    while (this.tick < until) {
      this.tick++;
      this.fire(this.slots[this.tick % slotCount]!);
    }
  }

  private fire(slot: Set<Entry>): void {
    for (const entry of slot) {
      if (entry.rounds > 0) {
        entry.rounds--;
        continue;
      }
      if (!slot.delete(entry)) continue;
      this.count--;
      entry.fn();
    }
  }
}
