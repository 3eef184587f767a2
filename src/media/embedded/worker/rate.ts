const WINDOW = 1000;

/** Bits per second over the last second or a little more, from a count of bytes. */
export class Rate {
  bitRate = 0;
  private since: number | undefined;
  private before = 0;

  tick(bytes: number, now: number): void {
    this.since ??= now;
    const passed = now - this.since;
    if (passed < WINDOW) return;
    this.bitRate = Math.max(0, Math.round(((bytes - this.before) * 8000) / passed));
    this.since = now;
    this.before = bytes;
  }
}
