import type { Clock } from '../../lib/clock';
import type { IncomingRequest } from '../dialog/incoming';

/** More than this many requests are not kept; the oldest are refused then. */
const maxParked = 5_000;

/**
 * Requests inside dialogs that came while no application was connected. They wait for one: an application that restarts
 * is back within seconds, long before the peer gives up.
 */
export class Parking {
  private parked = new Map<string, { incoming: IncomingRequest; cancel: () => void }>();

  constructor(
    private readonly clock: Clock,
    /** How long a request waits, in milliseconds; the peer gives up after 64*T1. */
    private readonly patience: number,
    /** No application came in time. */
    private readonly onTimeout: (incoming: IncomingRequest) => void,
  ) {}

  get size(): number {
    return this.parked.size;
  }

  add(incoming: IncomingRequest): void {
    const cancel = this.clock.after(this.patience, () => this.giveUp(incoming));
    this.parked.set(incoming.id, { incoming, cancel });
    const oldest = this.parked.size > maxParked ? this.parked.values().next().value : undefined;
    if (oldest) {
      oldest.cancel();
      this.giveUp(oldest.incoming);
    }
  }

  /** Empties the place: what waited and is not answered yet, in the order of arrival. */
  takeAll(): IncomingRequest[] {
    const all = [...this.parked.values()];
    this.parked.clear();
    for (const { cancel } of all) cancel();

    return all.map(({ incoming }) => incoming).filter((incoming) => !incoming.hasFinal);
  }

  close(): void {
    this.takeAll();
  }

  private giveUp(incoming: IncomingRequest): void {
    this.parked.delete(incoming.id);
    if (!incoming.hasFinal) this.onTimeout(incoming);
  }
}
