/** Something that is sent at its times. */
export interface Paced {
  /** Sends what is due at `now`, and says when it wants to be called again; undefined: never. */
  run(now: number): number | undefined;
}

/** Milliseconds of a steady clock. */
export function steadyNow(): number {
  return performance.now();
}

/** One timer for all that is sent by time: it is set for whatever is due first, and rests when there is nothing. */
export class Pacer {
  private readonly due = new Map<Paced, number>();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;

  constructor(private readonly onError: (error: unknown) => void) {}

  start(paced: Paced, at = steadyNow()): void {
    this.due.set(paced, at);
    this.arm();
  }

  stop(paced: Paced): void {
    this.due.delete(paced);
    if (this.due.size === 0) this.disarm();
  }

  close(): void {
    this.due.clear();
    this.disarm();
  }

  private arm(): void {
    let first = Infinity;
    for (const at of this.due.values()) if (at < first) first = at;
    if (first === Infinity || first >= this.timerAt) return;
    this.disarm();
    this.timerAt = first;
    this.timer = setTimeout(() => this.tick(), Math.max(0, first - steadyNow()));
  }

  private tick(): void {
    this.timerAt = Infinity;
    this.timer = undefined;
    const now = steadyNow();
    for (const [paced, at] of this.due) {
      if (at > now + 0.5) continue;
      const next = this.runOne(paced, now);
      if (!this.due.has(paced)) continue;
      if (next === undefined) this.due.delete(paced);
      else this.due.set(paced, next);
    }
    this.arm();
  }

  private runOne(paced: Paced, now: number): number | undefined {
    try {
      return paced.run(now);
    } catch (error) {
      this.onError(error);

      return undefined;
    }
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.timerAt = Infinity;
  }
}
