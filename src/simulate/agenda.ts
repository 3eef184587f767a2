interface Entry<E> {
  at: number;
  order: number;
  key: string;
  event: E;
}

/**
 * What is to happen, by its moment: the clock of a simulation jumps from one to the next. Those of one moment come in the order
 * in which they were put down.
 */
export class Agenda<E> {
  private readonly heap: Entry<E>[] = [];
  private readonly live = new Map<string, Entry<E>>();
  private order = 0;

  get size(): number {
    return this.live.size;
  }

  /** When the next is due; Infinity when nothing is. */
  get nextAt(): number {
    this.skipDead();

    return this.heap[0]?.at ?? Infinity;
  }

  has(key: string): boolean {
    return this.live.has(key);
  }

  /** Takes the place of what was put down under the key before. */
  put(key: string, at: number, event: E): void {
    const entry = { at, order: this.order++, key, event };
    this.live.set(key, entry);
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
  }

  cancel(key: string): void {
    this.live.delete(key);
  }

  take(): { at: number; event: E } | undefined {
    this.skipDead();
    const entry = this.pop();
    if (!entry) return undefined;
    this.live.delete(entry.key);

    return entry;
  }

  private skipDead(): void {
    for (let first = this.heap[0]; first && this.live.get(first.key) !== first; first = this.heap[0]) this.pop();
  }

  private pop(): Entry<E> | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (first && last && first !== last) {
      this.heap[0] = last;
      this.sink();
    }

    return first;
  }

  private rise(index: number): void {
    const { heap } = this;
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!isBefore(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  private sink(): void {
    const { heap } = this;
    for (let parent = 0; ;) {
      const left = 2 * parent + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
      if (!isBefore(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      parent = child;
    }
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
