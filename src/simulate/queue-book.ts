import type { QueueRow } from '../acd/rows';

/** As `stats` of the ACD counts them. */
export interface Counters {
  offered: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  refused: number;
  calledBack: number;
}

/** A queue with what the store keeps of it. */
export interface QueueState {
  readonly id: string;
  readonly counters: Counters;
  /** The seat that was rung last for it. */
  lastSeat: string;
  /** Everybody in the line. */
  standing: number;
}

/** Who served a customer. */
interface Regulars {
  last: string;
  readonly counts: Map<string, number>;
  /** The seat that lost him, and when. */
  broke: string;
  brokeAt: number;
}

/** The queues of a simulation, and what is remembered of customers. */
export class QueueBook {
  private readonly queues = new Map<string, QueueState>();
  private readonly touched = new Set<QueueState>();
  private readonly regulars = new Map<string, Regulars>();

  get(id: string): QueueState {
    let queue = this.queues.get(id);
    if (!queue) {
      const counters = { offered: 0, answered: 0, abandoned: 0, overflowed: 0, refused: 0, calledBack: 0 };
      queue = { id, counters, lastSeat: '', standing: 0 };
      this.queues.set(id, queue);
    }

    return queue;
  }

  rang(id: string, seatId: string): void {
    const queue = this.get(id);
    queue.lastSeat = seatId;
    this.touched.add(queue);
  }

  regularsOf(customer: string): Regulars {
    let known = this.regulars.get(customer);
    if (!known) {
      known = { last: '', counts: new Map(), broke: '', brokeAt: 0 };
      this.regulars.set(customer, known);
    }

    return known;
  }

  /** Who served the customer most often; of several the one who did so first. */
  frequentOf(customer: string): string {
    let [frequent, most] = ['', 0];
    for (const [seat, count] of this.regulars.get(customer)?.counts ?? []) {
      if (count > most) [frequent, most] = [seat, count];
    }

    return frequent;
  }

  flush(put: (row: QueueRow) => void): void {
    for (const { id, lastSeat } of this.touched) put({ id, lastSeat });
    this.touched.clear();
  }
}
