import type { Offer } from '../acd/types';
import type { Endpoint } from '../media/port';
import type { OutgoingInvite, SeatAnswer } from './leg';
import type { CallRecord, LegMedia, RingingSeat } from './record';

/** One seat that rings for a call: its offer, its INVITE, what it was told of the media, and its end at the engine. */
export class SeatRing {
  dialling: OutgoingInvite | undefined;
  /** Where the seat's media end at the server, if something needs them there. */
  endpoint: Endpoint | undefined;
  /** The seat has answered, and waits until it is known whether another was faster. */
  answer: SeatAnswer | undefined;
  /** The ACD was told that the phone rings. */
  isHeard = false;
  /** Why it was ended, as the value of a Reason header. */
  stopped: string | undefined;

  constructor(
    readonly offer: Offer,
    readonly record: RingingSeat,
    /** Begun anew when the seat is rung with another description. */
    public media: LegMedia,
  ) {}

  /** Another endpoint takes the place of the one before. */
  useEndpoint(endpoint: Endpoint | undefined): void {
    const former = this.endpoint;
    this.endpoint = endpoint;
    if (former && former !== endpoint) void former.close();
  }

  /** The seat is left alone: CANCEL, or BYE where it has answered meanwhile. Its endpoint is given back. */
  stop(reason: string): void {
    this.stopped ??= reason;
    this.dialling?.cancel(reason);
    void this.answer?.leg.bye(reason);
    this.useEndpoint(undefined);
  }
}

/** The seats that ring for one call, in the order in which they were offered. The record of the call says which. */
export class Rings {
  private readonly all = new Map<string, SeatRing>();

  constructor(private readonly record: CallRecord) {}

  get size(): number {
    return this.all.size;
  }

  /** An offer that came twice rings once. */
  find(offerId: string): SeatRing | undefined {
    return this.all.get(offerId);
  }

  /** Whether this ring goes on: it may have been ended while something was waited for. */
  has(ring: SeatRing): boolean {
    return this.all.get(ring.offer.offerId) === ring;
  }

  /** An endpoint that is there already: others are best made beside it. */
  endpoint(): Endpoint | undefined {
    return [...this.all.values()].find(({ endpoint }) => endpoint?.closed === false)?.endpoint;
  }

  add(offer: Offer, media: LegMedia): SeatRing {
    const ring = new SeatRing(offer, { id: offer.seatId, invites: [] }, media);
    this.all.set(offer.offerId, ring);
    (this.record.ringing ??= []).push(ring.record);

    return ring;
  }

  /** Takes a ring out of the set, as it is: to be joined, or to be stopped. False when it is out already. */
  take(ring: SeatRing): boolean {
    if (!this.has(ring)) return false;
    this.all.delete(ring.offer.offerId);
    const left = [...this.all.values()].map(({ record }) => record);
    if (left.length > 0) this.record.ringing = left;
    else delete this.record.ringing;

    return true;
  }

  /** Takes all of them out, each to be stopped by whoever asks. */
  takeAll(): SeatRing[] {
    const rings = [...this.all.values()];
    for (const ring of rings) this.take(ring);

    return rings;
  }

  /** Nobody rings any more. */
  stopAll(reason: string): void {
    for (const ring of this.takeAll()) ring.stop(reason);
  }
}
