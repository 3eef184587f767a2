/** Random numbers that the same seed gives again (xorshift of 32 bits): a finding names its seed. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds give runs that are nothing alike.
    this.state = (Math.imul(seed + 1, 0x9e37_79b1) ^ 0x5bd1_e995) >>> 0 || 1;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;

    return this.state % count;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
}
