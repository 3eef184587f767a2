import { ChurnMap } from '../../lib/churn';
import { recordFields } from '../rows';
import type { Fields, Row } from '../rows';

type PlacesOf<N extends string> = Readonly<Record<N, number>>;

/** Where in a record a field stands. */
export const T = placesOf(recordFields.ticket);
export const S = placesOf(recordFields.seat);

/** Every ticket that has not ended, every seat and every queue, whole as the store keeps them, as far as this node has been told. */
export class Records {
  readonly tickets = new ChurnMap<string, Fields>();
  readonly seats = new Map<string, Fields>();
  readonly queues = new Set<string>();
  /** The highest number that a ticket was given for its coming. */
  sequence = 0;

  take({ kind, row, fields }: Row): void {
    if (kind === 'q') this.queues.add(row.id);
    else if (kind === 's') this.seats.set(row.id, fields);
    else {
      this.sequence = Math.max(this.sequence, row.sequence);
      if (row.state === 'ended') this.tickets.delete(row.id);
      else this.tickets.set(row.id, fields);
    }
  }

  /** Nothing is taken for known any more. */
  clear(): void {
    this.tickets.clear();
    this.seats.clear();
    this.queues.clear();
    this.sequence = 0;
  }
}

function placesOf<const N extends readonly string[]>(names: N): PlacesOf<N[number]> {
  return Object.fromEntries(names.map((name, index) => [name, index])) as PlacesOf<N[number]>;
}
