/** What arrived and was not looked at yet, and who waits for what: tests await events by it and never sleep. */
export class Inbox<T> {
  private readonly items: T[] = [];
  private readonly waiters: { filter: (item: T) => boolean; resolve: (item: T) => void }[] = [];

  constructor(private readonly show: (item: T) => string) {}

  push(item: T): void {
    const index = this.waiters.findIndex(({ filter }) => filter(item));
    if (index < 0) this.items.push(item);
    else this.waiters.splice(index, 1)[0]!.resolve(item);
  }

  /** The first item that fits, now or when it comes; rejects when it does not come in `ms`. */
  take(what: string, filter: (item: T) => boolean, ms = 15_000): Promise<T> {
    const index = this.items.findIndex(filter);
    if (index >= 0) return Promise.resolve(this.items.splice(index, 1)[0]!);

    return new Promise((resolve, reject) => {
      const waiter = { filter, resolve: (item: T) => finish(() => resolve(item)) };
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
      };
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        const there = this.items.map((item) => this.show(item)).join(' | ');
        reject(new Error(`No ${what} came. What came besides: ${there || 'nothing'}`));
      }, ms);
      timer.unref();
      this.waiters.push(waiter);
    });
  }

  /** How many items of this kind lie there. */
  count(filter: (item: T) => boolean): number {
    return this.items.filter(filter).length;
  }

  /** Throws away what lies there, e.g. repeats that a test has seen enough of. */
  drop(filter: (item: T) => boolean): void {
    for (let i = this.items.length - 1; i >= 0; i -= 1) if (filter(this.items[i]!)) this.items.splice(i, 1);
  }
}
