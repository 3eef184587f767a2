export interface Percentiles {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
}

/** Times in ms, kept one by one: a run has some ten thousand, and percentiles are then exact. */
export class Samples {
  private readonly values: number[] = [];

  add(ms: number): void {
    this.values.push(ms);
  }

  get count(): number {
    return this.values.length;
  }

  percentiles(): Percentiles | undefined {
    if (this.values.length === 0) return undefined;
    const sorted = Float64Array.from(this.values).sort();
    // Nearest rank: the smallest value that at least this share does not exceed.
    const at = (share: number): number => round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!);
    const sum = sorted.reduce((total, value) => total + value, 0);

    return {
      count: sorted.length,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      max: at(1),
      mean: round(sum / sorted.length),
    };
  }
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Counts by name. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  get total(): number {
    let sum = 0;
    for (const count of this.counts.values()) sum += count;

    return sum;
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort((a, b) => b[1] - a[1]));
  }
}
