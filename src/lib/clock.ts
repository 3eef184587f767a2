/** Time as a parameter, so that tests move it by hand. Milliseconds since the Unix epoch. */
export interface Clock {
  now(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it and may be called twice. The timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    timer.unref();

    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

interface Pending {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock for tests: stands still until `advance` is called. */
export class ManualClock implements Clock {
  private pending: Pending[] = [];
  private order = 0;

  constructor(private time = 1_700_000_000_000) {}

  now(): number {
    return this.time;
  }

  after(ms: number, fn: () => void): () => void {
    const entry = { at: this.time + ms, order: this.order++, fn };
    this.pending.push(entry);

    return () => {
      this.pending = this.pending.filter((other) => other !== entry);
    };
  }

  /** Moves time forward and runs what falls due, in order, each at its own time. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const due = this.pending.filter((entry) => entry.at <= until);
      const next = due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.pending = this.pending.filter((other) => other !== next);
      this.time = next.at;
      next.fn();
    }
    this.time = until;
  }

  get pendingCount(): number {
    return this.pending.length;
  }
}
