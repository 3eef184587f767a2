/** Sources that are not listened to for a while. All bans last equally long, so the order of coming is that of going. */
export class Bans {
  private readonly until = new Map<string, number>();
  /** Bans since the start. */
  total = 0;

  constructor(
    private readonly duration: number,
    private readonly capacity: number,
  ) {}

  has(source: string, now: number): boolean {
    if (this.until.size === 0) return false;
    const end = this.until.get(source);
    if (end === undefined) return false;
    if (now < end) return true;
    this.until.delete(source);

    return false;
  }

  /** @returns false when it is banned already, or nobody is to be banned. */
  add(source: string, now: number): boolean {
    if (this.duration <= 0 || this.has(source, now)) return false;
    this.expire(now, this.capacity - 1);
    this.until.set(source, now + this.duration);
    this.total += 1;

    return true;
  }

  active(now: number): number {
    this.expire(now, this.capacity);

    return this.until.size;
  }

  /** Also ends the oldest ones beyond so many. */
  private expire(now: number, most: number): void {
    for (const [source, end] of this.until) {
      if (now < end && this.until.size <= most) return;
      this.until.delete(source);
    }
  }
}
