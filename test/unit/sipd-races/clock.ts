import type { Clock } from '../../../src/lib/clock';

interface Pending {
  at: number;
  fn: () => void;
}

/** A clock that jumps from one timer to the next, and lets promises settle wherever something may have started some. */
export class RaceClock implements Clock {
  /** By time; equal times in the order of their start. */
  private readonly pending: Pending[] = [];
  private time = 1_700_000_000_000;
  private isStirred = false;

  now(): number {
    return this.time;
  }

  after(ms: number, fn: () => void): () => void {
    const entry = { at: this.time + ms, fn };
    this.pending.splice(this.placeOf(entry.at), 0, entry);

    return () => {
      const index = this.pending.indexOf(entry);
      if (index >= 0) this.pending.splice(index, 1);
    };
  }

  get pendingCount(): number {
    return this.pending.length;
  }

  /** Something began that promises or the event loop go on with. */
  stir(): void {
    this.isStirred = true;
  }

  /** Moves on by `ms`, or until the condition holds. */
  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    const end = this.time + ms;
    await this.settle();
    while (!until()) {
      const next = this.pending[0];
      if (!next || next.at > end) {
        this.time = end;

        return;
      }
      this.pending.shift();
      this.time = Math.max(this.time, next.at);
      next.fn();
      if (this.isStirred) await this.settle();
    }
  }

  private async settle(): Promise<void> {
    do {
      this.isStirred = false;
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.isStirred);
  }

  private placeOf(at: number): number {
    let low = 0;
    let high = this.pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pending[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }

    return low;
  }
}
