/** What the order of a line is made of. */
export interface Standing {
  id: string;
  /** ms since the epoch; with a head start earlier than the ticket came. */
  start: number;
  enqueuedAt: number;
  /** Order of arrival, for those of one millisecond. */
  sequence: number;
}

/** The order among tickets that age alike. */
export function byStart(a: Standing, b: Standing): number {
  return a.start - b.start || a.enqueuedAt - b.enqueuedAt || a.sequence - b.sequence;
}

/** A list that stays in the order of `byStart`. */
export class Line<T extends Standing> {
  private readonly list: T[] = [];

  get length(): number {
    return this.list.length;
  }

  at(index: number): T | undefined {
    return this.list[index];
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.list.values();
  }

  add(one: T): void {
    // Most come last.
    const last = this.list.at(-1);
    if (!last || byStart(last, one) < 0) this.list.push(one);
    else
      this.list.splice(
        this.countBefore((other) => byStart(other, one) < 0),
        0,
        one,
      );
  }

  remove(one: T): void {
    const index = this.countBefore((other) => byStart(other, one) < 0);
    if (index === 0) this.list.shift();
    else this.list.splice(index, 1);
  }

  /** How many of the first meet a condition that holds for a beginning of the list and for nothing behind it. */
  countBefore(holds: (one: T) => boolean): number {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.list[middle];
      if (one && holds(one)) low = middle + 1;
      else high = middle;
    }

    return low;
  }
}
